"""A service of another version: what it does not tell has a stand-in, it is said, and nothing ends in a traceback."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tui.seen import PATIENCE_S, dashboard, watching
from tui.app import SCREENS
from tui.client import Address, Client
from tui.told import SHOWN, Reader, VersionsDifferError, holds_untold
from tui.versions import difference, here

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.tui.seen import Seen
    from tui.screens.base import HomerollScreen

    Edit = Callable[[Any], Any]

KEPT = {"items", "id", "name", "recording"}  # what makes a list of an answer; the rest is what a line is made of


def bare(value: Any) -> Any:
    """Every object without its fields, but for those that tell it apart."""
    if isinstance(value, dict):
        return {name: bare(field) for name, field in value.items() if name in KEPT}
    return [bare(item) for item in value] if isinstance(value, list) else value


def renamed(value: Any) -> Any:
    """Every word is one that nobody knows yet."""
    if isinstance(value, dict):
        return {name: unknown(name, field) for name, field in value.items()}
    return [renamed(item) for item in value] if isinstance(value, list) else value


def unknown(name: str, value: Any) -> Any:
    words = {"status", "outcome", "kind", "mode", "task", "verdict", "role", "notable", "verb", "noun", "step"}
    return f"new {name}" if name in words and isinstance(value, str) else renamed(value)


@pytest.fixture
def on_the_way(monkeypatch: pytest.MonkeyPatch) -> Callable[[Edit], None]:
    """Has every answer edited before the dashboard reads it."""
    as_it_is = Client._request

    def edit_with(edit: Edit) -> None:
        async def edited(self: Client, method: str, path: str, **options: Any) -> httpx.Response:
            answer = await as_it_is(self, method, path, **options)
            if answer.headers.get("content-type", "").startswith("application/json") and answer.content:
                answer._content = json.dumps(edit(json.loads(answer.content))).encode()
            return answer

        monkeypatch.setattr(Client, "_request", edited)

    return edit_with


def of_another_shape(answer: Any) -> Any:
    return [answer] if "months" in answer else answer


def of_a_version_to_come(edit: Edit) -> Edit:
    def edited(answer: Any) -> Any:
        if isinstance(answer, dict) and "setup_required" in answer:
            return edit(answer) | {"version": "9.8.7"}
        return edit(answer)

    return edited


async def shown(seen: Seen, screen: type[HomerollScreen]) -> None:
    await seen.app.action_open_screen(screen.NAME)
    seen.app.ask_for(screen.SOURCES)
    seen.app._asked_at = 0.0  # at once, not when messages have had their time
    seen.app._tick()
    house = seen.app.house
    await seen.until(lambda: {*screen.SOURCES} <= {*house.known, *house.refused}, f"{screen.NAME} is not asked for")


async def walk(seen: Seen) -> None:
    """Open every screen, and have messages told."""
    for screen in SCREENS:
        await shown(seen, screen)
    for name in ("StepProgress", "JobProgress", "LibraryChanged", "ModelProgress", "SomethingNew"):
        told = [{"name": "metadata"}] if name == "StepProgress" else {"name": "back_up", "id": "1"}
        seen.app.house.told(name, seen.app.client.reader.read(json.dumps(told)))
        seen.app._draw()
    await seen.open("overview")


async def test_every_screen_shows_what_it_can_of_answers_it_does_not_know(
    library: Path, on_the_way: Callable[[Edit], None]
) -> None:
    for edit in (bare, renamed):
        on_the_way(of_a_version_to_come(edit))
        async with watching(dashboard(library)) as seen:
            await seen.see("The service is Homeroll 9.8.7, this dashboard", "Leave with q and type `homeroll` again")
            await walk(seen)
            await seen.open("jobs")
            await seen.press("h")
            await seen.see("Ask again")
            await seen.press("escape")
            await seen.see("Leave with q")


async def test_an_answer_of_another_shape_ends_it_in_words(data: Path, on_the_way: Callable[[Edit], None]) -> None:
    on_the_way(of_a_version_to_come(of_another_shape))
    async with asyncio.timeout(PATIENCE_S):
        ended = await dashboard(data).run_async(headless=True)
    assert isinstance(ended, VersionsDifferError)
    assert "Homeroll 9.8.7, this dashboard" in ended.message
    assert "Type `homeroll` again" in ended.hint


async def test_nothing_is_sent_that_is_made_of_what_was_not_told(tmp_path: Path) -> None:
    client = Client(Address(socket=tmp_path / "admin.sock"))  # nobody listens: it is not even asked
    session = client.reader.read("{}")
    with pytest.raises(VersionsDifferError):  # without it, this would be everybody's sessions
        await client.ask("DELETE", f"/sessions/{session['id']}")
    with pytest.raises(VersionsDifferError):
        await client.ask("POST", "/trash/empty", body={"ids": [session["id"]]})
    await client.close()


def test_what_was_not_told_takes_part_in_nothing() -> None:
    reader = Reader()
    told = reader.read('{"name": "Anna", "inner": {}}')
    nothing = told["faces"]
    assert not nothing
    assert list(nothing) == list(told["inner"]["tags"]) == []
    assert nothing["deep"]["deeper"] is nothing
    assert (nothing + 3, 3 - nothing, sum([nothing, 4]), nothing / 2, 2 * nothing) == (3, 3, 4, 0, 0)
    assert (nothing < 5, nothing > 5, nothing <= 0, nothing >= 400) == (True, False, True, False)
    assert f"{nothing:,} {nothing:>6.0%} {nothing}" == f"{SHOWN} {SHOWN} {SHOWN}"
    assert (told | {"more": 1})["faces"] is nothing
    assert reader.missed == {"faces", "tags"}
    assert told.get("else") is None
    assert holds_untold({"deep": [{"id": nothing}]})
    assert not holds_untold({"deep": [{"id": "1"}]})


def test_versions_that_are_the_same_or_not_known_yet_do_not_differ() -> None:
    assert difference(here(), here(), ()) == difference("", here(), ()) == difference("9.8.7", "", ()) == ""
    assert difference("1.0.0", "1.0.0", {"status"}) == "The service answers otherwise than this dashboard expects"
    assert "9.8.7" in difference("9.8.7", "1.0.0", ())
