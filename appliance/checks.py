"""What `homeroll doctor` looks at: each check says what it found and, where something is wrong, how to mend it.

Checks read; none changes anything, and none needs a running service or stops because another one failed.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from appliance.console import account, sudo_as
from appliance.errors import HomerollError
from appliance.lock import Holder, holder
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.config import Settings

FREE_WARNING_MB = 2048
MEMORY_BROKEN_MB, MEMORY_WARNING_MB = 256, 700  # a 50 megapixel photo takes about 300 beside the service's 100
BUILT = time.mktime((2026, 1, 1, 0, 0, 0, 0, 0, 0))  # a clock before Homeroll existed is wrong
WATCHES_SPARE = 1.2


class Finding(msgspec.Struct, frozen=True):
    """`state`: ok; warning (works, yet look at it); broken (Homeroll or a part of it cannot work)."""

    check: str
    state: Literal["ok", "warning", "broken"]
    message: str
    hint: str = ""


class House(NamedTuple):
    """What every check is given."""

    settings: Settings
    paths: DataPaths
    by: Holder | None

    @property
    def there(self) -> bool:
        return self.paths.database.is_file()


def examine(settings: Settings) -> Iterator[Finding]:
    """Run every check, in the order of CHECKS."""
    paths = DataPaths(settings.data)
    try:
        by = holder(paths)
    except HomerollError as error:
        yield Finding("data directory", "broken", error.message, error.hint)
        by = None
    house = House(settings, paths, by)
    for name, check in CHECKS:
        try:
            for state, message, hint in check(house):
                yield Finding(name, state, message, hint)
        except (OSError, sqlite3.Error, HomerollError) as error:
            hint = error.hint if isinstance(error, HomerollError) else "Run this as the owner of the data directory."
            yield Finding(name, "broken", str(error), hint)


Said = tuple[Literal["ok", "warning", "broken"], str, str]


def check_python(house: House) -> Iterator[Said]:
    version = platform.python_version()
    if not ((3, 11) <= sys.version_info[:2] <= (3, 13)):
        yield "broken", f"Python {version}", "Use Python 3.11, 3.12 or 3.13: ./install.sh deps chooses one."
    elif sys.maxsize <= 2**32:
        yield "broken", f"Python {version} is 32 bit", "Install a 64-bit system; the models and SQLite need it."
    else:
        yield "ok", f"Python {version} ({sys.executable})", ""


def check_sqlite(house: House) -> Iterator[Said]:
    from appliance.db import engine

    engine.check_sqlite()
    connection = sqlite3.connect(":memory:")
    try:
        connection.enable_load_extension(True)
        connection.load_extension(str(engine.sqlite_vec_path()))
        vec = connection.execute("SELECT vec_version()").fetchone()[0]
    except sqlite3.OperationalError as error:
        yield "broken", f"sqlite-vec cannot be loaded: {error}", "Run ./install.sh deps again."
        return
    finally:
        connection.close()
    yield "ok", f"SQLite {sqlite3.sqlite_version} with sqlite-vec {vec}", ""


def check_programs(house: House) -> Iterator[Said]:
    wanted = (
        ("exiftool", "libimage-exiftool-perl", "rare formats have no dates and places"),
        ("ffmpeg", "ffmpeg", "videos have no pictures"),
        ("ffprobe", "ffmpeg", "videos have no dates and lengths"),
    )
    found = [(program, shutil.which(program)) for program, _, _ in wanted]
    for (program, path), (_, package, cost) in zip(found, wanted, strict=True):
        if path is None:
            yield "broken", f"{program} is not installed: {cost}", f"sudo apt-get install {package}"
    if all(path for _, path in found):
        yield "ok", ", ".join(program for program, _ in found), ""


def check_data(house: House) -> Iterator[Said]:
    root = house.paths.root
    if not root.is_dir():
        yield "broken", f"{root} is not there", "Is its disk mounted?  `homeroll serve` makes it where it is missing."
        return
    owner = root.stat().st_uid
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield (
            "broken",
            f"this user may not write {root}",
            f"Use the account {account(owner)}: {sudo_as(owner)} homeroll doctor",
        )
        return
    foreign = sorted(path.name for path in root.iterdir() if path.lstat().st_uid != owner)
    if foreign:
        yield (
            "broken",
            f"{', '.join(foreign[:5])} in {root} belong to another account than the directory",
            f"sudo chown -R {account(owner)} {root}",
        )
    elif root.stat().st_mode & 0o002:
        yield "warning", f"everyone on this machine may write {root}", f"chmod o-rwx {root}"
    elif house.there and root.stat().st_mode & 0o001 and house.paths.database.stat().st_mode & 0o004:
        yield "warning", f"everyone on this machine may read {house.paths.database}", f"chmod o-rwx {root}"
    else:
        yield "ok", f"{root}, of {account(owner)}", ""


def check_disk(house: House) -> Iterator[Said]:
    place = next(path for path in (house.paths.root, *house.paths.root.parents) if path.is_dir())
    disk, inodes = shutil.disk_usage(place), os.statvfs(place)
    free_mb = disk.free // 2**20
    text = f"{free_mb:,} MB free of {disk.total // 2**20:,}"
    if free_mb < house.settings.reserve_mb:
        hint = f"Free some space: below reserve_mb ({house.settings.reserve_mb}) uploads are refused and work pauses."
        yield "broken", text, hint
    elif inodes.f_files and inodes.f_favail < 10_000:
        yield "broken", f"only {inodes.f_favail:,} more files fit on the disk (inodes)", "Remove small files from it."
    elif free_mb < max(FREE_WARNING_MB, house.settings.reserve_mb * 2):
        yield "warning", text, "Previews need about 200 KB per photo: make room before adding many."
    else:
        yield "ok", text, ""


def check_memory(house: House) -> Iterator[Said]:
    import psutil

    free_mb, total_mb = psutil.virtual_memory().available // 2**20, psutil.virtual_memory().total // 2**20
    text = f"{free_mb:,} MB available of {total_mb:,}"
    if free_mb < MEMORY_BROKEN_MB:
        yield "broken", text, "End other programs, or add swap."
    elif free_mb < MEMORY_WARNING_MB:
        yield "warning", text, "Large photos may fail: set compute_workers to 1, or add swap."
    else:
        yield "ok", text, ""


def check_port(house: House) -> Iterator[Said]:
    host, port = house.settings.host, house.settings.port
    if house.by is not None and house.by.command == "serve":
        # Which of the two holds the port cannot be told without root; the service would not be up without it.
        yield "ok", f"{port}, held by {house.by.sentence()}", ""
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            yield (
                "broken",
                f"{port} is reserved for root",
                "Choose a port from 1024: `port` in homeroll.toml or --port.",
            )
        except OSError as error:
            hint = "Is another Homeroll running?  Otherwise choose another: `port` in homeroll.toml or --port."
            yield "broken", f"{host}:{port} cannot be used: {error.strerror}", hint
        else:
            yield "ok", f"{port} is free", ""


def check_clock(house: House) -> Iterator[Said]:
    now = time.time()
    newest = house.paths.database.stat().st_mtime if house.there else 0.0
    if now < BUILT:
        hint = "Set it: sudo timedatectl set-ntp true.  A Pi has no clock of its own."
        yield "broken", f"it says {time.strftime('%Y-%m-%d %H:%M')}", hint
    elif newest > now + 300:
        hint = "Set the clock: sudo timedatectl set-ntp true."
        yield "broken", f"it says {time.strftime('%Y-%m-%d %H:%M')}, yet the database was written later", hint
    else:
        yield "ok", time.strftime("%Y-%m-%d %H:%M %Z"), ""


def check_database(house: House) -> Iterator[Said]:
    if not house.there:
        yield "ok", "none yet: the first `homeroll serve` makes it", ""
        return
    for path in (house.paths.database, house.paths.thumbnails):
        if not path.is_file():
            continue
        size_mb = path.stat().st_size / 2**20
        try:
            said = [row[0] for row in _read(path, "PRAGMA quick_check(5)")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        if said == ["ok"]:
            yield "ok", f"{path.name} is whole ({size_mb:,.0f} MB)", ""
        elif path == house.paths.thumbnails:
            hint = f"Stop the service and remove {path}: thumbnails are made again from the photos."
            yield "broken", f"{path.name} is damaged: {said[0]}", hint
        else:
            hint = f"Stop the service, copy {path.parent} away before anything else, then restore a backup."
            yield "broken", f"{path.name} is damaged: {said[0]}", hint


def check_service(house: House) -> Iterator[Said]:
    from appliance.client import answers

    if answers(house.paths):
        yield "ok", f"running: {house.by.sentence() if house.by else 'it answers'}", ""
    elif house.by is not None:
        yield "ok", f"not running; the data is in use by {house.by.sentence()}", ""
    else:
        yield "ok", "not running", ""


def check_libraries(house: House) -> Iterator[Said]:
    rows = (
        _read(house.paths.database, "SELECT name, root, status, reason, hint, kind FROM library") if house.there else []
    )
    if not any(row[5] == "folder" for row in rows):
        yield "ok", "no folder of photos yet: homeroll library add DIR --name NAME", ""
    for name, root, status, reason, hint, kind in rows:
        if kind != "folder":
            continue
        try:
            empty = next(Path(root).iterdir(), None) is None
        except PermissionError:
            yield (
                "broken",
                f"{name}: this user may not read {root}",
                f"chmod -R u+rX {root}, or run as the service does.",
            )
        except OSError as error:
            yield "broken", f"{name}: {root}: {error.strerror}", "Is its disk mounted?  Nothing is removed meanwhile."
        else:
            if status == "frozen":
                yield "warning", f"{name} is frozen: {reason}", hint
            elif empty:
                yield "warning", f"{name}: {root} is empty", "Is its disk mounted?"
            else:
                yield "ok", f"{name}: {root}", ""


def check_watching(house: House) -> Iterator[Said]:
    limit_file = Path("/proc/sys/fs/inotify/max_user_watches")
    if not house.settings.watch or not limit_file.is_file():
        yield "ok", "folders are scanned, not watched", ""
        return
    limit = int(limit_file.read_text(encoding="ascii"))
    sql = "SELECT count(*) FROM (SELECT DISTINCT library, folder FROM file_path)"
    folders = int(_read(house.paths.database, sql)[0][0]) if house.there else 0
    text = f"{folders:,} folders to watch, {limit:,} allowed"
    if folders * WATCHES_SPARE > limit:
        yield (
            "warning",
            f"{text}: some changes are seen only by the next scan",
            f"echo fs.inotify.max_user_watches={max(524288, folders * 4)} | sudo tee /etc/sysctl.d/60-homeroll.conf"
            " && sudo sysctl --system",
        )
    else:
        yield "ok", text, ""


CHECKS: tuple[tuple[str, Callable[[House], Iterator[Said]]], ...] = (
    ("python", check_python),
    ("sqlite", check_sqlite),
    ("programs", check_programs),
    ("data directory", check_data),
    ("disk", check_disk),
    ("memory", check_memory),
    ("service", check_service),
    ("port", check_port),
    ("clock", check_clock),
    ("database", check_database),
    ("libraries", check_libraries),
    ("watching", check_watching),
)


def _read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on a connection that cannot write, beside a running service or without one."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
