"""Moving GIF, WebP, APNG and AVIF to a moving WebP of bounded size; what is too long stays a still picture."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

from PIL import Image

from appliance.media.colour import eight_bit, icc_profile_of, to_srgb
from appliance.media.guard import media_errors
from appliance.media.pixels import PILLOW_FORMATS, fitted_size, turned

if TYPE_CHECKING:
    from pathlib import Path

_MAX_FRAMES: Final = 240
_MAX_DECODED_PIXELS: Final = 500_000_000
"""All frames together; about 3 s of decoding."""
_MAX_ENCODED_PIXELS: Final = 24_000_000
"""All frames together; about 100 MB while encoding. A longer animation is made smaller, down to _LEAST_SIDE_PX."""
_LEAST_SIDE_PX: Final = 240
_QUALITY: Final = 70
_DEFAULT_MS: Final = 100
_LEAST_MS: Final = 20
"""Browsers play 0 and 10 ms frames at 100 ms: files that say so were never meant faster."""


def encode_animation(path: Path, *, orientation: int, max_side: int) -> bytes | None:
    """The moving preview; None if the animation is too large, has one frame, or breaks off."""
    with media_errors(path), Image.open(path, formats=PILLOW_FORMATS) as image:
        try:
            count: int = getattr(image, "n_frames", 1)  # walks over all frames of a GIF
        except (OSError, EOFError, SyntaxError, ValueError, IndexError):
            return None
        width, height = image.size
        if count < 2 or count * width * height > _MAX_DECODED_PIXELS:
            return None
        step = math.ceil(count / _MAX_FRAMES)
        kept = math.ceil(count / step)
        side = min(max_side, int(max(width, height) * math.sqrt(_MAX_ENCODED_PIXELS / (kept * width * height))))
        if side < min(_LEAST_SIDE_PX, max(width, height)):
            return None
        size = fitted_size(width, height, side)
        profile = icc_profile_of(image)
        frames: list[Image.Image] = []
        durations_ms: list[int] = []
        for number in range(count):
            try:
                image.seek(number)
                image.load()
            except (OSError, EOFError, SyntaxError, ValueError, IndexError):
                break  # what came before is still worth showing
            told = image.info.get("duration", _DEFAULT_MS)
            duration = int(told) if isinstance(told, int | float) and told >= _LEAST_MS else _DEFAULT_MS
            if number % step:
                durations_ms[-1] += duration
                continue
            frame = eight_bit(image)
            if frame is image:
                frame = image.copy()  # the next seek would change this one
            if frame.size != size:
                frame = frame.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
            frames.append(turned(to_srgb(frame, profile), orientation))
            durations_ms.append(duration)
        if len(frames) < 2:
            return None
        out = io.BytesIO()
        frames[0].save(
            out, "WEBP", save_all=True, append_images=frames[1:], duration=durations_ms,
            loop=0, quality=_QUALITY, method=0,
        )  # fmt: skip
        return out.getvalue()
