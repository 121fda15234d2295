"""Which files are in which albums by hand, and who may see an album.  Rules of albums are in `albums.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer


def visible_albums(viewer: Viewer, table: str = "a") -> tuple[str, list[object]]:
    """Albums of the family, and those that are the viewer's own."""
    if viewer.user_id is None:
        return "1", []
    return f'({table}."user" IS NULL OR {table}."user" = ?)', [str(viewer.user_id)]


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


async def put(db: Database, album: uuid.UUID, files: Sequence[uuid.UUID]) -> None:
    """Inside `db.write()`; files that are in it stay in it."""
    moment = now()
    await db.execute_many(
        'INSERT INTO "album_file" ("id", "album", "file", "created") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        [[str(new_id()), str(album), str(file), moment] for file in files],
    )


async def take(db: Database, album: uuid.UUID, files: Sequence[uuid.UUID]) -> None:
    """Inside `db.write()`."""
    await db.fetch(
        'DELETE FROM "album_file" WHERE "album" = ? AND "file" IN (SELECT value FROM json_each(?))',
        [str(album), _json(files)],
    )


def _json(ids: Sequence[object]) -> str:
    return msgspec.json.encode([str(one) for one in ids]).decode()
