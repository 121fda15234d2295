"""A whole library in a temporary directory: real SQLite, real files, decoding in threads of this process."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.scan import ScanResult, scan_library
from appliance.library import libraries
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from tests.fakes import FakeFaceEngine, FakeTextReader, OtherFaceEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[..., Awaitable[ScanResult]]
    RunSteps = Callable[[], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
def face_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours instead of faces: no test but those of `ml` loads dlib."""
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine, OtherFaceEngine))


@pytest.fixture(autouse=True)
def text_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text on any photo: only tests about it look for some."""
    monkeypatch.setattr("ml.registry.TEXT_READERS", (FakeTextReader,))


@pytest.fixture
async def home(tmp_path: Path, empty_library: Path) -> AsyncIterator[Home]:
    """An open, empty data directory."""
    shutil.copytree(empty_library, tmp_path / "data")
    async with open_home(Settings(data=tmp_path / "data", compute="inline", compute_workers=2)) as opened:
        yield opened


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty folder to put pictures into; `scan` makes it a library."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def scan(home: Home, photos: Path) -> Scan:
    """Scan `photos` (or the given folders of it), registering it as a library the first time."""

    async def run(folders: Sequence[str] | None = None) -> ScanResult:
        library_id = await home.db.value('SELECT "id" FROM "library" WHERE "root" = ?', [str(photos)])
        if library_id is None:
            library = await libraries.add_library(home.db, name="photos", root=str(photos))
        else:
            library = await libraries.get_library(home.db, library_id)
        return await scan_library(home, library, folders=folders)

    return run


@pytest.fixture
def run_steps(home: Home) -> RunSteps:
    """Run every due step to its end, but those that wait for a model; returns the progress items."""

    async def run() -> list[dict[str, Any]]:
        runner = Runner(home, STEPS)
        await runner.start()
        try:
            async with asyncio.timeout(60):
                while any(  # noqa: ASYNC110 - polled, as clients do
                    item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
                ):
                    await asyncio.sleep(0.02)
            return await runner.progress()
        finally:
            await runner.stop()

    return run
