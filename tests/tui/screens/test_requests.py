"""Requests: recorded, filtered, looked into with statements and plans, profiled; against the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tests.tui.seen import WIDE, ask, dashboard, watching
from tui.screens.profile import tree
from tui.screens.request import RequestScreen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.seen import Seen
    from tui.screens.requests import RequestsScreen

#: Each of them is one statement of its own, and the same one: five make an N+1.
CHANGES = {"night_window": "", "scrub_gb_per_night": 20, "find_faces": "off", "text_reader": "off", "tls": "off"}


def listed(seen: Seen) -> list[str]:
    screen = cast("RequestsScreen", seen.app.screen)
    return [item["path"] for item in screen.listing.shown]


async def choose(seen: Seen, path: str, *, recorded: bool) -> None:
    """Put the cursor on the newest request to `path`."""

    def row() -> int:
        items = cast("RequestsScreen", seen.app.screen).listing.shown
        fitting = (at for at, item in enumerate(items) if item["path"] == path and bool(item["recorded"]) >= recorded)
        return next(fitting, -1)

    await seen.until(lambda: row() >= 0, f"{path} is listed")
    cast("RequestsScreen", seen.app.screen).listing.move_cursor(row=row())
    await seen.pilot.pause()


async def test_a_request_is_recorded_and_looked_into_down_to_the_plan(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.open("requests")
        await seen.see("Recording is off; press r to record for 10 minutes", "/health", "GET")
        await seen.press("s")
        items = cast("RequestsScreen", seen.app.screen).items()
        assert [item["ms"] for item in items] == sorted((item["ms"] for item in items), reverse=True)
        await seen.press("s", "enter")
        await seen.see("What this one did was not recorded")
        await seen.press("r")
        await seen.see("Recording every request for 10 minutes more; r stops it")
        ask(data, "GET", "/timeline")
        ask(data, "PATCH", "/settings", CHANGES)
        await seen.press("f5")
        await choose(seen, "/api/v1/timeline", recorded=True)
        await seen.see("1 statement in", "Enter shows all of it")
        await seen.press("enter")
        await seen.see("GET /api/v1/timeline  200", "1 statement", 'FROM "month_count"', "Enter asks SQLite")
        await seen.press("enter")
        await seen.see("SCAN month_count  ← reads all of it")
        await seen.press("escape")
        await choose(seen, "/api/v1/settings", recorded=True)
        assert "N+1" in seen.line("/settings")
        await seen.press("enter")
        await seen.see("times (N+1): one for each row?", 'INSERT INTO "site_setting"', " 5x ")
        await seen.press("escape", "r")
        await seen.see("Recording is off", "recorded.")


async def test_only_what_is_recorded_slow_repeated_or_failed_is_shown_if_wanted(tmp_path: Path) -> None:
    def one(second: int, path: str, ms: float, status: int, repeated: int | None) -> dict[str, Any]:
        cost = {"statements": 9, "sql_ms": 1.0, "compute_ms": 0.0, "waited_ms": 0.1, "sent_bytes": 5}
        recorded = None if repeated is None else cost | {"repeated": repeated}
        at = f"2026-01-01T10:00:{second:02}Z"
        request = {"at": at, "method": "GET", "path": f"/api/v1/{path}", "status": status, "ms": ms, "user": None}
        return request | {"id": None, "recorded": recorded}

    items = [
        one(1, "plain", 1.0, 200, None),
        one(2, "fine", 2.0, 200, 0),
        one(3, "slow", 900.0, 200, 0),
        one(4, "messages", 9e6, 200, 0),
        one(5, "again", 3.0, 200, 40),
        one(6, "broken", 4.0, 500, None),
    ]
    recording = {"mode": "sampled", "setting": "sampled", "until": None, "one_in": 20, "kept": 4}
    async with watching(dashboard(tmp_path)) as seen:
        await seen.open("requests")
        screen = cast("RequestsScreen", seen.app.screen)
        screen.house.learn("requests", {"items": items, "recording": recording})
        screen.redraw()
        await seen.see("Recording one request in 20, as the setting record_requests says.", "recorded.")
        for what, paths in (
            ("recorded", ["fine", "slow", "messages", "again"]),
            ("slow", ["slow"]),
            ("(N+1)", ["again"]),
            ("failed", ["broken"]),
        ):
            await seen.press("f")
            await seen.see("Only", what)
            assert [path.removeprefix("/api/v1/") for path in listed(seen)] == paths
        await seen.press("f")
        await seen.miss("Only r")
        await seen.press("slash", *"bro")
        await seen.until(lambda: listed(seen) == ["/api/v1/broken"], "filtered")
        await seen.press("escape")
        await seen.until(lambda: screen.listing.has_focus, "back in the list")


async def test_the_next_requests_to_an_address_are_profiled(data: Path) -> None:
    async with watching(dashboard(data), WIDE) as seen:
        ask(data, "GET", "/timeline")
        await seen.open("requests")
        await choose(seen, "/api/v1/timeline", recorded=False)
        await seen.press("p")
        await seen.see("p profiles the next 5 requests to GET /api/v1/timeline")
        await seen.press("p")
        await seen.see("0 of 5 requests to GET /api/v1/timeline")
        for _ in range(5):
            ask(data, "GET", "/timeline")
        await seen.press("f5")
        await seen.see("on average of 5 requests", "list_months", "appliance/library/timeline.py")
        await seen.press("d")
        await seen.see("p profiles the next 5 requests")
        await seen.press("escape")
        await seen.see("Slowest")


async def test_what_a_request_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    sql = {"id": "0", "sql": "SELECT 1 -- \x1b[2J\nFROM [red]x", "count": 1, "ms": 0.1, "rows": 0, "repeated": False}
    cost = {"statements": 1, "sql_ms": 0.1, "compute_ms": 5.0, "waited_ms": 0.0, "sent_bytes": 5, "repeated": 0}
    request = {"id": "x", "method": "GET", "path": "/x", "status": 200, "ms": 9.0, "recorded": cost}
    told = {
        "request": request,
        "first_ms": 2.0,
        "statements": [sql],
        "left_out": 7,
        "transactions": 1,
        "transaction_ms": 0.5,
        "computed": [{"function": "shrink", "count": 2, "ms": 5.0}],
        "waited": {"connection_ms": 0.0, "thread_ms": 0.0, "compute_ms": 1.5},
        "profiled": True,
    }
    async with watching(dashboard(tmp_path)) as seen:
        seen.app.push_screen(RequestScreen(told))
        await seen.see("SELECT 1 -- [2J", "FROM [red]x", "the answer began after 2.0 ms", "shrink, 2x, 5.0 ms")
        await seen.see("It was profiled", "7 more statements are not listed", "to compute 1.5 ms")


def test_a_call_tree_is_drawn_as_deep_as_it_was_called() -> None:
    lines = [
        {"depth": 0, "ms": 2.0, "share": 1.0, "function": "handle", "place": "litestar/http.py:62", "ours": False},
        {"depth": 1, "ms": 1.0, "share": 0.5, "function": "months", "place": "web/api/timeline.py:54", "ours": True},
    ]
    assert tree(lines).plain == (
        "    2.00 ━━━━━━━━ handle  litestar/http.py:62\n    1.00 ━━━━────   months  web/api/timeline.py:54\n"
    )
