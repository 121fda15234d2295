"""The timeline: counts, columns, order, and what an unchanged month costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.conftest import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.web.conftest import Service

COLUMNS = ("ids", "ratio", "thumbhash", "kind", "start", "duration", "flags")


async def test_months_and_columns(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    early = await upload(anna, photo("2024:05:01 00:00:00"))
    late = await upload(anna, photo("2024:05:31 23:59:59", size=(60, 80)))
    await upload(anna, photo("2023:12:31 23:59:59"))
    await upload(anna, photo("2024:06:01 00:00:00"))
    months = (await anna.get("/timeline")).json()
    assert months["total"] == 4
    assert [(month["month"], month["count"]) for month in months["months"]] == [
        ("2024-06", 1),
        ("2024-05", 2),
        ("2023-12", 1),
    ]
    month = (await anna.get("/timeline/2024-05")).json()
    assert month["month"] == "2024-05"
    assert month["count"] == 2
    assert month["ids"] == [late["id"], early["id"]]
    assert month["ratio"] == [0.75, 1.3333]
    assert month["kind"] == ["photo", "photo"]
    assert [start[:19] for start in month["start"]] == ["2024-05-31T23:59:59", "2024-05-01T00:00:00"]
    assert month["duration"] == [None, None]
    assert all(len(month[column]) == 2 for column in COLUMNS)


async def test_a_month_with_nothing_is_empty(anna: httpx.AsyncClient) -> None:
    assert (await anna.get("/timeline")).json() == {"total": 0, "months": []}
    month = (await anna.get("/timeline/1999-01")).json()
    assert month == {"month": "1999-01", "count": 0} | {column: [] for column in COLUMNS}


async def test_flags_and_offsets(service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    shown = await upload(anna, photo("2024:05:01 12:00:00"))
    other = await upload(anna, photo("2020:01:01 12:00:00"))
    db = service.house.home.db
    cases: tuple[tuple[str, int, int], ...] = (
        ("\"thumbhash\" = 'x'", 63, 0),
        ('"favourite" = 1', 1, 1),
        ('"motion_offset" = 5', 2, 2),
        ("\"burst_id\" = 'b'", 8, 8),
        ('"animated" = 1', 16, 16),
        ('"thumbhash" = NULL', 32, 32),
    )
    for change, mask, expected in cases:
        async with db.write():
            await db.fetch(f'UPDATE "stored_file" SET {change} WHERE "id" = ?', [shown["id"]])
        (flags,) = (await anna.get("/timeline/2024-05")).json()["flags"]
        assert flags & mask == expected, change
    async with db.write():
        await db.fetch('UPDATE "stored_file" SET "motion_offset" = NULL')
        for role in ("live_video", "raw_of", "sidecar_of"):
            await db.fetch(
                'INSERT INTO "related_file" ("id", "file", "related", "role") VALUES (?, ?, ?, ?)',
                [role, other["id"], shown["id"], role],
            )
    (flags,) = (await anna.get("/timeline/2024-05")).json()["flags"]
    assert flags & 6 == 6
    for offset, text in ((120, "+02:00"), (-210, "-03:30"), (0, "+00:00"), (None, "")):
        async with db.write():
            await db.fetch('UPDATE "stored_file" SET "utc_offset_min" = ?', [offset])
        (start,) = (await anna.get("/timeline/2024-05")).json()["start"]
        assert start == f"2024-05-01T12:00:00{text}"


async def test_an_unchanged_month_is_not_sent_again(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    await service.house.runner.pause()  # a thumbhash that comes in between is a change
    shown = await upload(anna, photo("2024:05:01 12:00:00"))
    for path in ("/timeline", "/timeline/2024-05"):
        first = await anna.get(path)
        again = await anna.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    before = await anna.get("/timeline/2024-05")
    await anna.patch(f"/files/{shown['id']}", json={"favourite": True})
    after = await anna.get("/timeline/2024-05", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["flags"][0] & 1


async def test_hidden_and_archived_files_are_not_on_the_timeline(
    anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    for mark in ("hidden", "archived"):
        shown = await upload(anna, photo("2024:05:01 12:00:00"))
        await anna.patch(f"/files/{shown['id']}", json={mark: True})
    assert (await anna.get("/timeline")).json()["total"] == 0
    assert (await anna.get("/timeline/2024-05")).json()["ids"] == []
