"""One of everything that somebody may have, made through the API, so that requests at random find something."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.web.conftest import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

#: Names of parameters and fields that stand for the same kind of thing.
NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file_id", "ids", "file", "cover", "files", "before"),
    "album": ("album_id", "album", "parent"),
    "person": ("person_id", "person", "people", "into", "other", "not_person"),
    "face": ("face_id", "faces", "cover_face"),
    "event": ("event_id", "event", "events"),
    "share": ("share_id",),
    "token": ("token",),
    "upload": ("upload_id",),
    "entry": ("entry_id",),
    "key": ("key_id",),
    "user": ("user_id", "user"),
    "library": ("library_id", "library"),
    "version": ("version_id",),
    "group": ("group_id",),
    "session": ("session_id",),
    "month": ("month",),
    "memory": ("memory",),
    "name": ("name",),
}


async def furnish(api: httpx.AsyncClient, photo: Callable[..., bytes]) -> list[str]:
    """Photos of several years, an album, a person, an event, links, and changes of all of it; returns uploads that are
    not complete."""

    async def made(path: str, body: Any, method: str = "POST") -> Any:
        answer = await api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    taken = ("2019:06:12 14:30:00", "2021:11:21 09:00:00", "2021:11:21 09:01:00", "2023:05:01 10:00:00", None)
    files = [(await upload(api, photo(when)))["id"] for when in taken]
    changes: dict[str, Any] = {"rating": 4, "description": "at the lake", "add_tags": ["animals/dog"]}
    changes["location"] = {"latitude": 38.7, "longitude": -9.1}
    await made("/files/edit", {"ids": files[:3], "changes": changes})
    album = (await made("/albums", {"name": "Summer", "private": True}))["id"]
    await made(f"/albums/{album}/files", {"ids": files})
    await made("/albums", {"name": "Dogs", "query": "tag:animals/dog"})
    await made("/events", {"ids": files[1:3], "name": "Lisbon"})
    for number, name in enumerate(("Ida", "Ida", "Otto")):
        await made("/faces", {"file": files[number], "box": [0.1, 0.1, 0.3, 0.3], "name": name})
    await made("/shares", {"album": album, "name": "For you", "allow_upload": True, "allow_download": True})
    link = (await made("/shares", {"files": files[:2], "name": "Two"}))["token"]
    await api.put(f"/files/{files[4]}/content", content=photo())
    announced = {"tus-resumable": "1.0.0", "upload-length": "9"}
    begun = [await api.post("/uploads", headers=announced) for _ in range(4)]
    await made("/keys", {"name": "spare"})
    await made("/files/trash", {"ids": files[3:4]})
    assert (await api.get(f"/s/{link}")).is_success
    return [upload.headers["location"].rpartition("/")[2] for upload in begun]


async def found(api: httpx.AsyncClient) -> dict[str, list[str]]:
    """What this caller sees, by the names that parameters and fields of the API have for it."""
    seen: defaultdict[str, list[str]] = defaultdict(list)

    async def items(path: str) -> list[dict[str, Any]]:
        answer = await api.get(path)
        shown: list[dict[str, Any]] = answer.json()["items"] if answer.is_success else []
        return shown

    lists = {
        "file": "/files", "album": "/albums", "person": "/people", "event": "/events", "share": "/shares",
        "entry": "/journal", "key": "/keys", "user": "/users", "library": "/libraries", "group": "/duplicates",
        "upload": "/shares/uploads", "session": "/sessions", "memory": "/memories?day=2026-11-21",
    }  # fmt: skip
    for kind, path in lists.items():
        seen[kind] = [item["id"] for item in await items(path)]
    for file in seen["file"]:
        seen["version"] += [item["id"] for item in await items(f"/files/{file}/versions") if item["id"]]
        seen["face"] += [item["id"] for item in await items(f"/files/{file}/faces")]
    seen["token"] = [item["token"] for item in await items("/shares")]
    seen["month"] = ["2021-11", "2023-05"]
    seen["name"] = [item["name"] for path in ("/jobs", "/models", "/tags") for item in await items(path)]
    return {name: seen[kind] for kind, names in NAMES.items() for name in names if seen[kind]}
