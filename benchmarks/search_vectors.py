"""The nearest pictures among very many: our index beside sqlite-vec, numpy and faiss, in one run on the same vectors.

    python -m benchmarks.search_vectors [--vectors 100000] [--dimensions 512] [--queries 200] [--only NAME ...]

How the vectors are made (`make_vectors`): a common direction that all pictures share (cosine of two at random 0.5), 500
topics of uneven size, occasions of some 40 photos within a topic, each photo's own part, one in six photos nearly the
one before it; all but the common direction fall off by the root of their rank along a random basis, as embeddings' do.
Queries are half photos of known occasions that are not in the index, half texts: mostly a direction of their own, as
CLIP's texts are, with cosines of 0.1 to 0.4 to pictures.  On these, the best 1000 of a million by centred bits hold
81 % of the ten nearest of a text.

Every method runs in a process of its own: memory is what it holds more after its searches than before it opened
anything.  Ours is the library's own code in a whole database, with a row of `stored_file` for each vector: what a
handler awaits.  Its lists are learned by the job, in the real compute child, while files are added and searched for.
The page cache is warm, as it is for faiss and numpy, whose vectors are in memory.  CPU time is that of all threads:
that is comparable on a machine that has other things to do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database, sqlite_vec_path
from appliance.db.migrations import migrate
from appliance.db.tables import StoredFile
from appliance.home import Home
from appliance.jobs.base import Progress
from appliance.jobs.index_images import IndexImages
from appliance.library import image_index, libraries, users
from appliance.library.image_search import PLACE_BITS
from appliance.library.viewers import LOCAL_ADMIN
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.values import new_id, now
from ml.vectors import LARGEST, REACH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

BATCH = 5000
FOUND = 10
FEW = 50
MODEL = "bench"
SHARED, OWN = 0.70, 0.71
TOPIC, OCCASION, PHOTO = 0.35, 0.25, 0.40
TOPICS, PHOTOS_PER_OCCASION = 500, 40

Array = np.ndarray[Any, Any]


def make_vectors(folder: Path, count: int, dimensions: int, queries: int) -> None:
    """Writes vectors.npy and queries.npy: see above."""
    chance = np.random.default_rng(1)

    def normal(rows: int) -> Array:
        return chance.standard_normal((rows, dimensions), dtype=np.float32)

    size = (np.arange(1, dimensions + 1) ** -0.5).astype(np.float32)
    basis = np.linalg.qr(normal(dimensions))[0] * (size / np.linalg.norm(size))[:, None]
    shared = _unit(normal(1))
    topics = normal(TOPICS) @ basis
    weights = np.arange(1, TOPICS + 1) ** -0.8
    of_topic = chance.choice(TOPICS, count // PHOTOS_PER_OCCASION, p=weights / weights.sum())
    occasions = topics[of_topic] * TOPIC**0.5 + normal(len(of_topic)) @ basis * OCCASION**0.5
    weights = chance.lognormal(0, 1, len(of_topic))
    of_occasion = chance.choice(len(of_topic), count, p=weights / weights.sum())

    def photos(which: Array) -> Array:
        rows: Array = (occasions[which] + normal(len(which)) @ basis * PHOTO**0.5) * OWN + shared * SHARED
        return rows

    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (count, dimensions))
    for begin in range(0, count, 50_000):
        rows = photos(of_occasion[begin : begin + 50_000])
        again = 1 + np.flatnonzero(chance.random(len(rows) - 1) < 1 / 6)
        rows[again] = rows[again - 1] + normal(len(again)) @ basis * 0.12
        vectors[begin : begin + len(rows)] = _unit(rows)
    pictures = photos(of_occasion[chance.integers(0, count, queries // 2)])
    which = chance.integers(0, len(of_topic), queries - queries // 2)
    side = normal(1)
    side = _unit(side - (side @ shared.T) * shared)
    meant = topics[of_topic[which]] * 0.6 + occasions[which] * 0.4 + normal(len(which)) @ basis * 0.5
    texts = side * 0.85 + shared * 0.15 + _unit(meant) * 0.5
    np.save(folder / "queries.npy", _unit(np.concatenate([pictures, texts])).astype(np.float32))


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def make_truth(folder: Path) -> None:
    """The ten nearest of all, of every second one, and of `FEW`: truth-all.npy, truth-half.npy, truth-few.npy."""
    vectors, queries = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "queries.npy")
    scores = np.concatenate([queries @ vectors[at : at + 50_000].T for at in range(0, len(vectors), 50_000)], axis=1)
    few = np.linspace(0, len(vectors) - 1, FEW).astype(int)
    for name, seen in (("all", np.arange(len(vectors))), ("half", np.arange(0, len(vectors), 2)), ("few", few)):
        best = np.argpartition(-scores[:, seen], FOUND, axis=1)[:, :FOUND]
        np.save(folder / f"truth-{name}.npy", seen[best])


# -- ours


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Home]:
    paths = DataPaths(folder / "data")
    paths.create()
    settings = Settings(data=paths.root)
    db = Database(paths.database, paths.thumbnails)
    await db.open()
    await migrate(db)
    home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=Compute(settings), steps=())
    try:
        yield home
    finally:
        await home.compute.close()
        await db.close()


def _row(number: int, library: object, other: object) -> dict[str, Any]:
    moment = now()
    file = new_id()
    return {
        "id": file,
        "filename": f"{number}.jpg",
        "kind": "photo",
        "mime_type": "image/jpeg",
        "metadata": '{"camera_make": "Camera", "camera_model": "One", "tags": {"a": "%s"}}' % ("x" * 600),
        "library": library,
        "user": other if number % 2 else None,
        "content": f"{number}.jpg",
        "content_sha": file.hex * 2,
        "local_start": f"{2005 + number // 12 % 20}-{number % 12 + 1:02}-11T12:00:00.000",
        "created": moment,
        "modified": moment,
    }


async def fill(folder: Path) -> dict[str, Any]:
    """All vectors, written as `image_index.keep` writes them but many at a time, then the job, with life going on."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    count, dimensions = vectors.shape
    few = set(np.linspace(0, count - 1, FEW).astype(int).tolist())
    async with opened(folder) as home:
        db = home.db
        library = (await libraries.add_library(db, name="photos", root=str(folder)))["id"]
        other = await users.add_user(db, LOCAL_ADMIN, username="b", password="a long password", role="user")
        await users.add_user(db, LOCAL_ADMIN, username="a", password="a long password", role="user")
        async with db.write():
            index = await image_index._index_of(db, MODEL, "1", dimensions)
            await db.fetch('UPDATE "image_index" SET "in_use" = 1')
        loose = await db.value('SELECT "id" FROM "image_list" WHERE "generation" = 0')
        began = time.perf_counter()
        for begin in range(0, count, BATCH):
            part = vectors[begin : begin + BATCH]
            codes = np.clip(np.rint(part * (LARGEST * dimensions**0.5 / REACH)), -LARGEST, LARGEST).astype(np.int8)
            rows = [_row(begin + number, library, other["id"]) for number in range(len(part))]
            for number, row in enumerate(rows):
                row["favourite"] = begin + number in few
            async with db.write():
                await db.insert(StoredFile, rows)
                await db.execute_many(
                    'INSERT INTO "image_embedding" ("id", "file", "image_index", "vector") VALUES (?, ?, ?, ?)',
                    [[begin + n + 1, str(row["id"]), index.id, part[n].tobytes()] for n, row in enumerate(rows)],
                )
                await db.execute_many(
                    'INSERT INTO "image_vectors" ("place", "embedding", "code") VALUES (?, ?, ?)',
                    [
                        [loose << PLACE_BITS | begin + n + 1, begin + n + 1, codes[n].tobytes()]
                        for n in range(len(part))
                    ],
                )
        async with db.write():
            await db.fetch('CREATE INDEX "bench_few" ON "stored_file" ("id") WHERE "favourite"')
        filled = time.perf_counter() - began
        began = time.perf_counter()
        learning = asyncio.ensure_future(IndexImages().run(home, Progress(lambda: None)))
        kept, seen = [], []
        chance = np.random.default_rng(9)
        while not learning.done():
            row = _row(-1, library, None)
            row["hidden"] = True  # not among what is searched for later
            vector = _unit(chance.standard_normal((1, dimensions))).astype(np.float32)[0].tobytes()
            started = time.perf_counter()
            async with db.write():
                await db.insert(StoredFile, [row])
                await image_index.keep(db, row["id"], MODEL, "1", [vector])
            kept.append((time.perf_counter() - started) * 1000)
            started = time.perf_counter()
            found = await image_index.nearest(db, vector, condition="1", arguments=[], count=1)
            seen.append((time.perf_counter() - started) * 1000)
            assert str(found[0][0]) == str(row["id"]), "a new vector was not found at once"
            await asyncio.sleep(0.2)
        result = await learning
        size = await db.value('SELECT "page_count" * "page_size" FROM pragma_page_count, pragma_page_size')
    return {
        "fill_s": filled,
        "build_s": time.perf_counter() - began,
        "added_meanwhile": len(kept),
        "keep_ms": _spread(kept),
        "found_meanwhile_ms": _spread(seen),
        "database_mb": size / 1e6,
        **result,
    }


async def ask(folder: Path) -> dict[str, Any]:
    """Our searches, in a process that has done nothing else; it has numpy loaded already, which the service has not."""
    queries = np.load(folder / "queries.npy")
    asked: dict[str, Any] = {}
    async with opened(folder) as home:
        db = home.db
        await db.value('SELECT count(*) FROM "account"')
        before = _resident_mb()
        viewers = {row["username"]: str(row["id"]) for row in await db.fetch('SELECT "id", "username" FROM "account"')}
        visible = '(+f."user" IS NULL OR +f."user" = ?) AND f."listed"'
        conditions: dict[str, tuple[str, list[object]]] = {
            "all": (visible, [viewers["b"]]),
            "half": (visible, [viewers["a"]]),
            "few": (f'{visible} AND f."id" IN (SELECT "id" FROM "stored_file" WHERE "favourite")', [viewers["b"]]),
        }
        number = {row["file"]: row["id"] - 1 for row in await db.fetch('SELECT "file", "id" FROM "image_embedding"')}
        before_search = _resident_mb()
        for name, (condition, arguments) in conditions.items():
            truth = np.load(folder / f"truth-{name}.npy")

            async def search(
                query: Array, condition: str = condition, arguments: list[object] = arguments
            ) -> list[int]:
                found = await image_index.nearest(
                    db, query.tobytes(), condition=condition, arguments=arguments, count=FOUND
                )
                return [number[file] for file, _ in found]

            for query in queries[:10]:
                await search(query)
            times, cpu, kept = [], [], []
            for query, best in zip(queries, truth, strict=True):
                worked, began = time.process_time(), time.perf_counter()
                found = await search(query)
                times.append((time.perf_counter() - began) * 1000)
                cpu.append((time.process_time() - worked) * 1000)
                kept.append(len(set(found) & set(best.tolist())) / FOUND)
            half = len(kept) // 2
            asked[name] = {
                "ms": _spread(times),
                "cpu_ms": _spread(cpu),
                "photos": _mean(kept[:half]),
                "texts": _mean(kept[half:]),
            }
        times = []
        for query in queries[:50]:
            began = time.perf_counter()
            await image_index.background(db, query.tobytes(), condition=visible, arguments=[viewers["a"]])
            times.append((time.perf_counter() - began) * 1000)
        asked["background_ms"] = _spread(times)
        asked["memory_mb"] = _resident_mb() - before_search
        asked["open_mb"] = before
    return asked


# -- others: each returns how it searches, and builds what it needs first


def numpy_all(vectors: Array, folder: Path) -> Callable[[Array], Any]:
    held = np.array(vectors)

    def search(query: Array) -> Any:
        scores = held @ query
        return np.argpartition(-scores, FOUND)[:FOUND]

    return search


def faiss_flat(vectors: Array, folder: Path) -> Callable[[Array], Any]:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    for begin in range(0, len(vectors), 50_000):
        index.add(np.array(vectors[begin : begin + 50_000]))
    return lambda query: index.search(query[None], FOUND)[1][0]


def faiss_ivf_sq8(vectors: Array, folder: Path) -> Callable[[Array], Any]:
    import faiss

    lists = 2048 if len(vectors) > 500_000 else 512
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    chosen = np.sort(np.random.default_rng(0).choice(len(vectors), min(len(vectors), lists * 40), replace=False))
    index.train(np.array(vectors[chosen]))
    for begin in range(0, len(vectors), 50_000):
        index.add(np.array(vectors[begin : begin + 50_000]))
    index.nprobe = 32  # type: ignore[attr-defined]  # the factory's type is that of all indexes
    faiss.omp_set_num_threads(1)
    return lambda query: index.search(query[None], FOUND)[1][0]


def sqlite_vec_float(vectors: Array, folder: Path) -> Callable[[Array], Any]:
    connection = _sqlite_vec(folder / "vec0-float.db")
    connection.execute(f"CREATE VIRTUAL TABLE v USING vec0(vector float[{vectors.shape[1]}])")
    with connection:
        connection.executemany(
            "INSERT INTO v(rowid, vector) VALUES (?, ?)", ((n, row.tobytes()) for n, row in enumerate(vectors))
        )
    sql = "SELECT rowid FROM v WHERE vector MATCH ? AND k = ?"
    return lambda query: [row[0] for row in connection.execute(sql, (query.tobytes(), FOUND))]


def sqlite_vec_bits(vectors: Array, folder: Path) -> Callable[[Array], Any]:
    """Bits of vector less mean in vec0, the best 100 compared by floats beside it."""
    connection = _sqlite_vec(folder / "vec0-bits.db")
    mean = np.array(vectors[:: max(1, len(vectors) // 20_000)]).mean(axis=0)
    connection.execute(f"CREATE VIRTUAL TABLE v USING vec0(bits bit[{vectors.shape[1]}])")
    connection.execute("CREATE TABLE f(id INTEGER PRIMARY KEY, vector BLOB)")
    with connection:
        connection.executemany(
            "INSERT INTO v(rowid, bits) VALUES (?, vec_bit(?))",
            ((n, np.packbits(row > mean, bitorder="little").tobytes()) for n, row in enumerate(vectors)),
        )
        connection.executemany("INSERT INTO f VALUES (?, ?)", ((n, row.tobytes()) for n, row in enumerate(vectors)))
    sql = f"""WITH near AS MATERIALIZED (SELECT rowid AS id FROM v WHERE bits MATCH vec_bit(?) AND k = 100)
        SELECT f.id FROM near CROSS JOIN f ON f.id = near.id ORDER BY vec_distance_cosine(f.vector, ?) LIMIT {FOUND}"""
    along = mean / np.linalg.norm(mean)

    def search(query: Array) -> list[int]:
        bits = np.packbits(query - (query @ along) * along > 0, bitorder="little").tobytes()
        return [row[0] for row in connection.execute(sql, (bits, query.tobytes()))]

    return search


def _sqlite_vec(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.enable_load_extension(True)
    connection.load_extension(str(sqlite_vec_path()))
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


OTHERS: dict[str, Callable[[Array, Path], Callable[[Array], Any]]] = {
    "sqlite-vec float": sqlite_vec_float,
    "sqlite-vec bits + floats of 100": sqlite_vec_bits,
    "numpy, all": numpy_all,
    "faiss flat": faiss_flat,
    "faiss IVF SQ8": faiss_ivf_sq8,
}


def measure_other(folder: Path, name: str) -> dict[str, Any]:
    vectors, queries = np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "queries.npy")
    truth = np.load(folder / "truth-all.npy")
    before = _resident_mb()
    began = time.perf_counter()
    search = OTHERS[name](vectors, folder)
    build = time.perf_counter() - began
    # Slow ones are asked less: half photos, half texts all the same.
    search(queries[0])
    began = time.perf_counter()
    search(queries[0])
    step = max(1, round(len(queries) * (time.perf_counter() - began) / 20))
    times, cpu, kept = [], [], []
    for query, best in list(zip(queries, truth, strict=True))[::step]:
        worked, began = time.process_time(), time.perf_counter()
        found = search(query)
        cpu.append((time.process_time() - worked) * 1000)
        times.append((time.perf_counter() - began) * 1000)
        kept.append(len(set(map(int, found)) & set(best.tolist())) / FOUND)
    half = len(kept) // 2
    return {
        "build_s": build,
        "memory_mb": _resident_mb() - before,
        "all": {
            "ms": _spread(times),
            "cpu_ms": _spread(cpu),
            "photos": _mean(kept[:half]),
            "texts": _mean(kept[half:]),
        },
    }


def _resident_mb() -> float:
    """What only this process holds: mapped files (the vectors that are read from) are not counted."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def _spread(times: list[float]) -> tuple[float, float]:
    times = sorted(times) or [0.0]
    return round(statistics.median(times), 2), round(times[int(len(times) * 0.95)], 2)


def _mean(kept: list[float]) -> float:
    return round(sum(kept) / max(1, len(kept)), 3)


def part(folder: Path, name: str) -> dict[str, Any]:
    """Run one part in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.search_vectors", "--folder", str(folder), "--part", name],
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(name: str, found: dict[str, Any], seen: str = "all", build: float | None = None) -> None:
    median, p95 = found[seen]["ms"]
    cpu = found[seen]["cpu_ms"][1]
    memory = f"{found['memory_mb']:7.0f}" if seen == "all" else " " * 7
    built = f"{build:7.1f}" if build is not None else " " * 7
    print(
        f"{name:<34}{median:9.2f}{p95:9.2f}{cpu:9.2f}{found[seen]['photos']:9.3f}{found[seen]['texts']:8.3f}{memory}{built}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=["ours", *OTHERS])
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        own = {"fill": fill, "ask": ask}
        found = asyncio.run(own[args.part](args.folder)) if args.part in own else measure_other(args.folder, args.part)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_vectors(folder, args.vectors, args.dimensions, args.queries)
        make_truth(folder)
        print(f"{args.vectors:,} vectors of {args.dimensions}; {args.queries} queries, half photos, half texts")
        print(f"{'':34}{'p50 ms':>9}{'p95 ms':>9}{'p95 CPU':>9}{'recall@10 of':>17}{'MB':>7}{'build s':>7}")
        print(f"{'':34}{'':27}{'photos':>9}{'texts':>8}")
        if "ours" in args.only:
            filled = part(folder, "fill")
            found = part(folder, "ask")
            report("ours", found, build=filled["build_s"])
            report("  half may be seen", found, "half")
            report(f"  {FEW} may be seen", found, "few")
            print(f"  while it learned: {filled}\n  what is usual (background): {found['background_ms']} ms")
        for name in OTHERS:
            if name in args.only and (not name.startswith("faiss") or importlib.util.find_spec("faiss")):
                found = part(folder, name)
                report(name, found, build=found["build_s"])
                for leftover in folder.glob("vec0-*"):
                    leftover.unlink()


if __name__ == "__main__":
    main()
