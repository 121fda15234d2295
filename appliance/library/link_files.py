"""What a link shows: its files, told with as much as the link allows, and where their bytes lie."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import NotFoundError, PermissionDeniedError
from appliance.library import files, pages, thumbnails
from appliance.library.files import ORIGINAL_COLUMNS, Original

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.share_links import Link

MAX_LIMIT = 500
#: What its maker may give away, and would be shown at all.
_GIVEN = 'f."searchable" AND NOT f."locked" AND (f."user" IS NULL OR f."user" = ?)'
_ORDERS = {
    "newest": 'f."local_start" DESC, f."id" DESC',
    "oldest": 'f."local_start", f."id"',
    "hand": 'x."position", f."id"',
}


async def list_files(db: Database, link: Link, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """items, total, next; ordered as the album is, else by when they were taken."""
    pages.check_limit(limit, MAX_LIMIT)
    (offset,) = pages.decode_cursor(cursor, tuple[pages.Offset]) if cursor is not None else (0,)
    tables, condition, arguments = _source(link)
    async with db.read():
        order = await _order(db, link)
        total = int(await db.value(f"SELECT count(*) FROM {tables} WHERE {condition}", arguments))
        rows = await db.fetch(
            f"SELECT {files.COLUMNS} FROM {tables} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?",
            [*arguments, limit, offset],
        )
    following = offset + len(rows)
    return {
        "items": [_shown(link, row) for row in rows],
        "total": total,
        "next": pages.encode_cursor(following) if rows and following < total else None,
    }


async def get_original(db: Database, link: Link, file: uuid.UUID) -> Original:
    """Raises NotFoundError for what the link does not show."""
    tables, condition, arguments = _source(link)
    row = await db.fetch_one(
        f"""SELECT {ORIGINAL_COLUMNS} FROM {tables} JOIN "library" l ON l."id" = f."library"
            WHERE {condition} AND f."id" = ?""",
        [*arguments, str(file)],
    )
    if row is None:
        raise files.no_such_file()
    return msgspec.convert(row, Original)


async def get_thumbnail(db: Database, link: Link, file: uuid.UUID) -> tuple[Original, bytes | None]:
    original = await get_original(db, link, file)
    return original, await thumbnails.get_thumbnail(db, original.rendition)


def require_download(link: Link) -> None:
    if not link.allow_download:
        raise PermissionDeniedError("This link only shows", hint="Ask whoever sent it to allow downloads.")


def require_video(original: Original) -> None:
    if original.kind != "video":
        raise NotFoundError("This does not move", hint="Ask for its preview.")


def _source(link: Link) -> tuple[str, str, list[object]]:
    """Tables after FROM, with `stored_file f` among them; the condition; its arguments."""
    me, joined = str(link.user), 'JOIN "stored_file" f ON f."id" = x."file"'
    if link.kind == "album":
        return f'"album_file" x {joined}', f'x."album" = ? AND {_GIVEN}', [str(link.album), me]
    if link.kind == "selection":
        return f'"share_file" x {joined}', f'x."link" = ? AND {_GIVEN}', [str(link.id), me]
    if link.kind == "event":
        return f'"file_event" x {joined}', f'x."event" = ? AND {_GIVEN}', [str(link.event), me]
    faces = """(SELECT DISTINCT "file" FROM "face" WHERE "person" = ? AND "shown" AND NOT "removed") x"""
    return f"{faces} {joined}", _GIVEN, [str(link.person), me]


async def _order(db: Database, link: Link) -> str:
    if link.kind == "album":
        sorting = await db.value('SELECT "sorting" FROM "album" WHERE "id" = ?', [str(link.album)])
        return _ORDERS[sorting]
    return 'x."position"' if link.kind == "selection" else 'f."local_start", f."id"'


def _shown(link: Link, row: Row) -> dict[str, Any]:
    """Never anything that the link does not say; who is on it, its path and its tags, never."""
    item: dict[str, Any] = {
        "id": row["id"],
        "kind": "photo" if row["kind"] == "raw" else row["kind"],
        "width": row["width"],
        "height": row["height"],
        "duration_s": row["duration_s"],
        "thumbhash": row["thumbhash"],
    }
    if link.show_metadata:
        metadata = msgspec.json.decode(row["metadata"]) if row["metadata"] else {}
        camera = [str(metadata.get(name) or "") for name in ("camera_make", "camera_model")]
        item |= {
            "filename": row["filename"],
            "taken": _taken(row),
            "description": row["description"],
            "camera": camera[1] if camera[1].startswith(camera[0]) else " ".join(filter(None, camera)),
        }
    if link.show_location:
        latitude, longitude = row["latitude"], row["longitude"]
        item |= {
            "location": [longitude, latitude] if latitude is not None and longitude is not None else None,
            "place": msgspec.json.decode(row["place"]) if row["place"] else None,
        }
    return item


def _taken(row: Row) -> str | None:
    """When it was taken, by the clock where it was taken; None when nobody knows."""
    start, offset = row["start"], row["utc_offset_min"]
    if start is None:
        return None
    taken: str = (start + timedelta(minutes=offset or 0)).replace(tzinfo=None).isoformat(timespec="seconds")
    return taken
