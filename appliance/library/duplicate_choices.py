"""What a person says of duplicates, by hand: keep these and trash the rest, or these are none.  Both can be undone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import DuplicateApart
from appliance.errors import ConflictError, InvalidInputError
from appliance.library import duplicate_takeover, files, journal, renditions
from appliance.library.duplicate_groups import regroup_around
from appliance.library.duplicate_takeover import Taken
from appliance.library.duplicates import members_of
from appliance.library.edits import changeable_ids
from appliance.library.face_index import ids_json
from appliance.messages import FacesChanged, PeopleChanged
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "duplicates"
_COLUMNS = ("favourite", "rating", "description", "trashed_at", "adjustments", "adjusted")


class State(Taken):
    """Files before or after a choice, what the kept one has from the others, and pairs that are no duplicates."""

    files: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    apart: list[tuple[str, str]] = msgspec.field(default_factory=list)
    kind: str = "copy"  # what those are not


async def keep(db: Database, bus: Bus, viewer: Viewer, group: uuid.UUID, kept: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """Move the other files of the group to the trash, with what is shown through them; the best that is kept and is the
    viewer's to change takes over what people said of them.  Where that is none, somebody else's stays as it is.

    Several that are kept are never asked about again.  Raises NotFoundError for a group that has changed or that the
    viewer does not see, ConflictError where what is kept is out of reach.  Returns the journal's entry.
    """
    async with db.write():
        members = await members_of(db, viewer, group)
        chosen = [file for file in members if file in set(kept)]
        if not chosen or len(chosen) < len(set(kept)):
            raise InvalidInputError(
                "Say which files of the group to keep" if not kept else "That is no file of this group",
                hint="Keep at least one of those that are shown.",
            )
        rest = [file for file in members if file not in chosen]
        gone = await changeable_ids(db, viewer, rest, parts=True) if rest else []
        before = await _rows(db, [*members, *gone])
        if rest:
            await _check_within_reach(db, chosen)
        kind = await _kind(db, group)
        own = [file for file in chosen if await files.may_change(db, viewer, file)]
        was, taken = await duplicate_takeover.take_over(
            db, viewer, (own or chosen)[0], rest, before, copies=kind == "copy", owned=bool(own)
        )
        await db.fetch(
            """UPDATE "stored_file" SET "trashed_at" = ?1, "modified" = ?1
               WHERE "id" IN (SELECT value FROM json_each(?2))""",
            [now(), ids_json(gone)],
        )
        apart = await _set_apart(db, kind, chosen)
        await regroup_around(db, members)
        entry = await _record(db, viewer, "keep", group, before, apart, kind, was=was, taken=taken)
    await _announce(db, bus, members)
    if taken.faces:
        _announce_people(bus)
    return entry


async def _check_within_reach(db: Database, chosen: Sequence[uuid.UUID]) -> None:
    """Raises ConflictError where all that is kept lies on disks that are away: what is put away may be the last."""
    away = await db.value(
        """SELECT count(*) FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
           WHERE f."id" IN (SELECT value FROM json_each(?)) AND l."status" = 'frozen'""",
        [ids_json(chosen)],
    )
    if away == len(chosen):
        raise ConflictError("The disk with what you keep is away", hint="Connect it first; nothing was put away.")


async def dismiss(db: Database, viewer: Viewer, group: uuid.UUID) -> uuid.UUID | None:
    """None of the group that the viewer sees is a duplicate of another: never asked again.  The journal's entry."""
    async with db.write():
        members = await members_of(db, viewer, group)
        before = await _rows(db, members)
        kind = await _kind(db, group)
        apart = await _set_apart(db, kind, members)
        await regroup_around(db, members)
        return await _record(db, viewer, "dismiss", group, before, apart, kind)


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when its files were changed since."""
    before = msgspec.json.decode(entry["before"], type=State)
    after = msgspec.json.decode(entry["after"], type=State)
    here = await _rows(db, list(after.files))
    if len(here) < len(after.files):
        raise ConflictError("One of the files is gone for good", hint="The trash was emptied since.")
    if any(here[file][name] != value for file, left in after.files.items() for name, value in left.items()):
        raise ConflictError("One of the files was changed since", hint="Undo what was done after it first.")
    await duplicate_takeover.check_there(db, after)
    moment = now()
    for file, was in before.files.items():
        assignments = ", ".join(f'"{name}" = ?' for name in was)
        await db.fetch(
            f'UPDATE "stored_file" SET {assignments}, "modified" = ? WHERE "id" = ?', [*was.values(), moment, file]
        )
    await renditions.refit(db, [file for file, was in before.files.items() if "adjusted" in was])
    await duplicate_takeover.put_back(db, before, after)
    await db.execute_many(
        'DELETE FROM "duplicate_apart" WHERE "file" = ? AND "other" = ? AND "kind" = ?',
        [[one, other, after.kind] for one, other in after.apart],
    )
    await regroup_around(db, [uuid.UUID(file) for file in _touched(after)])


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """After `put_back` is committed."""
    after = msgspec.json.decode(entry["after"], type=State)
    await _announce(db, bus, [uuid.UUID(file) for file in _touched(after)])
    if after.faces:
        _announce_people(bus)


def _touched(state: State) -> set[str]:
    return {*state.files, *(file for pair in state.apart for file in pair)}


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
    db: Database,
    viewer: Viewer,
    verb: str,
    group: uuid.UUID,
    before: dict[str, dict[str, Any]],
    apart: list[tuple[str, str]],
    kind: str,
    *,
    was: Taken | None = None,
    taken: Taken | None = None,
) -> uuid.UUID | None:
    """The journal's entry, None when nothing has changed.  was, taken: what the kept one has from the others."""
    after = await _rows(db, list(before))
    changed = {
        file: [name for name in _COLUMNS if before[file][name] != after[file][name]]
        for file in before
        if before[file] != after[file]
    }
    if not changed and not taken and not apart:
        return None
    old, new = (
        State(
            files={file: {name: rows[file][name] for name in names} for file, names in changed.items()},
            kind=kind,
            tags=some.tags,
            albums=some.albums,
            covers=some.covers,
            faces=some.faces,
        )
        for rows, some in ((before, was or Taken()), (after, taken or Taken()))
    )
    new.apart = apart
    return await journal.record(
        viewer, verb, NOUN, group, before=msgspec.to_builtins(old), after=msgspec.to_builtins(new)
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


def _announce_people(bus: Bus) -> None:
    bus.publish(PeopleChanged())
    bus.publish(FacesChanged())
