"""Copies of originals without anything but the picture: made when somebody asks by a link, kept for some hours."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import TYPE_CHECKING

from appliance.files import TEMPORARY_PREFIX
from appliance.library.originals import open_original, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home
    from appliance.library.files import Original

TIMEOUT_S = 900.0
#: What follows the hash in the name.  The job `tidy_data` removes what is called like no content.
SUFFIX = "-plain"


def make_plain_copy(path: Path, target: Path, kind: str, mime_type: str, orientation: int) -> None:
    """In the compute process."""
    from appliance.media.plain import write_plain_copy

    write_plain_copy(path, target, kind=kind, mime_type=mime_type, orientation=orientation)


async def plain_copy(home: Home, original: Original) -> tuple[int, str]:
    """An open file descriptor, and what it is: image/jpeg or video/mp4.  Raises MediaError and what compute raises."""
    path = home.paths.preview(original.content_sha).with_name(original.content_sha + SUFFIX)
    media_type = "video/mp4" if original.kind == "video" else "image/jpeg"
    made = await asyncio.to_thread(_opened, path)
    if made is not None:
        return made, media_type
    os.close(await asyncio.to_thread(open_original, original))  # says what is wrong where it is not there
    temporary = home.paths.previews / f"{TEMPORARY_PREFIX}{uuid.uuid4()}"
    await asyncio.to_thread(path.parent.mkdir, mode=0o750, parents=True, exist_ok=True)
    try:
        source = path_of(original.root, original.content)
        await home.compute.run(
            make_plain_copy,
            source,
            temporary,
            original.kind,
            original.mime_type,
            original.orientation,
            timeout_s=TIMEOUT_S,
            urgent=True,
        )
        await asyncio.to_thread(temporary.rename, path)
    finally:
        await asyncio.to_thread(temporary.unlink, missing_ok=True)
    return await asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC), media_type


def plain_name(original: Original, media_type: str) -> str:
    """A name that says nothing of where or when it was taken."""
    return f"{original.kind if original.kind == 'video' else 'photo'}.{'mp4' if media_type == 'video/mp4' else 'jpg'}"


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
