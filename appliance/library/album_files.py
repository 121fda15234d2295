"""Which files are in which albums by hand, in which order, and which of them a viewer sees there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.library.album_rights import visible_albums
from appliance.library.viewers import LOCKED
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

ORDERS = {
    "newest": 'r."local_start" DESC, r."id" DESC',
    "oldest": 'r."local_start", r."id"',
    "hand": 'af."position", r."id"',
}


def shown_in_album(viewer: Viewer) -> tuple[str, list[object]]:
    """A condition on `album_file af` and `file_text_row r` of an album that the viewer may look at: what is in their
    lists anyway, and what its owner put in, who sees the album still: otherwise they could not take it out again."""
    owners, arguments = viewer.owners("r")
    granted = f"""af."granted" AND r."owner" NOT LIKE '%{LOCKED}' AND EXISTS (
        SELECT 1 FROM "album_right" o WHERE o."album" = af."album" AND o."who" IN ('', r."owner"))"""
    return f"""(r."shown" AND ({owners} OR ({granted})))""", arguments


async def is_shown(db: Database, viewer: Viewer, album: object, file: object) -> bool:
    """Whether a file is in an album that the viewer may look at, where they see it."""
    shown, arguments = shown_in_album(viewer)
    return bool(
        await db.value(
            f"""SELECT 1 FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
                WHERE af."album" = ? AND af."file" = ? AND {shown}""",
            [str(album), str(file), *arguments],
        )
    )


async def albums_of_files(db: Database, viewer: Viewer, files: Sequence[object]) -> dict[uuid.UUID, list[Row]]:
    """`id` and `name` of albums that the viewer may see, by file; files that the caller has checked."""
    allowed, arguments = visible_albums(viewer)
    rows = await db.fetch(
        f"""SELECT af."file", a."id", a."name" FROM "album_file" af JOIN "album" a ON a."id" = af."album"
            WHERE af."file" IN (SELECT value FROM json_each(?)) AND {allowed} ORDER BY a."name", a."id" """,
        [_json(files), *arguments],
    )
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["file"], []).append({"id": row["id"], "name": row["name"]})
    return found


async def put(db: Database, viewer: Viewer, album: uuid.UUID, files: Sequence[uuid.UUID]) -> None:
    """Inside `db.write()`; files that are in it stay where they are in its order, others come last.

    Whoever puts in a file of their own lets everybody see it who sees the album.
    """
    moment, me = now(), str(viewer.user_id)
    last = int(await db.value('SELECT ifnull(max("position"), 0) FROM "album_file" WHERE "album" = ?', [str(album)]))
    await db.execute_many(
        """INSERT INTO "album_file" ("id", "album", "file", "created", "position", "granted")
           SELECT ?, ?, f."id", ?, ?, f."user" IS ? FROM "stored_file" f WHERE f."id" = ? AND NOT f."locked"
           ON CONFLICT ("album", "file") DO UPDATE SET "granted" = "granted" OR excluded."granted" """,
        [[str(new_id()), str(album), moment, last + place, me, str(file)] for place, file in enumerate(files, 1)],
    )


async def take(db: Database, album: uuid.UUID, files: Sequence[uuid.UUID]) -> None:
    """Inside `db.write()`."""
    await db.fetch(
        'DELETE FROM "album_file" WHERE "album" = ? AND "file" IN (SELECT value FROM json_each(?))',
        [str(album), _json(files)],
    )


async def move(
    db: Database, album: uuid.UUID, files: Sequence[uuid.UUID], *, before: uuid.UUID | None, sorting: str
) -> None:
    """Put `files` before another, or last, and leave the others as `sorting` has them.  Inside `db.write()`."""
    rows = await db.fetch(
        f"""SELECT af."file" FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
            WHERE af."album" = ? ORDER BY {ORDERS[sorting]}""",
        [str(album)],
    )
    here = [row["file"] for row in rows]
    moved = [file for file in dict.fromkeys(files) if file in set(here)]
    rest = [file for file in here if file not in set(moved)]
    place = rest.index(before) if before in rest else len(rest)
    ordered = [*rest[:place], *moved, *rest[place:]]
    await db.execute_many(
        'UPDATE "album_file" SET "position" = ?1 WHERE "album" = ?2 AND "file" = ?3 AND "position" <> ?1',
        [[position, str(album), str(file)] for position, file in enumerate(ordered, 1)],
    )


def _json(ids: Sequence[object]) -> str:
    return msgspec.json.encode([str(one) for one in ids]).decode()
