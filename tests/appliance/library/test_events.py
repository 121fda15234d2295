"""Events: grouped by time and place, the same under a re-run and late arrivals, and what people say of them holds."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, NotFoundError, PermissionDeniedError
from appliance.jobs.base import Progress
from appliance.jobs.group_events import GroupEvents
from appliance.library import event_changes, event_groups, events, share_links, undo, users
from appliance.library.event_groups import Taken
from appliance.library.events import place_of, span_of
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home

HOME, LISBON, SINTRA = (48.0, 7.85), (38.72, -9.14), (38.80, -9.39)
NOON = datetime(2024, 6, 12, 12, tzinfo=UTC)


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def photo(
    findable: Findable, moment: datetime, at: tuple[float, float] | None = None, city: str = "", **columns: Any
) -> uuid.UUID:
    file = await findable.file(
        start=moment.strftime("%Y-%m-%dT%H:%M:%S.000"),
        latitude=at[0] if at else None,
        longitude=at[1] if at else None,
        place=(city, "", "") if city else (),
        **columns,
    )
    await findable.home.db.fetch('UPDATE "stored_file" SET "start" = ? WHERE "id" = ?', [moment, str(file)])
    return file


async def some(findable: Findable, first: datetime, count: int, every_min: int = 10, **more: Any) -> list[uuid.UUID]:
    return [await photo(findable, first + timedelta(minutes=every_min * number), **more) for number in range(count)]


async def group(findable: Findable, *, quick: bool = False) -> dict[str, Any]:
    return await GroupEvents().run(findable.home, Progress(lambda: None), quick=quick)


async def titles(findable: Findable, viewer: Viewer = LOCAL_ADMIN) -> list[tuple[str, int]]:
    page = await events.list_events(findable.home.db, viewer)
    assert page.total == len(page.items)
    return [(event["title"], event["count"]) for event in page.items]


async def rows(findable: Findable) -> list[dict[str, Any]]:
    return await findable.home.db.fetch('SELECT "file", "event", "source" FROM "file_event" ORDER BY 1')


async def spring_at_home(findable: Findable) -> None:
    """Twelve days with a photo each: enough to know where home is, too few on any day for an event."""
    for day in range(12):
        await photo(findable, NOON - timedelta(days=100 - 3 * day), HOME, "Freiburg")


async def test_a_trip_is_one_event_and_days_at_home_are_their_own(findable: Findable) -> None:
    await spring_at_home(findable)
    await some(findable, NOON - timedelta(hours=30), 6, at=HOME, city="Freiburg")
    for day in range(4):
        await some(findable, NOON + timedelta(days=day), 8, at=LISBON, city="Lisbon")
    await some(findable, NOON + timedelta(days=3, hours=14), 5, at=HOME, city="Freiburg")
    await some(findable, NOON + timedelta(days=4, hours=14), 5)  # nobody knows where
    assert (await group(findable))["events"] == 4
    assert await titles(findable) == [
        ("17 June 2024", 5),
        ("Freiburg, 16 June 2024", 5),
        ("Lisbon, 12–15 June 2024", 32),
        ("Freiburg, 11 June 2024", 6),
    ]


async def test_grouping_again_changes_nothing_and_late_photos_join(findable: Findable) -> None:
    await some(findable, NOON, 8)
    second = await some(findable, NOON + timedelta(days=2), 8)
    await group(findable)
    before = await rows(findable)
    assert await group(findable) == {"events": 2, "changed": 0}
    assert await group(findable, quick=True) == {"events": 0}
    assert await rows(findable) == before
    late = await photo(findable, NOON + timedelta(days=2, minutes=5))
    await photo(findable, NOON + timedelta(days=9))
    await group(findable, quick=True)
    event = {row["file"]: row["event"] for row in before}
    after = {row["file"]: row["event"] for row in await rows(findable)}
    assert after == event | {late: event[second[0]]}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    taken = []
    for day in range(60):
        where = chance.choice((HOME, HOME, LISBON, SINTRA))
        for number in range(chance.randint(0, 9)):
            start = 86_400.0 * day + chance.uniform(8, 20) * 3600
            known = chance.random() < 0.7
            taken.append(Taken(f"{day}-{number}", start, where[0] if known else None, where[1] if known else None))
    whole = event_groups.grouped(taken)
    assert whole
    chance.shuffle(taken)
    assert event_groups.grouped(taken) == whole
    assert len({file for group in whole for file in group}) == sum(len(group) for group in whole)
    # An event that falls apart goes on as its largest part.
    before = {file: "one" for file in whole[0]} | {file: "two" for file in whole[1]}
    parts = [whole[0][:1], whole[0][1:], whole[1]]
    assert event_groups.named(parts, before) == [None, "one", "two"]


async def test_what_people_say_holds_when_events_are_grouped_anew(findable: Findable) -> None:
    home = findable.home
    first = await some(findable, NOON, 8)
    second = await some(findable, NOON + timedelta(days=2), 8)
    await group(findable)
    later, earlier = (await events.list_events(home.db, LOCAL_ADMIN)).items
    await event_changes.rename(home.db, home.bus, LOCAL_ADMIN, earlier["id"], " Anna’s  wedding ")
    await event_changes.merge(home.db, home.bus, LOCAL_ADMIN, later["id"], [earlier["id"]])
    party, _ = await event_changes.make(home.db, home.bus, LOCAL_ADMIN, first[:3], name="Party")
    inside = await photo(findable, NOON + timedelta(days=1))
    await group(findable)
    assert await titles(findable) == [("Anna’s wedding, 12–14 June 2024", 14), ("Party, 12 June 2024", 3)]
    found = await events.files_of_event(home.db, LOCAL_ADMIN, later["id"])
    assert [row["id"] for row in found.items] == [*first[3:], inside, *second]
    assert (await events.get_event(home.db, LOCAL_ADMIN, party))["by_hand"]


async def test_each_of_it_can_be_undone_exactly(findable: Findable) -> None:
    home = findable.home
    first = await some(findable, NOON, 8)
    await some(findable, NOON + timedelta(days=2), 8)
    await group(findable)

    async def state() -> tuple[Any, Any]:
        return await rows(findable), await home.db.fetch(
            'SELECT "id", "name", "start", "end", "source" FROM "event" ORDER BY 1'
        )

    one, other = (await events.list_events(home.db, LOCAL_ADMIN)).items
    states, entries = [await state()], []
    for change in (
        event_changes.rename(home.db, home.bus, LOCAL_ADMIN, one["id"], "Sea"),
        event_changes.merge(home.db, home.bus, LOCAL_ADMIN, other["id"], [one["id"]]),
    ):
        entries.append(await change)
        states.append(await state())
    entries.append((await event_changes.make(home.db, home.bus, LOCAL_ADMIN, first[2:]))[1])
    assert entries[0] is not None
    with pytest.raises(ConflictError):
        await undo.undo(home.db, LOCAL_ADMIN, entries[0])
    for entry, before in zip(reversed(entries), reversed(states), strict=True):
        assert entry is not None
        await undo.undo(home.db, LOCAL_ADMIN, entry)
        assert await state() == before


async def test_photos_that_somebody_put_elsewhere_since_are_not_pulled_back_by_undo(findable: Findable) -> None:
    home = findable.home
    first = await some(findable, NOON, 8)
    await group(findable)
    (day,) = (await events.list_events(home.db, LOCAL_ADMIN)).items
    named = await event_changes.rename(home.db, home.bus, LOCAL_ADMIN, day["id"], "Sea")
    party, made = await event_changes.make(home.db, home.bus, LOCAL_ADMIN, first[:3], name="Party")
    assert named is not None
    assert made is not None
    with pytest.raises(ConflictError):
        await undo.undo(home.db, LOCAL_ADMIN, named)
    assert (await events.get_event(home.db, LOCAL_ADMIN, party))["count"] == 3
    for entry in (made, named):
        await undo.undo(home.db, LOCAL_ADMIN, entry)
    assert await titles(findable) == [("12 June 2024", 8)]


async def test_an_event_that_a_link_shows_neither_ends_nor_is_taken_apart(findable: Findable) -> None:
    home = findable.home
    row = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="a long password")
    anna = Viewer(user_id=row["id"])
    first = await some(findable, NOON, 5)
    await group(findable)
    (day,) = (await events.list_events(home.db, anna)).items
    link = await share_links.add_link(home.db, anna, {"event": day["id"]})
    await some(findable, NOON - timedelta(hours=3), 30, every_min=5)  # alone, these would be the larger part
    await some(findable, NOON + timedelta(days=3), 6)
    await group(findable)
    assert (await events.get_event(home.db, anna, day["id"]))["count"] >= 5
    other = next(e for e in (await events.list_events(home.db, anna)).items if e["id"] != day["id"])
    with pytest.raises(ConflictError, match="link"):
        await event_changes.merge(home.db, home.bus, anna, other["id"], [day["id"]])
    with pytest.raises(ConflictError, match="link"):
        await event_changes.dismiss(home.db, home.bus, anna, day["id"])
    held = [file["id"] for file in (await events.files_of_event(home.db, anna, day["id"])).items]
    assert set(first) <= set(held)
    with pytest.raises(ConflictError, match="link"):
        await event_changes.make(home.db, home.bus, anna, held)
    assert (await share_links.get_link(home.db, anna, link["id"]))["event"] == day["id"]
    await share_links.revoke(home.db, anna, link["id"])
    assert await event_changes.merge(home.db, home.bus, anna, other["id"], [day["id"]]) is not None


async def test_an_event_shows_nothing_of_files_that_its_viewer_does_not_see(findable: Findable) -> None:
    db = findable.home.db
    row = await users.add_user(db, LOCAL_ADMIN, username="anna", password="long enough", name="Anna", role="user")
    anna = Viewer(user_id=row["id"])
    bruno = Viewer(user_id=uuid.uuid4())
    await some(findable, NOON, 6, owner=anna.user_id, at=LISBON, city="Lisbon")
    ours = await some(findable, NOON, 6, at=HOME, city="Freiburg")
    hidden = await some(findable, NOON + timedelta(minutes=5), 2, at=HOME, city="Freiburg")
    await group(findable)
    for file in hidden:
        await db.fetch('UPDATE "stored_file" SET "archived" = 1 WHERE "id" = ?', [str(file)])
    assert sorted(await titles(findable, anna)) == [("Freiburg, 12 June 2024", 6), ("Lisbon, 12 June 2024", 6)]
    assert await titles(findable, bruno) == [("Freiburg, 12 June 2024", 6)]
    lisbon = next(e for e in (await events.list_events(db, anna)).items if e["place"] == "Lisbon")
    for asked in (events.get_event(db, bruno, lisbon["id"]), events.files_of_event(db, bruno, lisbon["id"])):
        with pytest.raises(NotFoundError):
            await asked
    with pytest.raises(NotFoundError):
        await event_changes.rename(db, findable.home.bus, bruno, lisbon["id"], "x")
    shared = (await events.list_events(db, bruno)).items[0]
    await db.fetch(
        'UPDATE "stored_file" SET "user" = ?, "shared" = 1 WHERE "id" = ?', [str(anna.user_id), str(ours[0])]
    )
    with pytest.raises(PermissionDeniedError):
        await event_changes.rename(db, findable.home.bus, bruno, shared["id"], "x")


def test_days_and_places_are_said_as_people_say_them() -> None:
    assert span_of("2024-06-12T10:00:00", "2024-06-12T11:00:00") == "12 June 2024"
    assert span_of("2024-06-29T10:00:00", "2024-07-02T11:00:00") == "29 June – 2 July 2024"
    assert span_of("2023-12-30T10:00:00", "2024-01-02T11:00:00") == "30 December 2023 – 2 January 2024"
    town = [{"city": name, "region": "Lisboa", "country": "Portugal"} for name in "AAAABBBCDE"]
    assert place_of(town[:7]) == "A and B"
    assert place_of(town) == "A and B"
    assert place_of([{"city": name, "region": "R", "country": "C"} for name in "ABCDEFGH"]) == "R"
    assert place_of([]) == ""
