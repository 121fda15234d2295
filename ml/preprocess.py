"""Pixels as a model wants them: resized, cropped or padded, scaled and normalised.

Resizing is Pillow's on 8-bit pixels, which is what the models were trained behind; the arithmetic is that of the image
processors that are published with them, to 1e-5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from ml.base import RGBImage

    Pixels: TypeAlias = NDArray[np.float32]  # (images, 3, side, side)

Channels: TypeAlias = tuple[float, float, float]

CLIP_MEAN: Channels = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Channels = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)
HALF: Channels = (0.5, 0.5, 0.5)
PLAIN_MEAN: Channels = (0.0, 0.0, 0.0)
PLAIN_STD: Channels = (1.0, 1.0, 1.0)

_LONGEST = 20  # times as long as wide: what is cut off a picture is not resized beyond that


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """How a model wants a picture: a square of `side` pixels, values (v / 255 - mean) / std.

    `fit`: "squash" ignores the shape, "crop" keeps the middle (of a picture whose shorter side is `shortest` pixels,
    or `side` when that is 0), "pad" adds white around the whole.
    """

    side: int
    fit: Literal["squash", "crop", "pad"]
    resample: Literal["bilinear", "bicubic"]
    mean: Channels
    std: Channels
    shortest: int = 0


def pixel_values(images: Sequence[RGBImage], how: Preprocessing) -> Pixels:
    """The batch that a network is given: float32, shape (images, 3, side, side)."""
    import numpy as np
    from PIL import Image

    scale = np.array([1 / (255 * std) for std in how.std], dtype=np.float32)
    shift = np.array([mean / std for mean, std in zip(how.mean, how.std, strict=True)], dtype=np.float32)
    batch = np.empty((len(images), 3, how.side, how.side), dtype=np.float32)
    for index, image in enumerate(images):
        square = np.asarray(_square(Image.fromarray(image), how))  # (side, side, 3)
        batch[index] = (square * scale - shift).transpose(2, 0, 1)
    return batch


def _square(picture: Image.Image, how: Preprocessing) -> Image.Image:
    from PIL import Image

    resample = Image.Resampling.BICUBIC if how.resample == "bicubic" else Image.Resampling.BILINEAR
    if how.fit == "crop":
        return _middle(picture, how, resample)
    if how.fit == "pad":
        picture = _padded(picture)
    return picture.resize((how.side, how.side), resample)


def _middle(picture: Image.Image, how: Preprocessing, resample: Image.Resampling) -> Image.Image:
    width, height = picture.size
    reach = _LONGEST * min(width, height)
    if max(width, height) > reach:  # a strip of 1 by 10,000 would cost a gigabyte on the way, for its middle
        left, top = max(0, width - reach) // 2, max(0, height - reach) // 2
        picture = picture.crop((left, top, left + min(width, reach), top + min(height, reach)))
        width, height = picture.size
    shortest = max(how.shortest, how.side)
    across = shortest if width <= height else int(shortest * width / height)
    down = shortest if height <= width else int(shortest * height / width)
    left, top = (across - how.side) // 2, (down - how.side) // 2
    return picture.resize((across, down), resample).crop((left, top, left + how.side, top + how.side))


def _padded(picture: Image.Image) -> Image.Image:
    from PIL import Image

    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return square
