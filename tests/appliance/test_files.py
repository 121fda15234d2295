"""Files written in one piece or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from appliance.errors import DiskFullError, ReadOnlyError
from appliance.files import TEMPORARY_PREFIX, remove_temporaries, sync_folder, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_appears_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "ab" / "abcd"
    write_atomically(path, b"first", temporary_in=tmp_path)
    write_atomically(path, b"second", temporary_in=tmp_path)
    sync_folder(path.parent)
    assert path.read_bytes() == b"second"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "ab"]


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EROFS, ReadOnlyError)]
)
def test_a_full_or_read_only_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(expected):
        write_atomically(tmp_path / "a", b"data", temporary_in=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_error_keeps_its_reason(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "a", b"data", temporary_in=tmp_path)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a"]


def test_what_a_kill_left_behind_is_removed_once_it_is_old_enough(tmp_path: Path) -> None:
    left = tmp_path / f"{TEMPORARY_PREFIX}x"
    left.write_bytes(b"half")
    (tmp_path / "whole").write_bytes(b"whole")
    assert remove_temporaries(tmp_path, older_than_s=60) == 0
    os.utime(left, (0, 0))
    assert remove_temporaries(tmp_path, older_than_s=60) == 1
    assert sorted(tmp_path.iterdir()) == [tmp_path / "whole"]
