"""The one place where whatever a decoder raises becomes a MediaError; nothing here decodes.

Decoders fed hostile bytes raise nearly anything (struct.error, IndexError, SyntaxError, zlib.error ...), so a list of
classes would always be too short.
"""

from __future__ import annotations

import errno
import re
import struct
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_PIXELS = 120_000_000
"""Largest picture that is decoded at full size: 120 MP at Pillow's 4 bytes per pixel are 480 MB."""
MAX_PIXELS_COSTLY = 60_000_000
"""The same for WebP, AVIF, HEIC and pixels of 32 bits, which take up to 16 bytes per pixel; phones make 50 MP."""
MAX_PIXELS_SCALED = 250_000_000
"""Largest picture of a format that decodes at a fraction of its size (baseline JPEG, JPEG 2000)."""

_MACHINE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EROFS)
"""Not the file's fault: they go up as they are."""
_PYTHON_TALK = (LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError, struct.error)
"""What a decoder stumbles over when a file breaks its format's rules; the text would tell a family nothing."""

_DAMAGED_HINT = "Open the file in another program. If it is damaged there too, restore it from a backup."


@contextmanager
def media_errors(path: Path) -> Iterator[None]:
    """Let only MediaError out, and keep decoder warnings (broken EXIF, big picture) from the log.

    Also holds Pillow's own bomb check at a limit that suits `check_pixels`, for the checks deep in its plugins.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS_SCALED // 2  # Pillow raises above twice this number
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MediaError:
        raise
    except FileNotFoundError as error:
        raise UnreadableFileError(str(path), "The file is gone.", hint="Scan the library again.") from error
    except PermissionError as error:
        raise UnreadableFileError(
            str(path), "The file may not be read.", hint="Give the service the right to read it."
        ) from error
    except Image.DecompressionBombError as error:
        stated = re.search(r"\((\d+) pixels\)", str(error))
        raise too_large(path, MAX_PIXELS_SCALED, pixels=int(stated[1]) if stated else 0) from error
    except MemoryError as error:
        raise UnsupportedFormatError(
            str(path), "The file needs more memory than it may use.", hint="Save it again at a smaller size."
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadableFileError(
            str(path), "The file is damaged or not a picture that can be read.", hint=_DAMAGED_HINT
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
            raise
        raise damaged(path, _reason(error)) from error


def check_pixels(path: Path, width: int, height: int, *, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture by its stated size, before anything is allocated for it."""
    if width < 1 or height < 1:
        raise UnreadableFileError(str(path), "The file is damaged: it states no size.", hint=_DAMAGED_HINT)
    if width * height > limit:
        raise too_large(path, limit, pixels=width * height)


def damaged(path: Path, reason: str) -> UnreadableFileError:
    return UnreadableFileError(str(path), f"The file is damaged: {reason}.", hint=_DAMAGED_HINT)


def too_large(path: Path, limit: int, *, pixels: int) -> UnsupportedFormatError:
    stated = f"{pixels / 1_000_000:.0f} megapixels" if pixels else "more pixels than allowed"
    return UnsupportedFormatError(
        str(path),
        f"The picture states {stated}; the limit for this format is {limit // 1_000_000} megapixels.",
        hint="If this is a real picture, save a copy of at most that size as JPEG.",
    )


def _reason(error: Exception) -> str:
    """One line of what the decoder said, short enough for a list of failures."""
    text = "" if isinstance(error, _PYTHON_TALK) else " ".join(str(error).split())
    if not text:
        return "it is not built as its format demands"
    return (text[:117] + "...") if len(text) > 120 else text.rstrip(".")
