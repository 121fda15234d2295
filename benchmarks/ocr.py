"""Text in pictures and captions: how much is read right, what it costs, how much memory the models' process takes.

    python -m benchmarks.ocr read [MEDIA]            accuracy and CPU of the default reader, by picture
    python -m benchmarks.ocr costs [MEDIA]           reader: CPU and peak memory, with and without text
    python -m benchmarks.ocr captions WORK_FOLDER    im2txt at its real size, random weights, 32 and 8 bit (takes 3 GB)

Accuracy of a picture is 1 - (edit distance / characters stated), Levenshtein's: *strict* on the text as it stands, with
case and line breaks; *plain* with runs of white space as one space and without case.  A line that is stated elsewhere
than it is read counts as wrong twice.  `words`: the part of the stated words that are read, wherever.
Needs the extras `dev` (torch, transformers, onnx) and rapidfuzz.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import re
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from rapidfuzz.distance import Levenshtein

from ml.base import Runtime
from ml.captioners.im2txt import Im2txtCaptioner
from ml.readers.rapid import RapidReader
from ml.runtime import loaded

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("read", "costs", "captions"))
    parser.add_argument("folder", type=Path, nargs="?", default=MEDIA)
    args = parser.parse_args()
    {"read": read, "costs": costs, "captions": captions}[args.what](args.folder)


# ------------------------------------------------------------------------------------------------------ accuracy


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def accuracy(text: str, stated: str) -> float:
    return 1 - Levenshtein.distance(text, stated) / len(stated)


def read(media: Path) -> None:
    reader = RapidReader()
    reader.load(Runtime(None))
    sums: list[tuple[float, float, float]] = []
    phrases = [0, 0]
    print("| picture | strict | plain | words | lines | CPU |\n|---|---|---|---|---|---|")
    for row in csv.DictReader((media / "ocr.csv").open(newline="", encoding="utf-8")):
        with Image.open(media / row["path"]) as stored:
            image = ImageOps.exif_transpose(stored).convert("RGB")
        image.thumbnail((reader.max_side, reader.max_side))
        pixels = np.array(image)
        began = time.process_time()
        lines = reader.read(pixels)
        cpu = time.process_time() - began
        text, stated = "\n".join(line.text for line in lines), row["text"].replace("\\n", "\n")
        if row["extent"] == "full text":
            words = plain(stated).split()
            share = sum(word in plain(text) for word in words) / len(words)
            sums.append((accuracy(text, stated), accuracy(plain(text), plain(stated)), share))
            found = " | ".join(f"{value:.3f}" for value in sums[-1])
        else:
            hits = {phrase: plain(phrase) in plain(text) for phrase in stated.split("|")}
            phrases = [phrases[0] + sum(hits.values()), phrases[1] + len(hits)]
            found = f"phrases {sum(hits.values())} of {len(hits)} {[p for p, hit in hits.items() if not hit] or ''} | |"
        print(f"| {row['path']} | {found} | {len(lines)} | {cpu:.2f} s |", flush=True)
    means = np.mean(sums, axis=0)
    print(f"mean of {len(sums)}: strict {means[0]:.3f}, plain {means[1]:.3f}, words {means[2]:.3f}")
    print(f"phrases: {phrases[0]} of {phrases[1]}")


# ---------------------------------------------------------------------------------------------------------- costs


def read_one(pixels: bytes, shape: tuple[int, int, int], runtime: Runtime) -> dict[str, float]:
    """In a process of its own."""
    image = np.frombuffer(pixels, dtype=np.uint8).reshape(shape)
    loading = time.process_time()
    reader = loaded(RapidReader, runtime)
    began = time.process_time()
    wall = time.monotonic()
    lines = reader.read(image)
    return {
        "lines": len(lines),
        "load_s": began - loading,
        "cpu_s": time.process_time() - began,
        "wall_s": time.monotonic() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def costs(media: Path) -> None:
    """Each kind of picture in a process of its own; the best of some rounds."""
    from benchmarks import ocr  # under its own name: the process cannot find what belongs to __main__

    side = RapidReader.max_side
    landscape = Image.open(media / "duplicates" / "sequence" / "01.jpg").convert("RGB").resize((side, side * 3 // 4))
    sign = landscape.copy()
    draw = ImageDraw.Draw(sign)
    draw.rectangle((700, 500, 1300, 620), fill="white")
    draw.text((720, 530), "platform nine, 14:05", font=ImageFont.load_default(48), fill="black")
    page = Image.new("RGB", (side * 3 // 4, side), "white")
    draw = ImageDraw.Draw(page)
    for number in range(45):
        draw.text((80, 60 + number * 42), f"{number + 1}. the quick brown fox jumps over the lazy dog " * 2,
                  font=ImageFont.load_default(26), fill="black")  # fmt: skip
    kinds = {"no text": landscape, "a sign": sign, "a page": page}
    for threads in (1, 2):
        for name, picture in kinds.items():
            pixels = np.array(picture)
            rounds = apart(ocr.read_one, pixels.tobytes(), pixels.shape, Runtime(None, 2048, threads))
            best = min(rounds, key=lambda one: one["cpu_s"])
            told = {"lines": best["lines"], "cpu_s": round(best["cpu_s"], 2), "wall_s": round(best["wall_s"], 2)}
            peak = round(max(one["peak_mb"] for one in rounds))
            print(json.dumps({"picture": name, "threads": threads, **told, "peak_mb": peak}), flush=True)


def apart(run: Any, *arguments: Any) -> list[dict[str, float]]:
    """Some rounds in one process of its own; not the service's, which waits for everybody else on a busy machine."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return [process.submit(run, *arguments).result() for _ in range(ROUNDS)]


# ------------------------------------------------------------------------------------------------------- captions


def captions(work: Path) -> None:
    make_models(work)
    caption_costs(work)


def make_models(work: Path) -> None:
    """ViT-B/16 and GPT-2 with cross-attention, as published, but of chance; and the same with 8-bit weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from tests.ml.captioners.networks import make_model, write_model

    if (work / "8 bit").exists():
        return
    model = make_model(width=768, heads=12, layers=12, side=224, patch=16, words=50257, spread=0.02)
    # One way through the decoder: the quantiser does not look into branches.
    write_model(model, work / "32 bit" / "im2txt", branches=False)
    write_model(model, work / "8 bit" / "im2txt", branches=False)
    for file in Im2txtCaptioner.spec.files[:2]:
        target = work / "8 bit" / "im2txt" / file.name
        quantize_dynamic(work / "32 bit" / "im2txt" / file.name, target, weight_type=QuantType.QUInt8)


def caption_one(pixels: bytes, shape: tuple[int, int, int], beams: int, runtime: Runtime) -> dict[str, float]:
    """In a process of its own."""
    image = np.frombuffer(pixels, dtype=np.uint8).reshape(shape)
    captioner = loaded(Im2txtCaptioner, runtime)
    began, wall = time.process_time(), time.monotonic()
    tokens = captioner.tokens(image, beams=beams)
    return {
        "tokens": len(tokens),
        "cpu_s": time.process_time() - began,
        "wall_s": time.monotonic() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def caption_costs(work: Path) -> None:
    from benchmarks import ocr

    pixels: Any = np.random.default_rng(1).integers(0, 255, (1080, 1440, 3), dtype=np.uint8)
    for bits in ("8 bit", "32 bit"):
        size_mb = sum(path.stat().st_size for path in (work / bits).rglob("*.onnx")) >> 20
        for beams in (1, Im2txtCaptioner.beams):
            for threads in (1, 2):
                runtime = Runtime(work / bits, 4096, threads)
                rounds = apart(ocr.caption_one, pixels.tobytes(), pixels.shape, beams, runtime)
                best = min(rounds, key=lambda one: one["wall_s"])
                told = {
                    "tokens": best["tokens"],
                    "cpu_s": round(best["cpu_s"], 2),
                    "per_s": round(1 / best["wall_s"], 2),
                }
                peak = round(max(one["peak_mb"] for one in rounds))
                how = {"weights": bits, "files_mb": size_mb, "beams": beams, "threads": threads}
                print(json.dumps({**how, **told, "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
