"""Events that are a moment and a place, and events of which somebody said that they are none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.db.tables import ShareLink
from appliance.errors import ConflictError, InvalidInputError
from appliance.library import event_changes, event_points, events, undo, users
from appliance.library.event_points import Point
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from tests.appliance.changes import state
from tests.appliance.findable import Findable
from tests.appliance.library.test_events import LISBON, NOON, SINTRA, group, photo, rows, some, titles

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home

SIX = datetime(2024, 6, 12, 18)  # noqa: DTZ001 - a wall clock
HOURS = timedelta(hours=1)


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def made(findable: Findable, point: Point, name: str = "", viewer: Viewer = LOCAL_ADMIN) -> uuid.UUID:
    event, _ = await event_points.make(findable.home.db, findable.home.bus, viewer, point, name=name)
    return event


async def members(findable: Findable, event: uuid.UUID) -> set[uuid.UUID]:
    return {row["file"] for row in await rows(findable) if row["event"] == event}


async def everything(findable: Findable) -> dict[str, Any]:
    dismissed = await findable.home.db.fetch('SELECT * FROM "event_dismissed"')
    return await state(findable.home) | {"dismissed": dismissed}


async def only_event(findable: Findable) -> uuid.UUID:
    (event,) = (await events.list_events(findable.home.db, LOCAL_ADMIN)).items
    found: uuid.UUID = event["id"]
    return found


async def test_what_was_taken_around_a_moment_is_one_event(findable: Findable) -> None:
    inside = {await photo(findable, NOON + timedelta(hours=hour)) for hour in (5, 6, 7)}
    await photo(findable, NOON + timedelta(hours=8))
    event = await made(findable, Point(SIX, HOURS), name="Birthday")
    assert await members(findable, event) == inside
    assert await titles(findable) == [("Birthday, 12 June 2024, 18:00", 3)]
    shown = await events.get_event(findable.home.db, LOCAL_ADMIN, event)
    assert shown["point"] == {"moment": "2024-06-12T18:00:00", "location": None}


async def test_a_place_leaves_out_what_was_taken_elsewhere_or_nobody_knows_where(findable: Findable) -> None:
    here = await photo(findable, NOON + timedelta(hours=6), LISBON)
    await photo(findable, NOON + timedelta(hours=6), SINTRA)
    await photo(findable, NOON + timedelta(hours=6))
    point = Point(SIX, HOURS, *LISBON, around_km=5)
    assert await members(findable, await made(findable, point)) == {here}


async def test_late_photos_join_a_point_and_it_stays_where_it_is(findable: Findable) -> None:
    first = await photo(findable, NOON + timedelta(hours=6), LISBON)
    event = await made(findable, Point(SIX, HOURS, *LISBON, around_km=5))
    before = await findable.home.db.fetch('SELECT "start", "end" FROM "event"')
    late = await photo(findable, NOON + timedelta(hours=6, minutes=50), LISBON)
    await photo(findable, NOON + timedelta(hours=6, minutes=40), SINTRA)
    await photo(findable, NOON + timedelta(hours=7, minutes=10), LISBON)
    await group(findable)
    assert await members(findable, event) == {first, late}
    assert await findable.home.db.fetch('SELECT "start", "end" FROM "event"') == before
    assert before[0]["end"] is None


async def test_a_point_merged_with_others_is_a_span_and_undo_makes_it_a_point_again(findable: Findable) -> None:
    await photo(findable, NOON + timedelta(hours=6))
    later = await some(findable, NOON + timedelta(days=1), 4)
    event = await made(findable, Point(SIX, HOURS))
    other, _ = await event_changes.make(findable.home.db, findable.home.bus, LOCAL_ADMIN, later)
    before = await everything(findable), await findable.home.db.fetch('SELECT * FROM "event" ORDER BY "id"')
    entry = await event_changes.merge(findable.home.db, findable.home.bus, LOCAL_ADMIN, event, [other])
    assert await titles(findable) == [("12–13 June 2024", 5)]
    assert entry is not None
    await undo.undo(findable.home.db, LOCAL_ADMIN, entry)
    after = await everything(findable), await findable.home.db.fetch('SELECT * FROM "event" ORDER BY "id"')
    for one, row in zip(after[1], before[1], strict=True):
        assert one | {"modified": None, "created": None} == row | {"modified": None, "created": None}
    assert after[0] == before[0]


@pytest.mark.parametrize(
    "point",
    [
        Point(SIX, timedelta(0)),
        Point(SIX, timedelta(days=3)),
        Point(SIX, HOURS, 91.0, 0.0),
        Point(SIX, HOURS, 10.0),
        Point(SIX, HOURS, 10.0, 10.0, around_km=0),
        Point(SIX.replace(year=1), HOURS),
        Point(NOON, HOURS),
        Point(SIX - timedelta(days=30), HOURS),
    ],
)
async def test_what_is_no_moment_or_holds_no_photo_is_refused(findable: Findable, point: Point) -> None:
    await photo(findable, NOON + timedelta(hours=6))
    with pytest.raises(InvalidInputError):
        await made(findable, point)


async def test_a_point_takes_only_what_its_maker_may_change(findable: Findable) -> None:
    home = findable.home
    user = (await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="a long one"))["id"]
    own = await photo(findable, NOON + timedelta(hours=6), owner=user)
    family = await photo(findable, NOON + timedelta(hours=6))
    other = (await users.add_user(home.db, LOCAL_ADMIN, username="bruno", password="a long one"))["id"]
    await photo(findable, NOON + timedelta(hours=6), owner=other)
    await photo(findable, NOON + timedelta(hours=6), owner=user, locked=True)
    event = await made(findable, Point(SIX, HOURS), viewer=Viewer(user_id=user))
    assert await members(findable, event) == {own, family}


async def test_a_dismissed_event_is_not_found_again_and_undo_brings_it_back(findable: Findable) -> None:
    await some(findable, NOON, 6)
    await some(findable, NOON + timedelta(days=3), 6)
    await group(findable)
    before = await everything(findable)
    event = (await events.list_events(findable.home.db, LOCAL_ADMIN)).items[0]["id"]
    entry = await event_changes.dismiss(findable.home.db, findable.home.bus, LOCAL_ADMIN, event)
    assert entry is not None
    assert await titles(findable) == [("12 June 2024", 6)]
    await photo(findable, NOON + timedelta(days=3, minutes=15))  # arrives late
    await group(findable)
    assert await titles(findable) == [("12 June 2024", 6)]
    async with findable.home.db.write():
        await findable.home.db.fetch('DELETE FROM "stored_file" WHERE "id" = (SELECT max("id") FROM "stored_file")')
    await undo.undo(findable.home.db, LOCAL_ADMIN, entry)
    assert await everything(findable) == before
    await group(findable)
    assert await everything(findable) == before


async def test_what_one_dismisses_stays_an_event_of_others(findable: Findable) -> None:
    home = findable.home
    user = (await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="a long one"))["id"]
    await some(findable, NOON, 5, owner=user)
    await some(findable, NOON, 6)
    await group(findable)
    anna = Viewer(user_id=user)
    own = next(event for event in (await events.list_events(home.db, anna)).items if event["count"] == 5)
    await event_changes.dismiss(home.db, home.bus, anna, own["id"])
    await group(findable)
    assert await titles(findable, anna) == [("12 June 2024", 6)]


async def test_an_event_that_a_link_shows_is_not_dismissed(findable: Findable) -> None:
    home = findable.home
    user = (await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="a long one"))["id"]
    await some(findable, NOON, 5)
    await group(findable)
    event, moment = await only_event(findable), now()
    row: dict[str, Any] = {"id": new_id(), "user": user, "kind": "event", "event": event, "created": moment}
    async with home.db.write():
        await home.db.insert(ShareLink, [row | {"token": "t", "modified": moment}])
    with pytest.raises(ConflictError, match="link"):
        await event_changes.dismiss(home.db, home.bus, LOCAL_ADMIN, event)
    assert len(await titles(findable)) == 1
