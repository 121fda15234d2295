"""How paths become stored files: identity by content, paths as sightings of it.  Called inside scans and uploads.

Four things can happen to one sighting of a path, decided by its content alone (`register`):

    content known in this library    -> the path joins that file (moved, copied, or returned after an absence)
    content new, path unknown        -> a new stored file
    content new, path known, alone   -> the same file, changed: its old content becomes a FileVersion
    content new, path known, others  -> a new stored file; the old one keeps its other paths
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.db.tables import FileStep, FileVersion, StoredFile
from appliance.errors import ConflictError, NotFoundError
from appliance.library import described, renditions, tags
from appliance.media.values import FileHashes, MediaMetadata
from appliance.values import StepSpec, new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from appliance.db.engine import Database

What = Literal["added", "changed", "joined", "same"]

ABSENT = "The file is not there at the moment"
METADATA_STEP = described.METADATA_STEP
RENDITIONS_STEP = renditions.STEP
#: Rows p of FilePath that a JSON list of [folder, name] names; takes the list and the library.
NAMED_PATHS = """json_each(?) j CROSS JOIN "file_path" p
    ON p."library" = ? AND p."folder" = json_extract(j.value, '$[0]') AND p."name" = json_extract(j.value, '$[1]')"""


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
    """What one sighting meant.  `was_at`: the content path of a file that joined, before; "" when it was missing."""

    id: uuid.UUID
    what: What
    month: str
    was_at: str = ""


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
    if not sightings:
        return []
    intake = _Intake(library, owner, steps)
    await intake.load(db, sightings)
    registered = [intake.register(sighting, file_id) for sighting in sightings]
    await intake.write(db)
    return registered


async def replace_content(
    db: Database, *, file: uuid.UUID, sighting: Sighting, kept_as: str | None, steps: Sequence[StepSpec]
) -> None:
    """Give a stored file new bytes at its path; the old ones become a FileVersion.  Inside `db.write()`.

    kept_as: the name below versions/ under which the old bytes are kept; None when they are gone.
    Raises NotFoundError, and ConflictError when the library has the new bytes as another file already.
    """
    row = await db.fetch_one('SELECT "library", "user" FROM "stored_file" WHERE "id" = ?', [str(file)])
    if row is None:
        raise NotFoundError("There is no such file", hint="It may have been removed.")
    intake = _Intake(row["library"], row["user"], steps)
    await intake.load(db, [sighting])
    intake.replace(file, sighting, kept_as)
    await intake.write(db)
    # Further places have the old bytes: a scan finds them anew, as what they are.
    await db.fetch(
        'DELETE FROM "file_path" WHERE "file" = ? AND ("folder", "name") <> (?, ?)',
        [str(file), sighting.folder, sighting.name],
    )


class _Known(msgspec.Struct):
    """A stored file as far as registering needs it; `paths` changes as sightings are taken in."""

    id: uuid.UUID
    content: str
    sha256: str
    sha1: str
    size_bytes: int
    month: str
    missing: bool
    paths: set[tuple[str, str]]


class _Change(msgspec.Struct, frozen=True):
    before: _Known
    sighting: Sighting
    kept_as: str | None


class _Intake:
    """One library's registrations inside one transaction: read what is known, decide, write; nothing in between, for
    each statement is a trip to another thread."""

    def __init__(self, library: uuid.UUID, owner: uuid.UUID | None, steps: Sequence[StepSpec]) -> None:
        self._library, self._owner, self._steps = library, owner, steps
        self._files: dict[uuid.UUID, _Known] = {}
        self._by_path: dict[tuple[str, str], _Known] = {}
        self._by_sha: dict[str, _Known] = {}
        self._added: dict[uuid.UUID, Sighting] = {}
        self._changed: list[_Change] = []
        self._seen: dict[tuple[str, str], tuple[uuid.UUID, Sighting]] = {}
        self._back: set[uuid.UUID] = set()
        self._robbed: set[uuid.UUID] = set()
        self._shared = False

    async def load(self, db: Database, sightings: Sequence[Sighting]) -> None:
        """Read the files that the sightings' paths and contents belong to, with all their paths."""
        shared = await db.value('SELECT "shared" FROM "library" WHERE "id" = ?', [str(self._library)])
        self._shared = bool(shared)
        rows = await db.fetch(
            f"""SELECT f."id", f."content", f."content_sha", f."content_sha1", f."size_bytes",
                       substr(f."local_start", 1, 7) AS month, f."missing_since" IS NOT NULL AS missing,
                       p."folder", p."name"
                FROM "stored_file" f LEFT JOIN "file_path" p ON p."file" = f."id"
                WHERE f."id" IN (
                    SELECT p."file" FROM {NAMED_PATHS}
                    UNION SELECT "id" FROM "stored_file" WHERE "library" = ? AND "size_bytes" > 0
                    AND "content_sha" IN (SELECT value FROM json_each(?)))""",
            [
                json_pairs((sighting.folder, sighting.name) for sighting in sightings),
                str(self._library),
                str(self._library),
                msgspec.json.encode([sighting.hashes.sha256 for sighting in sightings]).decode(),
            ],
        )
        for row in rows:
            known = self._files.get(row["id"])
            if known is None:
                known = self._keep(
                    _Known(
                        id=row["id"],
                        content=row["content"],
                        sha256=row["content_sha"],
                        sha1=row["content_sha1"],
                        size_bytes=row["size_bytes"],
                        month=row["month"],
                        missing=bool(row["missing"]),
                        paths=set(),
                    )
                )
            if row["name"] is not None:
                known.paths.add((row["folder"], row["name"]))
                self._by_path[row["folder"], row["name"]] = known

    def _keep(self, known: _Known) -> _Known:
        self._files[known.id] = known
        if known.size_bytes:  # an empty file has no content that could identify it: its path must do
            self._by_sha[known.sha256] = known
        return known

    def register(self, sighting: Sighting, file_id: uuid.UUID | None) -> Registered:
        here = self._by_path.get((sighting.folder, sighting.name))
        same = self._by_sha.get(sighting.hashes.sha256)
        if same is None and here is not None and here.sha256 == sighting.hashes.sha256:
            same = here
        if same is not None:
            was_at = "" if same.missing else same.content
            self._see(same, sighting)
            what: What = "same" if same is here else "joined"
            return Registered(id=same.id, what=what, month=same.month, was_at=was_at)
        if here is not None and here.paths == {(sighting.folder, sighting.name)}:
            self._change(here, sighting, kept_as=None)
            return Registered(id=here.id, what="changed", month=here.month)
        known = self._add(sighting, file_id if here is None else None)
        return Registered(id=known.id, what="added", month=known.month)

    def replace(self, file: uuid.UUID, sighting: Sighting, kept_as: str | None) -> None:
        other = self._by_sha.get(sighting.hashes.sha256)
        if other is not None:
            raise ConflictError("These bytes are in the library already", hint="Show the file that has them.")
        here = self._by_path.get((sighting.folder, sighting.name))
        if here is None or here.id != file:
            raise ConflictError(f"{sighting.content} is not where this file is")
        self._change(here, sighting, kept_as)

    def _see(self, known: _Known, sighting: Sighting) -> None:
        """The path shows this file's content now, whatever it showed before."""
        place = (sighting.folder, sighting.name)
        before = self._by_path.get(place)
        if before is not None and before is not known:
            before.paths.discard(place)
            self._robbed.add(before.id)
        if known.missing or not known.paths:
            known.missing = False
            known.content = sighting.content
            self._back.add(known.id)
        known.paths.add(place)
        self._by_path[place] = known
        self._seen[place] = (known.id, sighting)

    def _add(self, sighting: Sighting, file_id: uuid.UUID | None) -> _Known:
        known = self._keep(
            _Known(
                id=file_id or new_id(),
                content=sighting.content,
                sha256=sighting.hashes.sha256,
                sha1=sighting.hashes.sha1,
                size_bytes=sighting.hashes.size_bytes,
                month=_month(sighting),
                missing=False,
                paths={(sighting.folder, sighting.name)},
            )
        )
        self._added[known.id] = sighting
        self._see(known, sighting)
        return known

    def _change(self, known: _Known, sighting: Sighting, kept_as: str | None) -> None:
        """The same file with new bytes: old content to FileVersion, facts anew, marks of people stay, steps due."""
        self._changed.append(_Change(msgspec.structs.replace(known), sighting, kept_as))
        if self._by_sha.get(known.sha256) is known:
            del self._by_sha[known.sha256]
        known.sha256, known.sha1 = sighting.hashes.sha256, sighting.hashes.sha1
        known.size_bytes = sighting.hashes.size_bytes
        known.month = _month(sighting) or known.month
        self._keep(known)
        self._see(known, sighting)

    async def write(self, db: Database) -> None:
        """Changes before additions: a new file may have the content that a changed one had until now."""
        for change in self._changed:
            await self._write_change(db, change)
        await self._write_added(db)
        await _keep_paths(db, self._library, self._seen)
        await self._write_robbed(db, [self._files[file] for file in self._robbed])
        await self._write_returned(db, [self._files[file] for file in self._back - self._added.keys()])

    async def _write_change(self, db: Database, change: _Change) -> None:
        before, sighting = change.before, change.sighting
        version = {
            "id": new_id(),
            "file": before.id,
            "content_sha": before.sha256,
            "content_sha1": before.sha1,
            "size_bytes": before.size_bytes,
            "kept_as": change.kept_as,
            "created": now(),
        }
        await db.insert(FileVersion, [version])
        await redescribe(
            db,
            before.id,
            kind=sighting.kind,
            mime_type=sighting.mime_type,
            metadata=sighting.metadata,
            sidecar_sha=sighting.sidecar_sha,
        )
        await update(
            db,
            before.id,
            {
                "size_bytes": sighting.hashes.size_bytes,
                "content_sha": sighting.hashes.sha256,
                "content_sha1": sighting.hashes.sha1,
                "thumbhash": None,
                "unshowable": False,
                "missing_since": None,
            },
        )
        await db.fetch('DELETE FROM "file_step" WHERE "file" = ?', [str(before.id)])
        await db.insert(FileStep, self._plan(before.id, sighting, now()))

    async def _write_added(self, db: Database) -> None:
        moment = now()
        files: list[dict[str, object]] = []
        steps: list[dict[str, object]] = []
        keywords: dict[uuid.UUID, tuple[str, ...]] = {}
        for file, sighting in self._added.items():
            facts = described.describe(sighting.kind, sighting.mime_type, sighting.metadata)
            files.append(
                {
                    "id": file,
                    "filename": sighting.name,
                    "size_bytes": sighting.hashes.size_bytes,
                    "user": self._owner,
                    "shared": self._shared,
                    "library": self._library,
                    "content": sighting.content,
                    "content_sha": sighting.hashes.sha256,
                    "content_sha1": sighting.hashes.sha1,
                    "processor_metadata": described.processed({}, sighting.metadata, sighting.sidecar_sha),
                    "created": moment,
                    "modified": moment,
                    **facts,
                }
            )
            steps += self._plan(file, sighting, moment)
            if sighting.metadata is not None and sighting.metadata.keywords:
                keywords[file] = sighting.metadata.keywords
        await db.insert(StoredFile, files)
        await db.insert(FileStep, steps)
        await tags.set_tags_of_many(db, keywords, source="exif")

    async def _write_robbed(self, db: Database, files: Sequence[_Known]) -> None:
        """Other bytes are where these were.  They live on at another path; without one, no step may read the wrong
        bytes, and whether they are missing is decided when the whole scan has been seen."""
        for known in files:
            if known.paths and split(known.content) not in known.paths:
                known.content = join(*min(known.paths))
                self._back.add(known.id)
        homeless = [[ABSENT, str(known.id)] for known in files if not known.paths]
        if homeless:
            await db.execute_many(
                """UPDATE "file_step" SET "status" = 'skipped', "error" = ?
                   WHERE "file" = ? AND "status" IN ('pending', 'running')""",
                homeless,
            )

    async def _write_returned(self, db: Database, files: Sequence[_Known]) -> None:
        if not files:
            return
        await set_paths(db, {known.id: split(known.content) for known in files}, also={"missing_since": None})
        await db.execute_many(
            """UPDATE "file_step" SET "status" = 'pending', "error" = ''
               WHERE "file" = ? AND "status" = 'skipped' AND "error" = ?""",
            [[str(known.id), ABSENT] for known in files],
        )

    def _plan(self, file: uuid.UUID, sighting: Sighting, moment: datetime) -> list[dict[str, object]]:
        """A row for each step that this kind of file needs; metadata was read on the way in, so it has its result."""
        kind = sighting.metadata.kind if sighting.metadata else sighting.kind
        rows: list[dict[str, object]] = []
        for step in self._steps:
            if kind not in step.kinds or step.on_demand:
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
        return rows


async def _keep_paths(
    db: Database, library: uuid.UUID, seen: dict[tuple[str, str], tuple[uuid.UUID, Sighting]]
) -> None:
    await db.execute_many(
        """INSERT INTO "file_path" ("id", "library", "file", "folder", "name", "size_bytes", "mtime_ns")
           VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT ("library", "folder", "name") DO UPDATE
           SET "file" = excluded."file", "size_bytes" = excluded."size_bytes", "mtime_ns" = excluded."mtime_ns" """,
        [
            [str(new_id()), str(library), str(file), folder, name, sighting.hashes.size_bytes, sighting.mtime_ns]
            for (folder, name), (file, sighting) in seen.items()
        ],
    )


async def redescribe(
    db: Database,
    file: uuid.UUID,
    *,
    kind: str,
    mime_type: str,
    metadata: MediaMetadata | None,
    sidecar_sha: str,
) -> None:
    """Write what reading a known file again gave; what a person said of it stays.  Inside `db.write()`."""
    row = await db.fetch_one(
        """SELECT "processor_metadata", "rating", "description", "by_hand", "adjustments" FROM "stored_file"
           WHERE "id" = ?""",
        [str(file)],
    )
    if row is None:
        return
    values = described.describe(kind, mime_type, metadata)
    processed = msgspec.json.decode(row["processor_metadata"])
    said = processed.get(METADATA_STEP, {}).get("said")
    for name in described.MARKS if said is not None else ():
        if row[name] != said.get(name, described.NOTHING_SAID[name]):  # a person has changed it since
            del values[name]
    for said_by_hand in row["by_hand"].split(","):
        for name in described.SAID_BY_HAND.get(said_by_hand, ()):
            del values[name]
    # What somebody did to the picture is done to its new content, too.
    size = (metadata.width, metadata.height) if metadata else (None, None)
    values |= renditions.sizes(row["adjustments"], *size)
    values["processor_metadata"] = described.processed(processed, metadata, sidecar_sha)
    values["modified"] = now()
    await update(db, file, values)
    await tags.set_tags(db, file, metadata.keywords if metadata else (), source="exif")


def without_metadata(sighting: Sighting) -> Sighting:
    """The same file, as one whose metadata could not be read."""
    return msgspec.structs.replace(
        sighting,
        metadata=None,
        error="What this file says about itself cannot be written down",
        hint="Its metadata is damaged; the picture itself may be fine.",
    )


async def update(db: Database, file: uuid.UUID, values: dict[str, object]) -> None:
    """Set columns of one stored file.  Inside `db.write()`."""
    assignments = ", ".join(f'"{name}" = ?' for name in values)
    await db.fetch(
        f'UPDATE "stored_file" SET {assignments} WHERE "id" = ?',
        [*values.values(), str(file)],
    )


async def set_paths(
    db: Database, places: Mapping[uuid.UUID, tuple[str, str]], *, also: Mapping[str, object] | None = None
) -> None:
    """Let files live at another of their paths, (folder, name); `also`: further columns to set."""
    moment = now()
    more = also or {}
    assignments = "".join(f', "{name}" = ?' for name in more)
    await db.execute_many(
        f'UPDATE "stored_file" SET "content" = ?, "filename" = ?, "modified" = ?{assignments} WHERE "id" = ?',
        [[join(folder, name), name, moment, *more.values(), str(file)] for file, (folder, name) in places.items()],
    )


def split(content: str) -> tuple[str, str]:
    folder, _, name = content.rpartition("/")
    return folder, name


def json_pairs(paths: Iterable[tuple[str, str]]) -> str:
    return msgspec.json.encode(list(paths)).decode()


def _month(sighting: Sighting) -> str:
    start = sighting.metadata.start_local if sighting.metadata else None
    return start.strftime("%Y-%m") if start else ""
