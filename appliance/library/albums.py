"""Albums: files chosen by hand, or a saved search, which holds what it finds at the moment.

An album belongs to the family, or to one person, whom alone it then exists for.  Either way everyone sees only those
files in it that they may see.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.engine import Row
from appliance.db.tables import Album
from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.library import album_files, files, journal, search
from appliance.library.album_files import visible_albums
from appliance.library.conditions import compile_query, found
from appliance.library.query import parse
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database
    from appliance.home import Home
    from appliance.library.viewers import Viewer

MOST_CHARACTERS = 200
MAX_LIMIT = 1000


class Albums(msgspec.Struct, frozen=True):
    items: list[Row]
    total: int
    next: str | None


async def list_albums(db: Database, viewer: Viewer) -> list[Row]:
    """All of them, by name."""
    allowed, arguments = visible_albums(viewer)
    async with db.read():
        rows = await db.fetch(f'SELECT a.* FROM "album" a WHERE {allowed}', arguments)
        shown = [await _shown(db, viewer, row) for row in rows]
    return sorted(shown, key=lambda album: (album["name"].casefold(), album["id"]))


async def get_album(db: Database, viewer: Viewer, album: uuid.UUID) -> Row:
    """Raises NotFoundError for what is somebody else's own."""
    async with db.read():
        return await _shown(db, viewer, await _row(db, viewer, album))


async def add_album(db: Database, viewer: Viewer, *, name: str, query: str | None = None, private: bool = False) -> Row:
    moment, album = now(), new_id()
    values = {"name": _clean_name(name), "query": _clean_query(query), "user": _owner(viewer, private=private)}
    async with db.write():
        await db.insert(Album, [{"id": album, **values, "created": moment, "modified": moment}])
        await journal.record(viewer, "add", "album", album, after={"name": values["name"], "query": values["query"]})
    return await get_album(db, viewer, album)


async def change_album(db: Database, viewer: Viewer, album: uuid.UUID, changes: Mapping[str, Any]) -> Row:
    """changes: name, query (an album by hand stays one, a saved search too), private."""
    async with db.write():
        before = await _row(db, viewer, album)
        values: dict[str, Any] = {}
        if "name" in changes:
            values["name"] = _clean_name(changes["name"])
        if "query" in changes:
            if (before["query"] is None) != (changes["query"] is None):
                raise ConflictError(
                    "An album by hand and a saved search cannot become each other", hint="Make a new album."
                )
            values["query"] = _clean_query(changes["query"])
        if "private" in changes:
            values["user"] = _owner(viewer, private=changes["private"])
        if values:
            assignments = ", ".join(f'"{name}" = ?' for name in values)
            await db.fetch(
                f'UPDATE "album" SET {assignments}, "modified" = ? WHERE "id" = ?',
                [*(None if value is None else str(value) for value in values.values()), now(), str(album)],
            )
            await journal.record(viewer, "change", "album", album)
    return await get_album(db, viewer, album)


async def delete_album(db: Database, viewer: Viewer, album: uuid.UUID) -> None:
    """The album alone; its files stay where they are."""
    async with db.write():
        row = await _row(db, viewer, album)
        await db.fetch('DELETE FROM "album" WHERE "id" = ?', [str(album)])
        await journal.record(viewer, "delete", "album", album, before={"name": row["name"], "query": row["query"]})


async def change_files(
    db: Database, viewer: Viewer, album: uuid.UUID, ids: Sequence[uuid.UUID], *, remove: bool = False
) -> Row:
    """Put files that the viewer sees into an album by hand, or take them out."""
    async with db.write():
        if (await _row(db, viewer, album))["query"] is not None:
            raise ConflictError("A saved search finds its files by itself", hint="Change its query instead.")
        allowed = await files.visible_ids(db, viewer, ids)
        await (album_files.take if remove else album_files.put)(db, album, allowed)
        await db.fetch('UPDATE "album" SET "modified" = ? WHERE "id" = ?', [now(), str(album)])
        await journal.record(viewer, "change", "album", album)
    return await get_album(db, viewer, album)


async def files_of_album(
    home: Home, viewer: Viewer, album: uuid.UUID, *, limit: int = 100, cursor: str | None = None
) -> Albums:
    """By hand: the newest first.  A saved search: the best match first, as its search has them."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(f"limit must be between 1 and {MAX_LIMIT}")
    offset = _decode(cursor) if cursor else 0
    row = await _row(home.db, viewer, album)
    if row["query"] is not None:
        result = await search.search(home, viewer, row["query"], limit=limit, offset=offset)
        items, total = [item["file"] for item in result.items], result.total
    else:
        items, total = await _by_hand(home.db, viewer, album, limit, offset)
    following = offset + len(items)
    return Albums(items=items, total=total, next=_encode(following) if items and following < total else None)


async def _by_hand(db: Database, viewer: Viewer, album: uuid.UUID, limit: int, offset: int) -> tuple[list[Row], int]:
    visible, arguments = found(viewer)
    source = f"""FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
        WHERE af."album" = ? AND {visible}"""
    async with db.read():
        total = int(await db.value(f"SELECT count(*) {source}", [str(album), *arguments]))
        rows = await db.fetch(
            f'SELECT r."file" {source} ORDER BY r."local_start" DESC, r."id" DESC LIMIT ? OFFSET ?',
            [str(album), *arguments, limit, offset],
        )
        return await files.get_files(db, viewer, [row["file"] for row in rows]), total


async def _row(db: Database, viewer: Viewer, album: uuid.UUID) -> Row:
    allowed, arguments = visible_albums(viewer)
    row = await db.fetch_one(f'SELECT a.* FROM "album" a WHERE a."id" = ? AND {allowed}', [str(album), *arguments])
    if row is None:
        raise NotFoundError("There is no such album", hint="It may have been removed, or be somebody's own.")
    return row


async def _shown(db: Database, viewer: Viewer, row: Row) -> Row:
    """As the API shows it.  A saved search counts what its words and operators find in texts; by meaning it may find
    more when it is opened."""
    if row["query"] is None:
        items, count = await _by_hand(db, viewer, row["id"], 1, 0)
        cover = items[0]["id"] if items else None
    else:
        plan = await compile_query(db, viewer, parse(row["query"]))
        count = await search.count_text(db, viewer, plan)
        hits = await search.find_text(db, viewer, plan, limit=1, offset=0)
        cover = hits[0].file if hits else None
    return {
        "id": row["id"],
        "name": row["name"],
        "query": row["query"],
        "private": row["user"] is not None,
        "count": count,
        "cover": cover,
        "created": row["created"],
        "modified": row["modified"],
    }


def _owner(viewer: Viewer, *, private: bool) -> uuid.UUID | None:
    if private and viewer.user_id is None:
        raise InvalidInputError("The local admin is nobody, who can own nothing", hint="Log in as somebody.")
    return viewer.user_id if private else None


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= MOST_CHARACTERS:
        raise InvalidInputError(f"An album's name has 1 to {MOST_CHARACTERS} characters")
    return cleaned


def _clean_query(query: str | None) -> str | None:
    if query is None:
        return None
    if parse(query).is_empty:
        raise InvalidInputError("A saved search must ask for something", hint="Leave query out for an album by hand.")
    return query.strip()


def _encode(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _decode(cursor: str) -> int:
    try:
        return max(0, int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (ValueError, binascii.Error) as error:
        raise InvalidInputError("The cursor cannot be understood", hint="Start again without one.") from error
