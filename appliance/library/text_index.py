"""The text index: `file_text` (FTS5), one row for each stored file, of all that is said of it in words.

Triggers put a file into `text_stale` when anything of that changes, whoever changes it (migrations `search` and
`sharing`); here the stale ones are made anew.  What only some may know (people that are one's own, albums that not
everybody may look at) stands in the column `own`, each word behind the mark of whoever may, so that nobody else's
search can match it.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import StorageError
from appliance.library import tags

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row

log = logging.getLogger(__name__)

COLUMNS = (
    "people", "albums", "tags", "description", "place", "caption", "ocr", "name", "folder", "camera", "date", "own"
)  # fmt: skip
BATCH = 100
#: So many stale files are indexed before a search; of more, the job takes care.
FEW = 200
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Cut as FTS5's unicode61 cuts it."""
    return _WORD.findall(text)


def own_word(owner: object, word: str) -> str:
    """A word that only this user's search asks for."""
    return f"u{str(owner).replace('-', '')}{word}"


async def count_stale(db: Database, *, most: int = FEW + 1) -> int:
    """How many files' text is not up to date, counted up to `most`."""
    found: int = await db.value('SELECT count(*) FROM (SELECT 1 FROM "text_stale" LIMIT ?)', [most])
    return found


async def refresh_few(db: Database) -> bool:
    """Bring the index up to date when little is lacking; false: there is too much for now, or the disk is full."""
    stale = await count_stale(db)
    if stale > FEW:
        return False
    try:
        while stale > 0:
            await refresh(db)
            stale -= BATCH
    except StorageError as error:
        log.warning("the text index cannot be written: %s", error.message)
        return False
    return True


async def refresh(db: Database, *, most: int = BATCH) -> int:
    """Index up to `most` stale files, in one transaction; returns how many were looked at."""
    async with db.write():
        stale = await db.fetch('SELECT "id", "file" FROM "text_stale" ORDER BY "id" LIMIT ?', [most])
        if not stale:
            return 0
        rows = await db.fetch(_TEXTS, [ids_json([row["file"] for row in stale])])
        texts = [(row, _columns(row)) for row in rows]
        marks = ", ".join("?" * (1 + len(COLUMNS)))
        await db.execute_many(
            f'INSERT OR REPLACE INTO "file_text" (rowid, {", ".join(COLUMNS)}) VALUES ({marks})',
            [[row["rowid"], *(text[column] for column in COLUMNS)] for row, text in texts],
        )
        await db.execute_many(
            'UPDATE "file_text_row" SET "place" = ?, "camera" = ? WHERE "id" = ?',
            [[text["place"], text["camera"].partition("\n")[0], row["rowid"]] for row, text in texts],
        )
        await db.execute_many('DELETE FROM "text_stale" WHERE "id" = ?', [[row["id"]] for row in stale])
    return len(stale)


async def texts_of(db: Database, files: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """The indexed columns of files, each a text with one value on a line."""
    rows = await db.fetch(
        f"""SELECT r."file", {", ".join(f't."{column}"' for column in COLUMNS)} FROM "file_text_row" r
            JOIN "file_text" t ON t.rowid = r."id" WHERE r."file" IN (SELECT value FROM json_each(?))""",
        [ids_json(files)],
    )
    return {row["file"]: row for row in rows}


def _lines(select: str) -> str:
    """A scalar subquery: the values of a select, one on a line."""
    return f"(SELECT group_concat(v, char(10)) FROM (SELECT DISTINCT {select}))"


def _pairs(select: str) -> str:
    """A scalar subquery: JSON of [owner, name] pairs."""
    return f"(SELECT json_group_array(json_array(o, v)) FROM (SELECT DISTINCT {select}))"


_NAMED_FACES = """FROM "face" fa JOIN "person" p ON p."id" = fa."person"
    WHERE fa."file" = f."id" AND NOT fa."removed" AND NOT p."ignored" AND p."name" <> ''"""
_IN_ALBUMS = """FROM "album_file" af JOIN "album" a ON a."id" = af."album"
    JOIN "album_right" ar ON ar."album" = a."id" WHERE af."file" = f."id" """
_PATHS = 'FROM "file_path" fp WHERE fp."file" = f."id"'
_EVENTS = 'FROM "file_event" fe JOIN "event" e ON e."id" = fe."event" WHERE fe."file" = f."id"'
_TAGS = f"""FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag" WHERE ft."file" = f."id" AND {tags.shown("ft")}"""
_CAPTIONS = """FROM "photo_caption" pc, json_each(pc."captions_json") c
    WHERE pc."file" = f."id" AND c."type" = 'object'"""

#: What hangs on a file, by the name of the answer's column.
_HANGING = {
    "folders": _lines(f'fp."folder" AS v {_PATHS}'),
    "names": _lines(f'fp."name" AS v {_PATHS}'),
    "people": _lines(f'p."name" AS v {_NAMED_FACES} AND p."user" IS NULL'),
    "own_people": _pairs(f'p."user" AS o, p."name" AS v {_NAMED_FACES} AND p."user" IS NOT NULL'),
    "albums": _lines(f"""a."name" AS v {_IN_ALBUMS} AND ar."who" = '' """),
    "own_albums": _pairs(f"""ar."who" AS o, a."name" AS v {_IN_ALBUMS} AND ar."who" <> '' """),
    "events": _lines(f'e."name" AS v {_EVENTS}'),
    "tags": _lines(f't."name" AS v {_TAGS}'),
    "caption": _lines(f"""c."value" ->> '$.caption' AS v {_CAPTIONS}"""),
    "ocr": '(SELECT pt."text" FROM "photo_text" pt WHERE pt."file" = f."id")',
}
_TEXTS = f"""
    SELECT r."id" AS "rowid", f."filename", f."content", f."title", f."description" AS "said", f."local_start",
        f."place", f."metadata" ->> '$.camera_make' AS "make", f."metadata" ->> '$.camera_model' AS "model",
        f."metadata" ->> '$.lens' AS "lens", {", ".join(f'{select} AS "{name}"' for name, select in _HANGING.items())}
    FROM json_each(?) j JOIN "stored_file" f ON f."id" = j."value" JOIN "file_text_row" r ON r."file" = f."id"
"""


def _columns(row: Row) -> dict[str, str]:
    folder, _, _ = row["content"].rpartition("/")
    owned = [*msgspec.json.decode(row["own_people"]), *msgspec.json.decode(row["own_albums"])]
    return {
        "people": row["people"] or "",
        "albums": _joined(row["albums"], row["events"]),
        "tags": row["tags"] or "",
        "description": _joined(row["title"], row["said"]),
        "place": _place(row["place"]),
        "caption": row["caption"] or "",
        "ocr": row["ocr"] or "",
        "name": _joined(row["filename"], row["names"]),
        "folder": _joined(folder, row["folders"]),
        "camera": _camera(row["make"] or "", row["model"] or "", row["lens"] or ""),
        "date": _date(row["local_start"]),
        "own": " ".join(own_word(owner, word) for owner, name in owned for word in words(name)),
    }


def _joined(*texts: str | None) -> str:
    return "\n".join(dict.fromkeys(line for text in texts if text for line in text.split("\n") if line.strip()))


def _place(place: str | None) -> str:
    known = msgspec.json.decode(place) if place else None
    if not isinstance(known, dict):
        return ""
    return _joined(*(str(known.get(part) or "") for part in ("city", "region", "country")))


def _camera(make: str, model: str, lens: str) -> str:
    """ "Make Model", which many cameras state as one already, and the lens."""
    first = make.split(" ")[0].casefold()
    body = model if first and model.casefold().startswith(first) else f"{make} {model}".strip()
    return _joined(body, lens)


def _date(local_start: str) -> str:
    """The year and the month's name: what people type without an operator."""
    year, month = local_start[:4], local_start[5:7]
    return f"{year} {MONTHS[int(month) - 1]}" if month.isdecimal() and 1 <= int(month) <= 12 else year


def ids_json(ids: Sequence[object]) -> str:
    return msgspec.json.encode([str(one) for one in ids]).decode()
