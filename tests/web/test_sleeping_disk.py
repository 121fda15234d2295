"""A disk that has gone to sleep is left asleep while people browse: nothing they see is read from the originals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from appliance.library import libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service


async def test_browsing_and_searching_read_nothing_from_the_disk_with_the_originals(
    service: Service, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    photos, asleep = tmp_path / "photos", tmp_path / "asleep"
    write_jpegs(photos, 12, size=(640, 480))
    house = service.house
    await change_settings(house.home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})
    library = await libraries.add_library(house.home.db, name="photos", root=str(photos))
    await house.scheduler.run("scan_libraries", library=library["id"])
    await house.scheduler.wait("scan_libraries")
    async with asyncio.timeout(60):
        while await house.home.db.value("SELECT count(*) FROM thumbs.thumbnail") < 12:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    await asyncio.to_thread(photos.rename, asleep)  # whoever looks there now fails, instead of waking it
    files = (await admin.get("/files?limit=50")).json()["items"]
    assert len(files) == 12
    month = (await admin.get("/timeline")).json()
    assert month
    for file in files:
        for what in ("thumbnail", "preview", "faces", "similar"):
            answer = await admin.get(f"/files/{file['id']}/{what}")
            assert answer.status_code == 200, (what, answer.text)
        assert (await admin.get(f"/files/{file['id']}")).status_code == 200
        assert (await admin.get(f"/files/{file['id']}/content")).status_code == 503, "only this one wakes it"
    for address in ("/timeline/2024-05", "/search?q=2024", "/people", "/tags", "/duplicates", "/albums", "/health"):
        assert (await admin.get(address)).status_code == 200, address
    (shown,) = [one for one in (await admin.get("/libraries")).json()["items"] if one["id"] == library["id"]]
    assert shown["status"] == "ready"
