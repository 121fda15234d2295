"""Captions: what models wrote of files.

They stand in `photo_caption` beside what tagging models said (`model_tags.note`).  A person's description is another
field, goes before them wherever both are shown, and is never touched here.  Asking for one: `caption_requests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library import model_tags
from appliance.library.settings import get_setting
from ml import registry

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from ml.base import ModelSpec

CAPTION_STEP = "caption"


class CaptioningModel(msgspec.Struct, frozen=True):
    """As far as the library must know it."""

    name: str
    version: str


async def model_in_use(db: Database) -> CaptioningModel:
    """As the setting `captioning_model` says; the default when that one is gone."""
    name = await get_setting(db, "captioning_model")
    try:
        return describe(registry.captioner(name).spec)
    except NotFoundError:
        return describe(registry.CAPTIONERS[0].spec)


async def keep(db: Database, row: Row, model: CaptioningModel, text: str) -> None:
    """What `model` says of the content that `row` stands for.  Inside `db.write()`."""
    entry: dict[str, object] = {"version": model.version, "content": row["content_sha"], "caption": text}
    await model_tags.note(db, row["id"], model.name, entry)


async def asked_of(db: Database, file: uuid.UUID) -> list[CaptioningModel]:
    """The models that somebody asked for a caption of this file; the one in use where nobody named any."""
    rows = await db.fetch(
        """SELECT c."key" AS "name" FROM "photo_caption" p, json_each(p."captions_json") c
           WHERE p."file" = ? AND c."value" ->> '$.asked'""",
        [file],
    )
    names = {row["name"] for row in rows}
    asked = [describe(captioner.spec) for captioner in registry.CAPTIONERS if captioner.spec.name in names]
    return asked or [await model_in_use(db)]


async def captions_of(db: Database, files: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Row]]:
    """`source` and `text` of every caption of what the files hold now, by file."""
    rows = await db.fetch(
        """SELECT p."file", c."key" AS "model", c."value" ->> '$.caption' AS "text"
           FROM "photo_caption" p JOIN "stored_file" f ON f."id" = p."file", json_each(p."captions_json") c
           WHERE p."file" IN (SELECT value FROM json_each(?)) AND c."type" = 'object' AND "text" <> ''
           AND c."value" ->> '$.content' IS f."content_sha"
           ORDER BY c."key" """,
        [ids_json(files)],
    )
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["file"], []).append({"source": f"model:{row['model']}", "text": row["text"]})
    return found


async def without_caption(db: Database, model: CaptioningModel, *, after: str, limit: int) -> list[Row]:
    """`id` of files on the timeline that the model has not described as they are now, by id, behind `after`; without
    those whose failure somebody ignores."""
    return await db.fetch(
        f"""SELECT f."id" FROM "stored_file" f WHERE f."id" > ? AND {_LACKING} ORDER BY f."id" LIMIT ?""",
        [after, *_lacking(model), limit],
    )


async def count_without(db: Database, model: CaptioningModel, *, after: str = "") -> int:
    found: int = await db.value(
        f'SELECT count(*) FROM "stored_file" f WHERE f."id" > ? AND {_LACKING}', [after, *_lacking(model)]
    )
    return found


_LACKING = """f."listed" AND f."kind" IN ('photo', 'video', 'raw') AND NOT EXISTS (
    SELECT 1 FROM "photo_caption" p WHERE p."file" = f."id"
    AND p."captions_json" ->> ('$."' || ? || '".version') = ?
    AND p."captions_json" ->> ('$."' || ? || '".content') = f."content_sha"
) AND NOT EXISTS (
    SELECT 1 FROM "file_step" s WHERE s."file" = f."id" AND s."step" = 'caption' AND s."status" = 'ignored'
)"""


def _lacking(model: CaptioningModel) -> list[object]:
    return [model.name, model.version, model.name]


def describe(spec: ModelSpec) -> CaptioningModel:
    return CaptioningModel(spec.name, spec.version)


def ids_json(ids: Sequence[uuid.UUID]) -> str:
    return msgspec.json.encode([str(value) for value in ids]).decode()
