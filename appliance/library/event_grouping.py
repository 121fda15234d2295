"""Reads what grouping needs, and writes the difference between what events are and what they should be.

Events that a person has named, made, merged or split (source `manual`), or that a link shows, keep their files and take
in what arrives late within their time; all others are grouped anew, and keep their ids while most of their files stay
together.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from appliance.db.tables import Event
from appliance.library import event_groups
from appliance.library.event_groups import Taken
from appliance.library.face_index import ids_json
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.db.engine import Database, Row

READ_AT_ONCE = 5000
WRITE_AT_ONCE = 50
AUTO, MANUAL = "auto", "manual"


class Changes(msgspec.Struct, frozen=True):
    changes: int
    grouped: int

    @property
    def pending(self) -> bool:
        return self.changes != self.grouped


class Point(msgspec.Struct, frozen=True):
    """A moment in seconds since 1970, maybe a place, and how far around them photos belong to it."""

    start: float
    around_s: float
    latitude: float | None
    longitude: float | None
    around_km: float | None

    def takes(self, taken: Taken) -> bool:
        if abs(taken.start - self.start) > self.around_s:
            return False
        if self.latitude is None or self.longitude is None or self.around_km is None:
            return True
        if taken.latitude is None or taken.longitude is None:
            return False
        here = (self.latitude, self.longitude)
        return event_groups.kilometres(here, (taken.latitude, taken.longitude)) <= self.around_km


class Known(msgspec.Struct):
    """Files as (owner, file, start, latitude, longitude); event -> source; file -> event; events that are points;
    (owner, start, end) of what is no event."""

    files: list[tuple[str, str, float, float | None, float | None]]
    events: dict[str, str]
    of: dict[str, str]
    points: dict[str, Point] = msgspec.field(default_factory=dict)
    dismissed: list[tuple[str, float, float]] = msgspec.field(default_factory=list)


class Grouped(msgspec.Struct, frozen=True):
    """An event as it should be: its files that are not in it yet, its span in seconds since 1970."""

    event: str
    is_new: bool
    added: list[str]
    start: float
    end: float


class Part(msgspec.Struct, frozen=True):
    """What one transaction writes; `gone`: files that are in no event any more."""

    events: list[Grouped]
    gone: list[str]
    ended: list[str]


class Plan(msgspec.Struct, frozen=True):
    parts: list[Part]
    events: int
    changed: int


async def changes_to_see(db: Database) -> Changes:
    row = await db.fetch_one('SELECT "changes", "grouped" FROM "event_plan"')
    return Changes(row["changes"], row["grouped"]) if row else Changes(1, 0)


async def note_grouped(db: Database, changes: Changes) -> None:
    await db.fetch('UPDATE "event_plan" SET "grouped" = ?', [changes.changes])


async def read_some(db: Database, known: Known, after: str) -> str:
    """Read on after that file; returns the last one read, "" at the end."""
    if not after:
        rows = await db.fetch(
            """SELECT e.*, EXISTS (SELECT 1 FROM "share_link" s WHERE s."event" = e."id") AS "linked" FROM "event" e"""
        )
        # What a link shows is what somebody has looked at: it neither ends nor becomes another event by itself.
        known.events.update({str(row["id"]): MANUAL if row["linked"] else row["source"] for row in rows})
        known.points.update({str(row["id"]): _point(row) for row in rows if row["end"] is None})
        known.dismissed += [
            (str(row["user"] or ""), row["start"].timestamp(), row["end"].timestamp())
            for row in await db.fetch('SELECT "user", "start", "end" FROM "event_dismissed"')
        ]
    # Where only the file's own date on disk is known, nobody knows when it was taken.
    rows = await db.fetch(
        """SELECT f."id", f."user", +f."start" AS "start", f."latitude", f."longitude", fe."event",
                  f."listed" AND NOT f."locked" AND f."start" IS NOT NULL
                  AND ifnull(f."metadata" ->> '$.date_source', '') <> 'file' AS "counts"
           FROM "stored_file" f LEFT JOIN "file_event" fe ON fe."file" = f."id"
           WHERE f."id" > ? ORDER BY f."id" LIMIT ?""",
        [after, READ_AT_ONCE],
    )
    for row in rows:
        file = str(row["id"])
        if row["event"] is not None:
            known.of[file] = str(row["event"])
        if row["counts"]:
            start = datetime.fromisoformat(row["start"]).timestamp()
            known.files.append((str(row["user"] or ""), file, start, row["latitude"], row["longitude"]))
    return str(rows[-1]["id"]) if len(rows) == READ_AT_ONCE else ""


def planned(known: Known) -> Plan:
    """In the compute process: what must be written, in parts."""
    start_of = {file: start for _, file, start, _, _ in known.files}
    held = _held(known, start_of)
    grouped: list[Grouped] = []
    members: dict[str, str] = {}
    for owner in sorted({owner for owner, *_ in known.files}):
        mine = [Taken(file, start, north, east) for one, file, start, north, east in known.files if one == owner]
        free = []
        for taken in mine:
            event = known.of.get(taken.file, "")
            if event not in held:
                event = _held_at(held, known.points, owner, taken)
            if event:
                members[taken.file] = event
            elif not any(who == owner and first <= taken.start <= last for who, first, last in known.dismissed):
                free.append(taken)
        groups = event_groups.grouped(free)
        auto = {file: event for file, event in known.of.items() if event not in held}
        for group, name in zip(groups, event_groups.named(groups, auto), strict=True):
            members.update(dict.fromkeys(group, name or str(new_id())))
    # What is hidden or in the trash stays in an event of a person's making, and comes back to it.
    members.update({file: event for file, event in known.of.items() if event in held and file not in members})
    by_event: dict[str, list[str]] = {}
    for file, event in members.items():
        by_event.setdefault(event, []).append(file)
    for event, some in by_event.items():
        added = [file for file in some if known.of.get(file) != event]
        starts = [start_of[file] for file in some if file in start_of]
        if starts:
            grouped.append(Grouped(event, event not in known.events, added, min(starts), max(starts)))
    gone = [file for file in known.of if file not in members]
    ended = [event for event, source in known.events.items() if source != MANUAL and event not in by_event]
    return Plan(list(_parts(grouped, gone, ended)), len(by_event), sum(bool(one.added) for one in grouped) + len(ended))


def _held(known: Known, start_of: dict[str, float]) -> dict[str, tuple[str, float, float]]:
    """Events of a person's making: whose files, and from when to when."""
    owner_of = {file: owner for owner, file, *_ in known.files}
    held: dict[str, tuple[str, float, float]] = {
        event: ("?", 0.0, -1.0) for event, source in known.events.items() if source == MANUAL
    }
    for file, event in known.of.items():
        if event in held and file in start_of:
            owner, first, last = held[event]
            start = start_of[file]
            if last < first:
                held[event] = owner_of[file], start, start
            elif owner == owner_of[file]:
                held[event] = owner, min(first, start), max(last, start)
    return held


def _held_at(held: dict[str, tuple[str, float, float]], points: dict[str, Point], owner: str, taken: Taken) -> str:
    """The event of a person's making within whose time this is, or around which, the shortest; "" for none."""
    found = [
        (2 * points[event].around_s if event in points else last - first, event)
        for event, (who, first, last) in held.items()
        if who == owner and (points[event].takes(taken) if event in points else first <= taken.start <= last)
    ]
    return min(found)[1] if found else ""


def _point(row: Row) -> Point:
    return Point(
        start=row["start"].timestamp(),
        around_s=row["around_s"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        around_km=row["around_km"],
    )


def _parts(grouped: list[Grouped], gone: list[str], ended: list[str]) -> Iterator[Part]:
    for start in range(0, max(len(grouped), 1), WRITE_AT_ONCE):
        last = start + WRITE_AT_ONCE >= len(grouped)
        # Events end last: until then a file that moves is in one of the two.
        yield Part(grouped[start : start + WRITE_AT_ONCE], gone if last else [], ended if last else [])


async def write(db: Database, part: Part) -> None:
    """In one transaction; files or events that went meanwhile are left out."""
    moment = now()
    async with db.write():
        await db.insert(
            Event,
            [
                {
                    "id": uuid.UUID(one.event),
                    "name": "",
                    "start": datetime.fromtimestamp(one.start, UTC),
                    "end": datetime.fromtimestamp(one.end, UTC),
                    "source": AUTO,
                    "created": moment,
                    "modified": moment,
                }
                for one in part.events
                if one.is_new
            ],
        )
        moved = [(one.event, file) for one in part.events for file in one.added]
        # What a person said while this was being worked out goes before it.
        await db.execute_many(
            f"""DELETE FROM "file_event" WHERE "file" = ? AND "event" IN
                (SELECT "id" FROM "event" WHERE "source" = '{AUTO}')""",
            [[file] for file in (*(file for _, file in moved), *part.gone)],
        )
        await db.execute_many(
            f"""INSERT INTO "file_event" ("id", "file", "event", "source")
                SELECT ?1, f."id", e."id", '{AUTO}' FROM "stored_file" f, "event" e WHERE f."id" = ?2 AND e."id" = ?3
                AND NOT EXISTS (SELECT 1 FROM "file_event" o WHERE o."file" = f."id")""",
            [[str(new_id()), file, event] for event, file in moved],
        )
        await db.execute_many(
            """UPDATE "event" SET "start" = ?1, "end" = ?2, "modified" = ?3
               WHERE "id" = ?4 AND "end" IS NOT NULL AND ("start" <> ?1 OR "end" <> ?2)""",
            [
                [datetime.fromtimestamp(one.start, UTC), datetime.fromtimestamp(one.end, UTC), moment, one.event]
                for one in part.events
            ],
        )
        await db.fetch(
            f"""DELETE FROM "event" WHERE "source" = '{AUTO}' AND "id" IN (SELECT value FROM json_each(?))
                AND NOT EXISTS (SELECT 1 FROM "file_event" m WHERE m."event" = "event"."id")""",
            [ids_json(part.ended)],
        )
