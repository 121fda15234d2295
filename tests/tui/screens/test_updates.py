"""Updates: which versions there are, what is typed to upgrade, and which snapshots lead back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.tui.seen import WIDE, ask, dashboard, watching
from tui.screens.updates import versions
from tui.versions import look, snapshots

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_snapshot_is_taken_and_is_the_way_back(data: Path) -> None:
    running = ask(data, "GET", "/server")["version"]
    async with watching(dashboard(data), WIDE) as seen:
        await seen.open("updates")
        await seen.see("Updates", running, "There is no snapshot", "git pull")
        await seen.press("b")
        await seen.see("homeroll restore --database --snapshot homeroll-")
        (kept,) = await asyncio.to_thread(snapshots, data / "backups") or ()
        assert kept.name in seen.text


def installed(prefix: Path) -> Path:
    """A machine that was upgraded once: two environments, and a link that says which one runs."""
    for name in ("venv-old", "venv-new", "venv-half"):
        (prefix / name).mkdir(parents=True)
    for name in ("venv-old", "venv-new"):
        (prefix / name / "stamp").touch()
    (prefix / "venv").symlink_to(prefix / "venv-new")
    return prefix


def test_other_versions_are_counted_and_an_upgrade_that_is_not_decided_is_told(tmp_path: Path) -> None:
    prefix = installed(tmp_path)
    data = str(tmp_path / "data")
    found = look(data, prefix)
    assert (found.installed, found.others, found.undecided, found.snapshots) == (True, 1, False, ())
    assert look("", prefix).local is False
    (prefix / "state").mkdir()
    (prefix / "state" / "upgrade").touch()
    told = "".join(part[0] if isinstance(part, tuple) else str(part) for part in versions("0.0.1", look(data, prefix)))
    assert "An upgrade has not been decided" in told
    assert "another version than this dashboard" in told


def test_snapshots_are_those_of_the_service_the_newest_first(tmp_path: Path) -> None:
    assert snapshots(tmp_path / "none") == ()
    names = ["homeroll-2026-05-01T03-00-00Z.db.gz", "homeroll-2026-05-02T03-00-00Z.db.gz", "after-failed-upgrade.db"]
    for name in names:
        (tmp_path / name).write_bytes(b"12345")
    found = snapshots(tmp_path) or ()
    assert [one.name for one in found] == [names[1], names[0]]
    assert found[0].size_bytes == 5
