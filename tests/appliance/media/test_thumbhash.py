from __future__ import annotations

import time

import numpy as np
import pytest

from appliance.media.thumbhash import encode_thumbhash

REFERENCE = [
    # Made by rgbaToThumbHash of the reference implementation (npm thumbhash 0.1.1) from the same formula.
    (100, 75, 1, "1f08060d8277687657289056276c7666cf3dbbb980"),
    (75, 100, 2, "1f080205007675878778725057760678609216faa9"),
    (100, 100, 3, "e0070207008988958a7988574787675688490f330171ad0f"),
    (1, 1, 1, "c3060a570008f708888788708f7088f80888707ff8000000"),
    (100, 20, 1, "1f0806098673307955565977e26f0e9a96"),
    (7, 90, 4, "600706310a993924948705836355908702"),
    (33, 32, 5, "a0f70517848969097867469767a768865879291101289b0f"),
    (50, 25, 2, "df07060c8474105a463579767777903508aa97"),
]


@pytest.mark.parametrize(("width", "height", "factor", "expected"), REFERENCE)
def test_hash_is_that_of_the_reference_implementation(width: int, height: int, factor: int, expected: str) -> None:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([x * 5 * factor + y * 3, x * x * factor + y * 7, x * y + 40 * factor], axis=-1) % 256
    assert encode_thumbhash(pixels.astype(np.uint8)).hex() == expected


def test_one_colour_has_no_noise_in_its_hash() -> None:
    small = encode_thumbhash(np.full((10, 10, 3), 90, np.uint8))
    large = encode_thumbhash(np.full((90, 90, 3), 90, np.uint8))
    assert small == large
    assert set(small[5:]) == {0}


def test_too_large_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than 100"):
        encode_thumbhash(np.zeros((101, 10, 3), np.uint8))


def test_hashing_takes_less_than_five_milliseconds() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    encode_thumbhash(pixels)
    start = time.process_time()
    for _ in range(10):
        encode_thumbhash(pixels)
    assert (time.process_time() - start) / 10 < 0.005
