"""What was asked for: one small file per model below `models/.pulls/`, so that a restart goes on where it was.

`.pulls/<name>.json` says what to do, and why it stands still if it does; `.pulls/<name>/` holds what is there so far.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.files import write_atomically
from ml.store import PULLS, folder_of

if TYPE_CHECKING:
    from pathlib import Path


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A pull, or files to take from `folder`.

    `asked`: when, as ISO 8601.  `error` and `hint`: why the last try failed.  `again`: whether it will be tried again
    without anybody's doing.  `paused`: someone stopped it.  `total_bytes`: what it comes to, once that is known.
    """

    action: Literal["pull", "add"] = "pull"
    folder: str = ""
    asked: str = ""
    paused: bool = False
    error: str = ""
    hint: str = ""
    again: bool = True
    total_bytes: int | None = None

    @property
    def waits(self) -> bool:
        """Whether someone must do something before it goes on."""
        return self.paused or (bool(self.error) and not self.again)


class PullProgress(msgspec.Struct, kw_only=True):
    """How far a pull is that runs now.  `rate`: bytes a second lately."""

    done_bytes: int = 0
    total_bytes: int | None = None
    rate: float | None = None

    @property
    def seconds_left(self) -> float | None:
        return (self.total_bytes - self.done_bytes) / self.rate if self.rate and self.total_bytes else None


def work_folder(models_dir: Path, name: str) -> Path:
    """What is there so far of the model `name`."""
    return folder_of(models_dir, name).parent / PULLS / name


def bytes_there(models_dir: Path, name: str) -> int:
    """How much of the model `name` waits to go on."""
    total = 0
    for path in work_folder(models_dir, name).rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # whole parts are moved while we look
            total += path.stat().st_size if path.is_file() else 0
    return total


def get(models_dir: Path, name: str) -> Asked | None:
    try:
        return msgspec.json.decode(_marker(models_dir, name).read_bytes(), type=Asked)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def put(models_dir: Path, name: str, asked: Asked) -> None:
    """Replace what is asked for of `name`; raises DiskFullError or ReadOnlyError."""
    marker = _marker(models_dir, name)
    write_atomically(marker, msgspec.json.encode(asked), temporary_in=models_dir)


def forget(models_dir: Path, name: str) -> None:
    """It is done; what is there so far stays."""
    _marker(models_dir, name).unlink(missing_ok=True)


def tidy(models_dir: Path, name: str) -> None:
    """Remove what is there so far, and the wish with it."""
    forget(models_dir, name)
    shutil.rmtree(work_folder(models_dir, name), ignore_errors=True)


def everything(models_dir: Path) -> dict[str, Asked]:
    """All that is asked for, what should be done first first: files from a disk, which need no network, then pulls in
    the order in which they were asked for, last what failed before."""
    names = [marker.stem for marker in (models_dir / PULLS).glob("*.json")]
    found = {name: asked for name in names if (asked := get(models_dir, name)) is not None}
    return dict(sorted(found.items(), key=lambda item: _turn(item[1])))


def _turn(wish: Asked) -> tuple[bool, bool, str]:
    return wish.action != "add", bool(wish.error), wish.asked


def _marker(models_dir: Path, name: str) -> Path:
    return folder_of(models_dir, name).parent / PULLS / f"{name}.json"
