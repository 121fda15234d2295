"""Tags: words on files, each with its source; a model's or a file's word never replaces a person's."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.library.query import fold
from appliance.library.settings import default_of
from appliance.values import is_printable, new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

MOST_CHARACTERS = 100


def shown(table: str) -> str:
    """A condition on `file_tag`: of all models' words, only those of the tagging model in use."""
    setting = f"""ifnull((SELECT "value" ->> '$' FROM "site_setting" WHERE "name" = 'tagging_model'),
        '{default_of("tagging_model")}')"""
    return f"""({table}."source" NOT LIKE 'model:%' OR {table}."source" = 'model:' || {setting})"""


async def set_tags(db: Database, file: uuid.UUID, names: Iterable[str], *, source: str) -> None:
    """Make `names` the tags that `source` gives this file; other sources' stay.  Inside `db.write()`."""
    await set_tags_of_many(db, {file: tuple(names)}, source=source)


async def set_tags_of_many(db: Database, names_of: Mapping[uuid.UUID, Iterable[str]], *, source: str) -> None:
    """`set_tags` for several files.  Inside `db.write()`."""
    wanted = {str(file): sorted({name.strip() for name in names if name.strip()}) for file, names in names_of.items()}
    if not wanted:
        return
    moment = now()
    every = sorted(set(chain.from_iterable(wanted.values())))
    if every:
        await db.execute_many(
            'INSERT INTO "tag" ("id", "name", "created") VALUES (?, ?, ?) ON CONFLICT ("name") DO NOTHING',
            [[str(new_id()), name, moment] for name in every],
        )
    await db.execute_many(
        """DELETE FROM "file_tag" WHERE "file" = ? AND "source" = ?
           AND "tag" NOT IN (SELECT "id" FROM "tag" WHERE "name" IN (SELECT value FROM json_each(?)))""",
        [[file, source, msgspec.json.encode(names).decode()] for file, names in wanted.items()],
    )
    if every:
        await db.execute_many(
            """INSERT INTO "file_tag" ("id", "file", "tag", "source")
               SELECT ?, ?, "id", ? FROM "tag" WHERE "name" = ? ON CONFLICT DO NOTHING""",
            [[str(new_id()), file, source, name] for file, names in wanted.items() for name in names],
        )


async def count_tags(db: Database, viewer: Viewer) -> list[Row]:
    """`id`, `name` and `count` of files of every tag on a file that the viewer may find, in the order of names."""
    owners, arguments = viewer.owners()
    return await db.fetch(
        f"""SELECT t."id", t."name", c."count" FROM (
                SELECT "tag", sum("files") AS "count" FROM "tag_count" WHERE {owners} GROUP BY "tag"
            ) c JOIN "tag" t ON t."id" = c."tag" WHERE c."count" > 0 ORDER BY t."name" """,
        arguments,
    )


async def spelled(db: Database, viewer: Viewer, names: Sequence[str]) -> list[str]:
    """As tags that are there already are written; one that others keep to themselves is not told."""
    known = {fold(row["name"]): row["name"] for row in await count_tags(db, viewer)}
    return list(dict.fromkeys(known.get(fold(name), name) for name in names))


def clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= MOST_CHARACTERS or not is_printable(cleaned):
        raise InvalidInputError(f"A tag has 1 to {MOST_CHARACTERS} printable characters")
    return cleaned
