"""Renaming and merging tags, on every file that the viewer may change; the files of others keep their words.

`animals/dog` lies in `animals`: what is done to a tag is done to those in it.  A model's or a file's own word that is
renamed never comes back by itself.  One entry of the journal, which can be undone.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.library import announcing, tags
from appliance.library.face_index import ids_json
from appliance.library.file_changes import FileRecording
from appliance.library.query import fold
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

MANUAL = "manual"
MOST_FILES = 20_000
SEPARATOR = "/"


class Renamed(msgspec.Struct, frozen=True):
    """How many files have another word now, and the journal's entry."""

    changed: int
    undo: uuid.UUID | None


async def rename(db: Database, bus: Bus, viewer: Viewer, name: str, to: str) -> Renamed:
    """Raises ConflictError for a name that is another tag already: merging is said as such."""
    target = tags.clean_name(to)
    known = {fold(row["name"]) for row in await tags.count_tags(db, viewer) if row["name"] != name}
    if fold(target) in known:
        raise ConflictError(f"There is a tag “{target}” already", hint="Merge the two instead.")
    return await _replace(db, bus, viewer, [name], target, "rename_tag")


async def merge(db: Database, bus: Bus, viewer: Viewer, names: Sequence[str], into: str) -> Renamed:
    """Into a tag as it is spelled, where it is there already."""
    target = tags.clean_name(into)
    known = {row["name"] for row in await tags.count_tags(db, viewer)}
    if target not in known:
        target = next((name for name in sorted(known - set(names)) if fold(name) == fold(target)), target)
    others = [name for name in names if name != target]
    if not others:
        raise InvalidInputError("Merging takes two tags", hint="Name those that shall become one.")
    return await _replace(db, bus, viewer, others, target, "merge_tags")


async def remove(db: Database, bus: Bus, viewer: Viewer, name: str) -> Renamed:
    """Take a tag off all files."""
    return await _replace(db, bus, viewer, [name], None, "remove_tag")


async def _replace(
    db: Database, bus: Bus, viewer: Viewer, names: Sequence[str], target: str | None, verb: str
) -> Renamed:
    async with db.write():
        said = await _said(db, viewer, names)
        missing = [name for name in names if not any(row["name"] == name or _is_in(row["name"], name) for row in said)]
        if missing:
            raise NotFoundError(f"There is no tag “{missing[0]}” on your files", hint="It may have been renamed.")
        if target is not None:
            # `animals` that becomes `animals/dog` leaves `animals/dog` as it is, and what lies in that.
            said = [row for row in said if row["name"] != target and not _is_in(row["name"], target)]
        files = list(dict.fromkeys(str(row["file"]) for row in said))
        if len(files) > MOST_FILES:
            raise InvalidInputError(f"That is on more than {MOST_FILES} files", hint="Select some of them instead.")
        recording = FileRecording(db, viewer, files, tags=True)
        await recording.begin()
        await _take_off(db, said)
        if target is not None:
            await _put_on(db, _targets(said, names, target))
        entry, changed = await recording.record(verb)
    await announcing.tell_changed(db, bus, changed)
    return Renamed(len(changed), entry)


async def _said(db: Database, viewer: Viewer, names: Sequence[str]) -> list[Row]:
    """(file, tag, name) of what has one of these words, or one that lies in it, and may be changed."""
    changeable, arguments = viewer.changeable("f")
    return await db.fetch(
        f"""SELECT DISTINCT ft."file", ft."tag", t."name" FROM "tag" t JOIN "file_tag" ft ON ft."tag" = t."id"
            JOIN "stored_file" f ON f."id" = ft."file"
            WHERE {tags.shown("ft")} AND {changeable} AND EXISTS (SELECT 1 FROM json_each(?) n
                WHERE t."name" = n.value OR substr(t."name", 1, length(n.value) + 1) = n.value || '{SEPARATOR}')""",
        [*arguments, msgspec.json.encode(list(names)).decode()],
    )


def _is_in(name: str, outer: str) -> bool:
    return name.startswith(outer + SEPARATOR)


def _targets(said: Sequence[Row], names: Sequence[str], target: str) -> dict[str, list[str]]:
    """New word -> files: `animals/dog` goes where `animals` goes."""
    found: dict[str, list[str]] = {}
    for row in said:
        outer = row["name"] if row["name"] in names else next(name for name in names if _is_in(row["name"], name))
        found.setdefault(target + row["name"][len(outer) :], []).append(str(row["file"]))
    return found


async def _take_off(db: Database, said: Sequence[Row]) -> None:
    pairs = [[str(row["file"]), str(row["tag"])] for row in said]
    moment = now()
    await db.execute_many('DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ?', pairs)
    await db.execute_many(
        'INSERT INTO "tag_rejection" ("id", "file", "tag", "created") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        [[str(new_id()), *pair, moment] for pair in pairs],
    )


async def _put_on(db: Database, files_of: Mapping[str, Sequence[str]]) -> None:
    for name, some in files_of.items():
        await db.fetch(
            'INSERT INTO "tag" ("id", "name", "created") VALUES (?, ?, ?) ON CONFLICT ("name") DO NOTHING',
            [str(new_id()), name, now()],
        )
        tag = await db.value('SELECT "id" FROM "tag" WHERE "name" = ?', [name])
        await db.fetch(
            'DELETE FROM "tag_rejection" WHERE "tag" = ? AND "file" IN (SELECT value FROM json_each(?))',
            [str(tag), ids_json(some)],
        )
        await db.execute_many(
            """INSERT INTO "file_tag" ("id", "file", "tag", "source") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            [[str(new_id()), file, str(tag), MANUAL] for file in some],
        )
