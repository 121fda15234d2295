"""Detection plans on photos of 12 MP: CPU, recall by the size of the face, and how much of what is found is a face.

    python benchmarks/face_detection.py made                 faces of known sizes put into landscapes
    python benchmarks/face_detection.py photos FOLDER        photos as they are, compared with YuNet at 2880 px
    options: --media DIR --models DIR (YuNet; without it no ONNX plan and no precision) --count N

The plans are LibrePhotos' (HOG, 1080 px high, upsample 1) and ours, each shown the same picture brought to the side it
wants, beforehand: CPU is that of detection alone, one thread, all in one run.  `others` counts what is found where no
face was put; `seen by YuNet` how many of these YuNet takes for faces too (people in the backgrounds of the cut-outs).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ml.base import Box, Runtime
from ml.faces.analyse import decode_side
from ml.registry import face_engine
from ml.runtime import loaded

SIZES = (20, 30, 40, 60, 80, 100, 130, 200, 300)
LFW_SIDE, LFW_FACE = 250, 105  # a cut-out and about the width of the face in it
WIDTH, HEIGHT = 4000, 3000
LIBREPHOTOS = "LibrePhotos (HOG, 1080 px high, upsample 1)"
RETAIL = "face-reidentification-retail-0095"
REFERENCE_SIDE = 2880

Pixels = NDArray[np.uint8]
Detect = Callable[[Pixels], list[Box]]
Placed = list[tuple[float, float, int]]


def plans(models: Path | None) -> dict[str, tuple[Callable[[int, int], int], Detect]]:
    """Name -> (side at which it wants a picture of width x height, boxes it finds in that)."""
    import face_recognition

    def libre_photos(pixels: Pixels) -> list[Box]:
        return [(box[3], box[0], box[1], box[2]) for box in face_recognition.face_locations(pixels, 1)]

    def plan(name: str) -> tuple[Callable[[int, int], int], Detect]:
        engine = loaded(face_engine(name), Runtime(models))
        return lambda width, height: decode_side(name, width, height), lambda pixels: [
            face.box_px for face in engine.detect(pixels)
        ]

    found = {LIBREPHOTOS: (lambda width, height: round(1080 * width / height), libre_photos), "dlib": plan("dlib")}
    return found | ({RETAIL: plan(RETAIL)} if models else {})


def yunet(models: Path, image: Image.Image) -> list[Box]:
    """Boxes in `image`, found at twice the size the engine uses: a second opinion, not the truth."""
    from ml.faces.onnx_engine import RetailFaceEngine
    from ml.faces.yunet import YuNet
    from ml.runtime import model_path, open_session

    spec = RetailFaceEngine.spec
    session = open_session(model_path(models, spec, spec.files[0]), spec)
    return [face.box_px for face in YuNet(session, max_side=REFERENCE_SIDE).detect(np.array(image))]


def run(detect: Detect, image: Image.Image, side: int) -> tuple[list[Box], float]:
    """Boxes in pixels of `image`, and CPU seconds of finding them."""
    size = (side, round(side * image.height / image.width))
    pixels = np.array(image.resize(size, Image.Resampling.BOX) if side < image.width else image)
    scale = image.width / pixels.shape[1]
    began = time.process_time()
    found = detect(pixels)
    return [(b[0] * scale, b[1] * scale, b[2] * scale, b[3] * scale) for b in found], time.process_time() - began


# ------------------------------------------------------------------------------------------------- faces put there


def made(media: Path, models: Path | None, count: int) -> None:
    hits: dict[str, dict[int, int]] = {}
    cpu: dict[str, float] = {}
    others: dict[str, list[int]] = {}
    chosen = plans(models)
    for image, placed in (scene(media, number) for number in range(count)):
        reference = yunet(models, image) if models else []
        for name, (side, detect) in chosen.items():
            found, seconds = run(detect, image, side(*image.size))
            cpu[name] = cpu.get(name, 0.0) + seconds
            right = [next((box for box in found if is_face(box, *face)), None) for face in placed]
            counts = hits.setdefault(name, dict.fromkeys(SIZES, 0))
            for (_, _, size), box in zip(placed, right, strict=True):
                counts[size] += box is not None
            wrong = [box for box in found if box not in right]
            seen = sum(any(overlap(box, one) > 0.2 for one in reference) for box in wrong)
            others[name] = [a + b for a, b in zip(others.get(name, [0, 0]), (len(wrong), seen), strict=True)]
    for name, counts in hits.items():
        report = {
            "plan": name,
            "cpu_ms": round(cpu[name] / count * 1000),
            "of_librephotos": round(cpu[name] / cpu[LIBREPHOTOS], 2),
            "recall": {size: round(counts[size] / (2 * count), 2) for size in SIZES},
            "found": f"{sum(counts.values())}/{2 * count * len(SIZES)}",
            "others": others[name][0],
            "others_seen_by_yunet": others[name][1] if models else None,
        }
        print(json.dumps(report))


def is_face(box: Box, x: float, y: float, size: int) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3] and box[2] - box[0] < 3 * size


def scene(media: Path, number: int) -> tuple[Image.Image, Placed]:
    """A landscape enlarged to 12 MP, two faces of each size put into it: (picture, centre and width of each)."""
    random = np.random.default_rng(number)
    grounds = [path for path in sorted((media / "geo").rglob("*.jpg")) if min(Image.open(path).size) >= 1000]
    ground = Image.open(grounds[number % len(grounds)]).convert("RGB")
    image = ground.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    people = [path for path in sorted((media / "faces").glob("*/*_0001.jpg")) if Image.open(path).size == (250, 250)]
    placed: Placed = []
    taken: list[tuple[int, int, int]] = []
    for size in SIZES * 2:
        side = round(size * LFW_SIDE / LFW_FACE)
        one = Image.open(people[random.integers(len(people))]).convert("RGB")
        one = one.resize((side, side), Image.Resampling.LANCZOS if side < LFW_SIDE else Image.Resampling.BICUBIC)
        for _ in range(500):
            x, y = int(random.integers(0, WIDTH - side)), int(random.integers(0, HEIGHT - side))
            if all(x + side < a or a + b < x or y + side < c or c + b < y for a, c, b in taken):
                taken.append((x, y, side))
                image.paste(one, (x, y))
                placed.append((x + side / 2, y + side / 2, size))
                break
    return image, placed


# ---------------------------------------------------------------------------------------------- photos as they are


def photos(folder: Path, models: Path, count: int) -> None:
    """Recall among the faces that YuNet sees, by their width, and the part of what is found that YuNet sees too."""
    chosen = plans(models)
    totals = {name: {"found": 0, "right": 0, "cpu": 0.0} for name in chosen}
    recall: dict[str, dict[str, int]] = {name: {} for name in chosen}
    there: dict[str, int] = {}
    for image in pictures(folder, count):
        reference = yunet(models, image)
        for box in reference:
            there[bucket(box)] = there.get(bucket(box), 0) + 1
        for name, (side, detect) in chosen.items():
            found, seconds = run(detect, image, side(*image.size))
            totals[name]["cpu"] += seconds
            totals[name]["found"] += len(found)
            totals[name]["right"] += sum(any(overlap(box, one) > 0.2 for one in reference) for box in found)
            for box in reference:
                seen = any(overlap(box, one) > 0.2 for one in found)
                recall[name][bucket(box)] = recall[name].get(bucket(box), 0) + seen
    for name, total in totals.items():
        report = {
            "plan": name,
            "cpu_ms": round(total["cpu"] / count * 1000),
            "of_librephotos": round(total["cpu"] / totals[LIBREPHOTOS]["cpu"], 2),
            "recall": {size: f"{recall[name].get(size, 0)}/{there[size]}" for size in sorted(there)},
            "found": total["found"],
            "seen_by_yunet": total["right"],
        }
        print(json.dumps(report))


def pictures(folder: Path, count: int) -> Iterator[Image.Image]:
    for path in sorted(folder.glob("*.jpg"))[:count]:
        yield ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def bucket(box: Box) -> str:
    width = box[2] - box[0]
    return next((f"under {limit:03} px" for limit in (60, 80, 100, 130, 200) if width < limit), "200 px and more")


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("made", "photos"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--media", type=Path, default=Path("../shared/media"))
    parser.add_argument("--models", type=Path)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    if options.what == "made":
        made(options.media, options.models, options.count)
    elif options.folder is None or options.models is None:
        parser.error("photos needs FOLDER and --models")
    else:
        photos(options.folder, options.models, options.count)


if __name__ == "__main__":
    main()
