"""Steps for the runner's tests: what they do to a file is written in its name."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

from appliance.errors import ComputeError, DiskFullError, UnreadableFileError
from appliance.steps.base import PICTURES, StepBase, original

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home


def do_what_it_says(path: Path, slowly_s: float) -> str:
    """The end of the name says what goes wrong with it."""
    time.sleep(slowly_s)
    words = path.stem.split("-")
    if "torn" in words:
        raise UnreadableFileError(str(path), "It is torn.", hint="Mend it.")
    if "crash" in words:
        raise ComputeError("The process died")
    if "memory" in words:
        raise MemoryError
    if "bug" in words:
        raise ZeroDivisionError("division by zero in /secret/path.py")
    if "nosuch" in words:
        raise OSError(None)
    if "full" in words and os.environ.get("TEST_DISK_IS_FULL"):
        raise OSError(28, "No space left on device")
    if "changing" in words:
        path.write_bytes(path.read_bytes() + b"more")
    if "vanishing" in words:
        path.unlink()
    return path.name


class Sayer(StepBase):
    """A step that computes `do_what_it_says` and remembers, in order, whom it saved."""

    kinds = PICTURES

    def __init__(
        self,
        name: str = "renditions",
        *,
        version: str = "1",
        needs: tuple[str, ...] = (),
        light: bool = True,
        slowly_s: float = 0.0,
        hindrance: str = "",
        on_demand: bool = False,
        models: bool = False,
    ) -> None:
        self.name, self.version, self.needs, self.light = name, version, needs, light
        self.timeout_s = 5.0
        self.slowly_s = slowly_s
        self.hindered_by = hindrance
        self.on_demand, self.models = on_demand, models
        self.saved: list[str] = []
        self.failed: list[uuid.UUID] = []
        self.refuse_to_save: set[str] = set()
        self.disk_is_full = False
        self.began: asyncio.Event = asyncio.Event()

    @property
    def run(self) -> Callable[..., Any]:
        return do_what_it_says

    async def hindrance(self, home: Home) -> str:
        return self.hindered_by

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        self.began.set()
        return original(row), self.slowly_s

    async def prepare(self, home: Home, row: Row, result: Any) -> None:
        if self.disk_is_full:
            raise DiskFullError("The disk is full")
        if "unpreparable" in result:
            raise ZeroDivisionError

    async def save(self, home: Home, row: Row, result: Any) -> str:
        await home.db.fetch('UPDATE "stored_file" SET "title" = ? WHERE "id" = ?', [self.name, str(row["id"])])
        if result in self.refuse_to_save:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        self.saved.append(result)
        return "a warning" if "odd" in result else ""

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        self.failed.append(file)
