"""What changing thousands of files at once costs, beside the same change as one raw SQL statement.

    python -m benchmarks.bulk_edit [--library 20000] [--files 2000] [--rounds 9]

Makes a library of `--library` generated photos with tags, places and a face each, then changes `--files` of them,
spread over all years, in turns: through `library.edits` (who may change them, one transaction, what was before, the
journal), and as a bare UPDATE statement that writes the same values in one transaction, triggers included; each is
undone after that.  Ratios are of medians of one run; times are wall clock.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.db.tables import Face, StoredFile
from appliance.library import edits, libraries, tags, text_index, trash, undo, users
from appliance.library.edits import Edit, Location
from appliance.library.face_index import ids_json
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from benchmarks.rows import photo_row

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable

    from appliance.home import Home

BATCH = 2000
WORDS = ("beach", "dog", "snow", "garden", "birthday", "city")
VIENNA = Location(latitude=48.2082, longitude=16.3738)
PLACE = '{"city":"Vienna","region":"Vienna","country":"Austria","country_code":"AT"}'


async def make_library(home: Home, root: Path, count: int) -> tuple[Viewer, list[uuid.UUID]]:
    user = await users.add_user(home.db, LOCAL_ADMIN, username="bench", password="a long password", role="user")
    library = await libraries.add_library(home.db, name="bench", root=str(root))
    chance = random.Random(1)
    ids: list[uuid.UUID] = []
    for start in range(0, count, BATCH):
        some = [photo(library["id"], user["id"], chance) for _ in range(min(BATCH, count - start))]
        async with home.db.write():
            await home.db.insert(StoredFile, some)
            await home.db.insert(Face, [face(row["id"]) for row in some])
            await tags.set_tags_of_many(home.db, {row["id"]: chance.sample(WORDS, 2) for row in some}, source="exif")
        ids += [row["id"] for row in some]
    while await text_index.refresh(home.db):
        pass
    return Viewer(user_id=user["id"]), ids


def photo(library: uuid.UUID, owner: uuid.UUID, chance: random.Random) -> dict[str, Any]:
    local = f"{chance.randint(2005, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T12:00:00.000"
    return photo_row(
        library,
        owner,
        start=f"{local[:10]} 12:00:00+00:00",
        local_start=local,
        latitude=chance.uniform(-60, 60),
        longitude=chance.uniform(-180, 180),
        place='{"city":"Lisbon","region":"Lisbon","country":"Portugal","country_code":"PT"}',
        metadata='{"camera_model":"X100"}',
    )


def face(file: uuid.UUID) -> dict[str, Any]:
    moment = now()
    return {"id": new_id(), "file": file, "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2} | {
        "created": moment,
        "modified": moment,
    }


#: name -> the change, and the same as bare SQL on the files of a JSON list (?1).
CHANGES: dict[str, tuple[Edit, str]] = {
    "rating": (Edit(rating=4), '"rating" = 4'),
    "favourite and description": (
        Edit(favourite=True, description="Our summer"),
        """"favourite" = 1, "description" = 'Our summer'""",
    ),
    "archive": (Edit(archived=True), '"archived" = 1'),
    "date, 40 days later": (
        Edit(shift_s=40 * 86_400),
        """"start" = datetime("start", '+40 days') || '+00:00',
           "local_start" = strftime('%Y-%m-%dT%H:%M:%f', "local_start", '+40 days')""",
    ),
    "place": (
        Edit(location=VIENNA),
        f"""\"latitude" = 48.2082, "longitude" = 16.3738, "place" = '{PLACE}'""",
    ),
}


async def timed(run: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = await run()
    return (time.perf_counter() - began) * 1000, answer


async def undone(home: Home, viewer: Viewer, done: edits.Edited) -> float:
    began = time.perf_counter()
    assert done.undo is not None
    await undo.undo(home.db, viewer, done.undo)
    return (time.perf_counter() - began) * 1000


async def raw(home: Home, ids: list[uuid.UUID], assignments: str) -> None:
    async with home.db.write():
        await home.db.fetch(
            f"""UPDATE "stored_file" SET {assignments}, "modified" = ?2
                WHERE "id" IN (SELECT value FROM json_each(?1))""",
            [ids_json(ids), now()],
        )


async def compare(home: Home, viewer: Viewer, ids: list[uuid.UUID], name: str, rounds: int) -> None:
    edit, assignments = CHANGES[name]
    ours, back, bare = [], [], []
    for _ in range(rounds):
        ms, done = await timed(lambda: edits.edit_files(home, viewer, ids, edit))
        assert done.changed == len(ids)
        ours.append(ms)
        back.append(await undone(home, viewer, done))
        before = {str(file): row for file, row in (await columns(home, ids)).items()}
        bare.append((await timed(lambda: raw(home, ids, assignments)))[0])
        await restore(home, before)
        while await text_index.refresh(home.db):
            pass
    middle = [statistics.median(times) for times in (ours, back, bare)]
    print(
        f"{name:28} edit {middle[0]:6.0f} ms   undo {middle[1]:6.0f} ms   raw SQL {middle[2]:6.0f} ms"
        f"   ratio {middle[0] / middle[2]:.2f}"
    )


async def columns(home: Home, ids: list[uuid.UUID]) -> dict[str, Any]:
    from appliance.library.file_changes import columns_of

    return await columns_of(home.db, ids)


async def restore(home: Home, rows: dict[str, Any]) -> None:
    from appliance.library.file_changes import set_columns

    async with home.db.write():
        await set_columns(home.db, rows)


async def others(home: Home, viewer: Viewer, ids: list[uuid.UUID], rounds: int) -> None:
    """What has no single statement beside it."""
    for name, run in (
        (
            "two tags added, one taken off",
            lambda: edits.edit_files(home, viewer, ids, Edit(add_tags=["a", "b"], remove_tags=["dog"])),
        ),
        ("to the trash", lambda: trash.trash_files(home.db, home.bus, viewer, ids)),
    ):
        there, back = [], []
        for _ in range(rounds):
            ms, done = await timed(run)
            there.append(ms)
            back.append(await undone(home, viewer, done))
        print(f"{name:28} edit {statistics.median(there):6.0f} ms   undo {statistics.median(back):6.0f} ms")


async def run(library: int, files: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", compute="inline", watch=False)
        async with open_home(settings) as home:
            viewer, ids = await make_library(home, Path(folder), library)
            chosen = random.Random(2).sample(ids, files)
            print(f"{library} photos, {files} of them changed in one transaction, median of {rounds}")
            for name in CHANGES:
                await compare(home, viewer, chosen, name, rounds)
            await others(home, viewer, chosen, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    asyncio.run(run(args.library, args.files, args.rounds))


if __name__ == "__main__":
    main()
