"""Painted scenes for the demo library: a seed and a size in, an upright picture out.

Only arithmetic and Pillow, so that the same seed gives the same pixels everywhere; no photo of anybody is shipped.
Every scene is a function (canvas) -> RGB array as float32, shape (height, width, 3), 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Canvas:
    """What a scene paints on: its size and its own source of chance."""

    width: int
    height: int
    rng: np.random.Generator

    @property
    def rows(self) -> Array:
        return np.linspace(0, 1, self.height, dtype=np.float32)[:, None]

    @property
    def columns(self) -> Array:
        return np.linspace(0, 1, self.width, dtype=np.float32)[None, :]


@dataclass(frozen=True)
class Light:
    """A time of day: sky from zenith to horizon, the sun's colour, and what haze and shadow look like."""

    sky: tuple[Colour, ...]
    sun: Colour
    haze: Colour
    shade: Colour


DAWN = Light(
    sky=((72, 84, 140), (214, 140, 150), (255, 205, 160)), sun=(255, 236, 200), haze=(226, 170, 160), shade=(42, 34, 62)
)
DAY = Light(
    sky=((52, 116, 196), (120, 176, 228), (214, 232, 244)),
    sun=(255, 252, 236),
    haze=(176, 204, 226),
    shade=(28, 62, 56),
)
GOLD = Light(
    sky=((66, 92, 148), (236, 170, 104), (255, 220, 150)), sun=(255, 240, 190), haze=(244, 190, 120), shade=(66, 36, 30)
)
DUSK = Light(
    sky=((26, 26, 74), (122, 60, 122), (246, 132, 92)), sun=(255, 190, 130), haze=(150, 84, 120), shade=(16, 14, 36)
)
NIGHT = Light(sky=((6, 8, 26), (16, 24, 60), (44, 58, 104)), sun=(236, 240, 255), haze=(36, 48, 88), shade=(4, 6, 16))
WINTER = Light(
    sky=((120, 150, 190), (190, 206, 224), (240, 240, 244)),
    sun=(255, 255, 255),
    haze=(214, 222, 234),
    shade=(60, 78, 104),
)


def _rgb(colour: Colour) -> Array:
    return np.array(colour, dtype=np.float32) / 255


def _blend(below: Array, above: Array, cover: Array) -> Array:
    return below + (above - below) * cover[..., None]


def _noise(canvas: Canvas, cells: int, octaves: int = 5) -> Array:
    """Clouds: smooth fractal noise, shape (height, width), 0..1."""
    total = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    weight = 0.0
    for octave in range(octaves):
        side = cells * 2**octave
        grid = canvas.rng.random((max(2, side * canvas.height // canvas.width), side), dtype=np.float32)
        layer = Image.fromarray(grid).resize((canvas.width, canvas.height), Image.Resampling.BICUBIC)
        total += np.asarray(layer) / 2**octave
        weight += 1 / 2**octave
    smooth: Array = np.clip(total / weight, 0, 1)
    return smooth


def _ridge(canvas: Canvas, base: float, rise: float, rough: float) -> Array:
    """A skyline as row numbers, one per column: midpoints at ever finer steps."""
    x = np.linspace(0, 1, canvas.width)
    line = np.zeros(canvas.width)
    for octave in range(1, 9):
        points = canvas.rng.random(2**octave + 2) - 0.5
        line += np.interp(x * 2**octave, np.arange(points.size), points) * rough ** (octave - 1)
    return ((base - line * rise) * canvas.height).astype(np.float32)


def _below(canvas: Canvas, line: Array) -> Array:
    """Cover of everything below a skyline, with soft edges."""
    return np.clip(np.arange(canvas.height, dtype=np.float32)[:, None] - line[None, :], 0, 1)


def _sky(canvas: Canvas, light: Light, *, horizon: float, sun: tuple[float, float] | None, clouds: float) -> Array:
    at = np.linspace(0, horizon, len(light.sky))
    tones = np.array([_rgb(colour) for colour in light.sky])
    column = np.stack([np.interp(canvas.rows[:, 0], at, tones[:, channel]) for channel in range(3)], axis=1)
    image = np.repeat(column[:, None, :], canvas.width, axis=1).astype(np.float32)
    if sun:
        aspect = canvas.width / canvas.height
        distance = np.sqrt(((canvas.columns - sun[0]) * aspect) ** 2 + (canvas.rows - sun[1]) ** 2)
        image = _blend(image, np.broadcast_to(_rgb(light.sun), image.shape), 0.55 * np.exp(-((distance / 0.28) ** 2)))
        image = _blend(image, np.broadcast_to(_rgb(light.sun), image.shape), np.clip((0.046 - distance) * 160, 0, 1))
    if clouds:
        cover = np.clip((_noise(canvas, 4) - 0.52) * 4, 0, 1) * clouds * np.clip(1.15 - canvas.rows / horizon, 0, 1)
        image = _blend(image, np.broadcast_to(_rgb(light.sun), image.shape), cover.astype(np.float32))
    return image


def _layers(
    canvas: Canvas, image: Array, light: Light, *, first: float, count: int, rise: float, rough: float = 0.52
) -> Array:
    """Hills behind hills: from haze far away to shade close by."""
    for index in range(count):
        near = (index + 1) / count
        line = _ridge(
            canvas, base=first + (1 - first) * 0.8 * index / count, rise=rise * (0.5 + 0.6 * near), rough=rough
        )
        tone = _rgb(light.haze) * (1 - near) + _rgb(light.shade) * near
        top = max(0, int(line.min()))  # nothing of this layer is above its highest point
        row = np.arange(top, canvas.height, dtype=np.float32)[:, None] - line[None, :]
        depth = np.clip(row / (canvas.height * 0.3), 0, 1)[..., None]
        body = tone + (_rgb(light.haze) - tone) * (0.35 * depth * (1 - near)).astype(np.float32)
        image[top:] = _blend(image[top:], body, np.clip(row, 0, 1))
    return image


def _finish(canvas: Canvas, image: Array) -> Array:
    """A lens: darker corners and a little grain."""
    corner = (canvas.columns - 0.5) ** 2 + (canvas.rows - 0.5) ** 2
    grain = canvas.rng.normal(0, 0.008, (canvas.height, canvas.width, 1)).astype(np.float32)
    return np.clip(image * (1 - 0.35 * corner[..., None]) + grain, 0, 1)


def mountains(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.6, sun=(canvas.rng.uniform(0.2, 0.8), 0.26), clouds=0.55)
    return _layers(canvas, image, light, first=0.5, count=6, rise=0.34)


def snow(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.7, sun=None, clouds=0.8)
    line = _ridge(canvas, base=0.5, rise=0.62, rough=0.55)
    depth = (np.arange(canvas.height, dtype=np.float32)[:, None] - line[None, :]) / canvas.height
    rock = np.clip((depth - 0.05 - 0.42 * (_noise(canvas, 14) - 0.4)) * 9, 0, 1)[..., None]  # snow lies on the heights
    body = _rgb((246, 248, 252)) * (1 - rock * 0.7) + _rgb(light.shade) * rock * 0.7
    image = _blend(image, body, _below(canvas, line))
    return _layers(canvas, image, light, first=0.8, count=2, rise=0.1)


def hills(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.55, sun=(canvas.rng.uniform(0.15, 0.85), 0.2), clouds=0.8)
    meadow = Light(sky=light.sky, sun=light.sun, haze=(168, 196, 150), shade=(38, 92, 44))
    image = _layers(canvas, image, meadow, first=0.52, count=5, rise=0.12, rough=0.34)
    flowers = canvas.rng.random((canvas.height, canvas.width), dtype=np.float32) * np.clip(
        (canvas.rows - 0.78) * 5, 0, 1
    )
    spots = np.asarray(Image.fromarray((flowers > 0.9965).astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(5)))
    return _blend(image, np.broadcast_to(_rgb((244, 206, 70)), image.shape), spots.astype(np.float32) / 255)


def dunes(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.5, sun=(0.72, 0.2), clouds=0.0)
    sand = Light(sky=light.sky, sun=light.sun, haze=(240, 200, 148), shade=(150, 84, 48))
    image = _layers(canvas, image, sand, first=0.46, count=4, rise=0.2, rough=0.3)
    ripple = (
        np.sin((canvas.rows * 90 + _noise(canvas, 3, 3) * 26) * np.pi) * 0.03 * np.clip((canvas.rows - 0.6) * 3, 0, 1)
    )
    rippled: Array = image + ripple[..., None]
    return rippled


def sea(canvas: Canvas, light: Light) -> Array:
    sun_x = canvas.rng.uniform(0.3, 0.7)
    image = _sky(canvas, light, horizon=0.56, sun=(sun_x, 0.4), clouds=0.5)
    image = _layers(canvas, image, light, first=0.55, count=1, rise=0.08)
    shore = int(canvas.height * 0.58)
    depth = np.linspace(0, 1, canvas.height - shore, dtype=np.float32)
    waves = np.sin(1 / (depth + 0.03) * 9 + canvas.rng.random()) * 6 + canvas.rng.normal(0, 3, depth.size)
    mirrored = np.clip(shore - (depth * shore * 0.9) + waves, 0, shore - 1).astype(int)
    water = image[mirrored] * (0.86 - 0.36 * depth[:, None, None]) + _rgb(light.shade) * 0.12
    glitter = canvas.rng.random(water.shape[:2]) < 0.10 * np.exp(
        -(((canvas.columns - sun_x) / (0.05 + 0.12 * depth[:, None])) ** 2)
    )
    image[shore:] = _blend(
        water.astype(np.float32), np.broadcast_to(_rgb(light.sun), water.shape), glitter.astype(np.float32) * 0.8
    )
    return image


def stars(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.9, sun=(0.78, 0.2), clouds=0.0)
    sparks = canvas.rng.random((canvas.height, canvas.width)) > 0.9988
    bright = sparks * canvas.rng.uniform(0.3, 1.0, sparks.shape) * (canvas.rows < 0.8)
    glow = np.asarray(
        Image.fromarray((bright * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.1)), dtype=np.float32
    )
    milky = np.exp(-(((canvas.columns - 0.9 + canvas.rows * 0.9) / 0.16) ** 2)) * _noise(canvas, 6) * 0.5
    image = image + (np.clip(glow * 5 / 255, 0, 1) + milky)[..., None].astype(np.float32)
    return _layers(canvas, image, light, first=0.74, count=3, rise=0.2)


def forest(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.6, sun=(0.3, 0.22), clouds=0.4)
    for row in range(5):
        near = (row + 1) / 5
        mask = Image.new("L", (canvas.width, canvas.height))
        draw = ImageDraw.Draw(mask)
        floor = canvas.height * (0.52 + 0.11 * row)
        size = canvas.height * (0.10 + 0.09 * row)
        x = -size * 0.3
        while x < canvas.width + size:
            top = floor - size * canvas.rng.uniform(0.7, 1.25)
            half = size * 0.2
            for tier in range(4):  # a fir is a few triangles
                y = top + (floor - top) * tier * 0.22
                wide = half * (0.45 + 0.25 * tier)
                draw.polygon(
                    [(x, y), (x - wide, y + (floor - top) * 0.38), (x + wide, y + (floor - top) * 0.38)], fill=255
                )
            x += half * canvas.rng.uniform(0.7, 1.9)
        draw.rectangle((0, floor, canvas.width, canvas.height), fill=255)
        tone = _rgb(light.haze) * (1 - near) + _rgb(light.shade) * near
        cover = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32) / 255
        image = _blend(image, np.broadcast_to(tone, image.shape), cover)
    return image


def city(canvas: Canvas, light: Light) -> Array:
    image = _sky(canvas, light, horizon=0.75, sun=(0.5, 0.52), clouds=0.4)
    for row in range(3):
        near = (row + 1) / 3
        tone = tuple(int(v * 255) for v in _rgb(light.haze) * (1 - near) * 0.7 + _rgb(light.shade) * (0.3 + 0.7 * near))
        picture = Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
        draw = ImageDraw.Draw(picture)
        x = -20.0
        while x < canvas.width:
            wide = canvas.width * canvas.rng.uniform(0.04, 0.09)
            top = canvas.height * (0.30 + 0.17 * row + canvas.rng.uniform(0, 0.22))
            draw.rectangle((x, top, x + wide, canvas.height), fill=tone)
            pane = canvas.width * 0.006
            for wy in np.arange(top + 2 * pane, canvas.height, 3.2 * pane):
                for wx in np.arange(x + pane, x + wide - 1.5 * pane, 2.4 * pane):
                    if canvas.rng.random() < 0.34 * near:
                        draw.rectangle(
                            (wx, wy, wx + pane, wy + 1.5 * pane), fill=(255, int(canvas.rng.integers(190, 236)), 130)
                        )
            x += wide + canvas.width * canvas.rng.uniform(0.0, 0.012)
        image = np.asarray(picture, dtype=np.float32) / 255
    return image


def balloons(canvas: Canvas, light: Light) -> Array:
    image = hills(canvas, light)
    picture = Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    palettes = [
        ((214, 64, 58), (250, 206, 90)),
        ((44, 110, 168), (240, 240, 236)),
        ((236, 132, 52), (110, 50, 110)),
        ((60, 140, 96), (250, 226, 150)),
    ]
    for first, second in palettes:
        r = canvas.height * canvas.rng.uniform(0.06, 0.13)
        x, y = canvas.width * canvas.rng.uniform(0.1, 0.9), canvas.height * canvas.rng.uniform(0.14, 0.45)
        for stripe in range(5):
            w = r * (1 - stripe * 0.22)
            draw.ellipse((x - w, y - r, x + w, y + r), fill=first if stripe % 2 == 0 else second)
        draw.polygon(
            [
                (x - r * 0.82, y + r * 0.56),
                (x + r * 0.82, y + r * 0.56),
                (x + r * 0.16, y + r * 1.45),
                (x - r * 0.16, y + r * 1.45),
            ],
            fill=first,
        )
        draw.rectangle((x - r * 0.14, y + r * 1.55, x + r * 0.14, y + r * 1.8), fill=(96, 62, 36))
    return np.asarray(picture, dtype=np.float32) / 255


SCENES: tuple[Callable[[Canvas, Light], Array], ...] = (
    mountains,
    snow,
    hills,
    dunes,
    sea,
    stars,
    forest,
    city,
    balloons,
)


def paint(scene: Callable[[Canvas, Light], Array], light: Light, *, size: tuple[int, int], seed: int) -> Image.Image:
    """One scene, upright, RGB."""
    canvas = Canvas(width=size[0], height=size[1], rng=np.random.default_rng(seed))
    return Image.fromarray((_finish(canvas, scene(canvas, light)) * 255).astype(np.uint8))


def lettering(
    lines: Sequence[str], *, size: tuple[int, int], ink: Colour, ground: Colour, frame: Colour
) -> Image.Image:
    """A sign, a card or a page with large readable text, for reading text in pictures."""
    picture = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(picture)
    edge = size[0] // 28
    draw.rectangle((edge, edge, size[0] - edge, size[1] - edge), outline=frame, width=edge // 3)
    font_px = min(int(size[1] * 0.62 / len(lines)), int(size[0] * 1.35 / max(len(line) for line in lines)))
    font = ImageFont.load_default(font_px)
    step = size[1] / (len(lines) + 1)
    for index, line in enumerate(lines, start=1):
        draw.text((size[0] / 2, step * index), line, font=font, fill=ink, anchor="mm")
    return picture
