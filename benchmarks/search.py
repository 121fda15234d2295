"""What search by words costs: queries, counts and suggestions on a large library of generated rows.

    python -m benchmarks.search [--files 100000] [--rounds 30]

Each file has a name, folder, date, place, camera, eight words of a tagging model (frequencies fall off as words do), a
caption on one in three, and up to two of 40 people; a third belongs to the user
who asks, a third to another, the rest to the family.  Calls of the library are timed in this process, serialising the
first 50 files included (HTTP adds about 1 ms).  CPU is that of this process, database threads included: what to compare
when the machine has other work.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.db.tables import Face, FileTag, Person, PhotoCaption, StoredFile, Tag
from appliance.library import libraries, search, suggest, text_index, users
from appliance.library.people import name_key
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from ml.vocabulary.words import read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from appliance.home import Home

BATCH = 2000
#: Tags are the words of our own vocabulary, the most frequent first as they stand there.
WORDS = read_vocabulary().words
SYLLABLES = ("ba", "de", "ki", "lo", "mu", "ra", "si", "to", "ve", "zu")
PLACES = [(f"Town{n}", f"Region{n % 12}", f"Country{n % 5}") for n in range(60)]
CAMERAS = ["Fujifilm X100V", "iPhone 12", "Pixel 7", "Canon EOS R6", "Nikon D90", "Galaxy S21"]
QUERIES = (
    "child",
    "juggler",
    "baby crowd",
    "trees in a valley",
    "person:name3",
    "person:name3 person:name5",
    "tag:child",
    "tag:juggler -tag:child",
    "place:town7",
    "camera:x100",
    "year:2019",
    "summer 2019",
    "child last year",
    "girl year:2019 kind:photo",
    "kind:photo",
    "img",
    "-tag:person",
    "badeki losi",
    "unicorn on a tractor",
    "favourite:",
    "rating:>3 has:gps",
)
STARTS = ("c", "ch", "child", "tag:", "tag:ch", "person:", "person:na", "place:t", "camera:", "20", "na", "")


async def make_library(home: Home, count: int) -> Viewer:
    chance = random.Random(1)
    asking, other = [
        (await users.add_user(home.db, LOCAL_ADMIN, username=name, password="a long password", role="user"))["id"]
        for name in ("asking", "other")
    ]
    photos = home.paths.root.parent / "photos"  # no library may lie in what Homeroll keeps itself
    photos.mkdir(exist_ok=True)
    library = await libraries.add_library(home.db, name="photos", root=str(photos))
    moment = now()
    words = [new_id() for _ in WORDS]
    people = [new_id() for _ in range(40)]
    weights = [1 / (n + 3) for n in range(len(WORDS))]
    async with home.db.write():
        await home.db.insert(Tag, [{"id": tag, "name": WORDS[n], "created": moment} for n, tag in enumerate(words)])
        named = [(person, f"Name{n} Family{n % 7}") for n, person in enumerate(people)]
        await home.db.insert(
            Person,
            [
                {"id": person, "name": name, "name_key": name_key(name), "created": moment, "modified": moment}
                for person, name in named
            ],
        )
    for start in range(0, count, BATCH):
        files: list[dict[str, Any]] = []
        tags: list[dict[str, Any]] = []
        faces: list[dict[str, Any]] = []
        captions: list[dict[str, Any]] = []
        for number in range(start, min(count, start + BATCH)):
            file = new_id()
            month = f"{2005 + number * 20 // count}-{number % 12 + 1:02}"
            files.append(_file(file, number, month, library["id"], (None, asking, other)[number % 3], chance))
            for tag in set(chance.choices(words, weights, k=8)):
                tags.append({"id": new_id(), "file": file, "tag": tag, "source": "model:siglip2", "score": 0.5})
            for person in chance.sample(people, chance.choice((0, 0, 1, 2))):
                faces.append({"id": new_id(), "file": file, "person": person} | {"created": moment, "modified": moment})
            if number % 3 == 0:
                said = " ".join("".join(chance.choices(SYLLABLES, k=3)) for _ in range(8))
                told = msgspec.json.encode({"im2txt": {"version": "1", "caption": said}}).decode()
                captions.append({"id": new_id(), "file": file, "captions_json": told, "modified": moment})
        async with home.db.write():
            for table, rows in ((StoredFile, files), (FileTag, tags), (Face, faces), (PhotoCaption, captions)):
                await home.db.insert(table, rows)
    return Viewer(user_id=asking)


def _file(file: UUID, number: int, month: str, library: object, owner: object, chance: random.Random) -> dict[str, Any]:
    place = dict(zip(("city", "region", "country"), chance.choice(PLACES), strict=True))
    details = {"camera_model": chance.choice(CAMERAS), "tags": {"a": "x" * 600}}
    moment = now()
    return {
        "id": file,
        "filename": f"IMG_{number}.jpg",
        "kind": "video" if number % 20 == 0 else "photo",
        "mime_type": "image/jpeg",
        "metadata": msgspec.json.encode(details).decode(),
        "user": owner,
        "library": library,
        "content": f"{month[:4]}/{month}/IMG_{number}.jpg",
        "content_sha": file.hex * 2,
        "local_start": f"{month}-{number % 28 + 1:02}T12:00:00.000",
        "place": msgspec.json.encode(place).decode(),
        "favourite": number % 50 == 0,
        "width": 4000,
        "height": 3000,
        "created": moment,
        "modified": moment,
    }


async def measure(name: str, rounds: int, call: Callable[[], Awaitable[Any]]) -> Any:
    answer = await call()
    times, busy = [], []
    for _ in range(rounds):
        began, began_cpu = time.perf_counter(), time.process_time()
        answer = await call()
        times.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - began_cpu) * 1000)
    times.sort()
    found = getattr(answer, "total", None)
    size = f"{found:>8}" if found is not None else f"{len(answer):>8}"
    p50, p95 = statistics.median(times), times[int(0.95 * (len(times) - 1))]
    print(f"{name:<34} {size} {p50:8.1f} {p95:8.1f} {statistics.median(busy):8.1f}", flush=True)
    return answer


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with open_home(Settings(data=(args.data or Path(folder)) / "data", compute="inline")) as home:
            began = time.perf_counter()
            row = await home.db.fetch_one("""SELECT "id" FROM "account" WHERE "username" = 'asking'""")
            viewer = Viewer(user_id=row["id"]) if row else await make_library(home, args.files)
            print(f"{args.files} files made in {time.perf_counter() - began:.1f} s")
            began = time.perf_counter()
            while await text_index.refresh(home.db):
                pass
            seconds = time.perf_counter() - began
            size = await home.db.value('SELECT sum("pgsize") FROM "dbstat" WHERE "name" LIKE ?', ["file_text%"])
            print(
                f"indexed in {seconds:.1f} s ({seconds / args.files * 1e3:.2f} ms a file), {(size or 0) / 1e6:.0f} MB"
            )
            print(f"{'query':<34} {'found':>8} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}")
            for query in QUERIES:
                await measure(query, args.rounds, lambda query=query: search.search(home, viewer, query))  # type: ignore[misc]  # a default argument
            deep = "kind:photo, from 20,000 on"
            await measure(deep, args.rounds, lambda: search.search(home, viewer, "kind:photo", offset=20_000))
            for start in STARTS:
                await measure(
                    f"suggest {start!r}",
                    args.rounds,
                    lambda start=start: suggest.suggest(home.db, viewer, start),  # type: ignore[misc]  # as above
                )
    print(f"peak resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
