"""Backups, integrity and the log: what keeps the photos, and what says how the service is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.tui.seen import WIDE, ask, dashboard, watching

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_backup_is_given_a_folder_made_and_rehearsed(library: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    async with watching(dashboard(library)) as seen:
        await seen.press("9")
        await seen.see("only snapshots of the database", "none yet", "never: nobody knows")
        await seen.press("f")
        await seen.see("Where shall the copy go?")
        await seen.type(str(copies))
        await seen.press("enter")
        await seen.miss("only snapshots")
        await seen.press("b")
        await seen.see("7 files in snapshot")
        await seen.press("r")
        await seen.see("everything came back")
        await seen.press("1")
        await seen.miss("There is no backup yet")
    assert len(list(copies.rglob("IMG_*.jpg"))) == 6


async def test_a_damaged_original_is_found_and_healed_from_the_backup(
    library: Path, photos: Path, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    original = photos / "IMG_0001.jpg"
    bytes_before, times = original.read_bytes(), original.stat()
    ask(library, "PATCH", "/settings", {"backup_folder": str(copies)})
    async with watching(dashboard(library), WIDE) as seen:
        await seen.press("9", "b")
        await seen.see("7 copied")
        original.write_bytes(bytes_before[:-10] + bytes(10))
        os.utime(original, ns=(times.st_atime_ns, times.st_mtime_ns))
        await seen.press("0")
        await seen.see("No original is known to be damaged")
        await seen.press("v")
        await seen.see("IMG_0001.jpg", "changed")
        await seen.press("h")
        await seen.see("Put the backup's bytes")
        await seen.press("y")
        await seen.see("Healed", "No original is known to be damaged")
    assert original.read_bytes() == bytes_before


async def test_the_log_is_followed_and_filtered_while_it_is_shown(data: Path, tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.write_text("INFO one\nWARNING two\n")
    follows = ("tail", "--follow", "--lines=9", str(written))
    async with watching(dashboard(data, journal=follows)) as seen:
        await seen.open("log")
        await seen.see("INFO one", "WARNING two")
        with written.open("a") as file:
            file.write("WARNING three\n")
        await seen.see("WARNING three")
        await seen.press("slash", *"warning")
        await seen.miss("INFO one")
        await seen.see("WARNING two", "WARNING three")
        await seen.press("escape", "1")
        await seen.until(lambda: seen.app.current_mode == "overview", "another screen")


async def test_without_a_journal_it_is_said_where_the_log_is(data: Path) -> None:
    async with watching(dashboard(data)) as seen:
        await seen.open("log")
        await seen.see("This Homeroll is no service of the machine")
