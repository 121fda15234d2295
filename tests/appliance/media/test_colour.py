from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageCms

from appliance.media.colour import GROUND, eight_bit, to_srgb

from .pictures import difference, scene


def profile(name: Literal["LAB", "XYZ", "sRGB"]) -> bytes:
    """A profile that littleCMS can make: `LAB`, `XYZ` or `sRGB`."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def wide_gamut_profile() -> bytes:
    """sRGB with its red and green columns exchanged: as far from sRGB as a matrix profile can be, and easy to check."""
    data = bytearray(profile("sRGB"))
    table = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(data[128:132], "big"), 12)}
    red, green = table[b"rXYZ"], table[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = data[green + 4 : green + 12], data[red + 4 : red + 12]
    return bytes(data)


def test_srgb_profile_changes_nothing() -> None:
    image = scene()
    assert to_srgb(image, profile("sRGB")) is image


def test_another_profile_is_converted() -> None:
    managed = np.asarray(to_srgb(scene(), wide_gamut_profile()))
    exchanged = np.asarray(scene())[:, :, [1, 0, 2]]
    assert difference(managed, exchanged) < 2


@pytest.mark.parametrize("broken", [b"not a profile", b"\x00" * 200, profile("sRGB")[:300]])
def test_a_bad_profile_is_ignored(broken: bytes) -> None:
    assert difference(to_srgb(scene(), broken), scene()) == 0


def test_a_profile_for_another_mode_is_ignored() -> None:
    grey = scene().convert("L")
    assert difference(to_srgb(grey, profile("sRGB")), grey.convert("RGB")) == 0


def test_transparent_parts_lie_on_the_neutral_ground() -> None:
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda level: 255 if level > 127 else 0))
    flat = np.asarray(to_srgb(image, None))
    assert tuple(flat[0, 0]) == GROUND
    assert difference(flat[-1:], np.asarray(scene())[-1:]) == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGBA", "CMYK", "YCbCr", "HSV", "La", "RGBa", "RGBX"])
def test_every_mode_becomes_rgb_that_looks_the_same(mode: str) -> None:
    source = scene()
    match mode:
        case "P" | "PA":
            image = source.quantize(256).convert(mode)
        case "La" | "RGBa":
            image = source.convert(mode.upper()).convert(mode)
        case _:
            image = source.convert(mode)
    result = to_srgb(eight_bit(image), None)
    assert result.mode == "RGB"
    expected = source.convert("L").convert("RGB") if mode in ("1", "L", "LA", "La") else source
    # one bit is dithered, which only looks the same from afar
    near = (8, 6) if mode == "1" else source.size
    assert difference(result.resize(near), expected.resize(near)) < 10


def test_lab_is_converted() -> None:
    lab = ImageCms.profileToProfile(
        scene(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    assert difference(to_srgb(eight_bit(lab), None), scene()) < 4


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (65535, np.uint16),
        (65535, np.int32),
        (255, np.int32),
        (1.0, np.float32),
        (255.0, np.float32),
        (65535.0, np.float32),
        (1e6, np.float32),
    ],
)
def test_deep_pixels_are_scaled_and_not_cut(values: float, dtype: type[np.generic]) -> None:
    ramp = (np.linspace(0, 1, 256)[None, :].repeat(4, axis=0) * values).astype(dtype)
    grey = np.asarray(eight_bit(Image.fromarray(ramp)))
    assert grey.dtype == np.uint8
    assert grey.min() == 0
    assert grey.max() == 255
    assert difference(grey, np.arange(256, dtype=np.uint8)[None, :].repeat(4, axis=0)) < 1


def test_floats_that_are_no_numbers_become_black() -> None:
    pixels = np.array([[np.nan, 0.5, np.inf, 1.0]], np.float32)
    assert np.asarray(eight_bit(Image.fromarray(pixels))).tolist() == [[0, 128, 0, 255]]


def test_white_as_the_transparent_colour_shows_the_ground() -> None:
    image = Image.new("RGB", (4, 4), (255, 255, 255))
    image.info["transparency"] = (255, 255, 255)
    assert np.asarray(to_srgb(eight_bit(image), None))[0, 0].tolist() == list(GROUND)
