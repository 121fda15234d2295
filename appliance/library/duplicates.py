"""Groups of files that show the same, as their viewers see them, and which of a group is worth keeping.

Who is in which group is worked out in `duplicate_groups.py`; what people say of them is in `duplicate_choices.py`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import files, pages
from appliance.library.face_index import ids_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MAX_LIMIT = 200
#: exact: the same bytes in two libraries.  near: the same picture.  sequence: pictures of one scene, one after another.
KINDS = ("exact", "near", "sequence")

_ROLE_EDIT = "edit_of"
_NOT_EXACT = 'count(DISTINCT m."content_sha") > 1'
#: The best first: most pixels, one with a RAW or a moving part, most bytes, one that the whole family sees, an original
#: before an edit, the oldest.
_BEST_FIRST = f"""coalesce(f."original_width", f."width", 0) * coalesce(f."original_height", f."height", 0) DESC,
    EXISTS (SELECT 1 FROM "stored_file" p WHERE p."part_of" = f."id" AND p."kind" IN ('raw', 'video')) DESC,
    f."size_bytes" DESC, f."audience" <> '',
    EXISTS (SELECT 1 FROM "related_file" r WHERE r."file" = f."id" AND r."role" = '{_ROLE_EDIT}'),
    f."start" IS NULL, f."start", f."id" """


async def list_groups(
    db: Database, viewer: Viewer, *, kind: str | None = None, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """The last found first: items, total, next.   kind: one of `KINDS`; None: exact and near ones."""
    pages.check_limit(limit, MAX_LIMIT)
    if kind is not None and kind not in KINDS:
        raise InvalidInputError(f"There is no kind {kind!r}", hint=f"Kinds are: {', '.join(KINDS)}.")
    seen, arguments = _seen(viewer, kind)
    last, total = pages.decode_cursor(cursor, pages.After) if cursor is not None else ("~", None)
    async with db.read():
        rows = await db.fetch(
            f'SELECT "id", "total" FROM (SELECT "id", count(*) OVER () AS "total" FROM ({seen})) WHERE "id" < ?'
            ' ORDER BY "id" DESC LIMIT ?',
            [*arguments, last, limit + 1],
        )
        if total is None:
            total = rows[0]["total"] if rows else 0
        items = await _shown(db, viewer, [uuid.UUID(str(row["id"])) for row in rows[:limit]])
    following = pages.encode_cursor(items[-1]["id"], total) if len(rows) > limit else None
    return {"items": items, "total": total, "next": following}


async def members_of(db: Database, viewer: Viewer, group: uuid.UUID) -> list[uuid.UUID]:
    """The files of a group that the viewer may see, the best first.

    Raises NotFoundError where fewer than two are left: that is no group.
    """
    found = (await _members(db, viewer, [group])).get(group, [])
    if len(found) < 2:
        raise NotFoundError("There is no such group", hint="It may have changed meanwhile: look again.")
    return [row["file"] for row in found]


def _seen(viewer: Viewer, kind: str | None) -> tuple[str, list[object]]:
    """A query for the `id` of each group in which the viewer sees two files or more, and its arguments.

    What a viewer may not see is not counted; two equal files are an exact group even where others see a third.
    """
    # Whose a file is and whether it is shown stands in a narrow table too, which triggers keep true.
    visible, arguments = viewer.owners("t")
    condition = {"exact": f"AND NOT ({_NOT_EXACT})", "near": f"AND {_NOT_EXACT}"}.get(kind or "", "")
    return (
        f"""SELECT m."group" AS "id" FROM "duplicate_group" d
            JOIN "duplicate_member" m ON m."group" = d."id" JOIN "file_text_row" t ON t."file" = m."file"
            WHERE d."kind" = ? AND t."shown" AND {visible}
            GROUP BY m."group" HAVING count(*) > 1 {condition}""",
        ["sequence" if kind == "sequence" else "copy", *arguments],
    )


async def _members(db: Database, viewer: Viewer, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Row]]:
    visible, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT m."group", m."file", f."content_sha", d."kind" FROM "duplicate_member" m
            JOIN "duplicate_group" d ON d."id" = m."group" JOIN "stored_file" f ON f."id" = m."file"
            WHERE m."group" IN (SELECT value FROM json_each(?)) AND f."searchable" AND {visible}
            ORDER BY {_BEST_FIRST}""",
        [ids_json(groups), *arguments],
    )
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


async def _shown(db: Database, viewer: Viewer, groups: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    members = await _members(db, viewer, groups)
    every = [row["file"] for group in groups for row in members[group]]
    known = {item["id"]: item for item in await files.get_files(db, viewer, every)}
    return [
        {
            "id": group,
            "kind": _kind(members[group]),
            "files": [known[row["file"]] for row in members[group]],
            "best": members[group][0]["file"],
        }
        for group in groups
    ]


def _kind(members: Sequence[Row]) -> str:
    if members[0]["kind"] == "sequence":
        return "sequence"
    return "exact" if len({row["content_sha"] for row in members}) == 1 else "near"
