"""Which versions of Homeroll are on this machine, and which snapshots of its database there are to go back to.

Files only, of this machine; nothing is asked over the network.
"""

from __future__ import annotations

import contextlib
import functools
import re
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tui.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = Path("/opt/homeroll")  # where install.sh keeps the environment of each version
LINK = "venv"  # says which one runs
#: Says that an upgrade began and has not been decided; removed once the service has answered.
UNFINISHED = Path("state", "upgrade")
SNAPSHOT = re.compile(r"homeroll-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)\.db\.gz")


class Snapshot(msgspec.Struct, frozen=True):
    name: str
    taken: datetime
    size_bytes: int


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """here: what this dashboard was installed with.  local: whether the service is on this machine; the rest is known
    only then.  installed: whether it is a service of the machine.  others: how many environments of other versions are
    kept.  snapshots: None where they may not be read."""

    here: str
    local: bool
    installed: bool
    others: int
    undecided: bool
    snapshots: tuple[Snapshot, ...] | None


def difference(runs: str, dashboard: str, missed: Iterable[str]) -> str:
    """A sentence where the service is not of the version of this dashboard, or tells less than it; else "".

    runs, dashboard: their versions, "" where one is not known yet.  missed: fields that were not in answers."""
    if runs and dashboard and runs != dashboard:
        return f"The service is Homeroll {clean(runs)}, this dashboard {dashboard}"
    return "The service answers otherwise than this dashboard expects" if any(missed) else ""


def look(data: str, prefix: Path = PREFIX) -> Versions:
    """data: the directory of the service, "" for one elsewhere.  Blocking."""
    if not data:
        return Versions(here=here(), local=False, installed=False, others=0, undecided=False, snapshots=None)
    others, installed, undecided = 0, False, False
    with contextlib.suppress(OSError):
        runs = (prefix / LINK).resolve()
        installed = (prefix / LINK).is_symlink()
        others = sum(1 for one in prefix.glob(f"{LINK}-*") if one != runs and (one / "stamp").is_file())
        undecided = (prefix / UNFINISHED).exists()
    return Versions(
        here=here(),
        local=True,
        installed=installed,
        others=others,
        undecided=undecided,
        snapshots=snapshots(Path(data, "backups")),
    )


def snapshots(folder: Path) -> tuple[Snapshot, ...] | None:
    """The newest first."""
    try:
        found = [(path, SNAPSHOT.fullmatch(path.name)) for path in folder.iterdir()]
        taken = [
            Snapshot(path.name, datetime.strptime(name[1], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC), size_of(path))
            for path, name in found
            if name
        ]
    except FileNotFoundError:
        return ()
    except OSError:
        return None
    return tuple(sorted(taken, key=lambda one: one.taken, reverse=True))


def size_of(path: Path) -> int:
    with contextlib.suppress(OSError):  # thinned out in between
        return path.stat().st_size
    return 0


@functools.cache  # as it was when this dashboard began: an upgrade may put another one in its place
def here() -> str:
    """The version of this dashboard.  Blocking, once."""
    try:
        return metadata.version("homeroll")
    except metadata.PackageNotFoundError:
        return "0.0.0"  # a checkout that was never installed, as the service says it too
