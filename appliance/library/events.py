"""Events as their viewers see them: span, place, count and cover come from the files that the viewer sees, and an event
with none of those is not there.  Which files are one event is worked out in `event_grouping.py`."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import InvalidInputError, NotFoundError
from appliance.library import files, pages
from appliance.library.face_index import ids_json

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MAX_LIMIT = 200
MAX_FILES = 1000
#: A second town is named beside the first when it has so much of the photos.
SECOND_TOWN = 0.3
#: Below that the region or country is named instead of its most frequent town.
MAIN_TOWN = 0.4


_COLUMNS = """e."id", e."name", e."source", e."local_start", e."latitude", e."longitude", e."around_km" """


async def list_events(db: Database, viewer: Viewer, *, limit: int = 50, cursor: str | None = None) -> pages.Page:
    """The latest first."""
    pages.check_limit(limit, MAX_LIMIT)
    seen, arguments = _seen(viewer)
    after: tuple[str, list[object]] = ("", [])
    if cursor is not None:
        place = pages.decode_cursor(cursor, tuple[pages.Id])
        after = ' AND (e."start", e."id") < (SELECT "start", "id" FROM "event" WHERE "id" = ?)', [*place]
    async with db.read():
        total = int(await db.value(f'SELECT count(*) FROM "event" e WHERE {seen}', arguments))
        rows = await db.fetch(
            f"""SELECT {_COLUMNS} FROM "event" e WHERE {seen}{after[0]}
                ORDER BY e."start" DESC, e."id" DESC LIMIT ?""",
            [*arguments, *after[1], limit + 1],
        )
        items = await _shown(db, viewer, rows[:limit])
    # Without its time, which may be that of a photo that the viewer does not see.
    following = pages.encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    return pages.Page(items=items, total=total, next=following)


async def get_event(db: Database, viewer: Viewer, event: uuid.UUID) -> Row:
    """Raises NotFoundError for one on none of the viewer's files."""
    seen, arguments = _seen(viewer)
    async with db.read():
        rows = await db.fetch(f'SELECT {_COLUMNS} FROM "event" e WHERE e."id" = ? AND {seen}', [str(event), *arguments])
        shown = await _shown(db, viewer, rows)
    if not shown:
        raise no_such_event()
    return shown[0]


async def check_event(db: Database, viewer: Viewer, event: uuid.UUID) -> None:
    """Raises NotFoundError for one on none of the viewer's files."""
    seen, arguments = _seen(viewer)
    if not await db.value(
        f'SELECT EXISTS (SELECT 1 FROM "event" e WHERE e."id" = ? AND {seen})', [str(event), *arguments]
    ):
        raise no_such_event()


async def files_of_event(
    db: Database, viewer: Viewer, event: uuid.UUID, *, limit: int = 200, offset: int = 0
) -> pages.Page:
    """By time, the first taken first."""
    if not 1 <= limit <= MAX_FILES or offset < 0:
        raise InvalidInputError(f"limit must be between 1 and {MAX_FILES}")
    visible, arguments = viewer.visible("f")
    source = f"""FROM "file_event" fe JOIN "stored_file" f ON f."id" = fe."file"
        WHERE fe."event" = ? AND f."listed" AND {visible}"""
    async with db.read():
        total = int(await db.value(f"SELECT count(*) {source}", [str(event), *arguments]))
        if not total:
            raise no_such_event()
        rows = await db.fetch(
            f'SELECT f."id" {source} ORDER BY f."local_start", f."id" LIMIT ? OFFSET ?',
            [str(event), *arguments, limit, offset],
        )
        items = await files.get_files(db, viewer, [row["id"] for row in rows])
    return pages.Page(items=items, total=total, next=None)


def title_of(name: str, place: str, start: str, end: str, *, moment: str = "") -> str:
    """`Lisbon, 12-15 June 2022`; a person's name for it stands in the place of the town.  moment: of a point."""
    when = f"{span_of(moment, moment)}, {moment[11:16]}" if moment else span_of(start, end)
    return ", ".join(part for part in (name or place, when) if part)


def span_of(start: str, end: str) -> str:
    """Days of two wall clocks, in words, with an en dash between them."""
    first, last = date.fromisoformat(start[:10]), date.fromisoformat(end[:10])
    if first == last:
        return f"{last.day} {last:%B} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%B} {last.year}"
    if first.year == last.year:
        return f"{first.day} {first:%B} – {last.day} {last:%B} {last.year}"
    return f"{first.day} {first:%B} {first.year} – {last.day} {last:%B} {last.year}"


def place_of(places: Sequence[dict[str, str]]) -> str:
    """What most of these were taken at: one town or two, else their region or country; "" when nobody knows."""
    if not places:
        return ""
    towns = Counter(place.get("city", "") for place in places if place.get("city")).most_common(2)
    if towns and towns[0][1] >= MAIN_TOWN * len(places):
        second = len(towns) > 1 and towns[1][1] >= SECOND_TOWN * len(places)
        return f"{towns[0][0]} and {towns[1][0]}" if second else towns[0][0]
    for level in ("region", "country"):
        ((name, count),) = Counter(place.get(level, "") for place in places).most_common(1)
        if name and count >= MAIN_TOWN * len(places) * 1.5:
            return name
    return towns[0][0] if towns else ""


def no_such_event() -> NotFoundError:
    return NotFoundError("There is no such event", hint="It may have been merged with another, or grouped anew.")


def _seen(viewer: Viewer) -> tuple[str, list[object]]:
    visible, arguments = viewer.visible("f")
    return (
        f"""EXISTS (SELECT 1 FROM "file_event" fe JOIN "stored_file" f ON f."id" = fe."file"
            WHERE fe."event" = e."id" AND f."listed" AND {visible})""",
        arguments,
    )


async def _shown(db: Database, viewer: Viewer, events: Sequence[Row]) -> list[Row]:
    visible, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT fe."event", f."id", f."local_start", f."place", f."favourite", f."kind",
                   ifnull(f."rating", 0) AS "rating"
            FROM "file_event" fe JOIN "stored_file" f ON f."id" = fe."file"
            WHERE fe."event" IN (SELECT value FROM json_each(?)) AND f."listed" AND {visible}
            ORDER BY f."local_start", f."id" """,
        [ids_json(event["id"] for event in events), *arguments],
    )
    members: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        members.setdefault(row["event"], []).append(row)
    return [_described(event, members[event["id"]]) for event in events if event["id"] in members]


def _described(event: Row, members: Sequence[Row]) -> dict[str, Any]:
    start, end = members[0]["local_start"], members[-1]["local_start"]
    places = [msgspec.json.decode(row["place"]) for row in members if row["place"]]
    place = place_of(places)
    middle = len(members) // 2
    # Favourites first, then what is rated well, a photo before a film, and then what lies in the middle of it.
    cover = min(
        enumerate(members),
        key=lambda one: (not one[1]["favourite"], -one[1]["rating"], one[1]["kind"] == "video", abs(one[0] - middle)),
    )[1]
    moment = event["local_start"]
    where = (event["latitude"], event["longitude"]) if event["latitude"] is not None else None
    return {
        "id": event["id"],
        "name": event["name"],
        "title": title_of(event["name"], place, start, end, moment=moment),
        "place": place,
        "start": start[:19],
        "end": end[:19],
        "count": len(members),
        "cover": cover["id"],
        "by_hand": event["source"] == "manual",
        "point": None if not moment else {"moment": moment, "location": where and [where[1], where[0]]},
    }
