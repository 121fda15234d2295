"""Who is in which group: made of the pairs that were found, of equal bytes, and of what people set apart.

Called for the whole library by the job, and for a few files after somebody said something of them.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import msgspec

from appliance.db.tables import DuplicateGroup, DuplicateMember
from appliance.library.face_index import ids_json
from appliance.values import new_id, now
from ml.duplicates.groups import group_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from appliance.db.engine import Database

AT_ONCE = 200
#: What is looked at for equal bytes; a sidecar that is there twice is nobody's trouble.
_SHOWN_KINDS = "('photo', 'video', 'raw')"

Pairs = list[tuple[str, str, int]]
Groups = dict[str, set[str]]


class State(msgspec.Struct):
    """All that groups of one kind are made of, and the groups there are (id -> files)."""

    kind: str
    pairs: Pairs
    apart: list[tuple[str, str]]
    groups: Groups


class Change(msgspec.Struct):
    """Groups to remove, files to take out of groups that stay, and new groups."""

    gone: list[str]
    left: list[tuple[str, str]]  # (group, file)
    new: list[list[str]]


async def read_state(db: Database, kind: str, files: Iterable[object] | None = None) -> State:
    """files: only these; None: the whole library."""
    async with db.read():
        chosen = None if files is None else ids_json(files)
        pairs = await _pairs(db, kind, chosen)
        if kind == "copy":
            pairs += await _equal(db, chosen)
        return State(kind, pairs, await _apart(db, kind, chosen), await _groups(db, kind, chosen))


def regrouped(state: State) -> Change:
    """Pure, and without numpy: the whole library's in the compute process, a few files' where it is asked for."""
    wanted = {frozenset(group) for group in group_pairs(state.pairs, state.apart)}
    group_of: dict[str, set[str]] = {}
    for group, members in state.groups.items():
        for file in members:
            group_of.setdefault(file, set()).add(group)
    left: list[tuple[str, str]] = []
    kept: set[str] = set()
    new: list[list[str]] = []
    for files in sorted(wanted, key=sorted):
        # An id stays only while nobody joins: whoever decides on a group has seen every file of it.
        around = set.intersection(*(group_of.get(file, set()) for file in files)) - kept
        if not around:
            new.append(sorted(files))
            continue
        group = min(around)
        kept.add(group)
        left += [(group, file) for file in sorted(state.groups[group] - files)]
    return Change(sorted(state.groups.keys() - kept), left, new)


async def write_change(db: Database, kind: str, change: Change) -> None:
    """Inside `db.write()`.  Files that are gone by now are left out."""
    await db.execute_many('DELETE FROM "duplicate_group" WHERE "id" = ?', [[group] for group in change.gone])
    await db.execute_many('DELETE FROM "duplicate_member" WHERE "group" = ? AND "file" = ?', change.left)
    if not change.new:
        return
    rows = await db.fetch(
        'SELECT "id", "content_sha" FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))',
        [ids_json(file for files in change.new for file in files)],
    )
    here = {str(row["id"]): row["content_sha"] for row in rows}
    moment = now()
    groups = [(new_id(), [file for file in files if file in here]) for files in change.new]
    await db.insert(DuplicateGroup, [{"id": group, "kind": kind, "created": moment} for group, _ in groups])
    await db.insert(
        DuplicateMember,
        [
            {"group": group, "file": uuid.UUID(file), "content_sha": here[file]}
            for group, files in groups
            for file in files
        ],
    )


def in_parts(change: Change) -> list[Change]:
    """For short transactions; each leaves every file in at most one group of its kind."""
    parts = [Change(change.gone[i : i + AT_ONCE], [], []) for i in range(0, len(change.gone), AT_ONCE)]
    parts += [Change([], change.left[i : i + AT_ONCE], []) for i in range(0, len(change.left), AT_ONCE)]
    parts += [Change([], [], change.new[i : i + AT_ONCE]) for i in range(0, len(change.new), AT_ONCE)]
    return parts


async def regroup_around(db: Database, files: Collection[uuid.UUID]) -> None:
    """Make the groups of these files, and of whoever is in a group with them, anew.  Inside `db.write()`."""
    for kind in ("copy", "sequence"):
        rows = await db.fetch(
            """SELECT DISTINCT b."file" FROM "duplicate_member" a JOIN "duplicate_group" d ON d."id" = a."group"
               JOIN "duplicate_member" b ON b."group" = a."group"
               WHERE d."kind" = ? AND a."file" IN (SELECT value FROM json_each(?))""",
            [kind, ids_json(files)],
        )
        around = {*files, *(row["file"] for row in rows)}
        await write_change(db, kind, regrouped(await read_state(db, kind, around)))


async def _pairs(db: Database, kind: str, chosen: str | None) -> Pairs:
    only = """AND "file" IN (SELECT value FROM json_each(?2)) AND "other" IN (SELECT value FROM json_each(?2))"""
    rows = await db.fetch(
        f'SELECT "file", "other", "distance" FROM "duplicate_pair" WHERE "kind" = ?1 {only if chosen else ""}',
        [kind, chosen] if chosen else [kind],
    )
    return [(str(row["file"]), str(row["other"]), row["distance"]) for row in rows]


async def _equal(db: Database, chosen: str | None) -> Pairs:
    """Files with the same bytes: each with the first of them and with the one before it."""
    only = 'AND "id" IN (SELECT value FROM json_each(?))' if chosen else ""
    rows = await db.fetch(
        f"""SELECT "id", "content_sha" FROM "stored_file" WHERE "content_sha" IN (
                SELECT "content_sha" FROM "stored_file" GROUP BY "content_sha" HAVING count(*) > 1
            ) AND "size_bytes" > 0 AND "kind" IN {_SHOWN_KINDS} {only} ORDER BY "content_sha", "id" """
        if chosen is None
        else f"""SELECT "id", "content_sha" FROM "stored_file"
            WHERE "size_bytes" > 0 AND "kind" IN {_SHOWN_KINDS} {only} ORDER BY "content_sha", "id" """,
        [chosen] if chosen else [],
    )
    pairs: Pairs = []
    alike: dict[str, list[str]] = {}
    for row in rows:
        before = alike.setdefault(row["content_sha"], [])
        pairs += [(other, str(row["id"]), 0) for other in dict.fromkeys((*before[:1], *before[-1:]))]
        before.append(str(row["id"]))
    return pairs


async def _apart(db: Database, kind: str, chosen: str | None) -> list[tuple[str, str]]:
    only = """AND "file" IN (SELECT value FROM json_each(?2)) AND "other" IN (SELECT value FROM json_each(?2))"""
    rows = await db.fetch(
        f'SELECT "file", "other" FROM "duplicate_apart" WHERE "kind" = ?1 {only if chosen else ""}',
        [kind, chosen] if chosen else [kind],
    )
    return [(str(row["file"]), str(row["other"])) for row in rows]


async def _groups(db: Database, kind: str, chosen: str | None) -> Groups:
    only = 'AND m."file" IN (SELECT value FROM json_each(?))'
    rows = await db.fetch(
        f"""SELECT m."group", m."file" FROM "duplicate_member" m JOIN "duplicate_group" d ON d."id" = m."group"
            WHERE d."kind" = ? {only if chosen else ""}""",
        [kind, chosen] if chosen else [kind],
    )
    groups: Groups = {}
    for row in rows:
        groups.setdefault(str(row["group"]), set()).add(str(row["file"]))
    return groups
