"""Paths that are gone, and files that are left without any: absent is not deleted, everything known of them stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.library.intake import ABSENT, NAMED_PATHS, json_pairs, set_paths, split
from appliance.values import now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database


class Forgotten(msgspec.Struct, frozen=True):
    """What forgetting paths meant: counts of files, and the folders where their relations may differ now."""

    moved: int
    missing: int
    folders: set[str]


async def forget_paths(
    db: Database, *, library: uuid.UUID, paths: Sequence[tuple[str, str]], joined: Mapping[uuid.UUID, str]
) -> Forgotten:
    """Paths (folder, name) that are gone, and files that other content has left without any.  Inside `db.write()`.

    A file that keeps another path lives on there.  One that keeps none is marked missing: absent is not deleted,
    everything known of it stays.   joined: `Registered.was_at` of the files that a new path joined in this scan;
    those that now live elsewhere have moved.
    """
    touched = await db.fetch(
        f"""DELETE FROM "file_path" WHERE "id" IN (SELECT p."id" FROM {NAMED_PATHS}) RETURNING "file" AS file""",
        [json_pairs(paths), str(library)],
    )
    rows = await db.fetch(
        f"""SELECT f."id", (SELECT json_array(p."folder", p."name") FROM "file_path" p WHERE p."file" = f."id"
                            ORDER BY p."folder", p."name" LIMIT 1) AS place
            FROM "stored_file" f WHERE f."missing_since" IS NULL
            AND f."id" IN (SELECT value FROM json_each(?) UNION {_HOMELESS})
            AND NOT EXISTS (SELECT 1 FROM "file_path" p WHERE p."file" = f."id" AND {_PATH} = f."content")""",
        [msgspec.json.encode([str(row["file"]) for row in touched]).decode(), str(library)],
    )
    await _mark_missing(db, [row["id"] for row in rows if row["place"] is None])
    places = {row["id"]: tuple(msgspec.json.decode(row["place"])) for row in rows if row["place"] is not None}
    await set_paths(db, places)
    moved = await db.fetch(
        """SELECT f."content" AS here, j.value AS was_at FROM json_each(?) j JOIN "stored_file" f ON f."id" = j.key
           WHERE f."content" <> j.value""",
        [msgspec.json.encode({str(file): was_at for file, was_at in joined.items() if was_at}).decode()],
    )
    return Forgotten(
        moved=len(moved),
        missing=sum(row["place"] is None for row in rows),
        folders={
            *(folder for folder, _ in paths),
            *(folder for folder, _ in places.values()),
            *(split(path)[0] for row in moved for path in row.values()),
        },
    )


async def _mark_missing(db: Database, files: Sequence[uuid.UUID]) -> None:
    """Their relations go too: the other half of a pair is shown by itself again."""
    if not files:
        return
    moment, ids = now(), msgspec.json.encode([str(file) for file in files]).decode()
    for sql in (
        """UPDATE "stored_file" SET "part_of" = NULL WHERE "part_of" IN (SELECT value FROM json_each(?))""",
        """DELETE FROM "related_file" WHERE "role" <> 'edit_of' AND "file" IN (SELECT value FROM json_each(?))""",
        """DELETE FROM "related_file" WHERE "role" <> 'edit_of' AND "related" IN (SELECT value FROM json_each(?))""",
        f"""UPDATE "file_step" SET "status" = 'skipped', "error" = '{ABSENT}'
            WHERE "status" IN ('pending', 'running') AND "file" IN (SELECT value FROM json_each(?))""",
    ):
        await db.fetch(sql, [ids])
    await db.fetch(
        """UPDATE "stored_file" SET "missing_since" = ?, "part_of" = NULL, "modified" = ?
           WHERE "id" IN (SELECT value FROM json_each(?))""",
        [moment, moment, ids],
    )


async def known_missing(db: Database, *, library: uuid.UUID, paths: Iterable[tuple[str, str]]) -> int:
    """How many files would be left without any path if `paths` were forgotten; what the mass-missing guard weighs."""
    lost: int = await db.value(
        f"""WITH gone AS (SELECT p."file", count(*) AS paths FROM {NAMED_PATHS} GROUP BY p."file"),
                 alone AS (SELECT "file" FROM gone
                           WHERE paths = (SELECT count(*) FROM "file_path" o WHERE o."file" = gone."file"))
            SELECT count(*) FROM (SELECT "file" FROM alone UNION {_HOMELESS})""",
        [json_pairs(paths), str(library), str(library)],
    )
    return lost


async def wake_absent(db: Database, library: uuid.UUID) -> int:
    """Steps skipped because their file was away are due again once it is back.  Inside `db.write()`."""
    if not await db.value("""SELECT sum("files") FROM "step_count" WHERE "status" = 'skipped'"""):
        return 0
    rows = await db.fetch(
        """UPDATE "file_step" SET "status" = 'pending', "error" = '' WHERE "status" = 'skipped' AND "error" = ?
           AND "file" IN (SELECT "id" FROM "stored_file" WHERE "library" = ? AND "missing_since" IS NULL)
           RETURNING "id" AS id""",
        [ABSENT, str(library)],
    )
    return len(rows)


#: Files that are not called missing, but have no path any more: other content was found where they were.
_HOMELESS = """SELECT o."id" FROM "stored_file" o WHERE o."library" = ? AND o."missing_since" IS NULL
    AND NOT EXISTS (SELECT 1 FROM "file_path" h WHERE h."file" = o."id")"""
_PATH = """CASE p."folder" WHEN '' THEN p."name" ELSE p."folder" || '/' || p."name" END"""
