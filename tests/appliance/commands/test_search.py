"""`homeroll search`: what it asks and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll

BEACH = {
    "file": {"id": "f1", "content": "2019/beach.jpg", "start": "2019-07-01T10:00:00Z"},
    "score": 0.934,
    "why": [{"kind": "tag", "text": "beach"}, {"kind": "meaning", "text": ""}],
}


@pytest.fixture
def found(homeroll: FakeHomeroll, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the API answers."""
    answer: dict[str, Any] = {
        "total": 1,
        "items": [BEACH],
        "understood": [],
        "words": "beach",
        "meaning": {"available": True, "hint": ""},
        "hint": "",
    }
    monkeypatch.setattr(homeroll, "on_search", lambda *_: (200, answer), raising=False)
    return answer


def test_hits_are_a_table_with_their_reasons(run: Run, found: dict[str, Any]) -> None:
    ran = run("search", "beach")
    assert ran.code == 0
    heading, line = ran.out.splitlines()
    assert heading.split() == ["SCORE", "TAKEN", "FILE", "WHY", "ID"]
    assert line.split() == ["0.93", "2019-07-01", "2019/beach.jpg", "tag", "beach,", "meaning", "f1"]
    assert ran.err == "1 file found.\n"


def test_what_the_shell_took_apart_is_one_query_again(run: Run, homeroll: FakeHomeroll, found: dict[str, Any]) -> None:
    run("search", "album:New Year", "on the beach", "dog", "--limit", "3", "--offset", "6")
    run("search", "dog -tag:cat")
    asked = [body for method, path, body in homeroll.asked if path == "/search"]
    assert asked[0] == {"q": 'album:"New Year" "on the beach" dog', "limit": "3", "offset": "6"}
    assert asked[1]["q"] == "dog -tag:cat"


def test_nothing_found_says_why_and_json_is_the_whole_answer(run: Run, found: dict[str, Any]) -> None:
    found |= {"total": 0, "items": [], "hint": "Try fewer words.", "meaning": {"available": False, "hint": "Pull it."}}
    ran = run("search", "unicorn")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == ["Nothing was found.", "Try fewer words.", "Pull it."]
    assert run("search", "unicorn", "--json").json == found


def test_a_part_of_what_was_found_is_said_to_be_one(run: Run, found: dict[str, Any]) -> None:
    found |= {"total": 1200}
    assert run("search", "beach").err == "1,200 files found, 1 of them shown.\n"
