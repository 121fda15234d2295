"""Screens of lists: libraries, jobs, failures, settings, users, keys; what their keys do in the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tui.seen import NARROW, WIDE, ask, dashboard, watching
from tui.screens.jobs import JobsScreen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_overview_says_what_there_is_and_what_needs_somebody(library: Path, size: tuple[int, int]) -> None:
    async with watching(dashboard(library), size) as seen:
        await seen.see("Needs attention", "6 photos and videos", "Holidays: 7 files", "metadata", "CPU")
        await seen.see("1 file could not be dealt with", "There is no backup yet", "2 things to look at")
        await seen.press("p")
        await seen.see("Steps are paused", "Work on new files is paused")
        assert ask(library, "GET", "/steps")["paused"] is True
        await seen.press("p")
        await seen.miss("Work on new files is paused")
        assert ask(library, "GET", "/steps")["paused"] is False


async def test_a_folder_is_added_renamed_scanned_and_forgotten(data: Path, photos: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.press("2")
        await seen.see("There is no library yet")
        await seen.press("a")
        await seen.see("Add a folder of photos")
        await seen.type(str(photos))
        await seen.press("enter")
        await seen.see("Pictures", "ready")
        await seen.until(lambda: " 7 " in seen.line("Pictures  "), "seven files")
        await seen.press("n")
        await seen.see("Rename")
        await seen.type("Summer")
        await seen.press("enter")
        await seen.see("Summer")
        await seen.press("s")
        await seen.see("Summer is scanned")
        await seen.press("d")
        await seen.see("Forget Summer?")
        await seen.press("y")
        await seen.see("There is no library yet")
    assert ask(data, "GET", "/libraries")["items"] == []
    assert len(list(photos.iterdir())) == 7


async def test_a_folder_that_is_not_there_is_refused_with_its_reason(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.press("2", "a")
        await seen.see("Add a folder of photos")
        await seen.type("/nowhere/at/all")
        await seen.press("enter")
        await seen.see("/nowhere/at/all")
        assert seen.app.is_running
    assert ask(data, "GET", "/libraries")["items"] == []


async def test_a_job_is_run_paused_and_resumed(data: Path) -> None:
    def job(name: str) -> dict[str, object]:
        return next(item for item in ask(data, "GET", "/jobs")["items"] if item["name"] == name)

    async with watching(dashboard(data)) as seen:
        await seen.press("3")
        await seen.see("Look for new")
        await seen.press("p")
        await seen.see("paused")
        assert job("scan_libraries")["status"] == "paused"
        await seen.see("Resume")
        await seen.press("u")
        await seen.until(lambda: job("scan_libraries")["status"] != "paused", "it goes on")
        await seen.see("Run now")
        before = job("scan_libraries")["last_run"]
        await seen.press("r")
        await seen.until(lambda: job("scan_libraries")["last_run"] != before, "it ran")
        await seen.press("enter")
        await seen.see("Look for new", "What it did, or why not", "done after 0 s", "known")
        await seen.press("escape")
        await seen.miss("What it did")
        await seen.press("down", "h")
        await seen.see("Empty the trash", "What it did, or why not", "It has not run yet")
        await seen.press("q")
        await seen.see("Working hours")


async def test_working_hours_are_set_beside_the_jobs(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.press("3")
        await seen.see("New photos are worked on at any time")
        await seen.press("w")
        await seen.see("When are new photos worked on?")
        await seen.type("22:00-05:00")
        await seen.press("enter")
        await seen.see("worked on only from 22:00 to 05:00.")
    settings = {item["name"]: item["value"] for item in ask(data, "GET", "/settings")["items"]}
    assert settings["night_window"] == "22:00-05:00"


async def test_a_failure_says_why_is_left_at_that_and_tried_again(library: Path, photos: Path) -> None:
    async with watching(dashboard(library)) as seen:
        await seen.press("4")
        await seen.see("broken.jpg", "Ignore", "Ignore all")
        assert "v Ignored" not in seen.text
        await seen.press("i")
        await seen.see("every other file could be dealt with", "v shows what is ignored: 1 failure.")
        assert ask(library, "GET", "/failures")["total"] == 0
        assert "All again" not in seen.text
        await seen.press("v")
        await seen.see("broken.jpg", "1 ignored failure in all", "All again", "v Failed")
        assert "Ignore all" not in seen.text
        await seen.press("1")
        await seen.see("Needs attention", "There is no backup yet")
        await seen.miss("could not be dealt with")
        await seen.press("4", "a")
        await seen.see("Nothing is ignored")
        await seen.press("v")
        await seen.see("broken.jpg", "1 failure in all")
        await seen.press("I")
        await seen.see("Leave all 1 failure at that?")
        await seen.press("y")
        await seen.see("every other file could be dealt with")
        (photos / "broken.jpg").write_bytes((photos / "IMG_0000.jpg").read_bytes() + b"\0")
        ask(library, "POST", f"/libraries/{ask(library, 'GET', '/libraries')['items'][0]['id']}/scan")
        await seen.see("Nothing failed: every file could be dealt with")


async def test_settings_are_changed_by_their_type_and_put_back(data: Path) -> None:
    def value(name: str) -> object:
        return next(item["value"] for item in ask(data, "GET", "/settings")["items"] if item["name"] == name)

    async with watching(dashboard(data)) as seen:
        await seen.press("8")
        await seen.see("night_window", "Hours in which steps run")
        await seen.press("e")
        await seen.see("Change")
        await seen.type("nonsense")
        await seen.press("enter")
        await seen.see("23:00-06:30")  # how it should look
        assert value("night_window") == ""
        await seen.press("enter")
        await seen.type("22:00-06:00")
        await seen.press("enter")
        await seen.until(lambda: value("night_window") == "22:00-06:00", "it is set")
        await seen.see("night_window = 22:00-06:00")
        await seen.until(lambda: "22:00-06:00" in seen.line("night_window"), "it is seen")
        await seen.press("d")
        await seen.until(lambda: value("night_window") == "", "it is the default again")
        await seen.press("down", "down", "e")
        await seen.see("gigabytes of originals")
        await seen.type("many")
        await seen.press("enter")
        await seen.type("7")
        await seen.press("enter")
        await seen.until(lambda: value("scrub_gb_per_night") == 7, "a number is a number")


async def test_a_user_is_added_and_passwords_that_differ_are_refused(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.open("users")
        await seen.see("anna")
        await seen.press("a", *"bruno", "tab", *"Bruno", "tab", "tab", *"one password", "tab", *"another one", "enter")
        await seen.see("not the same")
        await seen.type("one password")
        await seen.press("enter")
        await seen.see("bruno may log in")
        await seen.until(lambda: len(ask(data, "GET", "/users")["items"]) == 2, "there are two")
        await seen.until(lambda: "user" in seen.line("bruno  "), "both are listed")
        await seen.press("down", "d")
        await seen.see("Remove bruno?")
        await seen.press("y")
        await seen.see("bruno is removed")
    assert [user["username"] for user in ask(data, "GET", "/users")["items"]] == ["anna"]


async def test_a_key_is_shown_once_works_from_elsewhere_and_ends(data: Path) -> None:
    async with watching(dashboard(data), WIDE) as seen:
        await seen.open("keys")
        await seen.see("No program has a key")
        await seen.press("a")
        await seen.see("Make a key")
        await seen.type("backup script")
        await seen.press("enter")
        await seen.see("hr_", "Copy it now")
        await seen.press("escape")
        await seen.see("backup script", "anna")
        assert "hr_" not in seen.text
        await seen.press("d")
        await seen.see("Remove the key")
        await seen.press("y")
        await seen.see("No program has a key")
    assert ask(data, "GET", "/keys")["items"] == []


def test_a_job_that_is_held_up_says_by_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobsScreen, "window", "")
    job = {"name": "scrub", "title": "Check originals", "status": "running", "done": 1, "total": 2, "rate": None}
    job |= {"seconds_left": None, "error": "", "result": None, "last_run": None}
    assert "Slow or waiting: The processor is hot" in said_of(job | {"waits": "The processor is hot"})
    assert "waiting" not in said_of(job | {"waits": ""})


def said_of(job: dict[str, Any]) -> str:
    return "".join(part[0] if isinstance(part, tuple) else str(part) for part in JobsScreen().details(job))
