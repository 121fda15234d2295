"""What an import leaves behind, in a form that two runs can be compared by: no ids, no moments, contents by hash."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any

from appliance.db.tables import TABLES
from appliance.files import TEMPORARY_PREFIX
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from pathlib import Path

#: Nothing an import writes; tested where they belong.
OTHER_TABLES = {
    "account",
    "session",
    "api_key",
    "site_setting",
    "journal",
    "upload",
    "job_state",
    "job_run",
    "event",
    "file_event",
}
_FILE = '(SELECT f."content" FROM "stored_file" f WHERE f."id" = t.{})'
#: table -> how columns that differ from run to run are told; None leaves one out.
_TOLD: dict[str, dict[str, str | None]] = {
    "library": {"id": None, "last_scan": None, "created": None, "modified": None},
    "stored_file": {
        "id": None,
        "library": '(SELECT l."root" FROM "library" l WHERE l."id" = t."library")',
        "part_of": _FILE.format('"part_of"'),
        "created": None,
        "modified": None,
    },
    "file_path": {"id": None, "library": None, "file": _FILE.format('"file"')},
    "related_file": {"id": None, "file": _FILE.format('"file"'), "related": _FILE.format('"related"')},
    "file_version": {"id": None, "file": _FILE.format('"file"'), "created": None},
    "file_step": {"id": None, "file": _FILE.format('"file"'), "seconds": None, "modified": None},
    "tag": {"id": None, "created": None},
    "file_tag": {
        "id": None,
        "file": _FILE.format('"file"'),
        "tag": '(SELECT g."name" FROM "tag" g WHERE g."id" = t."tag")',
    },
    "month_count": {"id": None},
    "step_count": {"id": None},
}


def outcome(data: Path) -> dict[str, Any]:
    """table -> sorted rows; also "thumbnails" and "previews" as hashes by content."""
    paths = DataPaths(data)
    found: dict[str, Any] = {}
    with_thumbnails = sqlite3.connect(paths.database)
    try:
        with_thumbnails.execute("ATTACH DATABASE ? AS thumbs", [str(paths.thumbnails)])
        for table in TABLES:
            name = table._meta.tablename
            if name not in OTHER_TABLES:
                found[name] = _rows(with_thumbnails, name)
        found["thumbnails"] = {
            sha: hashlib.sha256(webp).hexdigest()
            for sha, webp in with_thumbnails.execute("SELECT content_sha, webp FROM thumbs.thumbnail")
        }
    finally:
        with_thumbnails.close()
    found["previews"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths.previews.rglob("*") if path.is_file()
    }
    return found


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    if table not in _TOLD:
        # Not filled by an import alone; then at least not by one more than by another.
        return list(connection.execute(f'SELECT count(*) FROM "{table}"'))
    told = _TOLD[table]
    columns = [column[1] for column in connection.execute(f'PRAGMA table_info("{table}")')]
    expressions = [told.get(column, f't."{column}"') for column in columns]
    wanted = ", ".join(expression for expression in expressions if expression is not None)
    condition = 'WHERE t."files" > 0' if table.endswith("_count") else ""
    return sorted(connection.execute(f'SELECT {wanted} FROM "{table}" t {condition}'), key=repr)


def assert_nothing_is_left_over(data: Path) -> None:
    """Renditions are those of finished files and no others; no temporary file lies anywhere."""
    found = outcome(data)
    connection = sqlite3.connect(DataPaths(data).database)
    try:
        done = {
            sha
            for (sha,) in connection.execute(
                """SELECT f."content_sha" FROM "stored_file" f JOIN "file_step" s ON s."file" = f."id"
                   WHERE s."step" = 'renditions' AND s."status" = 'done'"""
            )
        }
        unfinished = connection.execute(  # embedding and tags wait for models that are not here
            """SELECT count(*) FROM "file_step" WHERE "status" = 'running'
               OR "status" = 'pending' AND "step" NOT IN ('embedding', 'tags')"""
        ).fetchone()
    finally:
        connection.close()
    assert unfinished == (0,)
    assert set(found["previews"]) == done
    assert set(found["thumbnails"]) == done
    assert [path for path in data.rglob("*") if path.name.startswith(TEMPORARY_PREFIX)] == []
    assert list(DataPaths(data).incoming.iterdir()) == []


def originals(folder: Path) -> dict[str, tuple[str, int, int]]:
    """path -> (SHA-256, size, mtime in ns) of every file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            told = str(path.relative_to(folder))
            found[told] = (hashlib.sha256(path.read_bytes()).hexdigest(), stat.st_size, stat.st_mtime_ns)
    return found
