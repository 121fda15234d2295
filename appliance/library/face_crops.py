"""Pictures of single faces, cut from the preview in the compute process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from appliance.errors import NotFoundError
from appliance.library.originals import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home
    from appliance.library.faces import Crop
    from ml.base import Box

SIDE = 200  # px
AROUND = 0.35  # of the box's longer side is shown on each side of it
QUALITY = 80
TIMEOUT_S = 60.0


def cut(preview: Path | None, original: Path, kind: str, mime_type: str, orientation: int, box: Box) -> bytes:
    """A square WebP around `box` (fractions of the upright picture), from the preview where there is one."""
    import io

    from appliance.media.pixels import read_picture

    source = (preview, "photo", "image/jpeg", 1) if preview else (original, kind, mime_type, orientation)
    path, kind, mime_type, orientation = source
    image = read_picture(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=1440).image
    width, height = image.size
    side = min(max(box[2] * width, box[3] * height) * (1 + 2 * AROUND), width, height)
    left = min(max(0.0, (box[0] + box[2] / 2) * width - side / 2), width - side)
    top = min(max(0.0, (box[1] + box[3] / 2) * height - side / 2), height - side)
    out = io.BytesIO()
    image.resize((SIDE, SIDE), box=(left, top, left + side, top + side)).save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()


async def make_crop(home: Home, crop: Crop) -> bytes:
    """Raises what reading the picture raises."""
    row = crop.row
    preview = home.paths.preview(row["content_sha"])
    there = await asyncio.to_thread(preview.is_file)
    try:
        return await home.compute.run(
            cut,
            preview if there else None,
            path_of(row["root"], row["content"]),
            row["kind"],
            row["mime_type"],
            row["orientation"],
            crop.box,
            timeout_s=TIMEOUT_S,
            urgent=True,
        )
    except FileNotFoundError as error:
        raise NotFoundError("The photo is not there at the moment") from error
