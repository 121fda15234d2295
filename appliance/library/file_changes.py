"""What a person changes on files, recorded row by row: an entry of the journal, and for each file what it was before.

An entry can be undone while what it left is still there; what was changed after it must be undone first.  Files that
went for good meanwhile stay gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError
from appliance.library import journal, renditions
from appliance.library.face_index import ids_json
from appliance.messages import FileChanged
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "files"
#: Columns that a person may change, by themselves or with others.
COLUMNS = (
    *("favourite", "rating", "archived", "hidden", "description", "trashed_at", "by_hand"),
    *("start", "end", "utc_offset_min", "local_start", "latitude", "longitude", "altitude", "place"),
    *("adjustments", "adjusted"),
)
#: What a person may have set themselves, in the column `by_hand`: reading the file again leaves it alone.
DATE, LOCATION = "date", "location"
#: How many rows one statement writes: between two of them listeners hear how far it is.
AT_ONCE = 500

Values = dict[str, Any]


class Hanging(msgspec.Struct, frozen=True):
    """Rows that hang on files: a tag that somebody or something gave, or that somebody took away."""

    tags: dict[str, set[tuple[str, str, float | None]]]  # file -> (tag, source, score)
    rejected: dict[str, set[str]]  # file -> tag


class FileRecording:
    """One change by hand: made of the files as they are now, then `record`.  Inside one `db.write()`."""

    def __init__(self, db: Database, viewer: Viewer, files: Sequence[object], *, tags: bool = False) -> None:
        self._db, self._viewer, self._files, self._tags = db, viewer, [str(file) for file in files], tags
        self.rows: dict[str, Values] = {}
        self._hanging = Hanging({}, {})

    async def begin(self) -> None:
        """Read what is there; `rows` holds the columns of each file that exists, as SQLite stores them."""
        self.rows = await columns_of(self._db, self._files)
        if self._tags:
            self._hanging = await _hanging(self._db, self._files)

    async def record(self, verb: str, *, noun_id: object = "") -> tuple[uuid.UUID | None, list[str]]:
        """Write the journal's entry; returns it and the files that differ, None and none when nothing has changed."""
        after = await columns_of(self._db, list(self.rows))
        hanging = await _hanging(self._db, list(self.rows)) if self._tags else Hanging({}, {})
        changes: list[tuple[str, Values, Values]] = []
        for file, was in self.rows.items():
            names = [name for name in COLUMNS if was[name] != after[file][name]]
            old: Values = {name: was[name] for name in names}
            new: Values = {name: after[file][name] for name in names}
            _add_difference(old, new, "tags", self._hanging.tags.get(file), hanging.tags.get(file))
            _add_difference(old, new, "rejected", self._hanging.rejected.get(file), hanging.rejected.get(file))
            if old or new:
                changes.append((file, old, new))
        if not changes:
            return None, []
        entry = await self._write(verb, changes, noun_id)
        return entry, [file for file, _, _ in changes]

    async def _write(self, verb: str, changes: Sequence[tuple[str, Values, Values]], noun_id: object) -> uuid.UUID:
        alone = len(changes) == 1
        summary: tuple[Values, Values] = changes[0][1:] if alone else ({"files": len(changes)}, {"files": len(changes)})
        entry = await journal.record(
            self._viewer,
            verb,
            NOUN,
            noun_id or (changes[0][0] if alone else ""),
            before=summary[0],
            after=summary[1],
        )
        await self._db.execute_many(
            'INSERT INTO "file_change" ("entry", "file", "before", "after") VALUES (?, ?, ?, ?)',
            [[str(entry), file, _json(old), _json(new)] for file, old, new in changes],
        )
        return entry


async def columns_of(db: Database, files: Iterable[object]) -> dict[str, Values]:
    """`COLUMNS` of files by id, as SQLite stores them: times are text, flags are 0 or 1."""
    # The plus takes the declared type away, so that nothing is converted and everything goes back as it was.
    names = ", ".join(f'+"{name}" AS "{name}"' for name in COLUMNS)
    rows = await db.fetch(
        f'SELECT "id", {names} FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))', [ids_json(files)]
    )
    return {str(row.pop("id")): row for row in rows}


async def set_columns(db: Database, values: Mapping[str, Values]) -> None:
    """Write columns of files by id, as `columns_of` has them.  Inside `db.write()`."""
    moment = now()
    alike: dict[tuple[str, ...], list[list[object]]] = {}
    for file, row in values.items():
        if row:
            alike.setdefault(tuple(row), []).append([*row.values(), moment, file])
    for names, rows in alike.items():
        assignments = ", ".join(f'"{name}" = ?' for name in names)
        sql = f'UPDATE "stored_file" SET {assignments}, "modified" = ? WHERE "id" = ?'
        for start in range(0, len(rows), AT_ONCE):
            await db.execute_many(sql, rows[start : start + AT_ONCE])


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when its files were changed since."""
    changes = await _changes(db, entry["id"])
    if not changes:
        raise ConflictError("These files are gone for good", hint="The trash was emptied since.")
    current = await columns_of(db, changes)
    hanging = await _hanging(db, list(changes))
    changed = sum(
        any(current[file][name] != value for name, value in new.items() if name in COLUMNS)
        or not _still_there(hanging, file, old, new)
        for file, (old, new) in changes.items()
    )
    if changed:
        raise ConflictError(
            f"{changed} of these {len(changes)} files changed since" if len(changes) > 1 else "It was changed since",
            hint="Undo what was done after it first.",
        )
    await set_columns(
        db, {file: {name: old[name] for name in COLUMNS if name in old} for file, (old, _) in changes.items()}
    )
    await renditions.refit(db, [file for file, (old, _) in changes.items() if "adjusted" in old])
    await _put_tags_back(db, changes)


async def announce(db: Database, bus: Bus, files: Sequence[object], *, months: Iterable[str] = ()) -> None:
    """Tell everyone who may see these files that they look different now; `months`: where they were before."""
    rows = await db.fetch(
        'SELECT "id", "local_start", "audience" FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?))',
        [ids_json(files)],
    )
    by_audience: dict[str, list[Row]] = {}
    for row in rows:
        by_audience.setdefault(row["audience"], []).append(row)
    for audience, some in by_audience.items():
        named = sorted({*(row["local_start"][:7] for row in some), *months} - {""})
        bus.publish(FileChanged(ids=[str(row["id"]) for row in some], months=named, user=audience or None))


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """After `put_back` is committed."""
    changes = await _changes(db, entry["id"])
    months = {str(new.get("local_start", ""))[:7] for _, new in changes.values()}
    await announce(db, bus, list(changes), months=months)


async def _changes(db: Database, entry: object) -> dict[str, tuple[Values, Values]]:
    rows = await db.fetch('SELECT "file", "before", "after" FROM "file_change" WHERE "entry" = ?', [str(entry)])
    return {str(row["file"]): (msgspec.json.decode(row["before"]), msgspec.json.decode(row["after"])) for row in rows}


async def _hanging(db: Database, files: Sequence[str]) -> Hanging:
    tags: dict[str, set[tuple[str, str, float | None]]] = {}
    rejected: dict[str, set[str]] = {}
    some = ids_json(files)
    for row in await db.fetch(
        'SELECT "file", "tag", "source", "score" FROM "file_tag" WHERE "file" IN (SELECT value FROM json_each(?))',
        [some],
    ):
        tags.setdefault(str(row["file"]), set()).add((str(row["tag"]), row["source"], row["score"]))
    for row in await db.fetch(
        'SELECT "file", "tag" FROM "tag_rejection" WHERE "file" IN (SELECT value FROM json_each(?))', [some]
    ):
        rejected.setdefault(str(row["file"]), set()).add(str(row["tag"]))
    return Hanging(tags, rejected)


def _add_difference(old: Values, new: Values, name: str, was: set[Any] | None, here: set[Any] | None) -> None:
    """Only the rows that went, and only those that came: others' tags are none of this entry's business."""
    gone, come = (was or set()) - (here or set()), (here or set()) - (was or set())
    if gone or come:
        old[name], new[name] = sorted(gone, key=str), sorted(come, key=str)


def _still_there(hanging: Hanging, file: str, old: Values, new: Values) -> bool:
    """What came is there and what went is not; who says a tag counts, not how sure they are."""
    tags = {(tag, source) for tag, source, _ in hanging.tags.get(file, ())}
    rejected = hanging.rejected.get(file, set())
    return (
        all((tag, source) in tags for tag, source, _ in new.get("tags", ()))
        and not any((tag, source) in tags for tag, source, _ in old.get("tags", ()))
        and all(tag in rejected for tag in new.get("rejected", ()))
        and not any(tag in rejected for tag in old.get("rejected", ()))
    )


async def _put_tags_back(db: Database, changes: Mapping[str, tuple[Values, Values]]) -> None:
    """Rejections go before the tags that they would keep away, and come after the tags that would end them."""
    moment = now()
    await db.execute_many(
        'DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ? AND "source" = ?',
        [[file, tag, source] for file, (_, new) in changes.items() for tag, source, _ in new.get("tags", ())],
    )
    await db.execute_many(
        'DELETE FROM "tag_rejection" WHERE "file" = ? AND "tag" = ?',
        [[file, tag] for file, (_, new) in changes.items() for tag in new.get("rejected", ())],
    )
    await db.execute_many(
        """INSERT INTO "file_tag" ("id", "file", "tag", "source", "score")
           SELECT ?, ?, "id", ?, ? FROM "tag" WHERE "id" = ? ON CONFLICT DO NOTHING""",
        [
            [str(new_id()), file, source, score, tag]
            for file, (old, _) in changes.items()
            for tag, source, score in old.get("tags", ())
        ],
    )
    await db.execute_many(
        """INSERT INTO "tag_rejection" ("id", "file", "tag", "created")
           SELECT ?, ?, "id", ? FROM "tag" WHERE "id" = ? ON CONFLICT DO NOTHING""",
        [[str(new_id()), file, moment, tag] for file, (old, _) in changes.items() for tag in old.get("rejected", ())],
    )


def said_by_hand(before: str, what: str) -> str:
    """The column `by_hand` with one more word in it."""
    return ",".join(sorted({*before.split(","), what} - {""}))


def _json(values: Values) -> str:
    return msgspec.json.encode(values).decode()
