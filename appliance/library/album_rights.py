"""Who may do what with an album.  The table `album_right` says it; triggers keep that true (migration `sharing`).

An album's owner says what everybody in the house may do, and lets single people in; albums inside it are seen by
whoever sees it.  viewer: look.   editor: put in and take out, order, name, choose the cover.   owner: also share,
move and delete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from appliance.errors import NotFoundError, PermissionDeniedError

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

Role = Literal["viewer", "editor"]
VIEWER, EDITOR, OWNER = 1, 2, 3
ROLES = {VIEWER: "viewer", EDITOR: "editor", OWNER: "owner"}


def visible_albums(viewer: Viewer, table: str = "a") -> tuple[str, list[object]]:
    """A condition for albums that the viewer may look at."""
    if viewer.user_id is None:
        return "1", []
    return (
        f'{table}."id" IN (SELECT r."album" FROM "album_right" r WHERE r."who" IN (\'\', ?))',
        [str(viewer.user_id)],
    )


async def level_of(db: Database, viewer: Viewer, album: object) -> int:
    """0 for nobody."""
    if viewer.user_id is None:
        return OWNER
    return int(
        await db.value(
            """SELECT ifnull(max("level"), 0) FROM "album_right" WHERE "album" = ? AND "who" IN ('', ?)""",
            [str(album), str(viewer.user_id)],
        )
    )


async def allowed_row(db: Database, viewer: Viewer, album: uuid.UUID, level: int = VIEWER) -> Row:
    """The album's row with `level`, the viewer's.  Raises NotFoundError for one that they may not look at, and
    PermissionDeniedError where they may look but not do that."""
    row = await db.fetch_one('SELECT a.* FROM "album" a WHERE a."id" = ?', [str(album)])
    has = await level_of(db, viewer, album) if row is not None else 0
    if row is None or has < VIEWER:
        raise NotFoundError("There is no such album", hint="It may have been removed, or be somebody's own.")
    if has < level:
        raise PermissionDeniedError(
            f"Only {'its owner' if level == OWNER else 'an editor'} may do that with this album",
            hint=f"You are a {ROLES[has]} of it.",
        )
    return row | {"level": has}


async def members_of(db: Database, album: object) -> list[Row]:
    """`user`, `name`, `role` of those who were let in, by name."""
    return await db.fetch(
        """SELECT m."user", u."name", u."username", m."role" FROM "album_member" m
           JOIN "account" u ON u."id" = m."user" WHERE m."album" = ? ORDER BY u."name", u."id" """,
        [str(album)],
    )
