"""Stored files as their viewers see them: one, many, and where their bytes lie.

Registering and relating files is in `intake.py`, changing them in `edits.py` and `trash.py`; the timeline has its own
file.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from appliance.library import album_files, captions, faces, lent, pages, renditions, tags
from appliance.messages import FileChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

API = "/api/v1/files"
KINDS = ("photo", "video", "raw", "sidecar", "other")
MAX_DESCRIPTION = 10_000

_COLUMN_NAMES = """
    id filename kind mime_type size_bytes metadata processor_metadata user library content content_sha content_sha1
    start end utc_offset_min latitude longitude altitude place width height duration_s thumbhash motion_offset animated
    title rating description favourite archived hidden shared locked trashed_at missing_since created modified adjusted
"""
COLUMNS = ", ".join(f'f."{name}"' for name in _COLUMN_NAMES.split())


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of one stored file lie; `content` is below `root`.

    width, height: as shown; original_width, original_height: as taken, where the two differ.
    """

    id: uuid.UUID
    filename: str
    kind: str
    mime_type: str
    size_bytes: int
    content_sha: str
    library: str
    root: str
    content: str
    orientation: int = 1
    width: int | None = None
    height: int | None = None
    motion_offset: int | None = None
    thumbhash: str | None = None
    adjustments: str = ""
    adjusted: str = ""
    original_width: int | None = None
    original_height: int | None = None

    @property
    def rendition(self) -> str:
        """What its preview and thumbnail are called by."""
        return renditions.name_of(self.content_sha, self.adjusted)


async def list_files(
    db: Database,
    viewer: Viewer,
    *,
    limit: int = 100,
    cursor: str | None = None,
    kind: str | None = None,
    library: uuid.UUID | None = None,
    content_sha: str | None = None,
    trashed: bool = False,
    hidden: bool = False,
) -> pages.Page:
    """Last registered first.  Trashed files are listed only with `trashed`, hidden ones only with `hidden`, and of both
    those only that the viewer may show again."""
    pages.check_limit(limit)
    if kind is not None and kind not in KINDS:
        raise InvalidInputError(f"There is no kind {kind!r}", hint=f"Kinds are: {', '.join(KINDS)}.")
    visible, arguments = viewer.visible("f")
    conditions = [visible, f'f."trashed_at" IS {"NOT NULL" if trashed else "NULL"}']
    if hidden or trashed:
        changeable, more = viewer.changeable("f")
        conditions, arguments = [*conditions, changeable], [*arguments, *more]
    if hidden:
        # Few are not shown, which a narrow table knows: the wide rows of all the others are not read.
        among = 'f."id" IN (SELECT t."file" FROM "file_text_row" t WHERE NOT t."shown")'
        conditions += [among, 'f."hidden"']
    else:
        conditions.append('NOT f."hidden"')
    for column, value in (("kind", kind), ("library", library), ("content_sha", content_sha)):
        if value is not None:
            conditions.append(f'f."{column}" = ?')
            arguments.append(value)
    where = " AND ".join(conditions)
    after, after_arguments, total = "", [], None
    if cursor is not None:
        last, total = pages.decode_cursor(cursor, pages.After)
        after, after_arguments = ' AND f."id" < ?', [last]
    async with db.read():
        if total is None:
            total = int(await db.value(f'SELECT count(*) FROM "stored_file" f WHERE {where}', arguments))
        rows = await db.fetch(
            f'SELECT {COLUMNS} FROM "stored_file" f WHERE {where}{after} ORDER BY f."id" DESC LIMIT ?',
            [*arguments, *after_arguments, limit + 1],
        )
        items = await _serialise(db, viewer, rows[:limit])
    following = pages.encode_cursor(rows[limit - 1]["id"], total) if len(rows) > limit else None
    return pages.Page(items=items, total=total, next=following)


async def get_file(db: Database, viewer: Viewer, file_id: uuid.UUID) -> Row:
    """The flat dictionary that the API answers with; raises NotFoundError for what the viewer may not see."""
    reach, arguments = viewer.reach("f")
    async with db.read():
        rows = await db.fetch(
            f'SELECT {COLUMNS} FROM "stored_file" f WHERE f."id" = ? AND {reach}', [file_id, *arguments]
        )
        if not rows:
            raise no_such_file()
        return (await _serialise(db, viewer, rows))[0]


async def get_files(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[Row]:
    """In the order of `ids`; what the viewer may not see is left out."""
    reach, arguments = viewer.reach("f")
    async with db.read():
        rows = await db.fetch(
            f'SELECT {COLUMNS} FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?)) AND {reach}',
            [_json_list(ids), *arguments],
        )
        items = {item["id"]: item for item in await _serialise(db, viewer, rows)}
    return [items[file_id] for file_id in ids if file_id in items]


async def get_original(db: Database, viewer: Viewer, file_id: uuid.UUID) -> Original:
    """Where the bytes are; raises NotFoundError for what the viewer may not see."""
    reach, arguments = viewer.reach("f")
    row = await db.fetch_one(
        f"""SELECT {ORIGINAL_COLUMNS} FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
            WHERE f."id" = ? AND {reach}""",
        [file_id, *arguments],
    )
    if row is None:
        raise no_such_file()
    return msgspec.convert(row, Original)


async def get_moving_part(db: Database, viewer: Viewer, file_id: uuid.UUID) -> tuple[Original, int]:
    """What plays for this file and the byte where it begins: itself, the video inside it, or its live photo's video."""
    original = await get_original(db, viewer, file_id)
    if original.kind == "video":
        return original, 0
    if original.adjusted:
        raise NotFoundError("This photo was adjusted, and shows no moving part", hint="Reset it to see it move.")
    if original.motion_offset is not None:
        return original, original.motion_offset
    related = await db.value(
        """SELECT "file" FROM "related_file" WHERE "related" = ? AND "role" = 'live_video' LIMIT 1""", [file_id]
    )
    if related is None:
        raise NotFoundError("This photo does not move", hint="Only videos, live photos and motion photos do.")
    return await get_original(db, viewer, related), 0


ORIGINAL_COLUMNS = (
    'f."id", f."filename", f."kind", f."mime_type", f."size_bytes", f."content_sha", f."content", f."orientation", '
    'f."width", f."height", f."motion_offset", f."thumbhash", f."adjustments", f."adjusted", f."original_width", '
    'f."original_height", l."root", l."name" AS "library"'
)


async def get_thumbnail(db: Database, viewer: Viewer, file_id: uuid.UUID) -> tuple[Original, bytes | None]:
    """The file and its thumbnail (WebP), None while there is none; one query, because a page asks for hundreds."""
    reach, arguments = viewer.reach("f")
    row = await db.fetch_one(
        f"""SELECT {ORIGINAL_COLUMNS}, t.webp AS "webp" FROM "stored_file" f
            JOIN "library" l ON l."id" = f."library"
            LEFT JOIN thumbs.thumbnail t ON t.content_sha = {renditions.name_in_sql()}
            WHERE f."id" = ? AND {reach}""",
        [file_id, *arguments],
    )
    if row is None:
        raise no_such_file()
    return msgspec.convert(row, Original), row["webp"]


async def visible_ids(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of `ids` that the viewer may open."""
    return await _ids(db, ids, viewer.reach("f"))


async def changeable_ids(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of `ids` that the viewer may change: the family's and their own.

    Raises PermissionDeniedError when one of the others is there to be seen, for what is left out without a word would
    be missed later; what the viewer may not even see is left out.
    """
    found = await _ids(db, ids, viewer.changeable("f"))
    known = set(found)
    if await visible_ids(db, viewer, [one for one in ids if one not in known]):
        raise PermissionDeniedError("That is somebody else's file", hint="They let you see it; ask them to change it.")
    return found


async def may_change(db: Database, viewer: Viewer, file_id: uuid.UUID) -> bool:
    return bool(await _ids(db, [file_id], viewer.changeable("f")))


async def require_changeable(db: Database, viewer: Viewer, file_id: uuid.UUID) -> None:
    """Raise NotFoundError for a file that the viewer may not see, PermissionDeniedError for one of somebody else's."""
    if not await changeable_ids(db, viewer, [file_id]):
        raise no_such_file()


async def _ids(db: Database, ids: Sequence[uuid.UUID], condition: tuple[str, list[object]]) -> list[uuid.UUID]:
    allowed, arguments = condition
    rows = await db.fetch(
        f'SELECT f."id" FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?)) AND {allowed}',
        [_json_list(ids), *arguments],
    )
    return [row["id"] for row in rows]


def no_such_file() -> NotFoundError:
    return NotFoundError("There is no such file", hint="It may have been removed, or belong to someone else.")


async def announce_change(db: Database, bus: Bus, file_id: uuid.UUID) -> None:
    """Tell everyone who may see this file that it looks different now."""
    row = await db.fetch_one('SELECT "local_start", "audience" FROM "stored_file" WHERE "id" = ?', [file_id])
    if row is not None:
        bus.publish(FileChanged(ids=[str(file_id)], months=[row["local_start"][:7]], user=row["audience"] or None))


async def _serialise(db: Database, viewer: Viewer, rows: Sequence[Row]) -> list[Row]:
    """Flat dictionaries; whatever hangs on the files is fetched once for all of them."""
    ids = _json_list([row["id"] for row in rows])
    reach, arguments = viewer.reach("f")
    related = _grouped(
        await db.fetch(
            f"""SELECT r."owner", r."role", f."id", f."filename", f."kind" FROM (
                    SELECT "file" AS "owner", "related" AS "other", "role" FROM "related_file"
                    WHERE "file" IN (SELECT value FROM json_each(?1))
                    UNION ALL
                    SELECT "related", "file", "role" FROM "related_file"
                    WHERE "related" IN (SELECT value FROM json_each(?1))
                ) r JOIN "stored_file" f ON f."id" = r."other" WHERE {reach.replace("?", "?2")}
                ORDER BY r."role", f."filename" """,
            [ids, *arguments[:1]],
        )
    )
    words = _grouped(
        await db.fetch(
            f"""SELECT ft."file" AS "owner", t."name", ft."source", ft."score" FROM "file_tag" ft
                JOIN "tag" t ON t."id" = ft."tag"
                WHERE ft."file" IN (SELECT value FROM json_each(?)) AND {tags.shown("ft")}
                ORDER BY ft."score" IS NOT NULL, ft."score" DESC, t."name" """,
            [ids],
        )
    )
    events = _grouped(
        await db.fetch(
            """SELECT fe."file" AS "owner", e."id", e."name", fe."source" FROM "file_event" fe
               JOIN "event" e ON e."id" = fe."event"
               WHERE fe."file" IN (SELECT value FROM json_each(?)) ORDER BY e."start" """,
            [ids],
        )
    )
    paths = _grouped(
        await db.fetch(
            """SELECT "file" AS "owner", CASE "folder" WHEN '' THEN "name" ELSE "folder" || '/' || "name" END AS "path"
               FROM "file_path" WHERE "file" IN (SELECT value FROM json_each(?)) ORDER BY "folder", "name" """,
            [ids],
        )
    )
    found = await faces.faces_of_files(db, viewer, [row["id"] for row in rows])
    albums = await album_files.albums_of_files(db, viewer, [row["id"] for row in rows])
    written = await captions.captions_of(db, [row["id"] for row in rows])
    items = [
        serialise(
            row,
            faces=found.get(row["id"], []),
            related=related.get(row["id"], []),
            tags=words.get(row["id"], []),
            events=events.get(row["id"], []),
            paths=[path["path"] for path in paths.get(row["id"], [])],
        )
        | {"albums": albums.get(row["id"], []), "captions": written.get(row["id"], [])}
        for row in rows
    ]
    return [lent.as_lent(item) if lent.is_lent(viewer, item) else item for item in items]


def serialise(
    row: Row, *, faces: list[Row], related: list[Row], tags: list[Row], events: list[Row], paths: list[str]
) -> dict[str, Any]:
    """One flat dictionary of a `stored_file` row (`COLUMNS`) and what hangs on it."""
    item = {name: value for name, value in row.items() if name not in ("motion_offset",)}
    for name in ("favourite", "archived", "hidden", "animated", "shared", "locked"):
        item[name] = bool(row[name])
    for name in ("metadata", "processor_metadata", "place"):
        item[name] = msgspec.json.decode(row[name]) if row[name] else None
    latitude, longitude = row["latitude"], row["longitude"]
    item["location"] = [longitude, latitude] if latitude is not None and longitude is not None else None
    item["paths"] = paths or [row["content"]]
    item["related_files"] = related
    item["tags"] = tags
    item["events"] = events
    item |= {"albums": [], "faces": faces, "captions": []}
    moves = row["kind"] == "video" or (
        # What was cropped away must not come back by the moving part.
        not row["adjusted"]
        and (
            row["motion_offset"] is not None
            or any(other["role"] == "live_video" and other["kind"] == "video" for other in related)
        )
    )
    version = f"?v={row['content_sha'][:12]}"
    base = f"{API}/{row['id']}"
    item["content_url"] = f"{base}/content{version}"
    item["preview_url"] = f"{base}/preview{version}{row['adjusted']}"
    item["thumbnail_url"] = f"{base}/thumbnail{version}{row['adjusted']}"
    item["video_url"] = f"{base}/video{version}" if moves and row["kind"] in ("video", "photo", "raw") else None
    return item


def _grouped(rows: Sequence[Row]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        owner = row.pop("owner")
        # A column of a compound select has no declared type, so its UUID comes as text.
        groups.setdefault(owner if isinstance(owner, uuid.UUID) else uuid.UUID(owner), []).append(row)
    return groups


def _json_list(ids: Sequence[object]) -> str:
    return msgspec.json.encode([str(value) for value in ids]).decode()
