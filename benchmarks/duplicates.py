"""Duplicates: how well copies and sequences are found on labelled pictures, and what a large library costs.

    python -m benchmarks.duplicates accuracy [--corpus ../shared/media] [--models ../shared/models/tags]
    python -m benchmarks.duplicates scale [--files 100000] [--corpus ../shared/media]

accuracy: thumbnails are made as the step `renditions` makes them, looks from these, embeddings by MobileNetV2 from the
pictures.  A pair counts as right when both files have the same cluster in duplicates.csv; every other pair of these
files, and every pair of the pictures in retrieval/, is wrong.  Files with the same bytes are one file.
scale: looks are those of random pieces of the corpus' photos, so that they have what real photos have in common; one
file of twenty is a copy with some bits changed.  The job runs as in the service, in the real compute child.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import itertools
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from appliance.compute import Compute
from appliance.config import Settings
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import PhotoLooks, StoredFile
from appliance.home import Home
from appliance.jobs.base import Progress
from appliance.jobs.find_duplicates import FindDuplicates
from appliance.library import duplicates, libraries
from appliance.library.duplicate_models import BESIDE
from appliance.library.duplicate_search import LITTLE_CONTRAST, NEAR, NEAR_WITH_LITTLE_CONTRAST
from appliance.library.viewers import LOCAL_ADMIN
from appliance.media.metadata import read_metadata
from appliance.media.renditions import render
from appliance.messages import Bus
from appliance.paths import DataPaths
from appliance.values import new_id, now
from benchmarks.people import timed, watch_peak
from ml.duplicates.looks import Looks, looks_of, looks_of_grey
from ml.duplicates.search import near_pairs
from ml.duplicates.similarity import UNUSUAL, unusual_cosine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 5000
COPIES = 20  # one of so many files is a copy


def labelled(corpus: Path) -> dict[Path, str]:
    """Path -> cluster; each content once; pictures of retrieval/ are clusters of their own."""
    seen: set[str] = set()
    clusters: dict[Path, str] = {}
    with (corpus / "duplicates.csv").open(newline="") as file:
        rows = [(corpus / row["path"], row["cluster"]) for row in csv.DictReader(file)]
    rows += [(path, str(path)) for path in sorted((corpus / "retrieval").rglob("*.jp*g"))]
    for path, cluster in rows:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            clusters[path] = cluster
    return clusters


def thumbnail(path: Path) -> bytes:
    metadata = read_metadata(path, filename=path.name, file_modified=datetime.now(UTC))
    return render(
        path, kind=metadata.kind, mime_type=metadata.mime_type, orientation=metadata.orientation
    ).thumbnail_webp


def embeddings(paths: list[Path], models: Path) -> NDArray[np.float32]:
    import numpy as np

    from appliance.media.pixels import decode_upright
    from ml.base import Runtime
    from ml.embedders.mobilenet import ImagenetEmbedder

    embedder = ImagenetEmbedder()
    embedder.load(Runtime(models_dir=models))
    rows = []
    for path in paths:
        metadata = read_metadata(path, filename=path.name, file_modified=datetime.now(UTC))
        picture = decode_upright(
            path,
            kind=metadata.kind,
            mime_type=metadata.mime_type,
            orientation=metadata.orientation,
            max_side=512,
        )
        rows.append(embedder.embed_images([picture])[0])
    return np.stack(rows)


def accuracy(corpus: Path, models: Path) -> None:
    import numpy as np

    clusters = labelled(corpus)
    paths = list(clusters)
    began = time.perf_counter()
    webps = [thumbnail(path) for path in paths]
    rendered = time.perf_counter()
    looks = [one or Looks(b"", b"", 0.0) for one in looks_of(webps)]
    print(f"{len(paths)} pictures; looks {(time.perf_counter() - rendered) / len(paths) * 1000:.2f} ms each, "
          f"renditions {(rendered - began) / len(paths) * 1000:.0f} ms each")  # fmt: skip
    distance = np.full((len(paths), len(paths)), 256)
    bits = [(number, part) for number, one in enumerate(looks) for part in (one.bits, one.inner) if part]
    files = [number for number, _ in bits]
    for one, other, apart in near_pairs(b"".join(part for _, part in bits), files, [True] * len(files), within=100):
        distance[one, other] = distance[other, one] = apart
    contrast = np.array([one.contrast for one in looks])
    vectors = embeddings(paths, models)
    cosine = vectors @ vectors.T
    least = unusual_cosine(vectors.astype("<f4").tobytes(), dimensions=vectors.shape[1])
    assert least is not None
    pairs = list(itertools.combinations(range(len(paths)), 2))
    one, other = np.array(pairs).T
    same = np.array([clusters[paths[a]] == clusters[paths[b]] for a, b in pairs])
    walk = np.array([clusters[paths[a]] == clusters[paths[b]] == "lund_walk" for a, b in pairs])
    apart, alike = distance[one, other], cosine[one, other]
    plain = np.minimum(contrast[one], contrast[other]) < LITTLE_CONTRAST
    print(f"{int((same & ~walk).sum())} pairs are copies, {int(walk.sum())} of a sequence, "
          f"{int((~same).sum())} neither; unusually alike is a cosine of {least:.3f}")  # fmt: skip

    def tell(name: str, chosen: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> None:
        right, wrong = int((chosen & wanted).sum()), int((chosen & ~same).sum())
        precision = right / max(1, right + wrong)
        print(f"{name:<44} precision {precision:.3f}  recall {right / int(wanted.sum()):.3f}  wrong {wrong}")

    print("copies by their looks alone")
    for within in (8, 16, 24, 32, 40, 60):
        limit = np.where(plain, min(within, NEAR_WITH_LITTLE_CONTRAST), within)
        tell(f"  up to {within} bits{'   <- in use' if within == NEAR else ''}", apart <= limit, same & ~walk)
    print("copies by embeddings alone")
    for cut in (0.6, 0.7, least, 0.85, 0.9, 0.95):
        tell(f"  cosine from {cut:.3f}", (alike >= cut) & ~walk, same & ~walk)
    print("copies by both: sure looks, or perhaps and unusually alike")
    sure = apart <= np.where(plain, NEAR_WITH_LITTLE_CONTRAST, NEAR)
    tell("  <- in use", sure | ((apart <= 60) & (alike >= least)), same & ~walk)
    print("the sequence, pairs of frames directly")
    for cut in (0.7, least, 0.85):
        tell(f"  cosine from {cut:.3f}, anywhere", (alike >= cut) & ~sure & (walk | ~same), walk)
    folder = np.array([paths[a].parent == paths[b].parent and abs(a - b) <= BESIDE for a, b in pairs])
    usual = float(np.median(alike))
    for times in (4.0, 5.0, UNUSUAL, 6.0):
        cut = usual + (least - usual) * times / UNUSUAL
        beside = (alike >= cut) & folder & ~sure
        tell(f"  beside each other, {times} spreads ({cut:.3f})", beside, walk)
        mark = "   <- in use" if times == UNUSUAL else ""
        tell(f"    and what hangs together so{mark}", joined(beside, pairs, len(paths)), walk)


def joined(chosen: NDArray[np.bool_], pairs: list[tuple[int, int]], count: int) -> NDArray[np.bool_]:
    """All pairs within what the chosen ones connect."""
    import numpy as np

    group = list(range(count))
    for (one, other), yes in zip(pairs, chosen.tolist(), strict=True):
        if yes:
            old, new = group[other], group[one]
            group = [new if number == old else number for number in group]
    return np.array([group[one] == group[other] for one, other in pairs])


def pieces(corpus: Path, count: int) -> list[Looks]:
    """Looks of random pieces of the corpus' photos, mirrored at random."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(0)
    photos = []
    for path in sorted((corpus / "retrieval").rglob("*.jp*g")):
        with Image.open(path) as image:
            image.thumbnail((250, 250))
            photos.append(np.asarray(image.convert("L")))
    found = []
    for number in range(count):
        photo = photos[number % len(photos)]
        sizes = [max(32, round(side * chance.uniform(0.3, 0.9))) for side in photo.shape]
        places = [int(chance.integers(0, max(1, side - size))) for side, size in zip(photo.shape, sizes, strict=True)]
        piece = photo[tuple(slice(place, place + size) for place, size in zip(places, sizes, strict=True))]
        found.append(looks_of_grey(piece[:, ::-1] if chance.random() < 0.5 else piece))
    return found


def copied(bits: bytes, chance: np.random.Generator) -> bytes:
    import numpy as np

    changed = np.unpackbits(np.frombuffer(bits, dtype=np.uint8))
    changed[chance.choice(256, size=int(chance.integers(0, 16)), replace=False)] ^= 1
    return np.packbits(changed).tobytes()


async def scale(corpus: Path, count: int) -> None:
    import numpy as np

    began = time.perf_counter()
    looks = pieces(corpus, count)
    print(f"looks of {count} pieces of photos: {(time.perf_counter() - began) / count * 1000:.2f} ms each")
    with tempfile.TemporaryDirectory() as folder:
        paths = DataPaths(Path(folder) / "data")
        paths.create()
        (paths.root / "photos").mkdir()
        settings = Settings(data=paths.root)
        db = Database(paths.database, paths.thumbnails)
        await db.open()
        await migrate(db)
        home = Home(settings=settings, paths=paths, db=db, bus=Bus(), compute=Compute(settings), steps=())
        try:
            library = await libraries.add_library(db, name="photos", root=str(paths.root / "photos"))
            chance = np.random.default_rng(1)
            for place in range(COPIES, len(looks), COPIES):
                original = looks[int(chance.integers(0, place))]
                if original.bits:
                    looks[place] = Looks(copied(original.bits, chance), b"", original.contrast)
            await add(home, library["id"], looks)
            await run(home, f"all {count} files, compared for the first time")
            await run(home, "nothing new")
            await add(home, library["id"], looks[:100])
            await run(home, "100 new files")
            await timed("first 50 groups", 20, lambda: duplicates.list_groups(db, LOCAL_ADMIN))
        finally:
            await home.compute.close()
            await db.close()


async def add(home: Home, library: object, looks: list[Looks]) -> None:
    moment = now()
    for start in range(0, len(looks), BATCH):
        some = [(new_id(), one) for one in looks[start : start + BATCH]]
        files = [
            {
                "id": file,
                "filename": "photo.jpg",
                "kind": "photo",
                "mime_type": "image/jpeg",
                "size_bytes": 4_000_000,
                "metadata": '{"date_source": "file", "tags": {"a": "%s"}}' % ("x" * 600),
                "library": library,
                "content": f"{file}.jpg",
                "content_sha": file.hex * 2,
                "local_start": "2024-05-01T12:00:00",
                "width": 4000,
                "height": 3000,
                "created": moment,
                "modified": moment,
            }
            for file, _ in some
        ]
        rows = [
            {"file": file, "bits": one.bits, "inner": one.inner, "contrast": one.contrast, "compared": not one.bits}
            for file, one in some
        ]
        async with home.db.write():
            await home.db.insert(StoredFile, files)
            await home.db.insert(PhotoLooks, rows)


async def run(home: Home, name: str) -> None:
    stop = asyncio.Event()
    watching = asyncio.ensure_future(watch_peak(stop))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began, began_cpu = time.perf_counter(), cpu_s()
    result = await FindDuplicates().run(home, Progress(lambda: None))
    seconds, cpu = time.perf_counter() - began, cpu_s() - began_cpu
    stop.set()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:<46} {seconds:6.1f} s ({cpu:.1f} s of processor)   child {await watching} MB, "
          f"this process {before} -> {own} MB   {result}", flush=True)  # fmt: skip


def cpu_s() -> float:
    """Of this process and its children, which live on for a minute after their work."""
    every = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(times.user + times.system for process in every for times in [process.cpu_times()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("accuracy", "scale"))
    parser.add_argument("--corpus", type=Path, default=Path("../shared/media"))
    parser.add_argument("--models", type=Path, default=Path("../shared/models/tags"))
    parser.add_argument("--files", type=int, default=100_000)
    args = parser.parse_args()
    if args.what == "accuracy":
        accuracy(args.corpus, args.models)
    else:
        asyncio.run(scale(args.corpus, args.files))


if __name__ == "__main__":
    main()
