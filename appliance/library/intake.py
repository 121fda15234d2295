"""How paths become stored files: identity by content, paths as sightings of it.  Called inside scans and uploads.

Four things can happen to one sighting of a path, decided by its content alone (`register`):

    content known in this library    -> the path joins that file (moved, copied, or returned after an absence)
    content new, path unknown        -> a new stored file
    content new, path known, alone   -> the same file, changed: its old content becomes a FileVersion
    content new, path known, others  -> a new stored file; the old one keeps its other paths
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from appliance.db.tables import FilePath, FileStep, FileVersion, StoredFile
from appliance.library import tags
from appliance.media.values import FileHashes, MediaMetadata
from appliance.values import StepSpec, new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row

What = Literal["added", "changed", "joined", "same"]

ABSENT = "The file is not there at the moment"
METADATA_STEP = "metadata"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A file seen at a path below its library's root, with what reading it gave."""

    folder: str
    name: str
    mtime_ns: int
    hashes: FileHashes
    kind: str
    mime_type: str
    metadata: MediaMetadata | None
    sidecar_sha: str = ""
    error: str = ""
    hint: str = ""

    @property
    def content(self) -> str:
        return join(self.folder, self.name)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    what: What
    month: str


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


async def register(
    db: Database,
    *,
    library: uuid.UUID,
    owner: uuid.UUID | None,
    sightings: Sequence[Sighting],
    steps: Sequence[StepSpec],
    file_id: uuid.UUID | None = None,
) -> list[Registered]:
    """Write what was seen, in order, inside `db.write()`; one answer for each sighting.

    file_id: the id that the client chose for a single new upload.
    """
    intake = _Intake(db, library, owner, steps)
    return [await intake.register(sighting, file_id) for sighting in sightings]


async def replace_content(
    db: Database, *, file: uuid.UUID, sighting: Sighting, kept_as: str | None, steps: Sequence[StepSpec]
) -> None:
    """Give a stored file new bytes at its path; the old ones become a FileVersion.  Inside `db.write()`."""
    row = await db.fetch_one('SELECT * FROM "stored_file" WHERE "id" = ?', [str(file)])
    assert row is not None
    await _Intake(db, row["library"], row["user"], steps).change(row, sighting, kept_as)


async def forget_paths(
    db: Database, *, library: uuid.UUID, paths: Iterable[tuple[str, str]], fresh: set[uuid.UUID]
) -> tuple[int, int]:
    """Paths (folder, name) that are gone.  Returns (moved, missing) counts of files.  Inside `db.write()`.

    A file that keeps another path lives on there, and counts as moved when that path is `fresh`, seen first in this
    scan.  One that keeps none is marked missing: absent is not deleted, everything known of it stays.
    """
    moved = missing = 0
    for folder, name in paths:
        gone = await db.fetch_one(
            'DELETE FROM "file_path" WHERE "library" = ? AND "folder" = ? AND "name" = ? RETURNING "file"',
            [str(library), folder, name],
        )
        if gone is None:
            continue
        file: uuid.UUID = gone["file"]
        row = await db.fetch_one('SELECT "content" FROM "stored_file" WHERE "id" = ?', [str(file)])
        if row is None or row["content"] != join(folder, name):
            continue
        other = await db.fetch_one(
            'SELECT "folder", "name" FROM "file_path" WHERE "file" = ? ORDER BY "folder", "name" LIMIT 1', [str(file)]
        )
        if other is not None:
            await _set_path(db, file, other["folder"], other["name"])
            moved += file in fresh
        else:
            await _mark_missing(db, file)
            missing += 1
    return moved, missing


async def known_missing(db: Database, *, library: uuid.UUID, paths: Iterable[tuple[str, str]]) -> int:
    """How many files would be left without any path if `paths` were forgotten; what the mass-missing guard weighs."""
    lost: dict[uuid.UUID, int] = {}
    for folder, name in paths:
        row = await db.fetch_one(
            'SELECT "file" FROM "file_path" WHERE "library" = ? AND "folder" = ? AND "name" = ?',
            [str(library), folder, name],
        )
        if row is not None:
            lost[row["file"]] = lost.get(row["file"], 0) + 1
    alone = 0
    for file, count in lost.items():
        alone += await db.value('SELECT count(*) FROM "file_path" WHERE "file" = ?', [str(file)]) <= count
    return alone


async def wake_absent(db: Database, library: uuid.UUID) -> int:
    """Steps skipped because their file was away are due again once it is back.  Inside `db.write()`."""
    rows = await db.fetch(
        """UPDATE "file_step" SET "status" = 'pending', "error" = '' WHERE "status" = 'skipped' AND "error" = ?
           AND "file" IN (SELECT "id" FROM "stored_file" WHERE "library" = ? AND "missing_since" IS NULL)
           RETURNING "id" AS id""",
        [ABSENT, str(library)],
    )
    return len(rows)


class _Intake:
    """One library's registrations inside one transaction."""

    def __init__(self, db: Database, library: uuid.UUID, owner: uuid.UUID | None, steps: Sequence[StepSpec]) -> None:
        self._db, self._library, self._owner, self._steps = db, library, owner, steps

    async def register(self, sighting: Sighting, file_id: uuid.UUID | None) -> Registered:
        here = await self._db.fetch_one(
            """SELECT f.*, (SELECT count(*) FROM "file_path" o WHERE o."file" = f."id") AS paths
               FROM "file_path" p JOIN "stored_file" f ON f."id" = p."file"
               WHERE p."library" = ? AND p."folder" = ? AND p."name" = ?""",
            [str(self._library), sighting.folder, sighting.name],
        )
        # An empty file has no content that could identify it: its path must do.
        same = await self._same_content(sighting) if sighting.hashes.size_bytes else None
        if same is not None:
            return await self._join(same, here, sighting)
        if here is None:
            return await self._add(sighting, file_id)
        if here["paths"] == 1:
            if here["content_sha"] == sighting.hashes.sha256:
                await self._keep_path(here["id"], sighting)
                return Registered(id=here["id"], what="same", month=here["local_start"][:7])
            await self.change(here, sighting, kept_as=None)
            return Registered(id=here["id"], what="changed", month=_month(sighting) or here["local_start"][:7])
        await self._drop_path(here, sighting)
        return await self._add(sighting, None)

    async def _same_content(self, sighting: Sighting) -> Row | None:
        return await self._db.fetch_one(
            'SELECT * FROM "stored_file" WHERE "library" = ? AND "content_sha" = ? AND "size_bytes" > 0',
            [str(self._library), sighting.hashes.sha256],
        )

    async def _join(self, same: Row, here: Row | None, sighting: Sighting) -> Registered:
        month = same["local_start"][:7]
        if here is not None and here["id"] == same["id"]:
            await self._keep_path(same["id"], sighting)
            return Registered(id=same["id"], what="same", month=month)
        if here is not None:
            await self._drop_path(here, sighting)
        await self._keep_path(same["id"], sighting)
        if same["missing_since"] is not None:
            await _set_path(self._db, same["id"], sighting.folder, sighting.name)
            await self._db.fetch('UPDATE "stored_file" SET "missing_since" = NULL WHERE "id" = ?', [str(same["id"])])
            await self._db.fetch(
                """UPDATE "file_step" SET "status" = 'pending', "error" = ''
                   WHERE "file" = ? AND "status" = 'skipped' AND "error" = ?""",
                [str(same["id"]), ABSENT],
            )
        return Registered(id=same["id"], what="joined", month=month)

    async def _drop_path(self, here: Row, sighting: Sighting) -> None:
        """The path now shows other bytes: the file it belonged to lives on at its other paths, or is missing."""
        await forget_paths(self._db, library=self._library, paths=[(sighting.folder, sighting.name)], fresh=set())

    async def _keep_path(self, file: uuid.UUID, sighting: Sighting) -> None:
        await self._db.fetch(
            """INSERT INTO "file_path" ("id", "library", "file", "folder", "name", "size_bytes", "mtime_ns")
               VALUES (?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT ("library", "folder", "name") DO UPDATE
               SET "file" = excluded."file", "size_bytes" = excluded."size_bytes", "mtime_ns" = excluded."mtime_ns" """,
            [
                str(new_id()),
                str(self._library),
                str(file),
                sighting.folder,
                sighting.name,
                sighting.hashes.size_bytes,
                sighting.mtime_ns,
            ],
        )

    async def _add(self, sighting: Sighting, file_id: uuid.UUID | None) -> Registered:
        file = file_id or new_id()
        moment = now()
        facts = describe(sighting.kind, sighting.mime_type, sighting.metadata)
        await self._db.insert(
            StoredFile,
            [
                {
                    "id": file,
                    "filename": sighting.name,
                    "size_bytes": sighting.hashes.size_bytes,
                    "user": self._owner,
                    "library": self._library,
                    "content": sighting.content,
                    "content_sha": sighting.hashes.sha256,
                    "content_sha1": sighting.hashes.sha1,
                    "processor_metadata": _processed(sighting),
                    "created": moment,
                    "modified": moment,
                    **facts,
                }
            ],
        )
        await self._db.insert(
            FilePath,
            [
                {
                    "id": new_id(),
                    "library": self._library,
                    "file": file,
                    "folder": sighting.folder,
                    "name": sighting.name,
                    "size_bytes": sighting.hashes.size_bytes,
                    "mtime_ns": sighting.mtime_ns,
                }
            ],
        )
        await self._plan(file, sighting)
        await self._keep_keywords(file, sighting)
        return Registered(id=file, what="added", month=cast("str", facts["local_start"])[:7])

    async def change(self, row: Row, sighting: Sighting, kept_as: str | None) -> None:
        """The same file with new bytes: old content to FileVersion, facts anew, marks of people stay, steps due."""
        file: uuid.UUID = row["id"]
        moment = now()
        await self._db.insert(
            FileVersion,
            [
                {
                    "id": new_id(),
                    "file": file,
                    "content_sha": row["content_sha"],
                    "content_sha1": row["content_sha1"],
                    "size_bytes": row["size_bytes"],
                    "kept_as": kept_as,
                    "created": moment,
                }
            ],
        )
        await update(
            self._db,
            file,
            describe(sighting.kind, sighting.mime_type, sighting.metadata)
            | {
                "size_bytes": sighting.hashes.size_bytes,
                "content_sha": sighting.hashes.sha256,
                "content_sha1": sighting.hashes.sha1,
                "processor_metadata": _processed(sighting),
                "thumbhash": None,
                "unshowable": False,
                "missing_since": None,
                "modified": moment,
            },
        )
        await self._keep_path(file, sighting)
        await self._db.fetch('DELETE FROM "file_step" WHERE "file" = ?', [str(file)])
        await self._plan(file, sighting)
        await self._keep_keywords(file, sighting)

    async def _plan(self, file: uuid.UUID, sighting: Sighting) -> None:
        """A row for each step that this kind of file needs; metadata was read on the way in, so it has its result."""
        moment = now()
        kind = sighting.metadata.kind if sighting.metadata else sighting.kind
        rows: list[dict[str, object]] = []
        for step in self._steps:
            if kind not in step.kinds:
                continue
            status = "pending"
            if step.name == METADATA_STEP:
                status = "failed" if sighting.metadata is None else "done"
            failed = status == "failed"
            rows.append(
                {
                    "id": new_id(),
                    "file": file,
                    "step": step.name,
                    "version": step.version,
                    "status": status,
                    "attempts": int(step.name == METADATA_STEP),
                    "error": sighting.error if failed else "",
                    "hint": sighting.hint if failed else "",
                    "modified": moment,
                }
            )
        await self._db.insert(FileStep, rows)

    async def _keep_keywords(self, file: uuid.UUID, sighting: Sighting) -> None:
        await tags.set_tags(self._db, file, sighting.metadata.keywords if sighting.metadata else (), source="exif")


def describe(kind: str, mime_type: str, metadata: MediaMetadata | None) -> dict[str, object]:
    """Column values of a stored file that follow from its metadata; all empty when there is none."""
    if metadata is None:
        return {"kind": kind, "mime_type": mime_type, "metadata": "{}", "local_start": ""} | dict.fromkeys(
            ("start", "end", "utc_offset_min", "latitude", "longitude", "altitude", "place"), None
        )
    return {
        "kind": metadata.kind,
        "mime_type": metadata.mime_type,
        "metadata": details(metadata),
        "start": metadata.start,
        "end": metadata.end,
        "utc_offset_min": metadata.utc_offset_min,
        "local_start": metadata.start_local.isoformat(timespec="milliseconds") if metadata.start_local else "",
        "latitude": metadata.latitude,
        "longitude": metadata.longitude,
        "altitude": metadata.altitude,
        "place": msgspec.json.encode(metadata.place).decode() if metadata.place else None,
        "width": metadata.width,
        "height": metadata.height,
        "orientation": metadata.orientation,
        "duration_s": metadata.duration_s,
        "animated": metadata.animated,
        "motion_offset": metadata.motion_video_offset,
        "content_identifier": metadata.content_identifier,
        "burst_id": metadata.burst_id,
        "rating": metadata.rating,
        "title": metadata.title,
        "description": metadata.description,
    }


#: Columns of StoredFile; what else metadata holds goes into the JSON column.
_COLUMNS = frozenset(
    [
        "kind",
        "mime_type",
        "start",
        "end",
        "start_local",
        "utc_offset_min",
        "latitude",
        "longitude",
        "altitude",
        "place",
        "width",
        "height",
        "orientation",
        "duration_s",
        "animated",
        "motion_video_offset",
        "content_identifier",
        "burst_id",
        "rating",
        "title",
        "description",
        "keywords",
    ]
)


def details(metadata: MediaMetadata) -> str:
    """The `metadata` column: camera, lens, exposure, codec, face regions, raw tags; empty values left out."""
    values: dict[str, Any] = msgspec.to_builtins(metadata)
    rest = {name: value for name, value in values.items() if name not in _COLUMNS and value not in (None, "", [], {})}
    return msgspec.json.encode(rest).decode()


async def update(db: Database, file: uuid.UUID, values: dict[str, object]) -> None:
    """Set columns of one stored file.  Inside `db.write()`."""
    assignments = ", ".join(f'"{name}" = ?' for name in values)
    await db.fetch(
        f'UPDATE "stored_file" SET {assignments} WHERE "id" = ?',
        [*values.values(), str(file)],
    )


async def _set_path(db: Database, file: uuid.UUID, folder: str, name: str) -> None:
    await update(db, file, {"content": join(folder, name), "filename": name, "modified": now()})


async def _mark_missing(db: Database, file: uuid.UUID) -> None:
    await update(db, file, {"missing_since": now(), "modified": now()})
    await db.fetch(
        """UPDATE "file_step" SET "status" = 'skipped', "error" = ?
           WHERE "file" = ? AND "status" IN ('pending', 'running')""",
        [ABSENT, str(file)],
    )


def _processed(sighting: Sighting) -> str:
    reader = sighting.metadata.reader if sighting.metadata else "none"
    return msgspec.json.encode({METADATA_STEP: {"reader": reader, "sidecar": sighting.sidecar_sha}}).decode()


def _month(sighting: Sighting) -> str:
    start = sighting.metadata.start_local if sighting.metadata else None
    return start.strftime("%Y-%m") if start else ""
