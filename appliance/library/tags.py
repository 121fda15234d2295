"""Tags: words on files, each with its source; a model's or a file's word never replaces a person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.db.tables import FileTag, Tag
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from appliance.db.engine import Database


async def set_tags(db: Database, file: uuid.UUID, names: Iterable[str], *, source: str) -> None:
    """Make `names` the tags that `source` gives this file; other sources' stay.  Inside `db.write()`."""
    wanted = {name.strip() for name in names if name.strip()}
    present = {
        row["name"]: row["id"]
        for row in await db.fetch(
            """SELECT t."name" AS name, ft."id" AS id FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
               WHERE ft."file" = ? AND ft."source" = ?""",
            [str(file), source],
        )
    }
    for name in sorted(wanted - present.keys()):
        tag = await _tag(db, name)
        await db.insert(FileTag, [{"id": new_id(), "file": file, "tag": tag, "source": source}])
    for name in present.keys() - wanted:
        await db.fetch('DELETE FROM "file_tag" WHERE "id" = ?', [str(present[name])])


async def _tag(db: Database, name: str) -> uuid.UUID:
    found: uuid.UUID | None = await db.value('SELECT "id" FROM "tag" WHERE "name" = ?', [name])
    if found is None:
        found = new_id()
        await db.insert(Tag, [{"id": found, "name": name, "created": now()}])
    return found
