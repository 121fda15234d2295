"""What people cost: lists, one person, suggestions, nearest faces, and grouping; on generated faces.

    python -m benchmarks.people [--faces 10000] [--of 400] [--rounds 200]

Makes a data directory with one face on each photo of five and two or three on the others, of `--of` people whose sizes
fall off as families' do, with vectors that lie as dlib's do: 0.35 apart within a person, 0.9 between people.  Library
calls are timed in this process (what a handler awaits; HTTP adds about 0.5 ms), grouping is run as the job, in the real
compute child, whose peak memory is its own VmHWM.  Times are wall clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import Face, StoredFile
from appliance.home import Home
from appliance.jobs.base import Progress
from appliance.jobs.cluster_faces import ClusterFaces
from appliance.library import face_index, faces, libraries, people, timeline, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BATCH = 2000
APART, WITHIN = 0.9, 0.35


def vectors(count: int, of: int, dimensions: int) -> tuple[list[int], list[bytes]]:
    """Who each face is, and its embedding."""
    import numpy as np

    chance = np.random.default_rng(1)
    centres = chance.normal(size=(of, dimensions))
    centres *= APART / np.sqrt(2) / np.linalg.norm(centres, axis=1, keepdims=True)
    sizes = 1 / np.arange(1, of + 1) ** 0.7
    who = chance.choice(of, size=count, p=sizes / sizes.sum())
    noise = chance.normal(size=(count, dimensions)) * (WITHIN / np.sqrt(2) / np.sqrt(dimensions))
    return who.tolist(), [row.tobytes() for row in (centres[who] + noise).astype("<f4")]


async def make_library(home: Home, count: int, of: int) -> Viewer:
    user = await users.add_user(home.db, LOCAL_ADMIN, username="bench", password="a long password", role="user")
    photos = home.paths.root.parent / "photos"  # no library may lie in what Homeroll keeps itself
    photos.mkdir(exist_ok=True)
    library = await libraries.add_library(home.db, name="photos", root=str(photos))
    engine = await face_index.engine_in_use(home.db)
    who, embeddings = vectors(count, of, engine.dimensions)
    moment = now()
    number = 0
    photo = 0
    while number < count:
        files: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        while number < count and len(rows) < BATCH:
            together = min((1, 2, 1, 3, 1)[photo % 5], count - number)
            file = new_id()
            month = f"{2005 + photo // 12 % 20}-{photo % 12 + 1:02}"
            files.append(
                {
                    "id": file,
                    "filename": f"{photo}.jpg",
                    "kind": "photo",
                    "mime_type": "image/jpeg",
                    "metadata": '{"camera_make": "Camera", "camera_model": "One", "tags": {"a": "%s"}}' % ("x" * 600),
                    "library": library["id"],
                    "content": f"{photo}.jpg",
                    "content_sha": file.hex * 2,
                    "local_start": f"{month}-11T12:00:00.000",
                    "width": 4000,
                    "height": 3000,
                    "created": moment,
                    "modified": moment,
                }
            )
            for place in range(together):
                rows.append(
                    {
                        "id": new_id(),
                        "file": file,
                        "x": 0.1 + 0.3 * place,
                        "y": 0.2,
                        "width": 0.2,
                        "height": 0.3,
                        "score": 0.9,
                        "quality": (number * 7919 % 1000) / 1000,
                        "usable": True,
                        "embedding": embeddings[number],
                        "engine": engine.name,
                        "engine_version": engine.version,
                        "created": moment,
                        "modified": moment,
                    }
                )
                number += 1
            photo += 1
        async with home.db.write():
            await home.db.insert(StoredFile, files)
            await home.db.insert(Face, rows)
            await face_index.keep_vectors(home.db, [row["id"] for row in rows])
            await face_index.note_change(home.db)
    await _tell_size(home, who)
    return Viewer(user_id=user["id"])


async def _tell_size(home: Home, who: list[int]) -> None:
    photos = await home.db.value('SELECT count(*) FROM "stored_file"')
    print(f"{len(who)} faces of {len(set(who))} people on {photos} photos")


async def timed(name: str, rounds: int, call: Callable[[], Awaitable[object]]) -> None:
    await call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(f"{name:<46} median {statistics.median(times):7.2f} ms   p95 {times[int(len(times) * 0.95)]:7.2f} ms")


async def watch_peak(stop: asyncio.Event) -> int:
    """The most that any child process has held, in MB."""
    peak = 0
    while not stop.is_set():
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(OSError, psutil.Error):
                for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM"):
                        peak = max(peak, int(line.split()[1]) // 1024)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.2)
    return peak


async def group(home: Home, name: str, *, quick: bool) -> None:
    stop = asyncio.Event()
    watching = asyncio.ensure_future(watch_peak(stop))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began = time.perf_counter()
    result = await ClusterFaces().run(home, Progress(lambda: None), quick=quick)
    seconds = time.perf_counter() - began
    stop.set()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:<46} {seconds:7.1f} s   child {await watching} MB, this process {before} -> {own} MB   {result}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--of", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder) / "data")
        paths.create()
        (paths.root / "photos").mkdir()
        settings = Settings(data=paths.root, compute_memory_mb=4096)
        db = Database(paths.database, paths.thumbnails)
        await db.open()
        await migrate(db)
        await face_index.prepare(db)
        home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=Compute(settings), steps=())
        try:
            await measure(home, await make_library(home, args.faces, args.of), args.rounds)
        finally:
            await home.compute.close()
            await db.close()


async def measure(home: Home, viewer: Viewer, rounds: int) -> None:
    db = home.db
    await group(home, "group everything", quick=False)
    await group(home, "group everything again", quick=False)
    async with db.write():
        await face_index.note_change(db)
    await group(home, "group what is new", quick=True)
    page = await people.list_people(db, viewer, limit=100)
    print(f"{page.total} groups; the largest has {page.items[0]['faces']} faces")
    largest = page.items[0]["id"]
    face = (await people.list_faces(db, viewer, largest, limit=1)).items[0]["id"]
    embedding: bytes = await db.value('SELECT "embedding" FROM "face" WHERE "id" = ?', [str(face)])
    await timed("first 100 people", rounds, lambda: people.list_people(db, viewer, limit=100))
    await timed("people by the beginning of a name", rounds, lambda: people.list_people(db, viewer, q="an"))
    await timed("one person", rounds, lambda: people.get_person(db, viewer, largest))
    await timed("their first 100 faces", rounds, lambda: people.list_faces(db, viewer, largest, limit=100))
    await timed("their months", rounds, lambda: timeline.list_months(db, viewer, person=largest))
    await timed("one of their months", rounds, lambda: timeline.get_month(db, viewer, "2015-03", person=largest))
    await timed("nearest 64 faces", rounds, lambda: face_index.nearest(db, embedding, count=64))
    await timed("who may this face be", rounds, lambda: faces.who_may_it_be(db, viewer, face))
    await timed(
        "which faces may be this person", max(5, rounds // 10), lambda: people.face_suggestions(db, viewer, largest)
    )
    await timed("merge suggestions", rounds, lambda: people.merge_suggestions(db, viewer))


if __name__ == "__main__":
    asyncio.run(main())
