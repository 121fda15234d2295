from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from appliance.media.hdr import CodePoints, code_points_to_srgb

from .pictures import difference, scene


def shown(code: int, points: CodePoints) -> int:
    pixel = np.full((1, 1, 3), code, np.uint8)
    return int(np.asarray(code_points_to_srgb(Image.fromarray(pixel), points))[0, 0, 0])


def test_srgb_by_numbers_changes_nothing() -> None:
    assert not CodePoints(1, 13).differ_from_srgb
    assert difference(code_points_to_srgb(scene(), CodePoints(1, 13)), scene()) < 0.5


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_keeps_the_order_of_tones_and_reaches_white(transfer: int) -> None:
    tones = [shown(code, CodePoints(9, transfer)) for code in range(256)]
    assert tones == sorted(tones)
    assert tones[0] == 0
    assert tones[255] >= 250


@pytest.mark.parametrize(("transfer", "diffuse_white"), [(16, 148), (18, 191)])
def test_diffuse_white_of_hdr_is_nearly_white(transfer: int, diffuse_white: int) -> None:
    # BT.2408: diffuse white lies at 58 % of PQ and 75 % of HLG
    assert 225 <= shown(diffuse_white, CodePoints(1, transfer)) <= 250


def test_grey_stays_grey_in_a_wide_gamut_and_colours_grow_stronger() -> None:
    pixels = np.array([[[128, 128, 128], [200, 60, 60]]], np.uint8)
    managed = np.asarray(code_points_to_srgb(Image.fromarray(pixels), CodePoints(12, 13))).astype(int)
    assert np.abs(managed[0, 0] - 128).max() <= 1
    assert managed[0, 1, 0] > 200
    assert managed[0, 1, 1] < 60
