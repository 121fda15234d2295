"""What nobody sends by mistake: it is refused in words, and never a fault of the service."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

NOBODY = "00000000-0000-0000-0000-000000000000"
JSON = {"content-type": "application/json"}
CURSORS: tuple[Any, ...] = (
    [], ["x"] * 3, ["x"] * 5, [{}] * 3, [1e400, "x"], [1.5, NOBODY, 10**30], [0, 0, 10**30, NOBODY, 1],
    [10**30, "x"], ["2024-01-01", NOBODY], [True, 1, "a", NOBODY, 0], None, "x",
)  # fmt: skip
LISTS = ("files", "people", "tags", "events", "journal", "trash", "failures", "duplicates")


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def person_of(api: httpx.AsyncClient, photo: Callable[..., bytes]) -> str:
    file = await upload(api, photo())
    face = {"file": file["id"], "box": [0.1, 0.1, 0.2, 0.2], "name": "Ida"}
    made: str = (await api.post("/faces", json=face)).json()["face"]["person"]["id"]
    return made


async def test_cursors_that_nobody_was_given_are_no_fault(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    person = await person_of(anna, photo)
    album = (await anna.post("/albums", json={"name": "x"})).json()["id"]
    for path in (*LISTS, f"people/{person}/faces", f"albums/{album}/files"):
        refused = 0
        for cursor in (*map(encoded, CURSORS), encoded([]) + "[" * 3000, "\u00e9", "%00", f"{NOBODY}/1"):
            answer = await anna.get(f"/{path}", params={"cursor": cursor})
            assert answer.status_code in (200, 400), f"{path} {cursor}: {answer.text}"
            refused += answer.status_code == 400
        assert refused > 5, path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/libraries", {"root": "/\0"}),
        ("/libraries", {"root": "/" + "x" * 300}),
        ("/libraries", {"root": "/" + "x/" * 3000}),
        ("/libraries", {"root": "~nobody-of-that-name"}),
        ("/models/siglip2/add", {"folder": "/\0", "force": True}),
        ("/files/edit", {"ids": [NOBODY], "changes": {"shift_s": 10**30}}),
        ("/files/edit", {"ids": [NOBODY], "changes": {"date": "9999-12-31T23:59:59"}}),
        ("/map/files", {"polygon": [[0, 0], [1, 1], [0, 1]], "offset": 10**30}),
        ("/map/files", {"polygon": [[0, 0], [1e300, 1], [0, 1]]}),
    ],
)
async def test_names_numbers_and_dates_that_are_none_are_refused(
    admin: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    assert_error(await admin.post(path, json=body), 400, "invalid_input")


async def test_an_end_beyond_the_calendar_is_refused(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    wish = {"files": [(await upload(anna, photo()))["id"]], "expires": "9999-12-31T23:59:59-14:00"}
    assert_error(await anna.post("/shares", json=wish), 400, "invalid_input")
    made = (await anna.post("/shares", json=wish | {"expires": "2999-12-31T23:59:59-14:00"})).json()
    assert made["expires"] == "3000-01-01T13:59:59Z"
    change = {"expires": "9999-12-31T23:59:59-14:00"}
    assert_error(await anna.patch(f"/shares/{made['id']}", json=change), 400, "invalid_input")


async def test_json_that_only_opens_brackets_is_refused(admin: httpx.AsyncClient) -> None:
    assert_error(await admin.post("/albums", content=b"[" * 100_000, headers=JSON), 400, "invalid_input")
    deep = b'{"night_window":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    assert_error(await admin.patch("/settings", content=deep, headers=JSON), 400, "invalid_input")
    for number in (b"NaN", b"Infinity", b"1e400"):
        body = b'{"file":"%s","box":[%s,0,1,1]}' % (NOBODY.encode(), number)
        assert_error(await admin.post("/faces", content=body, headers=JSON), 400, "invalid_input")
