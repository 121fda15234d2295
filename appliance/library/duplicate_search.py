"""What the job `find_duplicates` reads and keeps: what pictures look like, and which two of them are alike.

Two that look alike are *copies*, unless the camera says that it took them at two moments: then they are a *sequence*.
Copies are never acted upon by themselves; they are shown to somebody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from appliance.db.tables import DuplicatePair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from appliance.db.engine import Database, Row
    from ml.duplicates.looks import Looks

NEAR: Final = 32
"""Bits of 256.  Re-encoding, resizing, filters, a percent cut off: 99 % of copies; unrelated photos begin at 67."""
NEAR_WITH_LITTLE_CONTRAST: Final = 12
"""Of text on a plain page the bits say mostly where the text is: other words on the same page are 17 bits away."""
LITTLE_CONTRAST: Final = 15.0
MAYBE: Final = 60
"""Up to here copies that were cut or written upon are found; an embedding model has to agree."""
_MOMENT_S: Final = 1.5
_FINE_MOMENT_S: Final = 0.02  # where the camera notes fractions of a second
_ZONE_S: Final = 900  # clocks that differ by whole quarters of an hour differ in their time zone
_MOST_ZONE_S: Final = 26 * 3600
_SAME_LENGTH_S: Final = 1.0
_SAME_LENGTH: Final = 0.02
_PROVEN: Final = "('file', 'filename')"  # dates that are none of the camera's


class Known(msgspec.Struct):
    """What is compared: one entry for each picture with and without its border."""

    bits: bytearray
    files: list[int]  # photo_looks.id
    new: list[bool]


async def without_looks(db: Database, after: str, limit: int) -> list[Row]:
    """`id`, `content_sha`, `webp` of shown files that have a thumbnail and were not looked at, by id from `after`."""
    return await db.fetch(
        """SELECT f."id", f."content_sha", t.webp AS "webp" FROM "stored_file" f
           CROSS JOIN thumbs.thumbnail t ON t.content_sha = f."content_sha"
           WHERE f."id" > ? AND f."searchable"
           AND NOT EXISTS (SELECT 1 FROM "photo_looks" l WHERE l."file" = f."id") ORDER BY f."id" LIMIT ?""",
        [after, limit],
    )


async def count_without_looks(db: Database) -> int:
    """How many there may be; some of them may still be without a thumbnail."""
    return int(
        await db.value(
            """SELECT count(*) FROM "stored_file" f WHERE f."searchable"
               AND NOT EXISTS (SELECT 1 FROM "photo_looks" l WHERE l."file" = f."id")"""
        )
    )


async def keep_looks(db: Database, rows: Sequence[Row], looks: Sequence[Looks | None]) -> None:
    """None: the thumbnail could not be read; it is not tried again while the file is the same."""
    async with db.write():
        await db.execute_many(
            """INSERT OR IGNORE INTO "photo_looks" ("file", "bits", "inner", "contrast", "compared")
               SELECT "id", ?, ?, ?, ? FROM "stored_file" WHERE "id" = ? AND "content_sha" = ?""",
            [
                [
                    found.bits if found else b"",
                    found.inner if found else b"",
                    found.contrast if found else 0.0,
                    not (found and (found.bits or found.inner)),
                    str(row["id"]),
                    row["content_sha"],
                ]
                for row, found in zip(rows, looks, strict=True)
            ],
        )


async def anything_new(db: Database) -> bool:
    return bool(await db.value('SELECT EXISTS (SELECT 1 FROM "photo_looks" WHERE NOT "compared")'))


async def read_known(db: Database, known: Known, after: int, limit: int) -> int:
    """Add some of what is to be compared to `known`, by id from `after`; returns the last id, 0 at the end."""
    rows = await db.fetch(
        """SELECT "id", "bits", "inner", "compared" FROM "photo_looks" WHERE "id" > ? ORDER BY "id" LIMIT ?""",
        [after, limit],
    )
    for row in rows:
        for bits in (row["bits"], row["inner"]):
            if bits:
                known.bits += bits
                known.files.append(row["id"])
                known.new.append(not row["compared"])
    return int(rows[-1]["id"]) if rows else 0


async def keep_pairs(db: Database, found: Sequence[tuple[int, int, int]]) -> int:
    """found: (photo_looks.id, the other's, distance).  Returns how many of them are alike or may be."""
    known = await _described(db, {looks for one, other, _ in found for looks in (one, other)})
    rows = []
    for one, other, distance in found:
        if one in known and other in known and (kind := judged(known[one], known[other], distance)):
            first, second = sorted((known[one]["file"], known[other]["file"]), key=str)
            rows.append({"file": first, "other": second, "kind": kind, "distance": distance})
    async with db.write():
        await put_pairs(db, rows)
    return len(rows)


async def put_pairs(db: Database, rows: Sequence[Row]) -> None:
    """Inside `db.write()`: `file`, `other`, `kind`, `distance` and perhaps `judged_by`; what was known is replaced."""
    await db.execute_many(
        f"""INSERT INTO "{DuplicatePair._meta.tablename}" ("file", "other", "kind", "distance", "judged_by")
            SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM "stored_file" WHERE "id" IN (?1, ?2)) = 2
            ON CONFLICT ("file", "other") DO UPDATE SET "kind" = excluded."kind", "distance" = excluded."distance",
            "judged_by" = excluded."judged_by" """,
        [[str(row["file"]), str(row["other"]), row["kind"], row["distance"], row.get("judged_by", "")] for row in rows],
    )


async def note_compared(db: Database, looks: Iterable[int]) -> None:
    """These have been compared with everything."""
    async with db.write():
        await db.fetch(
            'UPDATE "photo_looks" SET "compared" = 1 WHERE "id" IN (SELECT value FROM json_each(?))',
            [msgspec.json.encode(sorted(looks)).decode()],
        )


def judged(one: Row, other: Row, distance: int) -> str:
    """What two files are to each other: copy, sequence, maybe, or "" for nothing."""
    if (one["kind"] == "video") != (other["kind"] == "video"):
        return ""
    if one["kind"] == "video" and not _as_long(one["duration_s"], other["duration_s"]):
        return ""
    plain = min(one["contrast"], other["contrast"]) < LITTLE_CONTRAST
    if distance > (NEAR_WITH_LITTLE_CONTRAST if plain else NEAR):
        return "maybe"
    return kind_by_time(one, other, distance)


def kind_by_time(one: Row, other: Row, distance: int) -> str:
    """Of two that look alike: were they taken at two moments?"""
    if distance and one["burst_id"] and one["burst_id"] == other["burst_id"]:
        return "sequence"
    moments = [row["start"] for row in (one, other) if row["proven"] and row["start"] is not None]
    return "sequence" if len(moments) == 2 and not _same_moment(*moments) else "copy"


def _same_moment(one: datetime, other: datetime) -> bool:
    apart_s = abs((one - other).total_seconds())
    if one.microsecond and other.microsecond and apart_s < _MOMENT_S:
        return apart_s <= _FINE_MOMENT_S
    if apart_s < _MOMENT_S:
        return True
    beside_zone_s = min(apart_s % _ZONE_S, _ZONE_S - apart_s % _ZONE_S)
    return _ZONE_S - _MOMENT_S <= apart_s <= _MOST_ZONE_S and beside_zone_s < _MOMENT_S


def _as_long(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one - other) <= max(_SAME_LENGTH_S, _SAME_LENGTH * max(one, other))


async def _described(db: Database, looks: Iterable[int]) -> dict[int, Row]:
    rows = await db.fetch(
        f"""SELECT l."id", l."contrast", l."file", f."kind", f."duration_s", f."start", f."burst_id",
                ifnull(f."metadata" ->> '$.date_source', 'file') NOT IN {_PROVEN} AS "proven"
            FROM "photo_looks" l JOIN "stored_file" f ON f."id" = l."file"
            WHERE l."id" IN (SELECT value FROM json_each(?))""",
        [msgspec.json.encode(sorted(looks)).decode()],
    )
    return {row["id"]: row for row in rows}
