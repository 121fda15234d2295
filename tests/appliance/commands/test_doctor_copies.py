"""`homeroll doctor` on what cannot be made again: how old the copies are, what was found, and how to mend that."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.config import Settings
from appliance.doctor.base import House
from appliance.doctor.copies import check_copies, check_originals
from appliance.paths import DataPaths
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.doctor.base import Said


class Kept:
    """A data directory with one file, and what the jobs remember."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.house = House(Settings(data=data), DataPaths(data), None)
        self.folder = folder
        self._db = sqlite3.connect(data / "homeroll.db")
        for table in (
            "stored_file (id)",
            "site_setting (name, value)",
            "kept_state (name, value)",
            "file_check (verdict)",
        ):
            self._db.execute(f"CREATE TABLE {table}")
        self._db.execute("INSERT INTO stored_file VALUES (1)")
        self.say("site_setting", "backup_folder", str(folder))

    def close(self) -> None:
        self._db.close()

    def say(self, table: str, name: str, value: object) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE name = ?", [name])
        self._db.execute(f"INSERT INTO {table} VALUES (?, ?)", [name, msgspec.json.encode(value).decode()])
        self._db.commit()

    def job(self, name: str, days_ago: float, **counts: Any) -> None:
        self.say("kept_state", name, counts | {"at": now() - timedelta(days=days_ago)})

    def found(self, verdict: str) -> None:
        self._db.execute("INSERT INTO file_check VALUES (?)", [verdict])
        self._db.commit()

    def copies(self) -> list[Said]:
        return list(check_copies(self.house))

    def originals(self) -> list[Said]:
        return list(check_originals(self.house))


@pytest.fixture
def kept(data: Path, tmp_path: Path) -> Iterator[Kept]:
    folder = tmp_path / "copy"
    folder.mkdir()
    made = Kept(data, folder)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("days_ago", "counts", "state", "word"),
    [
        (0.5, {}, "ok", "last on"),
        (4, {}, "warning", "the copy in"),
        (0.5, {"unreadable": 3}, "warning", "3 originals could not be read"),
    ],
)
def test_the_age_of_the_copy_is_told(
    kept: Kept, days_ago: float, counts: dict[str, int], state: str, word: str
) -> None:
    kept.job("last_backup", days_ago, folder=str(kept.folder), copied=1, **counts)
    ((said, message, hint),) = [one for one in kept.copies() if "cop" in one[1] and "same disk" not in one[1]]
    assert (said, word in message, bool(hint)) == (state, True, state != "ok")


def test_a_folder_that_nothing_was_copied_to_is_told(kept: Kept) -> None:
    kept.job("last_backup", 0.1, folder="/somewhere/else", copied=1)
    assert any(said == "warning" and "nothing was copied to" in message for said, message, _ in kept.copies())


@pytest.mark.parametrize(
    ("days_ago", "failed", "state", "word"),
    [(3, 0, "ok", "came back"), (60, 0, "warning", "last rehearsal"), (3, 2, "broken", "would lose 2 files")],
)
def test_the_last_rehearsal_is_told(kept: Kept, days_ago: float, failed: int, state: str, word: str) -> None:
    kept.job("last_drill", days_ago, files=200, failed=failed)
    said, message, hint = kept.copies()[-1]
    assert (said, word in message, bool(hint)) == (state, True, state != "ok")


@pytest.mark.parametrize(("days_ago", "state"), [(0.5, "ok"), (5, "warning")])
def test_when_originals_were_last_read_is_told(kept: Kept, days_ago: float, state: str) -> None:
    kept.job("last_scrub", days_ago, checked=10)
    ((said, message, hint),) = kept.originals()
    assert (said, "last read again" in message, bool(hint)) == (state, True, state != "ok")


def test_damaged_originals_are_broken_and_say_how_to_heal_them(kept: Kept) -> None:
    for verdict in ("ok", "changed", "missing", "unreadable"):
        kept.found(verdict)
    kept.job("last_scrub", 0.5, checked=4)
    ((said, message, hint),) = kept.originals()
    assert (said, message.partition(" ")[0]) == ("broken", "2")
    assert "homeroll verify --heal" in hint
