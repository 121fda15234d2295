"""A house in which somebody has everything that can be hidden, and everybody else tries to see it."""

from __future__ import annotations

import asyncio
import struct
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from appliance.db.tables import Event, Face, FileEvent, Person, PhotoCaption
from appliance.library import album_files, tags
from appliance.library.duplicate_groups import regroup_around
from appliance.library.people import name_key
from appliance.library.viewers import Viewer
from appliance.values import new_id, now
from tests.web.conftest import PASSWORD, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Service

LINK_PASSWORD = "open sesame"
#: Words that stand on hidden things only.
CANARIES = {
    "person": "Zebedee",
    "tag": "wombatting",
    "place": "Xanadu",
    "album": "Quokkas",
    "event": "Vuvuzela",
    "description": "jabberwock",
    "caption": "frumious",
    "filename": "bandersnatch.jpg",
    "link": "Tulgey",
}


@dataclass
class World:
    """`ids`: what stands for each parameter of a path, all of it anna's and hidden from the others."""

    service: Service
    callers: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    users: dict[str, uuid.UUID] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    albums: dict[str, str] = field(default_factory=dict)
    put_away: list[str] = field(default_factory=list)  # further files that nobody may open, in albums that some see
    twin: tuple[str, bytes] = ("", b"")  # bruno's photo, which anna has, too

    async def close(self) -> None:
        for client in self.callers.values():
            await client.aclose()

    def client(self, **headers: str) -> httpx.AsyncClient:
        base = self.service.url
        return httpx.AsyncClient(base_url=base, headers={"origin": base, **headers}, timeout=60)

    async def logged_in(self, username: str) -> httpx.AsyncClient:
        client = self.client()
        answer = await client.post("/api/v1/auth/login", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client


async def people_of(service: Service) -> World:
    """Everybody, with what all may see: a file of the family, and albums in which two of them are let in."""
    world = World(service)
    for name, role in (("anna", "user"), ("bruno", "user"), ("vera", "user"), ("eddie", "user"), ("dora", "user")):
        world.users[name] = await service.person(name, role=role)  # type: ignore[arg-type]  # all are roles
    world.users["greta"] = await service.person("greta", role="admin")
    world.callers["anonymous"] = world.client()
    world.callers["viewer of another album"] = await world.logged_in("vera")
    world.callers["other user"] = await world.logged_in("bruno")
    world.callers["editor"] = await world.logged_in("eddie")
    world.callers["admin"] = await world.logged_in("greta")
    world.callers["disabled user"] = await world.logged_in("dora")
    world.callers["owner"] = await world.logged_in("anna")
    key = await service.key(world.users["anna"], "metrics")
    world.callers["key with too few scopes"] = world.client(**{"x-api-key": key})
    world.callers["link"], world.callers["link with wrong password"] = world.client(), world.client()
    return world


async def open_things(world: World, photo: Callable[..., bytes]) -> None:
    """Albums of anna's that vera sees and eddie edits, and links: so that everybody sees something of hers."""
    anna = world.callers["owner"]
    api = httpx.AsyncClient(
        base_url=f"{world.service.url}/api/v1", headers={"x-api-key": await world.service.key(world.users["anna"])}
    )
    async with api:
        shown = [await upload(api, photo("2023:05:01 10:00:00")) for _ in range(3)]
    data = photo("2023:05:02 10:00:00")
    his = {"x-api-key": await world.service.key(world.users["bruno"])}
    async with httpx.AsyncClient(base_url=f"{world.service.url}/api/v1", headers=his) as api:
        world.twin = (await upload(api, data))["id"], data
    for album, who, role, file in (("Seen", "vera", "viewer", shown[0]), ("Edited", "eddie", "editor", shown[1])):
        made = (await anna.post("/api/v1/albums", json={"name": album, "private": True})).json()
        members = [{"user": str(world.users[who]), "role": role}]
        await anna.put(f"/api/v1/albums/{made['id']}/members", json={"members": members})
        await anna.post(f"/api/v1/albums/{made['id']}/files", json={"ids": [file["id"]]})
        world.albums[album] = made["id"]
    world.albums["Linked"] = (await anna.post("/api/v1/albums", json={"name": "Linked", "private": True})).json()["id"]
    await anna.post(f"/api/v1/albums/{world.albums['Linked']}/files", json={"ids": [shown[2]["id"]]})
    for name, password in (("link", None), ("link with wrong password", LINK_PASSWORD)):
        wish: dict[str, Any] = {"album": world.albums["Linked"], "password": password, "name": "Hello"}
        wish |= {"show_location": True, "show_metadata": True, "allow_download": True}
        world.links[name] = (await anna.post("/api/v1/shares", json=wish)).json()["token"]


async def hide_things(world: World, photo: Callable[..., bytes]) -> None:
    """What nobody but anna may learn of: a private photo with everything said of it, and a locked one."""
    anna, db = world.callers["owner"], world.service.house.home.db
    api = httpx.AsyncClient(
        base_url=f"{world.service.url}/api/v1", headers={"x-api-key": await world.service.key(world.users["anna"])}
    )
    async with api:
        private = await upload(api, photo("2001:07:08 10:00:00"), CANARIES["filename"])
        locked = await upload(api, photo("2002:07:08 10:00:00"), "locked-" + CANARIES["filename"])
        away = [await upload(api, photo("2003:07:08 10:00:00"), f"{n}-" + CANARIES["filename"]) for n in range(2)]
        twin = await upload(api, world.twin[1])
    file, person, face, event = private["id"], new_id(), new_id(), new_id()
    for one in (file, locked["id"]):
        await _say_everything(world, one, person, face if one == file else new_id(), event)
    album = (await anna.post("/api/v1/albums", json={"name": CANARIES["album"], "private": True})).json()
    await anna.post(f"/api/v1/albums/{album['id']}/files", json={"ids": [file, locked["id"]]})
    await _put_away(world, locked["id"], *(one["id"] for one in away))
    async with db.write():
        await regroup_around(db, [uuid.UUID(one) for one in (world.twin[0], twin["id"])])
    world.put_away = [locked["id"], *(one["id"] for one in away), twin["id"]]
    wish = {"album": album["id"], "name": CANARIES["link"], "allow_upload": True}
    link = (await anna.post("/api/v1/shares", json=wish)).json()
    guest = world.client()
    async with guest:
        sent = await guest.post(
            f"/api/v1/s/{link['token']}/uploads", files={"file": ("guest-" + CANARIES["filename"], photo())}
        )
        assert sent.status_code == 201, sent.text
    waiting = (await anna.get("/api/v1/shares/uploads")).json()["items"][0]["id"]
    tus = await anna.post("/api/v1/uploads", headers={"tus-resumable": "1.0.0", "upload-length": "9"})
    entry = (await anna.get("/api/v1/journal")).json()["items"][0]["id"]
    spare = (await anna.post("/api/v1/keys", json={"name": "spare"})).json()["id"]
    await (await world.logged_in("anna")).aclose()  # on another device, of which admins may know
    session = await db.value(
        'SELECT "id" FROM "session" WHERE "user" = ? ORDER BY "created" DESC LIMIT 1', [world.users["anna"]]
    )
    library = str(await db.value('SELECT "library" FROM "stored_file" WHERE "id" = ?', [file]))
    world.ids = {
        "file_id": file,
        "person_id": str(person),
        "face_id": str(face),
        "event_id": str(event),
        "album_id": album["id"],
        "share_id": link["id"],
        "upload_id": waiting,
        "tus": tus.headers["location"].rpartition("/")[2],
        "entry_id": entry,
        "key_id": spare,
        "session_id": str(session),
        "library_id": library,
        "locked": locked["id"],
    }
    faces = await db.fetch('SELECT "id" FROM "face"')
    world.secrets = [
        *CANARIES.values(),
        *(world.ids[name] for name in world.ids if name not in ("key_id", "session_id", "library_id")),
        *world.put_away,
        *(str(row["id"]) for row in faces),
        link["token"],
        private["content_sha"],
        locked["content_sha"],
        private["thumbhash"] or private["content_sha"],
    ]


async def _put_away(world: World, locked: str, hidden: str, trashed: str) -> None:
    """In albums that others see: locked, hidden and in the trash."""
    db, viewer = world.service.house.home.db, Viewer(user_id=world.users["anna"])
    async with db.write():
        for album in world.albums.values():  # not over HTTP: who sees the album may know that it was changed
            some = [uuid.UUID(one) for one in (locked, hidden, trashed)]
            await album_files.put(db, viewer, uuid.UUID(album), some)
    anna = world.callers["owner"]
    await anna.patch(f"/api/v1/files/{hidden}", json={"hidden": True})
    await anna.delete(f"/api/v1/files/{trashed}")
    await anna.post("/api/v1/locked/files", json={"ids": [locked]})


async def _say_everything(world: World, file: str, person: uuid.UUID, face: uuid.UUID, event: uuid.UUID) -> None:
    db, moment, known = world.service.house.home.db, now(), uuid.UUID(file)
    place = msgspec.json.encode({"city": CANARIES["place"], "region": "", "country": CANARIES["place"]}).decode()
    async with db.write():
        await db.fetch(
            """UPDATE "stored_file" SET "place" = ?, "latitude" = 12.5, "longitude" = 13.5, "description" = ?
               WHERE "id" = ?""",
            [place, CANARIES["description"], file],
        )
        await tags.set_tags(db, known, [CANARIES["tag"]], source="manual")
        content = await db.value('SELECT "content_sha" FROM "stored_file" WHERE "id" = ?', [file])
        words = {"version": "1", "caption": CANARIES["caption"], "content": content}
        said = msgspec.json.encode({"im2txt": words}).decode()
        await db.insert(PhotoCaption, [{"id": new_id(), "file": known, "captions_json": said, "modified": moment}])
        if not await db.value('SELECT 1 FROM "person" WHERE "id" = ?', [str(person)]):
            name = CANARIES["person"]
            row: dict[str, Any] = {"id": person, "name": name, "name_key": name_key(name), "held": True}
            await db.insert(Person, [row | {"created": moment, "modified": moment}])
            row = {"id": event, "name": CANARIES["event"], "start": moment, "source": "manual"}
            await db.insert(Event, [row | {"created": moment, "modified": moment}])
        row = {"id": face, "file": known, "person": person, "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
        row |= {"embedding": struct.pack("<8f", *[0.0] * 8), "engine": "fake", "confirmed": True}
        await db.insert(Face, [row | {"created": moment, "modified": moment}])
        await db.insert(FileEvent, [{"id": new_id(), "file": known, "event": event, "source": "manual"}])


async def settled(service: Service) -> None:
    """Every step that can be done is: nothing is told of work that still goes on."""
    async with asyncio.timeout(60):
        while any(  # noqa: ASYNC110 - the runner has no event for it
            item["running"] or (item["pending"] and not item["waits"]) for item in await service.house.runner.progress()
        ):
            await asyncio.sleep(0.05)
