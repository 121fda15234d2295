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


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


@pytest.mark.corpus
@pytest.mark.slow
def test_words_that_people_can_read_are_read(corpus: Path) -> None:
    """Each stated phrase of scenes and screenshots; of full texts nine words in ten, wherever they stand."""
    reader = RapidReader()
    reader.load(Runtime(None, threads=2))
    with (corpus / "ocr.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
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
    assert len(shares) == 12
    assert sum(shares) / len(shares) > 0.9
    assert min(shares) > 0.8
