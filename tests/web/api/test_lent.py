"""What an album's viewer learns of somebody else's photo: the picture, when and where; not how its owner keeps it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.db.tables import Event, FileEvent
from appliance.values import new_id, now
from tests.appliance.findable import Findable
from tests.web.api.test_album_rights import id_of, let_in
from tests.web.api.test_albums import add

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.conftest import Service

SECRETS = ("Zebedee", "wombatting", "Vuvuzela", "divorce", "frabjous")


@pytest.fixture
async def findable(service: Service, tmp_path: Path) -> Findable:
    return await Findable.create(service.house.home, tmp_path)


async def photo(findable: Findable, owner: str) -> str:
    """A file of which everything is said that its owner may say."""
    metadata = {
        "camera_model": "X100",
        "keywords": ["wombatting"],
        "face_regions": [{"name": "Zebedee", "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}],
        "tags": {"XMP:Subject": "frabjous"},
        "rating": 5,
    }
    file = await findable.file(
        "divorce/lisbon.jpg",
        owner=uuid.UUID(owner),
        people=[await findable.person("Zebedee")],
        tag=["wombatting"],
        place=("Lisbon", "", "Portugal"),
        metadata=msgspec.json.encode(metadata).decode(),
        processor_metadata='{"reader": "frabjous"}',
        description="At the river",
        favourite=True,
        rating=5,
    )
    moment, event = now(), new_id()
    row: dict[str, Any] = {"id": event, "name": "Vuvuzela", "start": moment, "source": "manual"}
    db = findable.home.db
    async with db.write():
        await db.insert(Event, [row | {"created": moment, "modified": moment}])
        await db.insert(FileEvent, [{"id": new_id(), "file": file, "event": event, "source": "manual"}])
    return str(file)


async def test_an_albums_viewer_learns_what_a_photo_shows_and_not_how_it_is_kept(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    file = await photo(findable, await id_of(anna))
    album = await add(anna, name="Lisbon", private=True)
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [file]})
    await let_in(anna, album, **{await id_of(bruno): "viewer"})
    for path in (f"/files/{file}", f"/albums/{album['id']}/files"):
        seen = await bruno.get(path)
        assert seen.status_code == 200
        item = seen.json() if "items" not in seen.json() else seen.json()["items"][0]
        assert [word for word in SECRETS if word in seen.text] == []
        assert (item["tags"], item["events"], item["faces"]) == ([], [], [])
        assert (item["favourite"], item["rating"], item["content"]) == (False, None, "lisbon.jpg")
        assert (item["description"], item["place"]["city"]) == ("At the river", "Lisbon")
        assert item["metadata"]["camera_model"] == "X100"
    own = (await anna.get(f"/files/{file}")).text
    assert [word for word in SECRETS if word not in own] == []


async def test_once_it_is_the_familys_to_see_everything_is_told(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, findable: Findable
) -> None:
    file = await photo(findable, await id_of(anna))
    await anna.post("/files/shared", json={"ids": [file], "shared": True})
    seen = (await bruno.get(f"/files/{file}")).json()
    assert [tag["name"] for tag in seen["tags"]] == ["wombatting"]
    assert [event["name"] for event in seen["events"]] == ["Vuvuzela"]
    assert (seen["favourite"], len(seen["faces"])) == (True, 1)
