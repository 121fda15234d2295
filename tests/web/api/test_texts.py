"""Text in photos over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library import photo_text
from ml.base import TextLine
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    import httpx

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
