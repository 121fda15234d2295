"""Ten thousand messages a second: keys are still answered, and what is shown is the newest."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.e2e.service import REPOSITORY
from tests.tui.seen import dashboard, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 10_000


@contextlib.contextmanager
def flood(listen: Path, real: Path, rate: int) -> Iterator[None]:
    words = [sys.executable, "-m", "tests.tui.flood", str(listen), str(real), str(rate)]
    with subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"READY\n"
            yield
        finally:
            process.kill()


async def test_ten_thousand_messages_a_second_leave_the_keys_alive(data: Path, tmp_path: Path) -> None:
    between = tmp_path / "between"
    between.mkdir()
    with flood(between / "admin.sock", data / "admin.sock", RATE):
        app = dashboard(between)
        async with watching(app) as seen:
            await seen.until(lambda: app.house.messages > RATE, "messages arrive")
            await seen.press("3")
            await seen.see("Look for new", "running")
            await seen.press("down", "up", "question_mark")
            await seen.see("Jobs: help")
            await seen.press("escape", "8")
            await seen.see("night_window")
            await seen.press("3")
            job = app.house.one("jobs", "name", "scan_libraries") or {}
            before = job["done"]
            await seen.until(lambda: (app.house.one("jobs", "name", "scan_libraries") or {})["done"] > before, "newer")
            await seen.until(lambda: app.house.messages > 2 * RATE, "they go on arriving")
