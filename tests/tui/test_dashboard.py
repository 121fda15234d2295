"""The dashboard as a whole: every screen opens at every size and explains itself; the service comes and goes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from appliance.lock import holder
from appliance.paths import DataPaths
from tests.e2e.pictures import make_photos
from tests.e2e.service import running_service
from tests.tui.seen import NARROW, WIDE, Seen, ask, dashboard, watching
from tui.app import SCREENS, Dashboard
from tui.client import Address
from tui.service import Starter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_every_screen_opens_and_explains_itself(library: Path, size: tuple[int, int]) -> None:
    async with watching(dashboard(library), size) as seen:
        await seen.see("Needs attention")
        for screen in SCREENS:
            await seen.open(screen.NAME)
            await seen.see(str(screen.TITLE))
            assert max(len(line) for line in seen.text.splitlines()) <= size[0]
            if seen.app.focused is not None and seen.app.focused.id == "query":
                await seen.press("escape")
            await seen.press("question_mark")
            await seen.see(f"{screen.TITLE}: help", "Esc Close")
            await seen.press("end")  # a long one is scrolled
            await seen.see("Another screen")
            await seen.press("escape")
            await seen.miss(": help")


async def test_screens_are_found_by_number_menu_and_palette(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.see("Libraries")
        await seen.press("0")
        await seen.until(lambda: seen.app.current_mode == "integrity", "the tenth has the key 0")
        await seen.press("g")
        await seen.see("Go to")
        await seen.press("down", "enter")
        await seen.until(lambda: seen.app.current_mode == "users", "the one after it")
        await seen.press("ctrl+p")
        await seen.pilot.pause()
        await seen.press(*"backups")
        await seen.see("Open Backups")
        await seen.press("enter")
        await seen.until(lambda: seen.app.current_mode == "backups", "found by name")


async def test_the_mouse_opens_a_screen_chooses_a_line_and_presses_a_key(library: Path) -> None:
    async with watching(dashboard(library)) as seen:
        await seen.see("Needs attention")
        await click(seen, "3 Jobs")
        await seen.until(lambda: seen.app.current_mode == "jobs", "its name was clicked")
        await seen.see("Empty the trash")
        await click(seen, "Empty the trash")
        await seen.see("empty_trash")
        await click(seen, "Help")
        await seen.see("Jobs: help")


async def click(seen: Seen, word: str) -> None:
    """On the first place where it is shown."""
    y, line = next((y, line) for y, line in enumerate(seen.text.splitlines()) if word in line)
    await seen.pilot.click(offset=(line.index(word), y))


async def test_a_service_that_is_killed_and_started_again_is_said_and_found(tmp_path: Path) -> None:
    data, photos = tmp_path / "data", tmp_path / "photos"
    make_photos(photos, 1)
    with (photos / "endless.jpg").open("wb") as endless:
        endless.truncate(1 << 36)
    with running_service(data):
        app = dashboard(data)
        app.asked_to_set_up = True  # a service that was set up prints no password, which the test's start waits for
        async with watching(app) as seen:
            await seen.see("1 thing to look at")
            ask(data, "POST", "/libraries", {"root": str(photos)})
            scanned = "/jobs/scan_libraries/runs"
            await seen.until(
                lambda: _outcomes(data, scanned) == ["running", "done"], "it is read, after the first look"
            )
            by = holder(DataPaths(data))
            assert by is not None
            os.kill(by.pid, signal.SIGKILL)
            await seen.see("not reachable", "No Homeroll is running", "homeroll serve --data")
            await seen.press("3", "r")  # nothing hangs, and asking for something is refused
            await seen.see("Look for new")
            await seen.press("1")
            (photos / "endless.jpg").unlink()
            with running_service(data):
                await seen.see("Homeroll answers again", "to look at")
                assert "not reachable" not in seen.text
                assert app.connections == 2
                ask(data, "POST", "/steps/pause")
                await seen.press("f5")
                await seen.see("Work on new files is paused")
                await seen.until(lambda: _outcomes(data, scanned)[0] == "done", "it was done again")
                assert "cut_off" in _outcomes(data, scanned)
                assert "running" not in _outcomes(data, scanned)[1:]
                await seen.press("3", "h")
                await seen.see("cut off", "It was cut off: by a")


def _outcomes(data: Path, path: str) -> list[str]:
    return [run["outcome"] for run in ask(data, "GET", path)["items"]]


async def test_fifty_resizes_leave_every_line_within_the_window(library: Path) -> None:
    async with watching(dashboard(library)) as seen:
        await seen.see("Needs attention")
        await seen.press("4")
        await seen.see("broken.jpg")
        for number in range(50):
            size = (40 + number * 7 % 180, 12 + number * 5 % 50)
            await seen.pilot.resize_terminal(*size)
            assert max(len(line) for line in seen.text.splitlines()) <= size[0]
        await seen.pilot.resize_terminal(*NARROW)
        await seen.see("broken.jpg")


async def test_a_service_that_does_not_run_is_told_with_what_starts_it(tmp_path: Path) -> None:
    async with watching(dashboard(tmp_path)) as seen:
        await seen.see("not reachable", "No Homeroll is running", "To start it, type")
        for screen in SCREENS:
            await seen.open(screen.NAME)
            await seen.see(str(screen.TITLE), "not reachable")


@pytest.mark.parametrize(
    ("script", "seen_then"), [("exit 0", "Starting"), ("echo unknown; exit 5", "started: unknown")]
)
async def test_s_starts_the_service_or_says_why_not(script: str, seen_then: str, tmp_path: Path) -> None:
    starter = Starter(words=("sh", "-c", f"echo asked > {tmp_path}/asked; {script}"), typed="systemctl start homeroll")
    app = Dashboard(Address(socket=tmp_path / "admin.sock"), starter=starter)
    async with watching(app) as seen:
        await seen.see("not reachable", "Press S to start it")
        await seen.press("S")
        await seen.see(seen_then)
        await seen.until(lambda: (tmp_path / "asked").exists(), "it was asked to start")
