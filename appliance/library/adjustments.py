"""Turning, cropping, straightening and lighting photos: a recipe beside the file, whose bytes stay as they are.

One photo is rendered while the asker waits, so that what is answered can be seen at once, and what cannot be read
stays as it was; many are left to the step `renditions`.  What models say (faces, vectors, text, duplicates) is said of
the photo as taken, and mapped through the recipe where it is shown.
"""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.files import mtime_ns
from appliance.library import edits, file_changes, files, intake, made, renditions, thumbnails
from appliance.library.adjusted_pictures import render_file
from appliance.library.edits import Edited
from appliance.library.face_index import ids_json
from appliance.library.file_changes import FileRecording, Values
from appliance.media import recipe as recipes
from appliance.media.recipe import Light, Recipe
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer

VERB = "adjust"
TIMEOUT_S = 60.0
_ROW = """f."id", f."kind", f."mime_type", f."orientation", f."animated", f."unshowable", f."missing_since",
    f."adjustments", f."adjusted", f."width", f."height", f."original_width", f."original_height", f."content",
    f."content_sha", f."processor_metadata", l."root" """


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to many photos: `reset` to as they were taken; or turn them clockwise by quarter turns, mirror them,
    and give them this light in place of their own."""

    turns: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    mirror: bool = False
    light: Light | None = None
    reset: bool = False


class Adjusted(msgspec.Struct, frozen=True):
    """`left`: how many of the files cannot be adjusted, such as videos, and stay as they are."""

    changed: int
    undo: uuid.UUID | None
    left: int = 0


async def get_recipe(db: Database, viewer: Viewer, file: uuid.UUID) -> dict[str, Any]:
    """recipe, width, height (as taken, upright); raises NotFoundError and PermissionDeniedError as a change would."""
    async with db.read():
        await files.require_changeable(db, viewer, file)
        row = await _row(db, file)
    check_adjustable(row)
    width, height = renditions.original_size(row) or (None, None)
    return {"recipe": recipes.read(row["adjustments"]), "width": width, "height": height}


async def preview_as_taken(home: Home, viewer: Viewer, file: uuid.UUID) -> Path:
    """Where the preview of the picture without its recipe lies, if it is there; for whoever may change it."""
    await files.require_changeable(home.db, viewer, file)
    row = await _row(home.db, file)
    return home.paths.preview(row["content_sha"])


async def adjust_file(home: Home, viewer: Viewer, file: uuid.UUID, recipe: Recipe) -> Edited:
    """Show one photo by `recipe` from now on; one that changes nothing resets it.

    Raises InvalidInputError for a recipe or a file with which that cannot be done, MediaError when it cannot be read.
    """
    recipe = recipes.checked(recipe)
    async with home.db.read():
        await files.require_changeable(home.db, viewer, file)
        row = await _row(home.db, file)
    check_adjustable(row)
    text, name, size = recipes.written(recipe), recipes.name_of(recipe), renditions.original_size(row)
    if text == row["adjustments"]:
        return Edited(0, None)
    if size is not None:
        recipes.check_size(recipe, *size)
    there = await thumbnails.get_thumbnail(home.db, row["content_sha"]) is not None
    rendered = await home.compute.run(
        render_file,
        Path(row["root"], row["content"]),
        row["kind"],
        row["mime_type"],
        row["orientation"],
        recipe if name else None,
        size,
        not there or size is None,
        timeout_s=TIMEOUT_S,
        urgent=True,
    )
    await _check_unchanged(home.db, row)
    await made.keep_previews(home, row["content_sha"], name, rendered)
    async with home.db.write():
        await made.keep_thumbnails(home.db, row["content_sha"], name, rendered)
    async with home.db.write():
        await edits.changeable_ids(home.db, viewer, [file])
        here = await _row(home.db, file)
        if here["content_sha"] != row["content_sha"]:
            raise _changed_meanwhile()
        recording = FileRecording(home.db, viewer, [file])
        await recording.begin()
        values = {"adjustments": text, "adjusted": name, "modified": now()}
        values |= renditions.sizes(text, *(size or (None, None))) | made.columns_of(here, rendered)
        await intake.update(home.db, file, values)
        await home.db.fetch(
            """UPDATE "file_step" SET "status" = 'done', "error" = ?, "hint" = '' WHERE "file" = ? AND "step" = ?""",
            [rendered.shown.warning, str(file), renditions.STEP],
        )
        entry, changed = await recording.record(VERB)
    await file_changes.announce(home.db, home.bus, changed)
    return Edited(len(changed), entry)


async def adjust_files(home: Home, viewer: Viewer, ids: Sequence[uuid.UUID], change: Change) -> Adjusted:
    """Adjust those of `ids` that can be; their renditions are made soon.  Raises as `edits.edit_files` does."""
    if not 1 <= len(set(ids)) <= edits.MOST_FILES:
        raise InvalidInputError(f"Choose between 1 and {edits.MOST_FILES} files")
    if change == Change() or (change.reset and change != Change(reset=True)):
        raise InvalidInputError("Say what to do", hint="Turn, mirror or light them; or reset them, and nothing else.")
    async with home.db.write():
        seen = await edits.changeable_ids(home.db, viewer, ids)
        rows = await home.db.fetch(
            f"""SELECT {_ROW} FROM "stored_file" f JOIN "library" l ON l."id" = f."library"
                WHERE f."id" IN (SELECT value FROM json_each(?))""",
            [ids_json(seen)],
        )
        able = [row for row in rows if not why_not(row) and renditions.original_size(row)]
        wanted: dict[str, Values] = {}
        for row in able:
            recipe = _changed(recipes.read(row["adjustments"]), change)
            text = recipes.written(recipe)
            if text != row["adjustments"]:
                wanted[str(row["id"])] = {"adjustments": text, "adjusted": recipes.name_of(recipe)}
        recording = FileRecording(home.db, viewer, list(wanted))
        await recording.begin()
        await file_changes.set_columns(home.db, wanted)
        await renditions.refit(home.db, wanted)
        entry, changed = await recording.record(VERB)
    if changed:
        await file_changes.announce(home.db, home.bus, changed)
    return Adjusted(len(changed), entry, len(seen) - len(able))


def why_not(row: Row) -> str:
    """Why a file cannot be adjusted, for people; "" when it can."""
    if row["kind"] == "video":
        return "Videos cannot be adjusted"
    if row["kind"] not in ("photo", "raw"):
        return "Only photos can be adjusted"
    if row["animated"]:
        return "This picture moves, and only still ones can be adjusted"
    if row["unshowable"]:
        return "There is no picture of this file that could be adjusted"
    return ""


def check_adjustable(row: Row) -> None:
    """Raises InvalidInputError, or ConflictError while the file is away."""
    if reason := why_not(row):
        raise InvalidInputError(reason, hint="Photos and RAW files can be turned, cropped, straightened and lit.")
    if row["missing_since"] is not None:
        raise ConflictError("The photo is not there at the moment", hint="Is its disk switched on and mounted?")


def _changed(recipe: Recipe, change: Change) -> Recipe:
    if change.reset:
        return recipes.NOTHING
    if change.turns or change.mirror:
        recipe = recipes.turned_by(recipe, change.turns, mirror=change.mirror)
    return recipe if change.light is None else recipes.checked(msgspec.structs.replace(recipe, light=change.light))


async def _row(db: Database, file: uuid.UUID) -> Row:
    row = await db.fetch_one(
        f"""SELECT {_ROW} FROM "stored_file" f JOIN "library" l ON l."id" = f."library" WHERE f."id" = ?""", [str(file)]
    )
    if row is None:
        raise files.no_such_file()
    return row


async def _check_unchanged(db: Database, row: Row) -> None:
    """What was rendered is what was registered: by size and time of the file, as a scan would see it."""
    seen = await db.fetch_one(
        """SELECT "size_bytes", "mtime_ns" FROM "file_path"
           WHERE "file" = ? AND ltrim("folder" || '/', '/') || "name" = ?""",
        [str(row["id"]), row["content"]],
    )
    try:
        stat = await asyncio.to_thread(Path(row["root"], row["content"]).stat)
    except FileNotFoundError as error:
        raise NotFoundError("The photo is not there any more", hint="Scan its library again.") from error
    if seen is not None and (stat.st_size, mtime_ns(stat)) != (seen["size_bytes"], seen["mtime_ns"]):
        raise _changed_meanwhile()


def _changed_meanwhile() -> ConflictError:
    return ConflictError("The file was changed meanwhile", hint="Scan its library, then adjust it as it is now.")
