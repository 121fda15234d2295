"""Importing a folder that holds bad files with the real compute processes, and what must be true afterwards."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from appliance.paths import DataPaths
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

#: One file may take this long at most: ffmpeg's own limit, twice, and a slow machine.
MOST_SECONDS_PER_FILE = 100.0
#: What tests/resilience/service.py allows one process is 512 MB of data; programs' code and mapped files come on top.
MOST_MEMORY_MB = 900
_MACHINE_TALK = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception|Warning)\b|\w+\.\w+Error|\bNone\b|/\w+/|\.py\b|0x[0-9a-f]{10}|<\w+"
)


class Result(msgspec.Struct):
    """What became of one file: path below the library, status of its renditions, and every reason given."""

    path: str
    status: str
    reasons: list[str]
    hints: list[str]
    seconds: float
    shown: bool


@dataclass
class Imported:
    seconds: float
    most_memory_mb: float
    results: dict[str, Result]


def import_folder(data: Path, library: Path, *steps: str, limit_s: float) -> Imported:
    """Run the service's inside until `steps`, or all, are done; fails if it dies or takes longer than `limit_s`."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.resilience.service", str(data), str(library), *steps]
    log = data.with_suffix(".log")
    most = 0.0
    with log.open("wb") as output, subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=output) as service:
        while service.poll() is None:
            most = max(most, _largest_child_mb(service.pid))
            if time.monotonic() - began > limit_s:
                service.kill()
                raise AssertionError(f"not done after {limit_s} s: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
    assert service.returncode == 0, log.read_text(errors="replace")[-4000:]
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")[-6000:]
    return Imported(time.monotonic() - began, most, _results(data))


def _largest_child_mb(pid: int) -> float:
    most = 0.0
    try:
        for child in psutil.Process(pid).children(recursive=True):
            most = max(most, child.memory_info().rss / (1 << 20))
    except psutil.NoSuchProcess:
        return most
    return most


def _results(data: Path) -> dict[str, Result]:
    paths = DataPaths(data)
    connection = sqlite3.connect(paths.database)
    connection.row_factory = sqlite3.Row
    connection.execute("ATTACH DATABASE ? AS thumbs", [str(paths.thumbnails)])
    try:
        rows: list[Any] = connection.execute(
            """SELECT ltrim(p."folder" || '/', '/') || p."name" AS path, s."status", s."step", s."error",
                      s."hint", s."seconds", f."content_sha", f."unshowable",
                      EXISTS (SELECT 1 FROM thumbs.thumbnail t WHERE t.content_sha = f."content_sha") AS thumbnail
               FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file" JOIN "file_step" s ON s."file" = f."id" """
        ).fetchall()
    finally:
        connection.close()
    found: dict[str, Result] = {}
    for row in rows:
        result = found.setdefault(row["path"], Result(row["path"], "", [], [], 0.0, False))
        result.seconds += row["seconds"] or 0.0
        if row["status"] == "failed":
            result.reasons.append(row["error"])
            result.hints.append(row["hint"])
        if row["step"] == "renditions":
            result.status = row["status"]
            result.shown = bool(row["thumbnail"]) and paths.preview(row["content_sha"]).stat().st_size > 0
            assert bool(row["unshowable"]) == (row["status"] == "failed"), row["path"]
    return found


def assert_each_is_shown_or_explained(imported: Imported) -> None:
    """Every file has its pictures, or a reason that a person understands; nothing was slow or took much memory."""
    assert imported.most_memory_mb < MOST_MEMORY_MB
    unreadable: list[str] = []
    for result in imported.results.values():
        assert result.seconds < MOST_SECONDS_PER_FILE, result
        assert result.status in ("done", "failed"), result
        assert result.shown == (result.status == "done"), result
        assert result.status == "done" or result.reasons, result
        assert len(result.reasons) <= 1, result
        for reason in result.reasons:
            if len(reason.split()) < 3 or not reason[0].isupper() or _MACHINE_TALK.search(reason):
                unreadable.append(f"{result.path}: {reason}")
    assert unreadable == [], "\n".join(unreadable)
