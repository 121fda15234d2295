"""Search: what a query finds, in which order, how sure, and why.

Files that hold all words of the query in their texts are always found; the others when their picture means what the
words say, as far as `cutoff.py` believes it.  Who asks is part of every statement: counts and order are made of nothing
that the viewer may not see.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.library import files, matching, reasons, text_index
from appliance.library.conditions import Plan, Understood, compile_query, found
from appliance.library.query import parse

if TYPE_CHECKING:
    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer

MOST = 200
#: Further pages than anybody turns to, and less than SQLite's integers.
FARTHEST = 10_000_000

NOTHING_ASKED = "Type what is on the photo, or a word such as person:, place:, tag:, year: or has:."


class Availability(msgspec.Struct, frozen=True):
    """Whether pictures were searched by what they mean; `hint`: what to do when not."""

    available: bool
    hint: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`total` counts everything that was found; `items` is the part of it that was asked for."""

    total: int
    items: list[dict[str, Any]]
    understood: tuple[Understood, ...]
    words: str
    meaning: Availability
    hint: str
    complete: bool = True
    """False: many texts are still to be indexed."""


class Hit(msgspec.Struct, frozen=True):
    """`text` and `meaning`: how sure each is, 0 to 1; 0 where it did not find the file."""

    file: uuid.UUID
    text: float = 0.0
    meaning: float = 0.0

    @property
    def score(self) -> float:
        """How sure both are together."""
        return round(1 - (1 - self.text) * (1 - self.meaning), 3)


async def search(home: Home, viewer: Viewer, text: str, *, limit: int = 50, offset: int = 0) -> Found:
    """Never raises because of what was typed; limit and offset are brought into their bounds."""
    limit, offset = max(0, min(limit, MOST)), max(0, min(offset, FARTHEST))
    query = parse(text)
    complete = await text_index.refresh_few(home.db)
    meaning = Availability(False)
    async with home.db.read():
        plan = await compile_query(home.db, viewer, query)
        hits: list[Hit] = []
        total = 0
        if not query.is_empty and (plan.words or plan.conditions):
            total = await count_text(home.db, viewer, plan)
            hits = await find_text(home.db, viewer, plan, limit=limit, offset=offset)
        items = await _shown(home.db, viewer, plan, hits)
    return Found(
        total=total,
        items=items,
        understood=plan.understood,
        words=query.words,
        meaning=meaning,
        hint=_hint(query.is_empty, total, plan, meaning),
        complete=complete,
    )


async def count_text(db: Database, viewer: Viewer, plan: Plan) -> int:
    source, arguments = _source(viewer, plan)
    total: int = await db.value(f"SELECT count(*) {source}", arguments)
    return total


async def find_text(db: Database, viewer: Viewer, plan: Plan, *, limit: int, offset: int) -> list[Hit]:
    """Files whose texts hold all words and that meet all conditions: the best matches first, then the newest."""
    source, arguments = _source(viewer, plan)
    words = matching.telling(plan.words)
    better, better_arguments, score, order = "", [], "1.0", ""
    if words:
        tiers = matching.tiers(viewer, words)
        parts = [
            f'SELECT rowid AS "id", {more} AS "more" FROM "file_text" WHERE "file_text" MATCH ?' for _, more in tiers
        ]
        better = (
            f'WITH b AS MATERIALIZED (SELECT "id", sum("more") AS "more" FROM ({" UNION ALL ".join(parts)}) GROUP BY 1)'
        )
        better_arguments = [match for match, _ in tiers]
        order = '"score" DESC, '
        order = '"score" DESC, '
        score = f'round({matching.ANYWHERE} + ifnull((SELECT b."more" FROM b WHERE b."id" = r."id"), 0), 6)'
    rows = await db.fetch(
        f"""{better} SELECT r."file", {score} AS "score" {source}
            ORDER BY {order}r."local_start" DESC, r."id" DESC LIMIT ? OFFSET ?""",
        [*better_arguments, *arguments, limit, offset],
    )
    return [Hit(row["file"], text=row["score"]) for row in rows]


def _source(viewer: Viewer, plan: Plan) -> tuple[str, list[object]]:
    """FROM and WHERE of everything that the texts find, and their arguments."""
    visible, arguments = found(viewer)
    words = matching.telling(plan.words)
    tables, where, values = '"file_text_row" r', [visible], list(arguments)
    if words:
        tables = f'"file_text" t CROSS JOIN {tables} ON r."id" = t.rowid'
        where, values = ['"file_text" MATCH ?', *where], [matching.every(viewer, words), *values]
    if plan.conditions:
        where.append(plan.where.sql)
        values += plan.where.arguments
    return f"FROM {tables} WHERE {' AND '.join(where)}", values


async def _shown(db: Database, viewer: Viewer, plan: Plan, hits: list[Hit]) -> list[dict[str, Any]]:
    shown: dict[uuid.UUID, Row] = {
        row["id"]: row for row in await files.get_files(db, viewer, [hit.file for hit in hits])
    }
    why = await reasons.why(db, viewer, plan, shown)
    return [
        {
            "file": shown[hit.file],
            "score": hit.score,
            "why": why[hit.file] + ([reasons.MEANING] if hit.meaning else []),
        }
        for hit in hits
        if hit.file in shown
    ]


def _hint(is_empty: bool, total: int, plan: Plan, meaning: Availability) -> str:
    if is_empty:
        return NOTHING_ASKED
    unknown = [one for one in plan.understood if not one.known and one.value]
    if unknown:
        one = unknown[0]
        return f"There is no {one.kind} “{one.value}” on the photos that you see."
    if total == 0:
        return meaning.hint or "Nothing was found. Try fewer or other words."
    return ""
