"""What tagging models said of files: all of it is kept, side by side, and that of the model in use is shown.

Another model, and back again, costs no second look: a file is done for a model that has spoken of its present content,
in its present version.  Words of people and of files are other sources and are never touched; what a person took off
a file, a trigger keeps away.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import NotFoundError
from appliance.library import tags
from appliance.library.settings import OFF, get_setting
from appliance.values import new_id, now
from ml import registry

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from ml.base import TagScore

log = logging.getLogger(__name__)

TAGS_STEP = "tags"


class TaggingModel(msgspec.Struct, frozen=True):
    """The one in use, as far as the library must know it."""

    name: str
    version: str

    @property
    def source(self) -> str:
        """Of its words, in `file_tag`."""
        return f"model:{self.name}"


async def model_in_use(db: Database) -> TaggingModel | None:
    """As the setting `tagging_model` says; None when that is off, or a model that is gone."""
    name = await get_setting(db, "tagging_model")
    if name == OFF:
        return None
    try:
        spec = registry.tagger(name).spec
    except NotFoundError:
        log.warning("tagging_model=%s is not known any more: nothing is tagged", name)
        return None
    return TaggingModel(spec.name, spec.version)


async def keep(db: Database, row: Row, model: TaggingModel, said: Sequence[TagScore]) -> None:
    """What `model` says of the content that `row` stands for, in place of what it said before.  Inside `db.write()`."""
    entry: dict[str, object] = {
        "version": model.version,
        "content": row["content_sha"],
        "tags": [[tag.name, tag.score, tag.group] if tag.group else [tag.name, tag.score] for tag in said],
    }
    environment = next((tag.name for tag in said if tag.group == "environment"), None)
    if environment is not None:
        entry["environment"] = environment
    await note(db, row["id"], model.name, entry)
    scores: dict[str, float] = {}
    for tag in said:
        scores[tag.name] = max(tag.score, scores.get(tag.name, 0.0))
    await tags.set_tags(db, row["id"], scores, source=model.source)
    await db.execute_many(
        """UPDATE "file_tag" SET "score" = ? WHERE "file" = ? AND "source" = ?
           AND "tag" = (SELECT "id" FROM "tag" WHERE "name" = ?)""",
        [[score, str(row["id"]), model.source, name] for name, score in scores.items()],
    )


async def note(db: Database, file: uuid.UUID, model: str, entry: dict[str, object]) -> None:
    """Write down beside what other models said of a file; nothing else follows.  Inside `db.write()`."""
    text = msgspec.json.encode(entry).decode()
    await db.fetch(
        """INSERT INTO "photo_caption" ("id", "file", "captions_json", "modified")
           VALUES (?, ?, json_object(?, json(?)), ?)
           ON CONFLICT ("file") DO UPDATE SET "modified" = excluded."modified",
           "captions_json" = json_patch(json_remove("captions_json", '$."' || ? || '"'), excluded."captions_json")""",
        [str(new_id()), str(file), model, text, now(), model],
    )


async def prepare(db: Database) -> bool:
    """Plan for the tagging model in use: due is what it has not spoken of; true when another one was planned for.

    Asked at start and when settings change.  While tagging is off nothing is planned, and nothing forgotten.
    """
    async with db.write():
        model = await model_in_use(db)
        planned = await db.fetch_one('SELECT "model", "version" FROM "tag_plan"')
        if model is None or planned == {"model": model.name, "version": model.version}:
            return False
        await db.fetch(
            """INSERT INTO "tag_plan" ("id", "model", "version") VALUES (1, ?, ?) ON CONFLICT ("id")
               DO UPDATE SET "model" = excluded."model", "version" = excluded."version" """,
            [model.name, model.version],
        )
        spoken = """EXISTS (SELECT 1 FROM "photo_caption" c JOIN "stored_file" f ON f."id" = c."file"
            WHERE c."file" = "file_step"."file" AND c."captions_json" ->> ('$."' || ? || '".version') = ?
            AND c."captions_json" ->> ('$."' || ? || '".content') = f."content_sha")"""
        found = [model.name, model.version, model.name]
        await db.fetch(
            f"""UPDATE "file_step" SET "status" = 'done', "error" = '', "hint" = ''
                WHERE "step" = ? AND "status" IN ('pending', 'failed', 'ignored') AND {spoken}""",
            [TAGS_STEP, *found],
        )
        await db.fetch(
            f"""UPDATE "file_step" SET "status" = 'pending', "attempts" = 0, "error" = '', "hint" = ''
                WHERE "step" = ? AND NOT {spoken}
                AND ("status" IN ('done', 'failed', 'ignored') OR "status" = 'skipped' AND "error" = '')""",
            [TAGS_STEP, *found],
        )
        if planned is not None:
            log.info("tagging_model=%s version=%s: files it has not spoken of are due", model.name, model.version)
        return True
