"""Files that belong together: live photos, RAW beside JPEG, sidecars, bursts.

`find_relations` looks at the files of one folder and says what belongs together; `relate` makes the tables say the
same.  Both only look at what is there now, so running them again, or after a power cut, changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

import msgspec

from appliance.db.tables import RelatedFile
from appliance.library.intake import METADATA_STEP
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from appliance.db.engine import Database, Row

LIVE_VIDEO, RAW_OF, SIDECAR_OF, BURST, EDIT_OF = "live_video", "raw_of", "sidecar_of", "burst", "edit_of"
SIDECAR, DESCRIBED = "sidecar", frozenset({"photo", "raw", "video"})
#: Two halves of a live photo begin within this time of each other; without an identifier it must be so.
LIVE_GAP = timedelta(seconds=5)
LIVE_LONGEST_S = 10.0
#: RAW and JPEG of one exposure carry the same time; some cameras round one of them.
RAW_GAP = timedelta(seconds=2)
MANY = 1000
T = TypeVar("T")

#: Pixel phones number the halves: PXL_20230609_123456789.RAW-01.COVER.jpg and ....RAW-02.ORIGINAL.dng.
_HALF_OF_A_RAW = re.compile(r"\.raw-\d\d(\.mp)?\.(cover|original)$")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What pairing looks at.  `start` (UTC) and `local` (wall clock) are None when the date is only the file's own time
    or its name's: that proves nothing."""

    id: uuid.UUID
    folder: str
    name: str
    kind: str
    start: datetime | None = None
    local: datetime | None = None
    duration_s: float | None = None
    content_identifier: str = ""
    burst_id: str = ""


class Relation(msgspec.Struct, frozen=True, order=True):
    """`file` is the `role` of `related`."""

    file: uuid.UUID
    related: uuid.UUID
    role: str


def find_relations(entries: Sequence[Entry]) -> set[Relation]:
    """Relations among files of one folder, and among files anywhere that share an identifier."""
    relations: set[Relation] = set()
    by_stem: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.folder, entry.name)):
        by_stem.setdefault((entry.folder, _stem(entry.name)), []).append(entry)
    relations |= _sidecars(entries, by_stem)
    for group in by_stem.values():
        relations |= _raws(group)
    relations |= _live(entries, by_stem.values())
    relations |= _bursts(entries)
    return relations


def _stem(name: str) -> str:
    stem = PurePosixPath(name).stem.casefold()
    return _HALF_OF_A_RAW.sub("", stem) if ".raw-" in stem else stem


def _sidecars(entries: Sequence[Entry], by_stem: dict[tuple[str, str], list[Entry]]) -> set[Relation]:
    """`a.jpg.xmp` describes a.jpg; `a.xmp` describes every photo, RAW and video called a that has none of its own."""
    by_name: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.kind in DESCRIBED:
            by_name.setdefault((entry.folder, entry.name.casefold()), []).append(entry)
    relations = set()
    described: set[tuple[uuid.UUID, str]] = set()
    sidecars = [
        (entry, (entry.folder, _stem(entry.name)), _ending(entry)) for entry in entries if entry.kind == SIDECAR
    ]
    for entry, named, ending in sidecars:
        for owner in by_name.get(named, ()):
            relations.add(Relation(entry.id, owner.id, SIDECAR_OF))
            described.add((owner.id, ending))
    for entry, named, ending in sidecars:
        if named in by_name:
            continue
        for owner in by_stem.get(named, ()):
            if owner.kind in DESCRIBED and (owner.id, ending) not in described:
                relations.add(Relation(entry.id, owner.id, SIDECAR_OF))
    return relations


def _ending(entry: Entry) -> str:
    return PurePosixPath(entry.name).suffix.casefold()


def _raws(group: Sequence[Entry]) -> set[Relation]:
    photos = [entry for entry in group if entry.kind == "photo"]
    if not photos:
        return set()
    return {
        Relation(raw.id, photos[0].id, RAW_OF)
        for raw in group
        if raw.kind == "raw" and _close(raw, photos[0], RAW_GAP, unknown=True)
    }


def _live(entries: Sequence[Entry], groups: Iterable[Sequence[Entry]]) -> set[Relation]:
    relations: set[Relation] = set()
    paired: set[uuid.UUID] = set()
    by_identifier: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.content_identifier:
            by_identifier.setdefault(entry.content_identifier, []).append(entry)
    for group in by_identifier.values():
        still = min((e for e in group if e.kind == "photo"), key=lambda e: (e.folder, e.name), default=None)
        for video in group:
            if still is not None and video.kind == "video":
                relations.add(Relation(video.id, still.id, LIVE_VIDEO))
                paired |= {video.id, still.id}
    for same_name in groups:
        stills = [e for e in same_name if e.kind == "photo" and e.id not in paired]
        for video in same_name:
            if video.kind == "video" and video.id not in paired and stills and _is_live_by_name(stills[0], video):
                relations.add(Relation(video.id, stills[0].id, LIVE_VIDEO))
    return relations


def _is_live_by_name(still: Entry, video: Entry) -> bool:
    """Same name, short, and taken together; halves that name different identifiers are two photos."""
    if still.content_identifier and video.content_identifier:
        return False
    short = video.duration_s is not None and video.duration_s <= LIVE_LONGEST_S
    return short and _close(still, video, LIVE_GAP, unknown=False)


def _bursts(entries: Sequence[Entry]) -> set[Relation]:
    """Every frame of a burst is related to its first one."""
    relations = set()
    by_burst: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.burst_id and entry.kind in ("photo", "raw"):
            by_burst.setdefault(entry.burst_id, []).append(entry)
    for group in by_burst.values():
        first, *rest = sorted(group, key=lambda e: (e.start.isoformat() if e.start else "", e.folder, e.name))
        relations |= {Relation(entry.id, first.id, BURST) for entry in rest}
    return relations


def _close(one: Entry, other: Entry, gap: timedelta, *, unknown: bool) -> bool:
    """Whether two files began together, by the world's clock or by the one on the wall: often only one of them knows
    its zone.   unknown: the answer when one has no date that proves anything."""
    if one.start is None or other.start is None:
        return unknown
    walls = one.local is not None and other.local is not None and abs(one.local - other.local) <= gap
    return walls or abs(one.start - other.start) <= gap


async def relate(db: Database, library: uuid.UUID, folders: Iterable[str], *, wake: bool = True) -> set[uuid.UUID]:
    """Make RelatedFile and `part_of` true for these folders; returns the ids whose appearance changed.

    wake: a photo whose sidecar came, changed or went has its metadata step due again.  Inside `db.write()`.
    """
    changed: set[uuid.UUID] = set()
    for folder in folders:
        entries = await _entries(db, library, folder)
        if entries:
            changed |= await _apply(db, folder, entries)
            if wake:
                await _wake_metadata(db, {entry.id for entry in entries})
    return changed


async def _entries(db: Database, library: uuid.UUID, folder: str) -> list[Entry]:
    """The files that live in the folder, and those elsewhere in the library that share an identifier with one of them.

    A file lives where its `content` is, though copies may lie elsewhere.  A sidecar counts at each of its paths: two
    photos may have been given the same words.
    """
    rows = await db.fetch(
        """WITH here AS (SELECT "file" FROM "file_path" WHERE "library" = :library AND "folder" = :folder),
                known AS (SELECT "content_identifier" AS word FROM "stored_file" WHERE "id" IN here
                          AND "content_identifier" <> ''),
                bursts AS (SELECT "burst_id" AS word FROM "stored_file" WHERE "id" IN here AND "burst_id" <> '')
           SELECT f."id", f."content", f."kind", f."start", f."local_start", f."duration_s",
                  f."content_identifier", f."burst_id",
                  json_extract(f."metadata", '$.date_source') AS date_source,
                  (SELECT json_group_array(p."name") FROM "file_path" p
                   WHERE f."kind" = 'sidecar' AND p."file" = f."id" AND p."folder" = :folder) AS names
           FROM "stored_file" f
           WHERE f."missing_since" IS NULL AND f."library" = :library AND f."id" IN (
              SELECT "file" FROM here
              UNION SELECT "id" FROM "stored_file" WHERE "content_identifier" <> '' AND "content_identifier" IN known
              UNION SELECT "id" FROM "stored_file" WHERE "burst_id" <> '' AND "burst_id" IN bursts)""",
        {"library": str(library), "folder": folder},  # type: ignore[arg-type]  # sqlite3 takes names as well
    )
    return await _beside_the_loop(len(rows), lambda: _as_entries(rows, folder))


async def _beside_the_loop(size: int, work: Callable[[], T]) -> T:
    """In a thread where all that a phone ever took lies in one folder: pages must not wait for that."""
    return await asyncio.to_thread(work) if size > MANY else work()


def _as_entries(rows: Sequence[Row], folder: str) -> list[Entry]:
    entries = []
    for row in rows:
        parent, _, own_name = row["content"].rpartition("/")
        proven = row["date_source"] not in ("file", "filename", None)
        places = [(folder, name) for name in msgspec.json.decode(row["names"])] or [(parent, own_name)]
        for place, name in places:
            entries.append(
                Entry(
                    id=row["id"],
                    folder=place,
                    name=name,
                    kind=row["kind"],
                    start=row["start"] if proven else None,
                    local=datetime.fromisoformat(row["local_start"]) if proven and row["local_start"] else None,
                    duration_s=row["duration_s"],
                    content_identifier=row["content_identifier"],
                    burst_id=row["burst_id"],
                )
            )
    return entries


async def _apply(db: Database, folder: str, entries: Sequence[Entry]) -> set[uuid.UUID]:
    known = {entry.id for entry in entries}
    here = {entry.id for entry in entries if entry.folder == folder}
    # Sidecars of files that live elsewhere, and names in other folders, are those folders' business.
    wanted = await _beside_the_loop(
        len(entries),
        lambda: {relation for relation in find_relations(entries) if _is_judged(relation, here, known)},
    )
    rows = await db.fetch(
        """SELECT "id", "file", "related", "role" FROM "related_file"
           WHERE "role" <> 'edit_of' AND ("file" IN (SELECT value FROM json_each(?1))
                                          OR "related" IN (SELECT value FROM json_each(?1)))""",
        [_json_ids(known)],
    )
    present = {Relation(row["file"], row["related"], row["role"]): row["id"] for row in rows}
    new = sorted(wanted - present.keys())
    stale = {relation for relation in present.keys() - wanted if _is_judged(relation, here, known)}
    await db.insert(
        RelatedFile,
        [
            {"id": new_id(), "file": relation.file, "related": relation.related, "role": relation.role}
            for relation in new
        ],
    )
    if stale:
        await db.execute_many(
            'DELETE FROM "related_file" WHERE "id" = ?', [[str(present[relation])] for relation in stale]
        )
    changed = {file for relation in (*new, *stale) for file in (relation.file, relation.related)}
    if changed:
        await _show_through(db, changed)
    return changed


def _is_judged(relation: Relation, here: set[uuid.UUID], known: set[uuid.UUID]) -> bool:
    """Whether looking at one folder says all about this relation, be it that it holds or that it does not."""
    if relation.role == SIDECAR_OF:
        return relation.related in here
    if relation.role == RAW_OF:
        return relation.file in here or relation.related in here
    return relation.file in here or relation.related in here or {relation.file, relation.related} <= known


async def _show_through(db: Database, files: Iterable[uuid.UUID]) -> None:
    """Let `part_of` say what the relations say."""
    await db.fetch(
        """UPDATE "stored_file" SET "part_of" = through."related" FROM (
               SELECT f."id", (SELECT r."related" FROM "related_file" r WHERE r."file" = f."id"
                               AND r."role" IN ('live_video', 'raw_of') ORDER BY r."related" LIMIT 1) AS related
               FROM json_each(?) j JOIN "stored_file" f ON f."id" = j.value) AS through
           WHERE "stored_file"."id" = through."id" AND "part_of" IS NOT through."related" """,
        [_json_ids(files)],
    )


def _json_ids(files: Iterable[uuid.UUID]) -> str:
    return msgspec.json.encode([str(file) for file in files]).decode()


async def _wake_metadata(db: Database, files: Iterable[uuid.UUID]) -> None:
    """A file's metadata was read with the sidecar it then had; if it has another one now, it is due again."""
    await db.fetch(
        """UPDATE "file_step" SET "status" = 'pending', "modified" = ?
           WHERE "step" = ? AND "status" IN ('done', 'failed') AND "file" IN (
               SELECT f."id" FROM "stored_file" f
               WHERE f."id" IN (SELECT value FROM json_each(?)) AND f."kind" <> 'sidecar'
               AND ifnull(json_extract(f."processor_metadata", '$.metadata.sidecar'), '') <> ifnull(
                   (SELECT s."content_sha" FROM "related_file" r JOIN "stored_file" s ON s."id" = r."file"
                    WHERE r."related" = f."id" AND r."role" = 'sidecar_of' AND s."mime_type" = 'application/rdf+xml'
                    ORDER BY s."content" LIMIT 1), ''))""",
        [now(), METADATA_STEP, _json_ids(files)],
    )
