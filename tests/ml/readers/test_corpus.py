"""The default reader on real receipts, documents, signs and screenshots."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageOps

from ml.base import Runtime
from ml.readers.rapid import RapidReader

if TYPE_CHECKING:
    from pathlib import Path

#: Scripts that PP-OCRv6 small does not know, and handwriting-like lettering that it misreads.
NOT_READ = {"서울", "평양", "キリン一番搾り"}
#: All of them are read, and found by their words, in tests/appliance/steps/test_ocr.py.
RECEIPTS, READ = "ocr/receipts/", ("000.jpg", "059.jpg", "589.jpg")


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


@pytest.mark.corpus
@pytest.mark.slow
def test_words_that_people_can_read_are_read(corpus: Path) -> None:
    """Each stated phrase of scenes and screenshots; of full texts nine words in ten, wherever they stand."""
    reader = RapidReader()
    reader.load(Runtime(None, threads=2))
    with (corpus / "ocr.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            row for row in csv.DictReader(file) if not row["path"].startswith(RECEIPTS) or row["path"].endswith(READ)
        ]
    missed, shares = [], []
    for row in rows:
        with Image.open(corpus / row["path"]) as stored:
            image = ImageOps.exif_transpose(stored).convert("RGB")
        image.thumbnail((reader.max_side, reader.max_side))
        text = plain(" ".join(line.text for line in reader.read(np.array(image))))
        stated = row["text"].replace("\\n", "\n")
        if row["extent"] == "full text":
            words = plain(stated).split()
            shares.append(sum(word in text for word in words) / len(words))
        else:
            missed += [phrase for phrase in stated.split("|") if plain(phrase) not in text]
    assert set(missed) <= NOT_READ
    assert len(shares) == 7
    assert sum(shares) / len(shares) > 0.9
    assert min(shares) > 0.8
