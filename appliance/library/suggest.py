"""What the last word of a query may become: operators, people, tags, places, cameras, albums, years.

Only what is on files that the viewer sees, and the counts are of those.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from appliance.library import matching, tags, text_index
from appliance.library.album_rights import visible_albums
from appliance.library.conditions import found
from appliance.library.faces import visible_faces, visible_people
from appliance.library.query import CHOICES, DATED, NAMED, OPERATORS, SPELLINGS, clean, fold, fold_umlauts, quoted

if TYPE_CHECKING:
    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer

Suggestion = dict[str, Any]

MOST = 50
_LAST = re.compile(r'(-?)(?:([A-Za-z]+):)?("[^"]*|[^\s"]*)$')
#: Shown first to somebody who has typed nothing.
FIRST = ("person", "place", "tag", "year", "kind", "has", "favourite", "camera", "album", "rating", "before", "after")


async def suggest(db: Database, viewer: Viewer, text: str, *, limit: int = 10) -> list[Suggestion]:
    """Items `text`, `insert`, `kind`, `count`: `insert` takes the place of the last word.  The likeliest first."""
    limit = max(0, min(limit, MOST))
    last = _LAST.search(clean(text))
    minus, operator, typed = (last[1], last[2], last[3]) if last else ("", None, "")
    wanted = typed.strip('"').strip()
    await text_index.refresh_few(db)
    async with db.read():
        if operator is None:
            items = _operators(wanted)
            if wanted:
                items = await _everything(db, viewer, wanted) + items
        else:
            items = await _values(db, viewer, operator.lower(), wanted)
    return [item | {"insert": minus + item["insert"]} for item in items[:limit]]


def _operators(wanted: str) -> list[Suggestion]:
    names = [name for name in dict.fromkeys((*FIRST, *OPERATORS)) if name.startswith(wanted.lower())]
    return [{"text": f"{name}:", "insert": f"{name}:", "kind": "operator", "count": None} for name in names]


async def _everything(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    """Those with most files first, whatever they are."""
    items = [
        *await _people(db, viewer, wanted),
        *await _tags(db, viewer, wanted),
        *await _places(db, viewer, wanted),
        *await _cameras(db, viewer, wanted),
        *await _albums(db, viewer, wanted),
    ]
    if wanted.isdecimal():
        items += await _years(db, viewer, wanted, "year")
    return sorted(items, key=lambda item: (not fold(item["text"]).startswith(fold(wanted)), -(item["count"] or 0)))


async def _values(db: Database, viewer: Viewer, operator: str, wanted: str) -> list[Suggestion]:
    operator = SPELLINGS.get(operator, operator)
    kind = NAMED.get(operator, operator)
    if kind in CHOICES:
        values = [value for value in dict.fromkeys(CHOICES[kind].values()) if value.startswith(wanted.lower())]
        return [{"text": value, "insert": f"{operator}:{value}", "kind": "value", "count": None} for value in values]
    if kind == "rating":
        return [
            {"text": value, "insert": f"rating:{value}", "kind": "value", "count": None}
            for value in (">=3", "5", "4", "3", "2", "1", "0")
            if value.startswith(wanted)
        ]
    if kind in DATED:
        return await _years(db, viewer, wanted, kind)
    known = {"person": _people, "tag": _tags, "place": _places, "camera": _cameras, "album": _albums}
    return await known[kind](db, viewer, wanted) if kind in known else []


async def _people(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    allowed, arguments = visible_people(viewer)
    visible, face_arguments = visible_faces(viewer)
    rows = await db.fetch(
        f"""SELECT p."name", (SELECT count(DISTINCT fa."file") FROM "face" fa WHERE fa."person" = p."id"
                              AND fa."shown" AND NOT fa."removed" AND {visible}) AS "count"
            FROM "person" p WHERE p."name" <> '' AND NOT p."hidden" AND NOT p."ignored" AND {allowed}""",
        [*face_arguments, *arguments],
    )
    return _beginning("person", rows, wanted)


async def _tags(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    return _beginning("tag", await tags.count_tags(db, viewer), wanted)


async def _places(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    return await _of_rows(db, viewer, "place", wanted)


async def _cameras(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    return await _of_rows(db, viewer, "camera", wanted)


async def _of_rows(db: Database, viewer: Viewer, kind: str, wanted: str) -> list[Suggestion]:
    """Places and cameras: lines of a column of `file_text_row` that hold what is wanted."""
    visible, arguments = found(viewer)
    tables, condition = '"file_text_row" r', f"r.\"{kind}\" <> ''"
    if matching.is_searchable(wanted):
        tables = f'"file_text" t CROSS JOIN {tables} ON r."id" = t.rowid'
        condition, arguments = '"file_text" MATCH ?', [matching.column(kind, wanted), *arguments]
    rows = await db.fetch(
        f'SELECT r."{kind}" AS "lines", count(*) AS "count" FROM {tables} WHERE {condition} AND {visible} GROUP BY 1',
        arguments,
    )
    counts: dict[str, int] = {}
    for row in rows:
        for line in dict.fromkeys(row["lines"].split("\n")):
            counts[line] = counts.get(line, 0) + row["count"]
    return _by_count([_named(kind, name, count) for name, count in counts.items() if _begins(name, wanted)])


async def _albums(db: Database, viewer: Viewer, wanted: str) -> list[Suggestion]:
    allowed, arguments = visible_albums(viewer, "a")
    visible, more = found(viewer)
    rows = await db.fetch(
        f"""SELECT a."name", CASE WHEN a."query" IS NULL THEN (
                SELECT count(*) FROM "album_file" af JOIN "file_text_row" r ON r."file" = af."file"
                WHERE af."album" = a."id" AND {visible}) END AS "count"
            FROM "album" a WHERE {allowed}""",
        [*more, *arguments],
    )
    items = [_named("album", row["name"], row["count"]) for row in rows if _begins(row["name"], wanted)]
    return sorted(items, key=lambda item: (-(item["count"] or 0), item["text"]))


async def _years(db: Database, viewer: Viewer, wanted: str, operator: str) -> list[Suggestion]:
    visible, arguments = viewer.owners()
    rows = await db.fetch(
        f"""SELECT substr("month", 1, 4) AS "year", sum("files") AS "count" FROM "month_count"
            WHERE {visible} AND "files" > 0 GROUP BY 1 ORDER BY 1 DESC""",
        arguments,
    )
    return [
        {"text": row["year"], "insert": f"{operator}:{row['year']}", "kind": "year", "count": row["count"]}
        for row in rows
        if row["year"].startswith(wanted)
    ]


def _beginning(kind: str, rows: list[dict[str, Any]], wanted: str) -> list[Suggestion]:
    return _by_count([_named(kind, row["name"], row["count"]) for row in rows if _begins(row["name"], wanted)])


def _begins(name: str, wanted: str) -> bool:
    return any(
        f" {' '.join(folding(wanted).split())}" in f" {' '.join(folding(name).split())}"
        for folding in (fold, fold_umlauts)
    )


def _named(kind: str, name: str, count: int | None) -> Suggestion:
    return {"text": name, "insert": f"{kind}:{quoted(name)}", "kind": kind, "count": count}


def _by_count(items: list[Suggestion]) -> list[Suggestion]:
    """What is on no file that the viewer sees does not exist for them."""
    return sorted((item for item in items if item["count"]), key=lambda item: (-item["count"], item["text"]))
