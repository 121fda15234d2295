"""What pictures look like: bits against a transform written another way, and what leaves them as they are."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ml.duplicates.looks import BYTES, FREQUENCIES, PLAIN, SIDE, looks_of, looks_of_grey, order
from ml.duplicates.search import _turned

Grey = NDArray[np.uint8]


def soft(number: int, size: tuple[int, int] = (250, 188)) -> Grey:
    chance = np.random.default_rng(number)
    coarse = Image.fromarray(chance.integers(0, 256, size=(9, 12), dtype=np.uint8))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))


def bits_of(packed: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8))


def differing(one: bytes, other: bytes) -> int:
    return int((bits_of(one) != bits_of(other)).sum())


def test_bits_are_the_signs_of_the_lowest_frequencies() -> None:
    grey = soft(1)
    small = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=float).tolist()
    seen = bits_of(looks_of_grey(grey).bits)
    assert len(seen) == FREQUENCIES**2 == 8 * BYTES
    for bit in range(0, 256, 7):  # the sum that defines a DCT, for every seventh of them
        row, column = divmod(int(order()[bit]), FREQUENCIES)
        strength = sum(
            small[y][x]
            * math.cos(math.pi * (2 * y + 1) * row / (2 * SIDE))
            * math.cos(math.pi * (2 * x + 1) * column / (2 * SIDE))
            for y in range(SIDE)
            for x in range(SIDE)
        )
        if (row, column) != (0, 0) and abs(strength) > 1:
            assert seen[bit] == (strength > 0), (row, column)


def test_every_frequency_has_one_place_and_the_lowest_are_in_the_first_quarter() -> None:
    places = order()
    assert sorted(places.tolist()) == list(range(256))
    first = {divmod(int(place), FREQUENCIES) for place in places[:64]}
    assert first == {(row, column) for row in range(8) for column in range(8)}


def test_a_smaller_darker_or_blurred_copy_has_almost_the_same_bits() -> None:
    grey = soft(2)
    image = Image.fromarray(grey)
    whole = looks_of_grey(grey).bits
    assert differing(whole, looks_of_grey(np.asarray(image.resize((90, 68)))).bits) <= 8
    assert differing(whole, looks_of_grey((grey * 0.6).astype(np.uint8)).bits) <= 8
    assert differing(whole, looks_of_grey(np.asarray(image.resize((40, 30)).resize(image.size))).bits) <= 8


def test_different_pictures_differ_in_about_half_of_their_bits() -> None:
    distances = [differing(looks_of_grey(soft(a)).bits, looks_of_grey(soft(a + 50)).bits) for a in range(30)]
    assert 110 < np.mean(distances) < 146
    assert min(distances) > 70


@pytest.mark.parametrize("turned", range(8))
def test_bits_of_a_turned_picture_are_worked_out_without_it(turned: int) -> None:
    grey = soft(3)
    pictures = [grey, grey[:, ::-1], grey[::-1], grey[::-1, ::-1]]
    pictures += [picture.T for picture in pictures]
    words = np.frombuffer(looks_of_grey(grey).bits, dtype=np.uint64).reshape(1, 4)
    worked_out = [way.tobytes() for way in _turned(words)]
    seen = looks_of_grey(np.ascontiguousarray(pictures[turned])).bits
    assert min(differing(seen, way) for way in worked_out) <= 4
    assert len(set(worked_out)) == 8


def test_a_border_is_left_out_even_with_a_clock_in_it() -> None:
    grey = soft(4)
    framed = np.zeros((600, 250), dtype=np.uint8)
    framed[200 : 200 + len(grey)] = grey
    framed[5:12, 120:128] = 255  # the clock
    looks = looks_of_grey(framed)
    assert differing(looks.inner, looks_of_grey(grey).bits) <= 8
    assert differing(looks.bits, looks_of_grey(grey).bits) > 60
    assert looks_of_grey(grey).inner == b""


def test_what_is_one_colour_has_no_bits() -> None:
    for value in (0, 128, 255):
        looks = looks_of_grey(np.full((188, 250), value, dtype=np.uint8))
        assert (looks.bits, looks.inner) == (b"", b"")
        assert looks.contrast < PLAIN


def test_a_small_thing_on_a_page_is_what_the_page_shows() -> None:
    page = np.full((200, 200), 250, dtype=np.uint8)
    page[90:110, 80:140] = 10
    assert looks_of_grey(page).bits


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (500, 3)])
def test_odd_sizes_are_no_trouble(size: tuple[int, int]) -> None:
    looks = looks_of_grey(np.arange(size[0] * size[1], dtype=np.uint32).astype(np.uint8).reshape(size))
    assert len(looks.bits) in (0, BYTES)


def test_thumbnails_that_cannot_be_decoded_are_none() -> None:
    buffer = io.BytesIO()
    Image.fromarray(soft(5)).convert("RGB").save(buffer, "WEBP")
    found = looks_of([b"", b"no picture", buffer.getvalue(), buffer.getvalue()[:40]])
    assert [looks is None for looks in found] == [True, True, False, True]
