"""Every route of the API, asked by everybody, for things that are hidden from them: what they are answered, and that
nothing of what is hidden is in any answer.  `docs/permissions.md` is made of this: WRITE_DOCS=1 writes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.messages import FileAdded
from tests.web.world import CANARIES, LINK_PASSWORD, World, hide_things, open_things, people_of, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.web.conftest import Service

DOCS = Path(__file__).parents[2] / "docs" / "permissions.md"
CALLERS = (
    "anonymous", "viewer of another album", "other user", "editor", "owner", "admin", "link",
    "link with wrong password", "key with too few scopes", "disabled user",
)  # fmt: skip
NOBODY = str(uuid.uuid4())
#: What would end the walk, or the house: asked last, in this order.
LAST = (("post", "/api/v1/locked/close"), ("post", "/api/v1/auth/logout"))
#: Asked in no useful way without a body of their own.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/auth/login"): {"username": "nobody", "password": "nothing"},
    ("post", "/api/v1/auth/password"): {"current_password": "wrong one", "new_password": "another one"},
    ("post", "/api/v1/locked/open"): {"password": "wrong one"},
    ("put", "/api/v1/files/{file_id}/adjustments"): {"turns": 1},
    ("post", "/api/v1/setup"): {"one_time_password": "wrong", "username": "x", "password": "long enough"},
    ("post", "/api/v1/libraries"): {"root": "/nowhere"},
    ("post", "/api/v1/users"): {"username": "", "password": "long enough"},
    ("patch", "/api/v1/settings"): {},
    ("post", "/api/v1/s/{token}/open"): {"password": "wrong one"},
}


@pytest.fixture
async def world(service: Service, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("web.throttle.FREE_TRIES", 10_000)  # ten callers at one address
    made = await people_of(service)
    await open_things(made, photo)
    await hide_things(made, photo)
    await made.callers["admin"].patch(f"/api/v1/users/{made.users['dora']}", json={"disabled": True})
    await made.callers["link with wrong password"].post(
        f"/api/v1/s/{made.links['link with wrong password']}/open", json={"password": LINK_PASSWORD + "?"}
    )
    yield made
    await made.close()


def operations(service: Service) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the OpenAPI document; what changes something after what does not, DELETE last."""
    paths = service.house.app.openapi_schema.to_schema()["paths"]
    methods = ("get", "head", "put", "patch", "post", "delete")
    found = [
        (method, path, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in methods
    ]
    found.sort(key=lambda one: ((one[0], one[1]) in LAST, methods.index(one[0]), one[1]))
    yield from found


class Asking:
    """Fills paths and bodies with what is hidden."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._schema = world.service.house.app.openapi_schema.to_schema()

    def path(self, caller: str, path: str) -> str:
        parts = []
        for part in path.split("/"):
            name = part.strip("{}").partition(":")[0]
            parts.append(self._value(caller, name, path) if part.startswith("{") else part)
        return "/".join(parts)

    def _value(self, caller: str, name: str, path: str) -> str:
        if name == "token":
            known = {"owner": self._world.secrets[-4]} | self._world.links
            return known.get(caller, "no-such-link")
        if name == "upload_id" and path.startswith("/api/v1/uploads"):
            return self._world.ids["tus"]
        if name == "file_id" and path.startswith("/api/v1/s/") and caller in self._world.links:
            return self._world.ids["file_id"]
        return self._world.ids.get(name, {"month": "2001-07"}.get(name, NOBODY))

    def body(self, method: str, path: str, operation: dict[str, Any]) -> Any:
        if (method, path) == ("post", "/api/v1/faces"):
            return {"file": self._world.ids["file_id"], "box": [0.6, 0.6, 0.2, 0.2]}
        if (method, path) == ("post", "/api/v1/files/adjust"):
            return {"ids": [self._world.ids["file_id"]], "change": {"turns": 1}}
        if (method, path) in BODIES:
            return BODIES[method, path]
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return self._example(schema, "") if schema else None

    def _example(self, schema: dict[str, Any], name: str) -> Any:
        if "$ref" in schema:
            return self._example(self._schema["components"]["schemas"][schema["$ref"].rpartition("/")[2]], name)
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self._example(next(one for one in schema[choice] if one.get("type") != "null"), name)
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        if kind == "object":
            needed = (
                set(schema.get("required", ()))
                | {"ids", "files", "people", "faces"} & schema.get("properties", {}).keys()
            )
            return {one: self._example(schema["properties"][one], one) for one in sorted(needed)}
        if kind == "array":
            each = schema.get("prefixItems") or ([schema["items"]] if "items" in schema else [])
            return [self._example(one, name) for one in each]
        if kind == "string" and schema.get("format") == "uuid":
            return self._id(name)
        return {"string": "x", "integer": 1, "number": 0.5, "boolean": True}.get(str(kind), "x")

    def _id(self, name: str) -> str:
        ids = self._world.ids
        if name in ("person", "people", "into", "other", "not_person"):
            return ids["person_id"]
        if name in ("faces", "face", "cover_face"):
            return ids["face_id"]
        return {"album": ids["album_id"], "user": NOBODY, "parent": ids["album_id"]}.get(name, ids["file_id"])


async def answer_of(
    world: World, asking: Asking, caller: str, method: str, path: str, operation: dict[str, Any]
) -> tuple[int, str]:
    client, filled = world.callers[caller], asking.path(caller, path)
    if path == "/api/v1/messages":
        async with client.stream("GET", filled) as stream:
            if stream.status_code == 200:
                return 200, ""
            await stream.aread()
            return stream.status_code, stream.text
    body = asking.body(method, path, operation)
    answer = await client.request(method.upper(), filled, **({} if body is None else {"json": body}))
    return answer.status_code, f"{dict(answer.headers)}\n{answer.content.decode('latin-1')}"


async def test_nobody_is_told_anything_of_what_is_hidden_from_them(world: World) -> None:
    asking = Asking(world)
    table: dict[tuple[str, str], dict[str, int]] = {}
    leaks: list[str] = []
    for caller in CALLERS:  # before the walk, which logs them out
        if caller != "owner":
            leaks += [f"{caller}: {one}" for one in await further_traces(world, caller)]
    for caller in ("other user", "viewer of another album", "admin", "link"):
        leaks += await told_apart(world, asking, caller)
    for caller in sorted(CALLERS, key=lambda one: one == "owner"):
        for method, path, operation in operations(world.service):
            status, text = await answer_of(world, asking, caller, method, path, operation)
            table.setdefault((path, method), {})[caller] = status
            assert status < 500 or status == 503, f"{caller}: {method} {path}: {status} {text}"
            if caller != "owner":
                leaks += [f"{caller}: {method} {path}: {one}" for one in world.secrets if one in text]
    assert leaks == []
    for (path, method), row in table.items():
        by_link = path.startswith("/api/v1/s/")
        if not by_link and (method.upper(), path) not in OPEN:
            for caller in ("anonymous", "link", "link with wrong password", "disabled user"):
                assert row[caller] == 401, f"{method} {path} for {caller}: {row[caller]}"
        if "{file_id}" in path and not by_link:
            for caller in ("other user", "viewer of another album", "editor", "admin"):
                assert row[caller] == 404, f"{method} {path} for {caller}: {row[caller]}"
            assert row["key with too few scopes"] == 403
    text = as_document(table)
    if os.environ.get("WRITE_DOCS"):
        DOCS.write_text(text, "utf-8")
    assert DOCS.read_text("utf-8") == text, "Run this test with WRITE_DOCS=1, and look at what has changed"


#: What answers without a login by design, beside links.
OPEN = (
    ("GET", "/api/v1/server"),
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/auth/login"),
)


async def further_traces(world: World, caller: str) -> list[str]:
    """What lists and searches say of what is hidden, and what opens of files that lie in albums others see."""
    client, found = world.callers[caller], []
    paths = [*QUERIES, *(f"/api/v1/albums/{album}/files" for album in world.albums.values())]
    if caller in world.links:
        paths = [f"/api/v1/s/{world.links[caller]}/files"]
    for path in paths:
        text = (await client.get(path)).text
        found += [f"{path}: {one}" for one in world.secrets if one in text and one.lower() not in path]
    base = f"/api/v1/s/{world.links[caller]}/files" if caller in world.links else "/api/v1/files"
    for file in world.put_away:
        for what in (
            ("/thumbnail", "/preview", "/download") if caller in world.links else ("", "/thumbnail", "/content")
        ):
            status = (await client.get(f"{base}/{file}{what}")).status_code
            if status not in (401, 403, 404):
                found.append(f"{what} of {file}: {status}")
    return found


async def told_apart(world: World, asking: Asking, caller: str) -> list[str]:
    """Where asking for what is hidden is answered otherwise than asking for what is not there at all."""
    client, found = world.callers[caller], []
    hidden = (*world.ids.values(), str(world.users["anna"]))
    named = {
        "person": "person_id",
        "event": "event_id",
        "library": "library_id",
        "user": "user_id",
        "album": "album_id",
    }
    if caller == "admin":
        del named["user"]  # whose keys and devices they may see and end
    known = world.ids | {"user_id": str(world.users["anna"])}
    for method, path, operation in operations(world.service):
        if method != "get" or path == "/api/v1/messages":
            continue
        filled = asking.path(caller, path)
        asked = [filled] if "{" in path else []
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query" and parameter["name"] in named:
                asked.append(f"{filled}?{parameter['name']}={known[named[parameter['name']]]}")
            if parameter["in"] == "query" and parameter["name"] == "content_sha":
                asked.append(f"{filled}?content_sha={world.secrets[-3]}")
        for one in asked:
            other = re.sub("[0-9a-f]{64}", "0" * 64, one)
            for known_id in hidden:
                other = other.replace(known_id, NOBODY)
            answers = [await client.get(address) for address in (one, other)]
            if len({(answer.status_code, answer.text) for answer in answers}) > 1:
                found.append(f"{caller}: {one}: {answers[0].text} {answers[1].text}")
    return found


def as_document(table: dict[tuple[str, str], dict[str, int]]) -> str:
    lines = [
        "# Who is answered what",
        "",
        "Made by `tests/web/test_permissions.py`, which asks every route of the OpenAPI document, as each of these",
        "callers, for things of somebody else's: a private photo, a locked one, the person, tag, event, place, album",
        "and link that go with them. It also checks that no id, name, count, thumbnail, person, place, tag or message",
        "of them is in any answer. The owner asks for the same things; `disabled user` was logged in before.",
        "",
        "What those learn who see a photo in an album only is in [sharing.md](sharing.md).",
        "",
        "200 and 201: answered, with what the caller may see. 202: begun. 204: done. 400: the question was bare.",
        "401: log in, or say the link's password. 403: may not. 404: there is nothing, as far as this caller may know.",
        "",
        "| route | " + " | ".join(CALLERS) + " |",
        "|---|" + "---|" * len(CALLERS),
    ]
    for (path, method), row in sorted(table.items()):
        cells = " | ".join(str(row[caller]) for caller in CALLERS)
        lines.append(f"| {method.upper()} {path.removeprefix('/api/v1')} | {cells} |")
    return "\n".join(lines) + "\n"


LAST_WORD = str(uuid.uuid4())
#: When hidden photos were taken: no month of theirs is to be looked at anew by anybody else.
HIDDEN_MONTHS = ("2001-07", "2002-07", "2003-07")
#: What an admin may count, for whoever keeps the house must know how full it is.
#: Their journal tells of keys and users, whoever made them; who is logged in where is theirs to see and to end.
COUNTED_FOR_ADMINS = ("/api/v1/steps", "/api/v1/jobs", "/api/v1/integrity", "/api/v1/journal", "/api/v1/sessions")
#: What differs from one moment to the next by itself.
RESTLESS = (
    "/api/v1/requests",
    "/api/v1/models",
    "/api/v1/metrics",
    "/api/v1/messages",
    "/api/v1/health",
    "/api/v1/growth",
    "/api/v1/auth/me",
)
#: When jobs of the house run, which everybody may know.
CLOCKS = re.compile(
    r'"(next_run|last_run|rate|seconds_left|done|total)":("[^"]*"|[\d.]+|null),?|"status":"(idle|running)",?'
)
QUERIES = (
    "/api/v1/search?q=a", "/api/v1/search?q=has:gps", "/api/v1/search?q=has:people", "/api/v1/search?q=year:2001",
    "/api/v1/search?q=wombatting", "/api/v1/search?q=person:zebedee", "/api/v1/search?q=place:xanadu",
    "/api/v1/search?q=album:quokkas", "/api/v1/search?q=jabberwock", "/api/v1/search?q=tag:wombatting",
    "/api/v1/search/suggest?q=person:z", "/api/v1/search/suggest?q=tag:w", "/api/v1/search/suggest?q=album:q",
    "/api/v1/search/suggest?q=place:x", "/api/v1/search/suggest?q=year:2", "/api/v1/timeline/2001-07",
    "/api/v1/timeline/2002-07", "/api/v1/files?trashed=true", "/api/v1/duplicates?kind=exact", "/api/v1/journal",
    "/api/v1/people?hidden=true", "/api/v1/map?bbox=13,12,14,13&zoom=10", "/api/v1/map?bbox=-180,-90,180,90&zoom=2",
    "/api/v1/map/files?bbox=13,12,14,13", "/api/v1/people?named=true", "/api/v1/tags?q=w",
    "/api/v1/memories?day=2024-07-08", "/api/v1/duplicates?kind=near", "/api/v1/timeline/2003-07",
    "/api/v1/files?hidden=true",
)  # fmt: skip


async def test_what_is_hidden_changes_no_answer_to_anybody_else(service: Service, photo: Callable[..., bytes]) -> None:
    world = await people_of(service)
    await open_things(world, photo)
    await settled(service)
    watching = ("viewer of another album", "other user", "editor", "admin", "link")
    before = {caller: await all_lists(world, caller) for caller in watching}
    async with listening(world, "owner", *(caller for caller in watching if caller != "link")) as heard:
        await hide_things(world, photo)
        await settled(service)
    for caller in watching:
        told = "".join(heard.get(caller, ()))
        hinted = [one for one in (*world.secrets, *HIDDEN_MONTHS) if one in told]
        assert hinted == [], f"{caller} heard of {hinted}"
    assert world.ids["file_id"] in "".join(heard["owner"])  # the stream would have told it
    for caller in watching:
        after = await all_lists(world, caller)
        assert before[caller].keys() == after.keys()
        for path, text in after.items():
            if caller != "admin" or not path.startswith(COUNTED_FOR_ADMINS):
                assert text == before[caller][path], f"{caller}: {path}"
    seen = await all_lists(world, "owner")
    assert "bandersnatch" in seen["/api/v1/search?q=jabberwock"]  # the walk would have seen it
    everything = "".join(seen.values())
    assert "locked-bandersnatch" not in everything
    # What is said of the private photo is all in the owner's own lists, or the walk would prove nothing.
    for word in (*CANARIES.values(), world.ids["file_id"], world.ids["album_id"], world.ids["person_id"]):
        assert word in everything, word
    await world.close()


@contextlib.asynccontextmanager
async def listening(world: World, *callers: str) -> AsyncIterator[dict[str, list[str]]]:
    """What each of them hears meanwhile, to its very end, for a last word goes to everybody."""
    heard: dict[str, list[str]] = {caller: [] for caller in callers}
    bus = world.service.house.home.bus

    async def listen(caller: str) -> None:
        async with world.callers[caller].stream("GET", "/api/v1/messages") as answer:
            async for line in answer.aiter_lines():
                heard[caller].append(line)
                if LAST_WORD in line:
                    return

    already = len(bus._inboxes)
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(listen(caller))
        while len(bus._inboxes) < already + len(callers):  # noqa: ASYNC110 - over HTTP there is no event for it
            await asyncio.sleep(0.01)
        yield heard
        bus.publish(FileAdded(ids=[LAST_WORD], months=[], user=None))


async def all_lists(world: World, caller: str) -> dict[str, str]:
    """What every GET without a parameter in its path answers, and some with queries; of a link, what it shows."""
    client = world.callers[caller]
    paths = [path for method, path, _ in operations(world.service) if method == "get" and "{" not in path]
    paths = [path for path in paths if not path.startswith(RESTLESS)] + list(QUERIES)
    if caller == "link":
        paths = [f"/api/v1/s/{world.links['link']}/files"]
    found = {}
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code in (200, 403, 404), f"{caller}: {path}: {answer.status_code} {answer.text}"
        found[path] = CLOCKS.sub("", answer.text) if path == "/api/v1/jobs" else answer.text
    return found
