"""Events and memories over HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.web.conftest import Service


async def test_an_event_is_made_named_listed_merged_and_undone(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    ids = [(await upload(anna, photo(f"2024:06:1{day} 12:00:00"), f"{day}.jpg"))["id"] for day in range(1, 7)]
    made = await anna.post("/events", json={"ids": ids[:3], "name": "Lisbon"})
    assert made.status_code == 201
    event = made.json()["event"]
    assert (event["title"], event["count"], event["by_hand"]) == ("Lisbon, 11–13 June 2024", 3, True)
    other = (await anna.post("/events", json={"ids": ids[3:]})).json()["event"]
    named = (await anna.patch(f"/events/{other['id']}", json={"name": "Sintra"})).json()
    assert named["event"]["title"] == "Sintra, 14–16 June 2024"
    page = (await anna.get("/events", params={"limit": 1})).json()
    rest = (await anna.get("/events", params={"limit": 1, "cursor": page["next"]})).json()
    assert [item["name"] for item in page["items"] + rest["items"]] == ["Sintra", "Lisbon"]
    merged = (await anna.post("/events/merge", json={"into": event["id"], "events": [other["id"]]})).json()
    assert merged["event"]["count"] == 6
    assert [item["id"] for item in (await anna.get(f"/events/{event['id']}/files")).json()["items"]] == ids
    months = (await anna.get("/timeline", params={"event": event["id"]})).json()
    assert months == {"total": 6, "months": [{"month": "2024-06", "count": 6}]}
    month = (await anna.get("/timeline/2024-06", params={"event": event["id"]})).json()
    assert month["ids"] == ids[::-1]
    assert (await anna.get("/timeline/2024-05", params={"event": event["id"]})).json()["ids"] == []
    both = await anna.get("/timeline", params={"event": event["id"], "person": event["id"]})
    assert_error(both, 400, "invalid_input")
    assert (await anna.get("/search", params={"q": "lisbon"})).status_code == 200
    await anna.post(f"/journal/{merged['undo']}/undo")
    assert (await anna.get("/events")).json()["total"] == 2
    assert (await anna.get("/timeline", params={"event": event["id"]})).json()["total"] == 3
    assert (await bruno.get("/events")).json() == {"items": [], "total": 0, "next": None}
    for answer in (
        await bruno.get(f"/events/{event['id']}"),
        await bruno.get(f"/events/{event['id']}/files"),
        await bruno.get("/timeline", params={"event": event["id"]}),
        await bruno.get("/timeline/2024-06", params={"event": event["id"]}),
        await bruno.patch(f"/events/{event['id']}", json={"name": "x"}),
        await bruno.post("/events", json={"ids": ids}),
        await anna.get(f"/events/{uuid.uuid4()}"),
    ):
        assert_error(answer, 404, "not_found")


async def test_what_is_put_away_makes_no_event_that_nobody_sees(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    ids = [(await upload(anna, photo(f"2024:06:1{day} 12:00:00")))["id"] for day in range(2)]
    await anna.patch(f"/files/{ids[0]}", json={"archived": True})
    assert_error(await anna.post("/events", json={"ids": ids[:1], "name": "Away"}), 400, "invalid_input")
    assert await service.house.home.db.value('SELECT count(*) FROM "event"') == 0
    assert (await anna.post("/events", json={"ids": ids})).json()["event"]["count"] == 1


async def test_memories_are_of_the_askers_day(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    sent = await upload(anna, photo("2020:06:12 12:00:00"))
    (memory,) = (await anna.get("/memories", params={"day": "2024-06-12"})).json()["items"]
    assert (memory["title"], memory["covers"]) == ("4 years ago", [sent["id"]])
    files = (await anna.get(f"/memories/{memory['id']}/files")).json()
    assert [item["id"] for item in files["items"]] == [sent["id"]]
    assert (await bruno.get("/memories", params={"day": "2024-06-12"})).json() == {"items": []}
    assert_error(await bruno.get(f"/memories/{memory['id']}/files"), 404)
    assert_error(await anna.get("/memories", params={"day": "soon"}), 400)
    assert (await anna.get("/memories")).json() == {"items": []} or datetime.now(UTC).strftime("%m-%d") == "06-12"


async def test_a_moment_makes_an_event_and_one_that_is_none_is_dismissed(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    ids = [(await upload(anna, photo(f"2024:06:12 1{hour}:00:00")))["id"] for hour in (7, 8, 9)]
    wish = {"moment": "2024-06-12T18:00:00", "minutes": 60, "name": "Party"}
    answer = await anna.post("/events/point", json=wish)
    assert answer.status_code == 201, answer.text
    event = answer.json()["event"]
    assert (event["title"], event["count"]) == ("Party, 12 June 2024, 18:00", 3)
    assert event["point"] == {"moment": "2024-06-12T18:00:00", "location": None}
    for wrong in ({"moment": "soon"}, wish | {"minutes": 0}, wish | {"latitude": 91, "longitude": 0}):
        assert_error(await anna.post("/events/point", json=wrong), 400)
    assert_error(await bruno.post("/events/point", json=wish), 400)
    assert_error(await bruno.post(f"/events/{event['id']}/dismiss"), 404)
    gone = await anna.post(f"/events/{event['id']}/dismiss")
    assert gone.status_code == 200
    assert (await anna.get("/events")).json()["total"] == 0
    assert (await anna.get(f"/files/{ids[0]}")).json()["events"] == []
    await anna.post(f"/journal/{gone.json()['undo']}/undo")
    assert (await anna.get(f"/events/{event['id']}")).json() == event
