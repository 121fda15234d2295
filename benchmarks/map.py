"""What the map costs: clusters of the box on screen at every zoom, what lies in a box, and the tree of places.

    python -m benchmarks.map [--files 200000] [--rounds 60]

Makes a library of that many geotagged files as a family's lie: most of them around one home, the rest on trips to 300
towns, a third of them one member's own.  For each zoom the boxes are those of a screen of 1440 x 900 px, around places
where photos are; times are of the library's call in this process (HTTP adds about 0.5 ms), wall clock, and the payload
is the JSON that is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.db.tables import StoredFile
from appliance.library import libraries, places, users
from appliance.library import map as photo_map
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from benchmarks.rows import photo_row

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable

    from appliance.home import Home

BATCH = 5000
TOWNS = 300
HOME = (48.0, 7.85)
AT_HOME = 0.6
WIDTH_PX, HEIGHT_PX, TILE_PX = 1440, 900, 256
FIRST = datetime(2014, 1, 1, tzinfo=UTC)
ZOOMS = (1, 3, 5, 7, 9, 11, 13, 15, 17)


def spots(count: int) -> list[tuple[float, float, str]]:
    chance = random.Random(1)
    towns = [(chance.uniform(-45, 65), chance.uniform(-170, 170), f"Town {number}") for number in range(TOWNS)]
    found = []
    for _ in range(count):
        if chance.random() < AT_HOME:
            found.append((chance.gauss(HOME[0], 0.02), chance.gauss(HOME[1], 0.03), "Freiburg"))
        else:
            latitude, longitude, name = chance.choice(towns)
            found.append((chance.gauss(latitude, 0.05), chance.gauss(longitude, 0.05), name))
    return found


async def make_library(home: Home, root: Path, where: list[tuple[float, float, str]]) -> Viewer:
    user = await users.add_user(home.db, LOCAL_ADMIN, username="bench", password="a long password", role="user")
    library = await libraries.add_library(home.db, name="bench", root=str(root))
    began = time.perf_counter()
    for start in range(0, len(where), BATCH):
        rows = [
            photo(library["id"], user["id"] if number % 3 == 0 else None, spot, start + number)
            for number, spot in enumerate(where[start : start + BATCH])
        ]
        async with home.db.write():
            await home.db.insert(StoredFile, rows)
    seconds = time.perf_counter() - began
    print(
        f"{len(where)} files inserted in {seconds:.1f} s, {seconds / len(where) * 1e6:.0f} us each, with all triggers"
    )
    return Viewer(user_id=user["id"])


def photo(library: uuid.UUID, owner: uuid.UUID | None, spot: tuple[float, float, str], number: int) -> dict[str, Any]:
    """Those at home over ten years, those of a town within one month of them."""
    days = number % 3650 if spot[2] == "Freiburg" else int(spot[2].split()[1]) * 12 + number % 30
    taken = FIRST + timedelta(days=days, seconds=number * 7919 % 86_400)
    place = {"city": spot[2], "region": f"Region {len(spot[2]) % 7}", "country": "Country", "country_code": "XX"}
    return photo_row(
        library,
        owner,
        local_start=taken.strftime("%Y-%m-%dT%H:%M:%S.000"),
        latitude=spot[0],
        longitude=spot[1],
        place=msgspec.json.encode(place).decode(),
    )


async def timed(run: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = await run()
    return (time.perf_counter() - began) * 1000, answer


def box_around(latitude: float, longitude: float, zoom: int) -> photo_map.Box:
    wide = 360 * WIDTH_PX / TILE_PX / 2**zoom / 2
    high = 360 * HEIGHT_PX / TILE_PX / 2**zoom / 2 * 0.7
    return (
        max(-180.0, longitude - wide),
        max(-90.0, latitude - high),
        min(180.0, longitude + wide),
        min(90.0, latitude + high),
    )


async def run(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_home(Settings(data=Path(folder) / "data", compute="inline", watch=False)) as home:
            where = spots(count)
            viewer = await make_library(home, Path(folder), where)
            chance = random.Random(2)
            for zoom in ZOOMS:
                times, clusters, sizes = [], [], []
                for _ in range(rounds):
                    latitude, longitude, _ = chance.choice(where)
                    box = box_around(latitude, longitude, zoom)
                    ms, answer = await timed(lambda: photo_map.clusters(home.db, viewer, box, zoom))  # noqa: B023 - awaited at once
                    times.append(ms)
                    clusters.append(len(answer["count"]))
                    sizes.append(len(msgspec.json.encode(answer)))
                report(
                    f"clusters, zoom {zoom}",
                    times,
                    f"{statistics.median(clusters):.0f} clusters, {max(sizes) / 1000:.1f} kB at most",
                )
            for zoom in (2, 6, 10, 12, 14, 16):
                times, totals = [], []
                for _ in range(rounds):
                    latitude, longitude, _ = chance.choice(where)
                    box = box_around(latitude, longitude, zoom)
                    ms, (_, total) = await timed(lambda: photo_map.files_in_box(home.db, viewer, box, limit=100))  # noqa: B023 - awaited at once
                    times.append(ms)
                    totals.append(total)
                report(f"100 files of a box, zoom {zoom}", times, f"{statistics.median(totals):.0f} in the box")
            times = [(await timed(lambda: photo_map.files_near(home.db, viewer, *HOME, 2)))[0] for _ in range(10)]
            report("within 2 km of home", times, "")
            west, south, east, north = box_around(*HOME, 14)
            area = ((west, south), (east, south), (east, north), (west, north))
            times, totals = [], []
            for _ in range(10):
                ms, (_, total) = await timed(lambda: photo_map.files_within(home.db, viewer, area))
                times.append(ms)
                totals.append(total)
            report("100 files of an area", times, f"{totals[0]} in it")
            times = [(await timed(lambda: places.tree(home.db, viewer)))[0] for _ in range(rounds)]
            report(f"tree of {TOWNS + 1} places", times, "")


def report(name: str, times: list[float], more: str) -> None:
    times.sort()
    print(
        f"{name:28} median {statistics.median(times):7.2f} ms  p95 {times[int(len(times) * 0.95) - 1]:7.2f} ms  {more}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=60)
    args = parser.parse_args()
    asyncio.run(run(args.files, args.rounds))


if __name__ == "__main__":
    main()
