"""Similar photos over HTTP."""

from __future__ import annotations

import struct
import uuid
from typing import TYPE_CHECKING

from appliance.library import image_index, settings
from appliance.library.viewers import LOCAL_ADMIN
from ml import registry
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.web.conftest import Service


async def test_similar_photos_have_a_score_and_without_a_model_a_hint(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    here, like, other = [await upload(anna, photo()) for _ in range(3)]
    home = service.house.home
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "off"})
    await image_index.prepare(home.db)
    answer = (await anna.get(f"/files/{here['id']}/similar")).json()
    assert answer == {"items": [], "total": 0, "next": None, "hint": answer["hint"]}
    assert answer["hint"]
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "imagenet"})
    await image_index.prepare(home.db)
    spec = registry.embedder("imagenet").spec
    async with home.db.write():
        for shown, values in ((here, (1.0, 0.0)), (like, (0.8, 0.6)), (other, (0.0, 1.0))):
            vector = struct.pack("<1280f", *values, *[0.0] * 1278)
            await image_index.keep(home.db, uuid.UUID(shown["id"]), spec.name, spec.version, [vector])
    answer = (await anna.get(f"/files/{here['id']}/similar", params={"limit": "1"})).json()
    assert (answer["total"], answer["next"], answer["hint"]) == (1, None, "")
    (item,) = answer["items"]
    assert item["file"]["id"] == like["id"]
    assert abs(item["score"] - 0.8) < 1e-4
    assert_error(await bruno.get(f"/files/{here['id']}/similar"), 404, "not_found")
    assert_error(await anna.get(f"/files/{here['id']}/similar", params={"limit": "0"}), 400)
