"""An album as the API shows it: what its viewer may do with it, how many files they see there, a cover.

Who may look at it at all is in `album_rights.py`, what changes it in `albums.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import album_files, album_rights, files, search
from appliance.library.album_rights import EDITOR, ROLES
from appliance.library.conditions import compile_query
from appliance.library.query import parse

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer


async def files_by_hand(db: Database, viewer: Viewer, row: Row, limit: int, offset: int) -> tuple[list[Row], int]:
    async with db.read():
        ids, total = await _ids_by_hand(db, viewer, row, limit, offset)
        return await files.get_files(db, viewer, ids), total


async def _ids_by_hand(db: Database, viewer: Viewer, row: Row, limit: int, offset: int) -> tuple[list[uuid.UUID], int]:
    visible, arguments = album_files.shown_in_album(viewer)
    source = f"""FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
        WHERE af."album" = ? AND {visible}"""
    total = int(await db.value(f"SELECT count(*) {source}", [str(row["id"]), *arguments]))
    rows = await db.fetch(
        f'SELECT r."file" {source} ORDER BY {album_files.ORDERS[row["sorting"]]} LIMIT ? OFFSET ?',
        [str(row["id"]), *arguments, limit, offset],
    )
    return [one["file"] for one in rows], total


async def shown(db: Database, viewer: Viewer, row: Row, seen: set[Any]) -> Row:
    """As the API shows it.  A saved search counts what its words and operators find in texts; by meaning it may find
    more when it is opened.  seen: albums that the viewer may look at, so that nobody learns of another above this."""
    level = row.get("level") or await album_rights.level_of(db, viewer, row["id"])
    owner = await db.fetch_one('SELECT "name", "username" FROM "account" WHERE "id" = ?', [str(row["user"])])
    cover: object = None
    if row["query"] is None:
        ids, count = await _ids_by_hand(db, viewer, row, 1, 0)
        cover = ids[0] if ids else None
        if row["cover"] is not None and await album_files.is_shown(db, viewer, row["id"], row["cover"]):
            cover = row["cover"]
    else:
        plan = await compile_query(db, viewer, parse(row["query"]))
        count = await search.count_text(db, viewer, plan)
        hits = await search.find_text(db, viewer, plan, limit=1, offset=0)
        cover = hits[0].file if hits else None
    members = await album_rights.members_of(db, row["id"]) if level >= EDITOR else []
    return {
        "id": row["id"],
        "name": row["name"],
        "query": row["query"],
        "private": row["user"] is not None and not row["family"],
        "family": row["family"] if row["user"] is not None else "editor",
        "role": ROLES[level],
        "user": row["user"],
        "owner": (owner["name"] or owner["username"]) if owner else "",
        "members": [
            {"user": one["user"], "name": one["name"] or one["username"], "role": one["role"]} for one in members
        ],
        "parent": row["parent"] if row["parent"] in seen else None,
        "sorting": row["sorting"],
        "count": count,
        "cover": cover,
        "created": row["created"],
        "modified": row["modified"],
    }
