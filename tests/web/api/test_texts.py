"""Text in photos over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from appliance.library import photo_text
from ml.base import TextLine
from tests.appliance.captioners import CAPTIONERS
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    import httpx
    import pytest

    from tests.web.conftest import Service

BOX = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.2), (0.1, 0.2))


async def test_lines_come_with_their_boxes_in_reading_order(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    file: uuid.UUID = (await upload(anna, photo()))["id"]
    db = service.house.home.db
    reader = await photo_text.reader_in_use(db)
    assert reader is not None
    async with db.write():
        await photo_text.keep(db, file, reader, [TextLine("CORNER", BOX, 0.98), TextLine("7.05", BOX, 0.9)])
    box = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.2], [0.1, 0.2]]
    assert (await anna.get(f"/files/{file}/text")).json() == {
        "reader": "rapidocr",
        "lines": [{"text": "CORNER", "box": box, "score": 0.98}, {"text": "7.05", "box": box, "score": 0.9}],
    }
    assert_error(await bruno.get(f"/files/{file}/text"), 404, "not_found")


async def test_a_photo_without_text_has_no_lines(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    file = (await upload(anna, photo()))["id"]
    assert (await anna.get(f"/files/{file}/text")).json() == {"reader": "", "lines": []}


async def test_a_caption_is_asked_for_and_comes(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.registry.CAPTIONERS", CAPTIONERS)
    file = (await upload(anna, photo()))["id"]
    route = f"/files/{file}/caption"
    assert (await anna.get(route)).json()["status"] == ""
    asked = await anna.post(route)
    assert asked.status_code == 202
    assert asked.json()["status"] == "pending"
    async with asyncio.timeout(60):
        while (state := (await anna.get(route)).json())["status"] == "pending":  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.02)
    assert (state["status"], state["model"]) == ("done", "im2txt")
    assert (await anna.get(f"/files/{file}")).json()["captions"] == [{"source": "model:im2txt", "text": state["text"]}]
    again = await anna.post(route, json={"model": "im2txt"})
    assert (again.status_code, again.json()["status"]) == (202, "done")
    assert_error(await bruno.post(route, json={}), 404, "not_found")
    assert_error(await bruno.get(route), 404, "not_found")
    assert_error(await anna.post(route, json={"model": "poet"}), 400, "invalid_input")
    refused = assert_error(await anna.post(route, json={"model": "absent"}), 503, "model_unavailable")
    assert refused["hint"] == "Fetch it: homeroll models pull absent"
