"""How well what search by meaning shows is what was asked for: the adaptive cut-off beside flat thresholds.

    python -m benchmarks.cutoff [--media ../shared/media] [--models ../shared/models/tags]

No picture-and-text model can be had where this was written, so its place is taken: pictures are embedded by
MobileNetV2, and a query is the direction of its last layer for a word (the mean over the classes that the word covers,
less the mean of all classes).  Real pictures, real vectors, real near misses; but another model, so the numbers fitted
here are for the table, not for SigLIP 2 or CLIP.

Pictures: Flickr8k and ImageNet samples (media/retrieval).  Concepts are everyday words with ImageNet classes; a picture
of ImageNet belongs to one when its class does, one of Flickr8k when two or more of its five captions say the word, and
is left out of the count when one does.  Nonsense is what no picture here shows: classes that no label and no caption
names.  Every rule is fitted on one half of the queries and of the nonsense and judged on the other, and the other way
round; the pictures are the same.  Precision and recall are means over queries, so that none weighs more than another.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from appliance.library import cutoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: A word, what captions call it, and words of the ImageNet labels that it covers.
CONCEPTS: tuple[tuple[str, str, str], ...] = (
    ("dog", r"dogs?|pupp(y|ies)|terrier|retriever|poodle|greyhounds?", "#dogs"),
    ("bird", r"birds?|seagulls?|ducks?", "#birds"),
    (
        "ball",
        r"(soccer |basket|foot|tennis |base|volley)?balls?",
        "soccer ball|basketball|tennis ball|volleyball|rugby ball",
    ),
    ("bicycle", r"bikes?|bicycles?|cyclists?", "mountain bike|bicycle-built-for-two"),
    ("motorcycle", r"motorcycles?|motorbikes?|dirt ?bikes?|moped", "moped|motor scooter"),
    ("car", r"cars?|racecar", "sports car|convertible|racer|cab|beach wagon|jeep|limousine|minivan|passenger car"),
    ("boat", r"boats?|canoe|kayak|raft|sailboat", "canoe|speedboat|lifeboat|catamaran|trimaran|yawl|schooner|gondola"),
    ("snow", r"snow(y)?|ski(er|s|ing)?|snowboard\w*|sled\w*", "ski|snowmobile|dogsled|bobsled|alp"),
    ("swimming", r"swim\w*|pool", "swimming trunks|bathing cap|snorkel"),
    ("beach", r"beach|ocean|sea|waves?|surf\w*", "seashore|sandbar|lakeside"),
    ("horse", r"horses?", "sorrel|horse cart"),
    ("mountain", r"mountains?|cliffs?|climb\w*", "alp|cliff|valley|volcano"),
    ("skateboard", r"skateboard\w*|skate\w*", "scooter"),
    ("swing", r"swings?|slide|playground", "swing"),
    ("fountain", r"fountains?", "fountain"),
    ("bench", r"bench", "park bench"),
    ("fence", r"fence", "picket fence|chainlink fence|worm fence"),
    ("football player", r"football", "football helmet|ballplayer"),
)
MIN_PICTURES = 4


class Scores(NamedTuple):
    """Of one query: cosine and deviations of every picture, and which belong (True), do not, or are left out (None)."""

    name: str
    cosine: Array
    deviations: Array
    belongs: list[bool | None]


def embed(paths: list[Path], model: Path) -> Array:
    import onnxruntime
    from PIL import Image

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rows = []
    for path in paths:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.resize((224, 224), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
        pixels = (np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] - 128) / 128
        rows.append(session.run(["embedding"], {"input": pixels})[0][0])
    vectors = np.stack(rows).astype(np.float64)
    return of_length_one(vectors)


def class_directions(model: Path) -> Array:
    """One per ImageNet class, of length 1: where the last layer looks for it."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(model)).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    weights = (values["t170_q"].astype(np.float64) - values["t170_z"].astype(np.float64)) * values["t170_s"]
    rows = weights.reshape(1001, 1280)[1:]
    rows = rows - rows.mean(axis=0)
    return of_length_one(rows)


def of_length_one(rows: Array) -> Array:
    lengths: Array = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths


def direction(rows: Array) -> Array:
    mean: Array = of_length_one(rows.mean(axis=0, keepdims=True))[0]
    return mean


def classes_of(spec: str, labels: list[str]) -> list[int]:
    """Of DESIGN's words: ranges of ImageNet's order for animals, else labels."""
    if spec == "#dogs":
        return list(range(151, 269))
    if spec == "#birds":
        return [*range(7, 25), *range(80, 101), *range(127, 147)]
    wanted = spec.split("|")
    return [number for number, label in enumerate(labels) if label in wanted]


#: Of each query so many pairs that belong together, and so many of the nearest that do not, are fitted to.
PAIRS, NEAREST, NEAREST_TO_NONSENSE = 4, 20, 5

Pair = tuple[float, float]


class Judged:
    """What a rule did, over all queries."""

    def __init__(self) -> None:
        self.precision: list[float] = []
        self.recall: list[float] = []
        self.silent: list[bool] = []

    def add(self, scores: Scores, shown: list[bool]) -> None:
        if not scores.belongs:
            self.silent.append(not any(shown))
            return
        pairs = list(zip(scores.belongs, shown, strict=True))
        right = sum(belongs is True and show for belongs, show in pairs)
        wrong = sum(belongs is False and show for belongs, show in pairs)
        if right + wrong:
            self.precision.append(right / (right + wrong))
        self.recall.append(right / sum(belongs is True for belongs, _ in pairs))

    def line(self, name: str) -> str:
        found = sum(recall > 0 for recall in self.recall)
        return (
            f"| {name:<44} | {np.mean(self.precision):9.2f} | {np.mean(self.recall):6.2f} "
            f"| {found:>3} of {len(self.recall)} | {np.mean(self.silent):17.0%} |"
        )


def score(name: str, query: Array, vectors: Array, belongs: list[bool | None]) -> Scores:
    cosine = vectors @ query
    return Scores(name, cosine, (cosine - cosine.mean()) / cosine.std(), belongs)


def hard_pairs(queries: list[Scores], chance: np.random.Generator) -> tuple[list[Pair], list[Pair]]:
    """What `calibrate` is to be given."""
    positives: list[Pair] = []
    negatives: list[Pair] = []
    for scores in queries:
        pairs = list(zip(scores.cosine.tolist(), scores.deviations.tolist(), strict=True))
        nearest = np.argsort(-scores.cosine)
        if not scores.belongs:
            negatives += [pairs[at] for at in nearest[:NEAREST_TO_NONSENSE]]
            continue
        belonging = [at for at, belongs in enumerate(scores.belongs) if belongs]
        positives += [pairs[at] for at in chance.permutation(belonging)[:PAIRS]]
        negatives += [pairs[at] for at in nearest[:NEAREST] if scores.belongs[at] is False]
    return positives, negatives


def adaptive(share: float, positives: Sequence[Pair], negatives: Sequence[Pair], scores: Scores) -> list[bool]:
    fitted = calibrated(share, tuple(positives), tuple(negatives), len(scores.cosine))
    return [
        fitted.belief(cosine, deviations, among=len(scores.cosine)) >= cutoff.SHOWN_FROM
        for cosine, deviations in zip(scores.cosine.tolist(), scores.deviations.tolist(), strict=True)
    ]


@lru_cache
def calibrated(share: float, positives: tuple[Pair, ...], negatives: tuple[Pair, ...], pictures: int) -> cutoff.Cutoff:
    cutoff.NEARNESS_SHARE = share
    return cutoff.calibrate(positives, negatives, pictures=pictures)


def flat(threshold: float, positives: Sequence[Pair], negatives: Sequence[Pair], scores: Scores) -> list[bool]:
    return [bool(one >= threshold) for one in scores.cosine]


def best(count: int, positives: Sequence[Pair], negatives: Sequence[Pair], scores: Scores) -> list[bool]:
    return flat(float(np.sort(scores.cosine)[-count]), positives, negatives, scores)


def read(media: Path, labels: list[str]) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Path -> class of ImageNet, and path -> captions."""
    classes: dict[str, int] = {}
    captions: dict[str, list[str]] = defaultdict(list)
    with (media / "retrieval.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "caption":
                captions[row["path"]].append(row["text"].lower())
            elif row["imagenet_index"]:
                classes[row["path"]] = int(row["imagenet_index"])
    return classes, captions


def make_queries(
    names: list[str],
    classes: dict[str, int],
    captions: dict[str, list[str]],
    labels: list[str],
    vectors: Array,
    rows: Array,
) -> tuple[list[Scores], list[Scores]]:
    """Those that something here answers, and nonsense."""

    def truth(pattern: str, covered: set[int]) -> list[bool | None]:
        answers: list[bool | None] = []
        for name in names:
            said = sum(re.search(rf"\b({pattern})\b", caption) is not None for caption in captions.get(name, []))
            answers.append(classes[name] in covered if name in classes else None if said == 1 else said >= 2)
        return answers

    queries: list[Scores] = []
    used: set[int] = set()
    for word, pattern, spec in CONCEPTS:
        covered = classes_of(spec, labels)
        used |= set(covered)
        belongs = truth(pattern, set(covered))
        if covered and sum(answer is True for answer in belongs) >= MIN_PICTURES:
            queries.append(score(word, direction(rows[covered]), vectors, belongs))
    # One class, one picture: what captions say cannot be held against it.
    for name, number in sorted(classes.items()):
        if number not in used:
            alone = [None if other in captions else other == name for other in names]
            queries.append(score(labels[number], rows[number], vectors, alone))
    said = " ".join(caption for texts in captions.values() for caption in texts)
    absent = [
        number
        for number in range(1000)
        if number not in classes.values()
        and number not in used
        and not any(
            re.search(rf"\b{re.escape(word)}", said) for word in labels[number].lower().split() if len(word) > 3
        )
    ]
    return queries, [score(labels[number], rows[number], vectors, []) for number in absent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parent.parent.parent / "shared"
    parser.add_argument("--media", type=Path, default=shared / "media")
    parser.add_argument("--models", type=Path, default=shared / "models" / "tags")
    args = parser.parse_args()
    model = args.models / "mobilenet_v2_1.0_224.onnx"
    labels = (args.models / "imagenet_labels_1001.txt").read_text().splitlines()[1:]
    classes, captions = read(args.media, labels)
    names = sorted([*classes, *captions])
    vectors = embed([args.media / name for name in names], model)
    queries, nonsense = make_queries(names, classes, captions, labels, vectors, class_directions(model))
    print(f"{len(names)} pictures, {len(queries)} queries, {len(nonsense)} of nonsense")
    print(f"the nearest picture to nonsense: cosine {_quantiles([one.cosine.max() for one in nonsense])},")
    print(f"deviations {_quantiles([one.deviations.max() for one in nonsense])} (5 %, half, 95 %)")
    rules = {
        "adaptive: nearness and standing out, half each": partial(adaptive, 0.5),
        "  a quarter nearness": partial(adaptive, 0.25),
        "  three quarters nearness": partial(adaptive, 0.75),
        "  standing out alone": partial(adaptive, 0.0),
        "flat threshold, fitted the same way": partial(adaptive, 1.0),
        **{f"flat threshold {value:.2f}": partial(flat, value) for value in (0.15, 0.2, 0.25, 0.3)},
        **{f"the best {count}, always": partial(best, count) for count in (1, 10)},
    }
    judged = {name: Judged() for name in rules}
    for half in (0, 1):
        pairs = hard_pairs([*queries[half::2], *nonsense[half::2]], np.random.default_rng(half))
        if half == 0:
            print(f"fitted to {len(pairs[0])} pairs that belong together and {len(pairs[1])} near ones that do not:")
            print(calibrated(0.5, tuple(pairs[0]), tuple(pairs[1]), len(names)))
        for name, rule in rules.items():
            for scores in (*queries[1 - half :: 2], *nonsense[1 - half :: 2]):
                judged[name].add(scores, rule(*pairs, scores))
    print(
        "\nRecall where the other half's threshold leaves so much of the nonsense without an answer (and precision):\n"
    )
    print("| share of nearness | 90 % | 95 % | 98 % |\n|---|---|---|---|")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        cells = [_at_silence(share, silent, queries, nonsense) for silent in (90, 95, 98)]
        print(f"| {share:17.2f} | {' | '.join(cells)} |")
    print("\n| shown by | precision | recall | something found | nonsense: nothing |\n|---|---|---|---|---|")
    for name, one in judged.items():
        print(one.line(name))


def _at_silence(share: float, silent: float, queries: list[Scores], nonsense: list[Scores]) -> str:
    """Both in units of how they spread over the nearest pictures to nonsense."""
    judged = Judged()
    for half in (0, 1):
        fitted = nonsense[half::2]
        units = [np.std([one.cosine.max() for one in fitted]), np.std([one.deviations.max() for one in fitted])]

        def value(one: Scores, units: list[np.floating[Any]] = units) -> Array:
            together: Array = share * one.cosine / units[0] + (1 - share) * one.deviations / units[1]
            return together

        threshold = np.percentile([value(one).max() for one in fitted], silent)
        for one in (*queries[1 - half :: 2], *nonsense[1 - half :: 2]):
            judged.add(one, (value(one) > threshold).tolist())
    return f"{np.mean(judged.recall):.2f} ({np.mean(judged.precision):.2f}; {np.mean(judged.silent):.0%})"


def _quantiles(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in np.quantile(values, [0.05, 0.5, 0.95]))


if __name__ == "__main__":
    main()
