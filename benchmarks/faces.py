"""Faces: how many are found, and how well they group, on the labelled faces of the shared media.

    python benchmarks/faces.py find ENGINE     detect and embed once, kept in --cache (minutes of CPU for dlib)
    python benchmarks/faces.py group ENGINE    thresholds fitted on half of the people, reported on the other half
    python benchmarks/faces.py batches ENGINE  the same photos in ten batches in random order
    python benchmarks/faces.py people ENGINE   faces that join people of whom a few faces are confirmed
    python benchmarks/faces.py scale           20,000 and 100,000 made-up faces: time and memory

Needs scikit-learn for the methods that were not chosen (`pip install scikit-learn`), and `find` with an ONNX engine
--models DIR.  Only the main face of a picture is labelled; the others take part and are not scored.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ml.base import Runtime
from ml.faces.analyse import decode_side, overlap
from ml.faces.grouping import group_faces
from ml.faces.linkage import cluster, conflicts_of
from ml.faces.quality import judge
from ml.registry import face_engine
from ml.runtime import loaded

Labels = NDArray[np.int64]
Box = tuple[float, float, float, float]
Method = Callable[[NDArray[np.float32], Labels, float], Labels]

ROUNDS = 20
GROUP_LIMIT = {"dlib": 0.98, "dlib-cnn": 0.98}
BOX_OVERLAP = 0.3


# ------------------------------------------------------------------------------------------------------- finding


def find(engine_name: str, media: Path, models: Path | None, cache: Path) -> None:
    """Detect and embed everything, print recall and CPU, keep the embeddings."""
    engine = loaded(face_engine(engine_name), Runtime(models))
    labels = {row["path"]: (row["identity"], row["kind"]) for row in read(media / "faces.csv")}
    boxes: dict[str, list[Box]] = {}
    for row in read(media / "faces_boxes.csv"):
        box = (float(row["left"]), float(row["top"]), float(row["width"]), float(row["height"]))
        boxes.setdefault(row["path"], []).append(box)
    groups = {row["path"]: (int(row["faces_min"]), int(row["faces_max"])) for row in read(media / "faces_groups.csv")}

    kept: dict[str, list[Any]] = {"vector": [], "photo": [], "identity": [], "kind": [], "usable": []}
    found_main: dict[str, list[bool]] = {}
    in_boxes, in_groups, too_many = [0, 0], [0, 0], 0
    began = time.process_time()
    paths = sorted({*labels, *boxes, *groups})
    for number, path in enumerate(paths):
        image = upright(media / path, engine_name)
        faces = engine.detect(image)
        vectors = engine.recognise(image, faces)
        usable = [judge(image, face).usable for face in faces]
        rects = [(b[0], b[1], b[2] - b[0], b[3] - b[1]) for b in (face.box_px for face in faces)]
        main = -1
        if path in labels:
            main = main_face(rects, image.shape[1], image.shape[0])
            found_main.setdefault(labels[path][1], []).append(main >= 0)
        if path in boxes:
            hits = sum(any(overlap(want, rect) >= BOX_OVERLAP for rect in rects) for want in boxes[path])
            in_boxes = [in_boxes[0] + hits, in_boxes[1] + len(boxes[path])]
        if path in groups:
            least, most = groups[path]
            in_groups = [in_groups[0] + min(len(faces), least), in_groups[1] + least]
            too_many += max(0, len(faces) - most)
        for index, vector in enumerate(vectors):
            kept["vector"].append(vector)
            kept["photo"].append(number)
            kept["usable"].append(usable[index])
            kept["identity"].append(labels[path][0] if index == main else "")
            kept["kind"].append(labels[path][1] if index == main else "")
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(
        cache / f"{engine_name}.npz", allow_pickle=False, **{name: np.array(values) for name, values in kept.items()}
    )
    found_ones = [hit for kind in found_main.values() for hit in kind]
    report = {
        "engine": engine_name,
        "pictures": len(paths),
        "faces": len(kept["photo"]),
        "usable": int(np.sum(kept["usable"])),
        "main_face_recall": round(float(np.mean(found_ones)), 4),
        "by_kind": {kind: f"{sum(some)}/{len(some)}" for kind, some in sorted(found_main.items())},
        "labelled_not_usable": sum(
            bool(who) and not good for who, good in zip(kept["identity"], kept["usable"], strict=True)
        ),
        "group_pictures": f"{in_groups[0]}/{in_groups[1]}, {too_many} too many",
        "drawn_boxes": f"{in_boxes[0]}/{in_boxes[1]}",
        "cpu_s": round(time.process_time() - began, 1),
    }
    print(json.dumps(report, indent=1))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def upright(path: Path, engine_name: str) -> NDArray[np.uint8]:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    side = decode_side(engine_name, *image.size)
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.BOX)
    return np.array(image)


def main_face(rects: list[tuple[float, float, float, float]], width: int, height: int) -> int:
    """The largest, weighed by how near its centre is to the picture's; -1 when there is none."""

    def weight(index: int) -> float:
        left, top, across, down = rects[index]
        off = np.hypot((left + across / 2) / width - 0.5, (top + down / 2) / height - 0.5)
        return float(across * down * (1 - off))

    return max(range(len(rects)), key=weight, default=-1)


# ------------------------------------------------------------------------------------------------------- scoring


def scores(labels: Labels, truth: Labels) -> dict[str, float]:
    """Pairwise precision, recall, F1 and B-cubed F1."""
    same = labels[:, None] == labels
    right = truth[:, None] == truth
    both = (same & right).sum(axis=1)
    pairs = float((both - 1).sum())
    precision = pairs / max(1.0, float((same.sum(axis=1) - 1).sum()))
    recall = pairs / max(1.0, float((right.sum(axis=1) - 1).sum()))
    b_precision, b_recall = float((both / same.sum(axis=1)).mean()), float((both / right.sum(axis=1)).mean())
    return {
        "precision": precision if same.sum() > len(labels) else 1.0,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "b3": 2 * b_precision * b_recall / (b_precision + b_recall),
    }


def alone(labels: Labels) -> Labels:
    """Noise (-1) becomes groups of one."""
    return np.where(labels < 0, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)


def average_linkage(vectors: NDArray[np.float32], photos: Labels, radius: float) -> Labels:
    return cluster(vectors, radius**2, conflicts_of(photos))


def chinese_whispers(vectors: NDArray[np.float32], photos: Labels, radius: float) -> Labels:
    import dlib

    return np.array(dlib.chinese_whispers_clustering([dlib.vector(row.tolist()) for row in vectors], radius))


def dbscan(vectors: NDArray[np.float32], photos: Labels, radius: float) -> Labels:
    from sklearn.cluster import DBSCAN

    return alone(DBSCAN(eps=radius, min_samples=2).fit_predict(vectors))


def hdbscan(vectors: NDArray[np.float32], photos: Labels, radius: float, selection: str = "eom") -> Labels:
    """`radius` is cluster_selection_epsilon, as a floor under all distances: as a parameter it fails with numpy 2."""
    from sklearn.cluster import HDBSCAN
    from sklearn.metrics import euclidean_distances

    apart = np.maximum(euclidean_distances(vectors).astype(np.float64), radius)
    np.fill_diagonal(apart, 0)
    model = HDBSCAN(
        min_cluster_size=2, min_samples=1, metric="precomputed", cluster_selection_method=selection, copy=True
    )
    return alone(model.fit_predict(apart))


def hdbscan_leaves(vectors: NDArray[np.float32], photos: Labels, radius: float) -> Labels:
    return hdbscan(vectors, photos, radius, "leaf")


METHODS: dict[str, Method] = {
    "average linkage, cannot-link": average_linkage,
    "average linkage": lambda vectors, photos, radius: cluster(vectors, radius**2, {}),
    "chinese whispers": chinese_whispers,
    "HDBSCAN": hdbscan,
    "HDBSCAN, leaves": hdbscan_leaves,
    "DBSCAN": dbscan,
}


# ------------------------------------------------------------------------------------------------------ grouping


class Faces:
    """What `find` kept, the usable faces only; a cosine engine's vectors are normalised, so distances are Euclidean."""

    def __init__(self, engine_name: str, cache: Path) -> None:
        with np.load(cache / f"{engine_name}.npz") as kept:
            usable = kept["usable"]
            self.vectors = kept["vector"][usable].astype(np.float32)
            self.photos = kept["photo"][usable].astype(np.int64)
            self.identities = kept["identity"][usable]
        self.labelled = self.identities != ""
        self.truth = np.unique(self.identities, return_inverse=True)[1].astype(np.int64)

    def radii(self, engine_name: str) -> list[float]:
        step = np.arange(0.30, 0.7001, 0.01)
        return [float(x) for x in (step if face_engine(engine_name).metric == "euclidean" else np.sqrt(2 * step))]


def group(engine_name: str, cache: Path) -> None:
    """Fit the radius of each method on half of the people, report on the other half; mean and worst of the rounds."""
    faces = Faces(engine_name, cache)
    wanted = GROUP_LIMIT.get(engine_name, 0.995)
    radii = faces.radii(engine_name)
    print(
        f"{engine_name}: {faces.labelled.sum()} labelled faces of {len(set(faces.identities)) - 1} people"
        f" among {len(faces.vectors)}"
    )
    print("| method | threshold | precision (worst) | recall | F1 | B-cubed F1 (worst) | all: P / R / F1 / B3 |")
    for name, method in METHODS.items():
        rounds, chosen = [], []
        for number in range(ROUNDS):
            half = np.random.default_rng(number).permutation(faces.truth.max() + 1) % 2 == 0
            # Pictures, not faces, are divided: those without a label go by chance.
            fitting = np.zeros(faces.photos.max() + 1, dtype=bool)
            fitting[np.random.default_rng(number).random(len(fitting)) < 0.5] = True
            fitting[faces.photos[faces.labelled]] = half[faces.truth[faces.labelled]]
            part = fitting[faces.photos]
            best = fitted({radius: scored(faces, method, radius, part) for radius in radii}, wanted)
            chosen.append(best)
            rounds.append(scored(faces, method, best, ~part))
        radius = float(np.median(chosen))
        everything = scored(faces, method, radius, np.ones(len(faces.photos), dtype=bool))
        mean = {key: float(np.mean([one[key] for one in rounds])) for key in rounds[0]}
        worst = {key: min(one[key] for one in rounds) for key in rounds[0]}
        shown = radius if face_engine(engine_name).metric == "euclidean" else radius**2 / 2
        print(
            f"| {name} | {shown:.2f} | {mean['precision']:.3f} ({worst['precision']:.3f}) | {mean['recall']:.3f} "
            f"| {mean['f1']:.3f} "
            f"| {mean['b3']:.3f} ({worst['b3']:.3f}) | "
            + " / ".join(f"{everything[key]:.3f}" for key in everything)
            + " |"
        )


def fitted(results: dict[float, dict[str, float]], wanted: float) -> float:
    """The tightest radius that is precise enough and within 0.015 of the best B-cubed F1 of those that are.

    The tightest, because a family's library holds more people, and more alike, than the pictures it is fitted on.
    """
    precise = {radius: result for radius, result in results.items() if result["precision"] >= wanted}
    if not precise:
        return max(results, key=lambda radius: results[radius]["precision"])
    best = max(result["b3"] for result in precise.values())
    return min(radius for radius, result in precise.items() if result["b3"] >= best - 0.015)


def scored(faces: Faces, method: Method, radius: float, part: NDArray[np.bool_]) -> dict[str, float]:
    labels = method(faces.vectors[part], faces.photos[part], radius)
    known = faces.labelled[part]
    return scores(labels[known], faces.truth[part][known])


def batches(engine_name: str, cache: Path) -> None:
    """Ten batches in random order, as new faces on top of the groups there are, then one full pass."""
    faces = Faces(engine_name, cache)
    engine = face_engine(engine_name)

    def run(chosen: Labels, previous: Labels | None, keep: bool) -> Labels:
        return np.array(
            group_faces(
                faces.vectors[chosen].astype("<f4").tobytes(),
                dimensions=engine.dimensions,
                metric=engine.metric,
                rules=engine.rules,
                photos=faces.photos[chosen].tolist(),
                previous=None if previous is None else previous[chosen].tolist(),
                keep_previous=keep,
            ).groups
        )

    everything = np.arange(len(faces.photos))
    known, truth = faces.labelled, faces.truth[faces.labelled]
    at_once = scores(alone(run(everything, None, keep=False))[known], truth)
    grown, mended = [], []
    for number in range(ROUNDS):
        order = np.random.default_rng(number).permutation(faces.photos.max() + 1)
        batch_of = np.empty(len(order), dtype=np.int64)
        batch_of[order] = np.arange(len(order)) * 10 // len(order)
        groups = np.full(len(everything), -1)
        for batch in range(10):
            seen = everything[batch_of[faces.photos] <= batch]
            groups[seen] = run(seen, groups, keep=True)
        grown.append(scores(alone(groups)[known], truth)["f1"])
        mended.append(scores(alone(run(everything, groups, keep=False))[known], truth)["f1"])
    print(
        json.dumps(
            {
                "engine": engine_name,
                "faces": len(everything),
                "at_once": {key: round(value, 4) for key, value in at_once.items()},
                "f1_ten_batches": {"mean": round(float(np.mean(grown)), 4), "worst": round(min(grown), 4)},
                "f1_after_full_pass": {"mean": round(float(np.mean(mended)), 4), "worst": round(min(mended), 4)},
            },
            indent=1,
        )
    )


def people(engine_name: str, cache: Path) -> None:
    """Half of the people with five pictures and more are named, by three faces each; who joins, and whom?"""
    faces = Faces(engine_name, cache)
    engine = face_engine(engine_name)
    counts = np.bincount(faces.truth[faces.labelled], minlength=faces.truth.max() + 1)
    joined = right = possible = strangers = wrong_strangers = asked = asked_right = 0
    for number in range(ROUNDS):
        random = np.random.default_rng(number)
        named = random.permutation(np.flatnonzero(counts >= 5))[: int((counts >= 5).sum()) // 2]
        confirmed = np.full(len(faces.photos), -1)
        for person in named:
            theirs = np.flatnonzero(faces.labelled & (faces.truth == person))
            confirmed[random.permutation(theirs)[:3]] = person
        answer = group_faces(
            faces.vectors.astype("<f4").tobytes(),
            dimensions=engine.dimensions,
            metric=engine.metric,
            rules=engine.rules,
            photos=faces.photos.tolist(),
            confirmed=confirmed.tolist(),
        )
        who = np.array(answer.people)
        new = faces.labelled & (confirmed < 0)
        of_named = new & np.isin(faces.truth, named)
        joined += int((who[new] >= 0).sum())
        right += int((who[of_named] == faces.truth[of_named]).sum())
        possible += int(of_named.sum())
        strangers += int((new & ~of_named).sum())
        wrong_strangers += int((who[new & ~of_named] >= 0).sum())
        for suggestion in answer.suggestions:
            if faces.labelled[suggestion.face] and suggestion.confidence >= 0.5:
                asked += 1
                asked_right += int(faces.truth[suggestion.face] == suggestion.person)
    print(
        json.dumps(
            {
                "engine": engine_name,
                "precision_of_joining": round(right / max(1, joined), 4),
                "recall_of_joining": round(right / max(1, possible), 4),
                "strangers_who_joined": f"{wrong_strangers}/{strangers}",
                "suggestions_right": f"{asked_right}/{asked}",
            },
            indent=1,
        )
    )


# --------------------------------------------------------------------------------------------------------- scale


def scale() -> None:
    """Made-up faces: people of very different frequency, 128 values, distances like dlib's."""
    for count in (20_000, 100_000):
        random = np.random.default_rng(count)
        people_count = count // 20
        centres = random.normal(size=(people_count, 128)).astype(np.float32)
        centres *= 0.6 / np.linalg.norm(centres, axis=1, keepdims=True)  # strangers are about 0.85 apart
        share = 1 / np.arange(1, people_count + 1)
        truth = random.choice(people_count, size=count, p=share / share.sum())
        vectors = centres[truth] + random.normal(scale=0.28 / np.sqrt(128), size=(count, 128)).astype(np.float32)
        photos = np.arange(count)
        pairs = photos[1::2][truth[1::2] != truth[0::2]]
        photos[pairs] -= 1  # two faces to a photo, of two people
        data = vectors.astype("<f4").tobytes()
        del vectors
        began, cpu = time.monotonic(), time.process_time()
        engine = face_engine("dlib")
        answer = group_faces(data, dimensions=128, metric=engine.metric, rules=engine.rules, photos=photos.tolist())
        sample = np.random.default_rng(0).choice(count, 5000, replace=False)
        result = scores(alone(np.array(answer.groups))[sample], truth[sample])
        print(
            json.dumps(
                {
                    "faces": count,
                    "seconds": round(time.monotonic() - began, 1),
                    "cpu_s": round(time.process_time() - cpu, 1),
                    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                    "f1": round(result["f1"], 3),
                }
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("find", "group", "batches", "people", "scale"))
    parser.add_argument("engine", nargs="?", default="dlib")
    parser.add_argument("--media", type=Path, default=Path("../shared/media"))
    parser.add_argument("--models", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("/tmp/homeroll-faces"))
    options = parser.parse_args()
    if options.what == "find":
        find(options.engine, options.media, options.models, options.cache)
    elif options.what == "group":
        group(options.engine, options.cache)
    elif options.what == "batches":
        batches(options.engine, options.cache)
    elif options.what == "people":
        people(options.engine, options.cache)
    else:
        scale()


if __name__ == "__main__":
    main()
