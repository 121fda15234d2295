"""What a person says of events: a name, these are one, these are another, these photos are one, this is none.  Each can
be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError, InvalidInputError, PermissionDeniedError
from appliance.library import file_changes, files, journal
from appliance.library.event_grouping import MANUAL
from appliance.library.events import get_event, no_such_event
from appliance.library.face_index import ids_json
from appliance.library.share_links import require_unshown
from appliance.values import is_printable, new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "event"
MOST_CHARACTERS = 200
COLUMNS = ("name", "start", "end", "source", "local_start", "around_s", "latitude", "longitude", "around_km")


class State(msgspec.Struct):
    """Events as they are at one moment, None for one that is not there, and which files are in them.

    dismissed: times that were said to be none, by the ids of their rows."""

    events: dict[str, dict[str, Any] | None]
    members: dict[str, tuple[str, str] | None]  # file -> (event, source)
    dismissed: list[str] = msgspec.field(default_factory=list)


async def rename(db: Database, bus: Bus, viewer: Viewer, event: uuid.UUID, name: str) -> uuid.UUID | None:
    """Returns the journal's entry, None when nothing has changed.  An event with a name is a person's from then on."""
    async with db.write():
        await get_event(db, viewer, event)
        members = await _changeable_members(db, viewer, [event])
        before = await _state(db, [event], members)
        await db.fetch(
            f"""UPDATE "event" SET "name" = ?, "source" = '{MANUAL}', "modified" = ? WHERE "id" = ?""",
            [clean_name(name), now(), str(event)],
        )
        entry = await _record(db, viewer, "name", event, before)
    await file_changes.announce(db, bus, members)
    return entry


async def merge(
    db: Database, bus: Bus, viewer: Viewer, into: uuid.UUID, others: Sequence[uuid.UUID]
) -> uuid.UUID | None:
    """`others` are part of `into`, which takes over a name where it has none.

    Raises ConflictError while a link shows one of `others`.
    """
    sources = [event for event in dict.fromkeys(others) if event != into]
    if not sources:
        raise InvalidInputError("Choose at least two events")
    async with db.write():
        shown = [await get_event(db, viewer, event) for event in (into, *sources)]
        members = await _changeable_members(db, viewer, [into, *sources])
        await require_unshown(db, "event", sources)
        before = await _state(db, [into, *sources], members)
        await db.fetch(
            f"""UPDATE "file_event" SET "event" = ?, "source" = '{MANUAL}'
                WHERE "event" IN (SELECT value FROM json_each(?))""",
            [str(into), ids_json([into, *sources])],
        )
        name = next((row["name"] for row in shown if row["name"]), "")
        # A point that takes in others goes on as a span.
        await db.fetch(
            f"""UPDATE "event" SET "name" = ?, "source" = '{MANUAL}', "modified" = ?, "end" = ifnull("end", "start"),
                "local_start" = '', "around_s" = 0, "latitude" = NULL, "longitude" = NULL, "around_km" = NULL
                WHERE "id" = ?""",
            [name, now(), str(into)],
        )
        await db.fetch('DELETE FROM "event" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(sources)])
        await _settle(db, [into])
        entry = await _record(db, viewer, "merge", into, before)
    await file_changes.announce(db, bus, members)
    return entry


async def make(
    db: Database,
    bus: Bus,
    viewer: Viewer,
    some: Sequence[uuid.UUID],
    *,
    name: str = "",
    point: Mapping[str, object] | None = None,
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """`some` files are an event of their own, whatever they were part of; returns it and the journal's entry.

    Raises InvalidInputError where the timeline shows none of them, for then no event does, and ConflictError where that
    leaves nothing of an event that a link shows.

    point: columns of one that is a moment and not a span (`event_points.py`).
    """
    event = new_id()
    async with db.write():
        chosen = await files.changeable_ids(db, viewer, list(dict.fromkeys(some)))
        if not chosen:
            raise files.no_such_file()
        if not await db.value(
            """SELECT 1 FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))
               AND "listed" AND NOT "locked" LIMIT 1""",
            [ids_json(chosen)],
        ):
            raise InvalidInputError(
                "No event shows photos that are put away", hint="Take one of them out of where it is first."
            )
        rows = await db.fetch(
            'SELECT DISTINCT "event" FROM "file_event" WHERE "file" IN (SELECT value FROM json_each(?))',
            [ids_json(chosen)],
        )
        touched = [row["event"] for row in rows]
        before = await _state(db, [event, *touched], chosen)
        moment = now()
        await db.fetch(
            f"""INSERT INTO "event" ("id", "name", "start", "end", "source", "created", "modified")
                VALUES (?1, ?2, ?3, ?3, '{MANUAL}', ?3, ?3)""",
            [str(event), clean_name(name), moment],
        )
        await db.fetch('DELETE FROM "file_event" WHERE "file" IN (SELECT value FROM json_each(?))', [ids_json(chosen)])
        await db.execute_many(
            'INSERT INTO "file_event" ("id", "file", "event", "source") VALUES (?, ?, ?, ?)',
            [[str(new_id()), str(file), str(event), MANUAL] for file in chosen],
        )
        # What is left of the others is as a person wanted it too.
        await db.fetch(
            f"""UPDATE "event" SET "source" = '{MANUAL}' WHERE "id" IN (SELECT value FROM json_each(?))""",
            [ids_json(touched)],
        )
        empty = await db.fetch(
            """SELECT "id" FROM "event" WHERE "id" IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM "file_event" m WHERE m."event" = "event"."id")""",
            [ids_json(touched)],
        )
        ended = [row["id"] for row in empty]
        await require_unshown(db, "event", ended)
        await db.fetch('DELETE FROM "event" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(ended)])
        if point:
            assignments = ", ".join(f'"{column}" = ?' for column in point)
            await db.fetch(f'UPDATE "event" SET {assignments} WHERE "id" = ?', [*point.values(), str(event)])
        await _settle(db, [event, *touched])
        entry = await _record(db, viewer, "make", event, before)
    await file_changes.announce(db, bus, chosen)
    return event, entry


async def dismiss(db: Database, bus: Bus, viewer: Viewer, event: uuid.UUID) -> uuid.UUID | None:
    """It is no event: photos of its time are none by themselves any more.  The journal's entry.

    Raises ConflictError while a link shows it.
    """
    async with db.write():
        await get_event(db, viewer, event)
        members = await _changeable_members(db, viewer, [event])
        await require_unshown(db, "event", [event])
        before = await _state(db, [event], members)
        spans = await db.fetch(
            """SELECT f."user", min(f."start") AS "first", max(f."start") AS "last" FROM "stored_file" f
               WHERE f."id" IN (SELECT value FROM json_each(?)) AND f."start" IS NOT NULL GROUP BY f."user" """,
            [ids_json(members)],
        )
        rows = [
            [str(new_id()), span["user"] and str(span["user"]), span["first"], span["last"], now()] for span in spans
        ]
        await db.execute_many(
            'INSERT INTO "event_dismissed" ("id", "user", "start", "end", "created") VALUES (?, ?, ?, ?, ?)', rows
        )
        await db.fetch('DELETE FROM "file_event" WHERE "event" = ?', [str(event)])
        await db.fetch('DELETE FROM "event" WHERE "id" = ?', [str(event)])
        entry = await _record(db, viewer, "dismiss", event, before, dismissed=[str(row[0]) for row in rows])
    await file_changes.announce(db, bus, members)
    return entry


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when the events were changed since.

    Files that joined meanwhile stay where they are while that event does, and are grouped anew where it does not; those
    that somebody put into another event meanwhile are a change since.
    """
    before = msgspec.json.decode(entry["before"], type=State)
    after = msgspec.json.decode(entry["after"], type=State)
    here = await _state(db, list(after.events), list(after.members))
    for event, left in after.events.items():
        current = here.events[event]
        if (left is None) != (current is None) or (
            left is not None and current is not None and any(current[name] != left[name] for name in ("name", "source"))
        ):
            raise _changed_since()
    for file, was_left in after.members.items():
        now_in = here.members[file]
        if now_in != was_left and now_in is not None and now_in[1] == MANUAL:
            raise _changed_since()
    gone = [event for event, was in before.events.items() if was is None]
    await require_unshown(db, "event", gone)
    moment = now()
    for event, was in before.events.items():
        if was is not None:
            names = ", ".join(f'"{name}"' for name in was)
            values = ", ".join(f'"{name}" = excluded."{name}"' for name in was)
            await db.fetch(
                f"""INSERT INTO "event" ("id", {names}, "created", "modified")
                    VALUES ({", ".join("?" * (len(was) + 3))}) ON CONFLICT ("id") DO UPDATE SET {values}""",
                [event, *was.values(), moment, moment],
            )
    await db.fetch(
        'DELETE FROM "file_event" WHERE "file" IN (SELECT value FROM json_each(?))', [ids_json(before.members)]
    )
    await db.execute_many(
        """INSERT INTO "file_event" ("id", "file", "event", "source")
           SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM "stored_file" WHERE "id" = ?2)""",
        [[str(new_id()), file, *was] for file, was in before.members.items() if was is not None],
    )
    await db.fetch('DELETE FROM "event" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(gone)])
    await db.fetch(
        'DELETE FROM "event_dismissed" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(after.dismissed)]
    )
    await db.fetch('UPDATE "event_plan" SET "changes" = "changes" + 1')


def _changed_since() -> ConflictError:
    return ConflictError("This event was changed since", hint="Undo what was done after it first.")


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """After `put_back` is committed."""
    await file_changes.announce(db, bus, list(msgspec.json.decode(entry["after"], type=State).members))


def clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if len(cleaned) > MOST_CHARACTERS or (cleaned and not is_printable(cleaned)):
        raise InvalidInputError(f"An event's name has at most {MOST_CHARACTERS} printable characters")
    return cleaned


async def _changeable_members(db: Database, viewer: Viewer, events: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Files of these events; raises PermissionDeniedError unless all of them are the viewer's to change."""
    rows = await db.fetch(
        'SELECT "file" FROM "file_event" WHERE "event" IN (SELECT value FROM json_each(?))', [ids_json(events)]
    )
    members = [row["file"] for row in rows]
    if not members:
        raise no_such_event()
    condition, arguments = viewer.changeable("f")
    locked = "" if viewer.user_id is None else 'OR (f."locked" AND f."user" = ?)'
    own = [] if viewer.user_id is None else [str(viewer.user_id)]
    others = await db.value(
        f"""SELECT count(*) FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?))
            AND NOT ({condition} {locked})""",
        [ids_json(members), *arguments, *own],
    )
    if others:
        raise PermissionDeniedError("Photos of this event are somebody else's", hint="Ask them to change it.")
    return members


async def _settle(db: Database, events: Iterable[object]) -> None:
    """The span of each is that of its files; a point stays where it is."""
    await db.fetch(
        """UPDATE "event" SET ("start", "end") = (
               SELECT ifnull(min(f."start"), "event"."start"), ifnull(max(f."start"), "event"."end")
               FROM "file_event" m JOIN "stored_file" f ON f."id" = m."file" WHERE m."event" = "event"."id"
           ) WHERE "id" IN (SELECT value FROM json_each(?)) AND "end" IS NOT NULL""",
        [ids_json(events)],
    )


async def _state(db: Database, events: Sequence[object], members: Sequence[object]) -> State:
    # The plus takes the declared type away: everything goes back as it was.
    names = ", ".join(f'+"{name}" AS "{name}"' for name in COLUMNS)
    rows = await db.fetch(
        f'SELECT "id", {names} FROM "event" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(events)]
    )
    found: dict[str, dict[str, Any] | None] = {str(event): None for event in events}
    found |= {str(row.pop("id")): row for row in rows}
    of: dict[str, tuple[str, str] | None] = {str(file): None for file in members}
    for row in await db.fetch(
        'SELECT "file", "event", "source" FROM "file_event" WHERE "file" IN (SELECT value FROM json_each(?))',
        [ids_json(members)],
    ):
        of[str(row["file"])] = (str(row["event"]), row["source"])
    return State(found, of)


async def _record(
    db: Database, viewer: Viewer, verb: str, event: object, before: State, *, dismissed: Sequence[str] = ()
) -> uuid.UUID | None:
    after = await _state(db, list(before.events), list(before.members))
    after.dismissed = list(dismissed)
    if after == before:
        return None
    return await journal.record(
        viewer, verb, NOUN, event, before=msgspec.to_builtins(before), after=msgspec.to_builtins(after)
    )
