"""Albums: files chosen by hand, or a saved search, which holds what it finds at the moment.

An album has an owner, who says who else may look at it or change it (`album_rights.py`); those of nobody are
everybody's.  In an album by hand everyone sees what they may see anyway, and what its owners put into it.  A saved
search finds for each what they may see.  What is changed here is in the journal and can be undone (`album_changes.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.db.tables import Album, AlbumMember
from appliance.errors import ConflictError, InvalidInputError
from appliance.library import album_files, album_rights, album_shown, files, pages, search
from appliance.library.album_changes import AlbumRecording
from appliance.library.album_rights import EDITOR, OWNER, allowed_row, visible_albums
from appliance.library.query import parse
from appliance.library.share_links import require_unshown
from appliance.values import is_printable, new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer

MOST_CHARACTERS = 200
MOST_DEEP = 8
FAMILY = ("", "viewer", "editor")
#: What only the owner of an album may change; editors the rest.
OF_OWNERS = ("private", "family", "parent")


async def list_albums(db: Database, viewer: Viewer) -> list[Row]:
    """All that the viewer may look at, by name."""
    allowed, arguments = visible_albums(viewer)
    async with db.read():
        rows = await db.fetch(f'SELECT a.* FROM "album" a WHERE {allowed}', arguments)
        seen = {row["id"] for row in rows}
        shown = [await album_shown.shown(db, viewer, row, seen) for row in rows]
    return sorted(shown, key=lambda album: (album["name"].casefold(), album["id"]))


async def get_album(db: Database, viewer: Viewer, album: uuid.UUID) -> Row:
    """Raises NotFoundError for what the viewer may not look at."""
    async with db.read():
        row = await allowed_row(db, viewer, album)
        parent = row["parent"]
        seen = {parent} if parent and await album_rights.level_of(db, viewer, parent) else set()
        return await album_shown.shown(db, viewer, row, seen)


async def add_album(
    db: Database,
    viewer: Viewer,
    *,
    name: str,
    query: str | None = None,
    private: bool = False,
    parent: uuid.UUID | None = None,
) -> Row:
    """The viewer's own; everybody in the house may change it, or nobody sees it (private)."""
    moment, album = now(), new_id()
    values = {"name": _clean_name(name), "query": _clean_query(query), "user": _owner(viewer, private=private)}
    values["family"] = "" if private or viewer.user_id is None else "editor"
    async with db.write():
        if parent is not None:
            await _check_parent(db, viewer, album, values["user"], parent)
        recording = AlbumRecording(db, viewer)
        await recording.touch(album)
        await db.insert(Album, [{"id": album, **values, "parent": parent, "created": moment, "modified": moment}])
        await recording.record("add", album)
    return await get_album(db, viewer, album)


async def change_album(db: Database, viewer: Viewer, album: uuid.UUID, changes: Mapping[str, Any]) -> Row:
    """changes: name, query (an album by hand stays one, a saved search too), sorting, cover; for its owner also
    private, family (what everybody may do), parent."""
    async with db.write():
        level = OWNER if any(name in changes for name in OF_OWNERS) else EDITOR
        before = await allowed_row(db, viewer, album, level)
        recording = AlbumRecording(db, viewer)
        await recording.touch(album)
        values = await _cleaned(db, viewer, before, changes)
        if values:
            assignments = ", ".join(f'"{name}" = ?' for name in values)
            await db.fetch(
                f'UPDATE "album" SET {assignments}, "modified" = ? WHERE "id" = ?',
                [*(None if value is None else str(value) for value in values.values()), now(), str(album)],
            )
            await recording.record("change", album)
    return await get_album(db, viewer, album)


async def _cleaned(db: Database, viewer: Viewer, before: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Columns to write; raises what is wrong with `changes`."""
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
        values["family"] = "" if changes["private"] else "editor"
        if before["user"] is None:
            values["user"] = _owner(viewer, private=changes["private"])
    if "family" in changes:
        values["family"] = changes["family"]
    if "sorting" in changes:
        values["sorting"] = changes["sorting"]
    if changes.get("cover") is not None and not await album_files.is_shown(db, viewer, before["id"], changes["cover"]):
        raise InvalidInputError("The cover must be in the album", hint="Put that photo in first.")
    if "cover" in changes:
        values["cover"] = changes["cover"]
    if "parent" in changes:
        if changes["parent"] is not None:
            await _check_parent(db, viewer, before["id"], before["user"], changes["parent"])
        values["parent"] = changes["parent"]
    return values


async def _check_parent(db: Database, viewer: Viewer, album: object, owner: object, parent: uuid.UUID) -> None:
    """An album lies in one of the same owner, who shares both; never in itself."""
    above: Row | None = await allowed_row(db, viewer, parent, OWNER)
    assert above is not None
    if above["user"] != owner:
        raise ConflictError("Albums of two people cannot lie in each other", hint="Choose one of the same owner.")
    deep = await _height(db, album)
    while above is not None:
        if str(above["id"]) == str(album) or deep > MOST_DEEP:
            raise ConflictError(
                "An album cannot lie in itself" if deep <= MOST_DEEP else f"Albums lie at most {MOST_DEEP} deep"
            )
        deep += 1
        above = await db.fetch_one('SELECT "id", "parent" FROM "album" WHERE "id" = ?', [str(above["parent"])])


async def _height(db: Database, album: object) -> int:
    """1 for an album with none in it."""
    return int(
        await db.value(
            f"""WITH RECURSIVE "inside" ("id", "deep") AS (
                    SELECT ?, 1
                    UNION SELECT a."id", i."deep" + 1 FROM "album" a JOIN "inside" i ON a."parent" = i."id"
                    WHERE i."deep" <= {MOST_DEEP}
                ) SELECT max("deep") FROM "inside" """,
            [str(album)],
        )
    )


async def delete_album(db: Database, viewer: Viewer, album: uuid.UUID) -> uuid.UUID | None:
    """The album alone; its files stay where they are, albums in it move up.  Returns the journal's entry.

    Raises ConflictError while a link shows it.
    """
    async with db.write():
        row = await allowed_row(db, viewer, album, OWNER)
        await require_unshown(db, "album", [album])
        inside = await db.fetch('SELECT "id" FROM "album" WHERE "parent" = ?', [str(album)])
        recording = AlbumRecording(db, viewer)
        await recording.touch(album, *(one["id"] for one in inside))
        await db.fetch(
            'UPDATE "album" SET "parent" = ? WHERE "parent" = ?',
            [str(row["parent"]) if row["parent"] else None, str(album)],
        )
        await db.fetch('DELETE FROM "album" WHERE "id" = ?', [str(album)])
        return await recording.record("delete", album)


async def let_in(db: Database, viewer: Viewer, album: uuid.UUID, members: Mapping[uuid.UUID, str]) -> Row:
    """Make these, with their roles, the people who are let in; nobody else is any more."""
    async with db.write():
        row = await allowed_row(db, viewer, album, OWNER)
        if row["user"] is None:
            raise ConflictError("This album is everybody's already", hint="Make it private first.")
        recording = AlbumRecording(db, viewer)
        await recording.touch(album)
        known = await db.fetch('SELECT "id" FROM "account"')
        if not set(members) <= {one["id"] for one in known} - {row["user"]}:
            raise InvalidInputError("Nobody of that id could be let in", hint="Choose others of the house.")
        await db.fetch('DELETE FROM "album_member" WHERE "album" = ?', [str(album)])
        await db.insert(
            AlbumMember,
            [
                {"id": new_id(), "album": album, "user": user, "role": role, "created": now()}
                for user, role in members.items()
            ],
        )
        await recording.record("let_in", album)
    return await get_album(db, viewer, album)


async def leave(db: Database, viewer: Viewer, album: uuid.UUID) -> None:
    """Somebody who was let in does not want to be any more."""
    async with db.write():
        await allowed_row(db, viewer, album)
        gone = await db.fetch(
            'DELETE FROM "album_member" WHERE "album" = ? AND "user" = ? RETURNING "id"',
            [str(album), str(viewer.user_id)],
        )
        if not gone:
            raise ConflictError("You were not let in by name", hint="Its owner can stop sharing it.")


async def change_files(
    db: Database, viewer: Viewer, album: uuid.UUID, ids: Sequence[uuid.UUID], *, remove: bool = False
) -> tuple[Row, uuid.UUID | None]:
    """Put files that the viewer sees into an album by hand, or take them out; the album, and the journal's entry."""
    async with db.write():
        row = await _by_hand_row(db, viewer, album)
        recording = AlbumRecording(db, viewer)
        await recording.touch(album)
        if remove:
            shown, arguments = album_files.shown_in_album(viewer)
            here = await db.fetch(
                f"""SELECT af."file" FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
                    WHERE af."album" = ? AND {shown}""",
                [str(album), *arguments],
            )
            seen = {one["file"] for one in here}
            await album_files.take(db, row["id"], [one for one in ids if one in seen])
        else:
            seen = set(await files.visible_ids(db, viewer, ids))
            await album_files.put(db, viewer, row["id"], [one for one in dict.fromkeys(ids) if one in seen])
        await db.fetch('UPDATE "album" SET "modified" = ? WHERE "id" = ?', [now(), str(album)])
        entry = await recording.record("take" if remove else "put", album)
    return await get_album(db, viewer, album), entry


async def order_files(
    db: Database, viewer: Viewer, album: uuid.UUID, ids: Sequence[uuid.UUID], *, before: uuid.UUID | None
) -> tuple[Row, uuid.UUID | None]:
    """Move files before another one, or to the end; from then on the album is ordered by hand."""
    async with db.write():
        row = await _by_hand_row(db, viewer, album)
        recording = AlbumRecording(db, viewer)
        await recording.touch(album)
        await album_files.move(db, album, ids, before=before, sorting=row["sorting"])
        await db.fetch("""UPDATE "album" SET "sorting" = 'hand', "modified" = ? WHERE "id" = ?""", [now(), str(album)])
        entry = await recording.record("order", album)
    return await get_album(db, viewer, album), entry


async def _by_hand_row(db: Database, viewer: Viewer, album: uuid.UUID) -> Row:
    row = await allowed_row(db, viewer, album, EDITOR)
    if row["query"] is not None:
        raise ConflictError("A saved search finds its files by itself", hint="Change its query instead.")
    return row


async def files_of_album(
    home: Home, viewer: Viewer, album: uuid.UUID, *, limit: int = 100, cursor: str | None = None, offset: int = 0
) -> pages.Page:
    """By hand: as it is ordered.  A saved search: the best match first, as its search has them.

    offset: how many to leave out; a cursor goes before it.
    """
    pages.check_limit(limit)
    if cursor is not None:
        (offset,) = pages.decode_cursor(cursor, tuple[pages.Offset])
    row = await allowed_row(home.db, viewer, album)
    if row["query"] is not None:
        result = await search.search(home, viewer, row["query"], limit=limit, offset=offset)
        items, total = [item["file"] for item in result.items], result.total
    else:
        items, total = await album_shown.files_by_hand(home.db, viewer, row, limit, offset)
    following = offset + len(items)
    further = items and following < total
    return pages.Page(items=items, total=total, next=pages.encode_cursor(following) if further else None)


def _owner(viewer: Viewer, *, private: bool) -> uuid.UUID | None:
    if private and viewer.user_id is None:
        raise InvalidInputError("The local admin is nobody, who can own nothing", hint="Log in as somebody.")
    return viewer.user_id


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= MOST_CHARACTERS or not is_printable(cleaned):
        raise InvalidInputError(f"An album's name has 1 to {MOST_CHARACTERS} printable characters")
    return cleaned


def _clean_query(query: str | None) -> str | None:
    if query is None:
        return None
    if parse(query).is_empty:
        raise InvalidInputError("A saved search must ask for something", hint="Leave query out for an album by hand.")
    return query.strip()
