"""Codes order vectors as cosines do; lists hold what lies together."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.vectors import assign, encode, learn_lists

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import Vectors


def clustered(count: int, dimensions: int, *, of: int = 12, spread: float = 0.5, seed: int = 0) -> Vectors:
    """Unit vectors around `of` centres, with the large common part that embeddings of pictures have."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(of, dimensions))
    rows = centres[np.arange(count) % of] + spread * chance.normal(size=(count, dimensions)) + 0.7
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")
    return unit


def test_a_code_is_one_signed_byte_for_each_value_cut_off_at_six_times_the_usual() -> None:
    usual = 1 / 2  # of four values
    code = encode(struct.pack("<4f", 0.0, usual, -3 * usual, 9 * usual))
    assert struct.unpack("4b", code) == (0, round(127 / 6), round(-127 / 2), 127)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40))
def test_codes_are_what_numpy_makes_of_them(values: list[float]) -> None:
    vector = np.array(values, "<f4")
    wanted = np.clip(np.rint(vector.astype(np.float64) * (127 * len(values) ** 0.5 / 6)), -127, 127).astype(np.int8)
    assert encode(vector.tobytes()) == wanted.tobytes()


@pytest.mark.parametrize("dimensions", [512, 768])
def test_the_ten_nearest_by_code_are_nearly_the_ten_nearest(dimensions: int) -> None:
    vectors = clustered(2000, dimensions, spread=1.0)
    codes = np.frombuffer(b"".join(encode(row.tobytes()) for row in vectors), np.int8).reshape(len(vectors), -1)
    kept = 0
    for query in range(20):
        exact = set(np.argsort(-(vectors @ vectors[query]))[:10])
        distances = ((codes.astype(np.int32) - codes[query]) ** 2).sum(axis=1)
        kept += len(exact & set(np.argsort(distances, kind="stable")[:20]))
    assert kept == 200


def test_lists_are_the_groups_that_there_are(tmp_path: Path) -> None:
    vectors = clustered(1200, 64, of=6, spread=0.1)
    codes = b"".join(encode(row.tobytes()) for row in vectors)
    sample = tmp_path / "sample"
    sample.write_bytes(codes)
    centres = learn_lists(sample, dimensions=64, lists=24)
    assert len(centres) == 24 * 64
    lists = assign(codes, centres, dimensions=64)
    groups = [{number for number, place in enumerate(lists) if place == one} for one in set(lists)]
    for group in groups:
        assert len({number % 6 for number in group}) == 1, "two groups share a list"


def test_each_vector_is_assigned_to_the_nearest_centre(tmp_path: Path) -> None:
    vectors = clustered(3000, 32)  # more than are taken at once
    codes = b"".join(encode(row.tobytes()) for row in vectors)
    sample = tmp_path / "sample"
    sample.write_bytes(codes[: 500 * 32])
    centres = learn_lists(sample, dimensions=32, lists=40)
    rows = np.frombuffer(codes, np.int8).reshape(-1, 32).astype(np.int64)
    middle = np.frombuffer(centres, np.int8).reshape(-1, 32).astype(np.int64)
    distances = ((rows[:, None, :] - middle[None, :, :]) ** 2).sum(axis=2)
    found = assign(codes, centres, dimensions=32)
    assert all(distances[row, place] == distances[row].min() for row, place in enumerate(found))


def test_learning_twice_gives_the_same_lists_and_equal_vectors_no_empty_ones(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    sample.write_bytes(encode(clustered(1, 16)[0].tobytes()) * 50)
    centres = learn_lists(sample, dimensions=16, lists=5)
    assert centres == learn_lists(sample, dimensions=16, lists=5)
    assert len(centres) == 5 * 16
    assert len(learn_lists(sample, dimensions=16, lists=80)) == 50 * 16, "no more lists than vectors"


def test_encoding_loads_no_library_of_numbers() -> None:
    script = "import sys; from ml.vectors import encode; encode(bytes(2048)); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
