"""Guards around every test, and fixtures that more than one part of the tree needs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.config import Settings
from appliance.daemon import open_home
from tests.guards import event_loop_never_blocked, nothing_left_running

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("HOMEROLL_CORPUS") or REPOSITORY.parent / "shared" / "media")
IN_CI = os.environ.get("CI") == "true"
TAKES_LONG = ("slow", "install")
KEPT_SETTINGS = frozenset({"HOMEROLL_CORPUS"})  # says where test data lies; the service knows no such setting


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide the developer's own settings, home and colours from the test."""
    for name in os.environ:
        if name.startswith("HOMEROLL_") and name not in KEPT_SETTINGS:
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _nothing_left_running(_own_settings: None) -> Iterator[None]:
    with nothing_left_running():
        yield


@pytest.fixture(autouse=True)
def _event_loop_never_blocked(_nothing_left_running: None) -> Iterator[None]:
    with event_loop_never_blocked():
        yield


@pytest.fixture(scope="session")
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in its present shape, to be copied: every migration once, not once for each test."""
    data = tmp_path_factory.mktemp("empty") / "data"

    async def make() -> None:
        async with open_home(Settings(data=data, compute="inline", compute_workers=1)):
            pass

    asyncio.run(make())
    return data


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The shared media, read-only; skips the test where they are not at hand."""
    if not CORPUS.is_dir():
        pytest.skip(f"no media in {CORPUS}; set HOMEROLL_CORPUS")
    return CORPUS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files that take long go first, so that at the end no core waits for the other's last one."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in TAKES_LONG)}
    items.sort(key=lambda item: item.path not in long)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("corpus") and not CORPUS.is_dir():
        pytest.skip(f"no media in {CORPUS}; set HOMEROLL_CORPUS")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test of the corpus that skips although the corpus is there has failed."""
    report = yield
    if (
        report.skipped
        and IN_CI
        and CORPUS.is_dir()
        and item.get_closest_marker("corpus")
        and "xfail" not in vars(report)
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not skip here: {CORPUS} is there\n{report.longrepr}"
    return report
