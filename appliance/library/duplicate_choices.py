"""What a person says of duplicates, by hand: keep these and trash the rest, or these are none.  Both can be undone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import DuplicateApart
from appliance.errors import ConflictError, InvalidInputError
from appliance.library import files, journal
from appliance.library.duplicate_groups import regroup_around
from appliance.library.duplicates import members_of
from appliance.library.face_index import ids_json
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "duplicates"
_COLUMNS = ("favourite", "rating", "description", "trashed_at")
_MANUAL = "manual"


class State(msgspec.Struct):
    """Files before or after a choice, and what it added: tags by hand, pairs that are no duplicates."""

    files: dict[str, dict[str, Any]]
    tags: list[tuple[str, str]]  # (file, tag)
    apart: list[tuple[str, str]]
    kind: str = "copy"  # what those are not


async def keep(db: Database, bus: Bus, viewer: Viewer, group: uuid.UUID, kept: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """Move the other files of the group to the trash; the best that is kept takes over what people said of them.

    Several that are kept are never asked about again.  Raises NotFoundError for a group that has changed or that the
    viewer does not see.  Returns the journal's entry.
    """
    async with db.write():
        members = await members_of(db, viewer, group)
        chosen = [file for file in members if file in set(kept)]
        if not chosen or len(chosen) < len(set(kept)):
            raise InvalidInputError(
                "Say which files of the group to keep" if not kept else "That is no file of this group",
                hint="Keep at least one of those that are shown.",
            )
        await files.changeable_ids(db, viewer, members)
        before = await _rows(db, members)
        rest = [file for file in members if file not in chosen]
        tags = await _take_over(db, chosen[0], rest, before)
        await db.fetch(
            """UPDATE "stored_file" SET "trashed_at" = ?1, "modified" = ?1
               WHERE "id" IN (SELECT value FROM json_each(?2))""",
            [now(), ids_json(rest)],
        )
        kind = await _kind(db, group)
        apart = await _set_apart(db, kind, chosen)
        await regroup_around(db, members)
        entry = await _record(db, viewer, "keep", group, before, State({}, tags, apart, kind))
    await _announce(db, bus, members)
    return entry


async def dismiss(db: Database, viewer: Viewer, group: uuid.UUID) -> uuid.UUID | None:
    """None of the group that the viewer sees is a duplicate of another: never asked again.  The journal's entry."""
    async with db.write():
        members = await members_of(db, viewer, group)
        before = await _rows(db, members)
        kind = await _kind(db, group)
        apart = await _set_apart(db, kind, members)
        await regroup_around(db, members)
        return await _record(db, viewer, "dismiss", group, before, State({}, [], apart, kind))


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when its files were changed since."""
    before = msgspec.json.decode(entry["before"], type=State)
    after = msgspec.json.decode(entry["after"], type=State)
    here = await _rows(db, list(after.files))
    if len(here) < len(after.files):
        raise ConflictError("One of the files is gone for good", hint="The trash was emptied since.")
    if any(here[file][name] != value for file, left in after.files.items() for name, value in left.items()):
        raise ConflictError("One of the files was changed since", hint="Undo what was done after it first.")
    moment = now()
    for file, was in before.files.items():
        assignments = ", ".join(f'"{name}" = ?' for name in was)
        await db.fetch(
            f'UPDATE "stored_file" SET {assignments}, "modified" = ? WHERE "id" = ?', [*was.values(), moment, file]
        )
    await db.execute_many(
        'DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ? AND "source" = ?',
        [[file, tag, _MANUAL] for file, tag in after.tags],
    )
    await db.execute_many(
        'DELETE FROM "duplicate_apart" WHERE "file" = ? AND "other" = ? AND "kind" = ?',
        [[one, other, after.kind] for one, other in after.apart],
    )
    await regroup_around(db, [uuid.UUID(file) for file in _touched(after)])


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """After `put_back` is committed."""
    await _announce(db, bus, [uuid.UUID(file) for file in _touched(msgspec.json.decode(entry["after"], type=State))])


def _touched(state: State) -> set[str]:
    return {*state.files, *(file for pair in state.apart for file in pair)}


async def _take_over(
    db: Database, kept: uuid.UUID, rest: Sequence[uuid.UUID], rows: dict[str, dict[str, Any]]
) -> list[tuple[str, str]]:
    """What people said of `rest` is said of `kept` too; returns the tags that it did not have.

    A favourite stays one, the highest rating counts, descriptions that differ are put one below the other.  What
    somebody wrote on a file of their own is not put on the family's, where everybody would read it.
    """
    if not rest:
        return []
    readable = [str(file) for file in rest if await _no_more_read(db, kept, file)]
    own, others = rows[str(kept)], [rows[str(file)] for file in rest]
    ratings = [row["rating"] for row in (own, *others) if row["rating"] is not None]
    written = [own["description"], *(rows[file]["description"] for file in readable)]
    description = "\n\n".join(dict.fromkeys(text.strip() for text in written if text.strip()))
    await db.fetch(
        'UPDATE "stored_file" SET "favourite" = ?, "rating" = ?, "description" = ?, "modified" = ? WHERE "id" = ?',
        [
            own["favourite"] or any(row["favourite"] for row in others),
            max(ratings, default=None),
            description[: files.MAX_DESCRIPTION] if description != own["description"].strip() else own["description"],
            now(),
            str(kept),
        ],
    )
    # A tag that somebody took off the kept one stays off.
    wanted = await db.fetch(
        """SELECT DISTINCT "tag" FROM "file_tag" t WHERE "source" = ?1 AND "file" IN (SELECT value FROM json_each(?2))
           AND NOT EXISTS (SELECT 1 FROM "file_tag" k WHERE k."file" = ?3 AND k."tag" = t."tag" AND k."source" = ?1)
           AND NOT EXISTS (SELECT 1 FROM "tag_rejection" r WHERE r."file" = ?3 AND r."tag" = t."tag")""",
        [_MANUAL, ids_json(readable), str(kept)],
    )
    tags = [(str(kept), str(row["tag"])) for row in wanted]
    await db.execute_many(
        'INSERT INTO "file_tag" ("id", "file", "tag", "source") VALUES (?, ?, ?, ?)',
        [[str(new_id()), file, tag, _MANUAL] for file, tag in tags],
    )
    return tags


async def _no_more_read(db: Database, kept: uuid.UUID, file: uuid.UUID) -> bool:
    """True when everybody who sees `kept` sees `file`."""
    return bool(
        await db.value(
            """SELECT f."audience" IN ('', k."audience") FROM "stored_file" f, "stored_file" k
               WHERE f."id" = ? AND k."id" = ?""",
            [str(file), str(kept)],
        )
    )


async def _kind(db: Database, group: uuid.UUID) -> str:
    return str(await db.value('SELECT "kind" FROM "duplicate_group" WHERE "id" = ?', [str(group)]))


async def _set_apart(db: Database, kind: str, chosen: Sequence[uuid.UUID]) -> list[tuple[str, str]]:
    """Each of `chosen` from each other; returns the pairs that were not so before.

    kind: no copies may still be a sequence, and the other way round.
    """
    ordered = sorted(str(file) for file in chosen)
    pairs = [(one, other) for place, one in enumerate(ordered) for other in ordered[place + 1 :]]
    known = {
        (str(row["file"]), str(row["other"]))
        for row in await db.fetch(
            """SELECT "file", "other" FROM "duplicate_apart" WHERE "file" IN (SELECT value FROM json_each(?1))
               AND "other" IN (SELECT value FROM json_each(?1)) AND "kind" = ?2""",
            [ids_json(chosen), kind],
        )
    }
    new = [pair for pair in pairs if pair not in known]
    moment = now()
    await db.insert(
        DuplicateApart,
        [
            {"id": new_id(), "file": uuid.UUID(one), "other": uuid.UUID(other), "kind": kind, "created": moment}
            for one, other in new
        ],
    )
    return new


async def _record(
    db: Database, viewer: Viewer, verb: str, group: uuid.UUID, before: dict[str, dict[str, Any]], added: State
) -> uuid.UUID | None:
    after = await _rows(db, list(before))
    changed = {
        file: [name for name in _COLUMNS if before[file][name] != after[file][name]]
        for file in before
        if before[file] != after[file]
    }
    if not changed and not added.tags and not added.apart:
        return None
    old = State({file: {name: before[file][name] for name in names} for file, names in changed.items()}, [], [])
    added.files = {file: {name: after[file][name] for name in names} for file, names in changed.items()}
    return await journal.record(
        viewer, verb, NOUN, group, before=msgspec.to_builtins(old), after=msgspec.to_builtins(added)
    )


async def _rows(db: Database, ids: Iterable[object]) -> dict[str, dict[str, Any]]:
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    rows = await db.fetch(
        f"""SELECT "id", {names.replace('"trashed_at"', 'CAST("trashed_at" AS TEXT) AS "trashed_at"')}
            FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))""",
        [ids_json(ids)],
    )
    return {
        str(row["id"]): {name: row[name] for name in _COLUMNS} | {"favourite": bool(row["favourite"])} for row in rows
    }


async def _announce(db: Database, bus: Bus, ids: Iterable[uuid.UUID]) -> None:
    for file in ids:
        await files.announce_change(db, bus, file)
