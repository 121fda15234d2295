"""`homeroll status`: with a service, and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.lock import DataLock
from appliance.paths import DataPaths
from tests.fakes import library, step

if TYPE_CHECKING:
    from pathlib import Path

    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll


@pytest.fixture
def running(homeroll: FakeHomeroll, monkeypatch: pytest.MonkeyPatch) -> FakeHomeroll:
    monkeypatch.setattr("appliance.commands.status.service_answers", lambda context: True)
    return homeroll


def test_status_shows_what_an_admin_wants_to_know(run: Run, running: FakeHomeroll) -> None:
    running.libraries = [
        library(id="l1", name="Family", root="/photos", files=1200),
        library(id="l2", name="Old disk", root="/old", status="frozen", reason="The root is empty."),
    ]
    running.steps = [step("metadata", done=5), step("renditions", pending=1500, failed=2)]
    ran = run("status")
    assert ran.code == 0
    for words in (
        "0.1.0, all is well",
        "1,234 photos and videos",
        "Family: 1,200 files, ready, never scanned",
        "Old disk: 3 files, frozen, never scanned  The root is empty. Is the disk mounted?",
        "files waiting for renditions 1,500",
        "2 failed steps",
        "free of",
    ):
        assert words in ran.out
    assert run("status", "--json").json["libraries"] == running.libraries


def test_status_of_a_failing_service_exits_1_and_says_what_fails(run: Run, running: FakeHomeroll) -> None:
    reason = {"part": "disk", "message": "Only 3 MB are free.", "hint": "Make room."}
    running.health = {"status": "failing", "reasons": [reason]}
    ran = run("status")
    assert ran.code == 1
    assert "FAILING" in ran.out
    assert "disk: Only 3 MB are free. Make room." in ran.out


def test_status_without_a_service_says_so_and_opens_nothing(run: Run, data: Path) -> None:
    ran = run("status", "--json")
    assert ran.code == 1
    assert ran.json == {"running": False, "data": str(data), "held_by": None}
    assert list(data.iterdir()) == []


def test_status_names_a_command_that_works_on_the_data(run: Run, data: Path) -> None:
    with DataLock(DataPaths(data), command="scan"):
        assert "homeroll scan" in run("status").out


def test_status_of_a_directory_that_is_not_there_says_that(run: Run, data: Path) -> None:
    data.rmdir()
    ran = run("status")
    assert ran.code == 1
    assert "There is no data directory" in ran.out
