"""Adjusted pictures at full size, as JPEG: made when somebody downloads one, kept for some hours."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.files import TEMPORARY_PREFIX
from appliance.library import renditions
from appliance.library.adjusted_pictures import make_full_copy
from appliance.library.originals import open_original, path_of
from appliance.media import recipe as recipes
from appliance.media.recipe import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.db.engine import Database
    from appliance.home import Home
    from appliance.library.files import Original

TIMEOUT_S = 900.0
#: What follows the rendition's name.  The job `tidy_data` removes what is called like no rendition.
SUFFIX = "-full"


async def facts_of(db: Database, file: uuid.UUID) -> Facts:
    """What the library knows of a photo and a copy of it may say: when, where, with what, and its description."""
    row = await db.fetch_one(
        """SELECT "local_start" AS "taken", "utc_offset_min", "latitude", "longitude", "description", "metadata"
           FROM "stored_file" WHERE "id" = ?""",
        [str(file)],
    )
    if row is None:
        return Facts()
    metadata = msgspec.json.decode(row.pop("metadata"))
    make, model = (str(metadata.get(name) or "") for name in ("camera_make", "camera_model"))
    return Facts(camera_make=make, camera_model=model, **row)


async def full_copy(home: Home, original: Original, facts: Facts | None) -> tuple[int, str]:
    """An open file descriptor of a JPEG with `facts` in it, or none, and a tag that changes with it.

    Raises MediaError and what compute raises.
    """
    size = renditions.original_size(msgspec.structs.asdict(original))
    if size is None:
        raise InvalidInputError("Nobody knows yet how large this picture is", hint="Ask again in a moment.")
    told = hashlib.blake2b(msgspec.json.encode(facts), digest_size=6).hexdigest() if facts else "plain"
    path = home.paths.preview(original.rendition).with_name(f"{original.rendition}{SUFFIX}-{told}")
    made = await asyncio.to_thread(_opened, path)
    if made is not None:
        return made, path.name
    os.close(await asyncio.to_thread(open_original, original))  # says what is wrong where it is not there
    temporary = home.paths.previews / f"{TEMPORARY_PREFIX}{uuid.uuid4()}"
    await asyncio.to_thread(path.parent.mkdir, mode=0o750, parents=True, exist_ok=True)
    try:
        await home.compute.run(
            make_full_copy,
            path_of(original.root, original.content),
            temporary,
            original.kind,
            original.mime_type,
            original.orientation,
            recipes.read(original.adjustments),
            size,
            facts,
            timeout_s=TIMEOUT_S,
            urgent=True,
        )
        await asyncio.to_thread(temporary.rename, path)
    finally:
        await asyncio.to_thread(temporary.unlink, missing_ok=True)
    return await asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC), path.name


def copy_name(original: Original) -> str:
    return f"{PurePath(original.filename).stem} (adjusted).jpg"


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
