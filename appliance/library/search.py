"""Search: what a query finds, in which order, how sure, and why.

Files that hold all words of the query in their texts are always found; the others when their picture means what the
words say, as far as `cutoff.py` believes it.  Who asks is part of every statement: counts and order are made of nothing
that the viewer may not see.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.library import files, matching, meaning, reasons, text_index
from appliance.library.conditions import (
    Condition,
    Plan,
    Understood,
    compile_query,
    found,
    joined,
    word_condition,
)
from appliance.library.query import YEAR, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer

MOST = 200
#: Further pages than anybody turns to, and less than SQLite's integers.
FARTHEST = 10_000_000

#: So many of the best text matches are fused with what is found by meaning.
HEAD = 1000
#: Reciprocal rank fusion, 1 / (offset + rank): the offset of its authors (Cormack, Clarke and Buettcher, SIGIR 2009).
RANK_OFFSET = 60
#: Over how many ranks of meaning text matches spread: a file name that holds the word ranks with the 30th picture.
TEXT_RANKS = 50

NOTHING_ASKED = "Type what is on the photo, or a word such as person:, place:, tag:, year: or has:."


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`total` counts everything that was found; `items` is the part of it that was asked for."""

    total: int
    items: list[dict[str, Any]]
    understood: tuple[Understood, ...]
    words: str
    meaning: meaning.Availability
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
    asked = await meaning.ask(home, query.words)
    async with home.db.read():
        plan = await compile_query(home.db, viewer, query)
        total, hits = 0, list[Hit]()
        if not query.is_empty:
            total, hits = await _fused(home.db, viewer, plan, asked, limit, offset)
        items = await _shown(home.db, viewer, plan, hits)
    return Found(
        total=total,
        items=items,
        understood=plan.understood,
        words=query.words,
        meaning=asked.availability,
        hint=_hint(query.is_empty, total, plan, query.words, asked.availability),
        complete=complete,
    )


async def _fused(
    db: Database, viewer: Viewer, plan: Plan, asked: meaning.Asked, limit: int, offset: int
) -> tuple[int, list[Hit]]:
    """How many files text and meaning find together, and the part of them that is asked for.

    The best of both stand first, fused by reciprocal rank; then what only texts find goes on in its own order.
    """
    by_words = bool(plan.words or plan.conditions or plan.textual)
    in_texts = await count_text(db, viewer, plan) if by_words else 0
    believed = await meaning.find(db, viewer, asked, _for_meaning(viewer, plan)) if asked.vector is not None else {}
    if not believed:
        return in_texts, await find_text(db, viewer, plan, limit=limit, offset=offset) if in_texts else []
    head = await find_text(db, viewer, plan, limit=HEAD, offset=0) if in_texts else []
    texts = {hit.file: hit.text for hit in head}
    beyond = await _matching(db, viewer, plan, believed.keys() - texts.keys()) if in_texts > len(head) else {}
    fused = fuse(texts | beyond, believed)
    total = in_texts + sum(1 for file in believed if file not in texts and file not in beyond)
    hits = fused[offset : offset + limit]
    if len(hits) < limit and in_texts > len(head):
        rest = await find_text(
            db,
            viewer,
            plan,
            limit=limit - len(hits),
            offset=max(0, offset - len(fused)) + HEAD,
            but=beyond.keys(),
        )
        hits += rest
    return total, hits


def fuse(texts: Mapping[uuid.UUID, float], believed: Mapping[uuid.UUID, float]) -> list[Hit]:
    """Both in the order of one over their ranks.  What is equally sure shares a rank: of texts, the newest would
    otherwise be thought better than what means the same."""
    ranks = {file: number for number, file in enumerate(believed)}
    hits = [Hit(file, text=texts.get(file, 0.0), meaning=believed.get(file, 0.0)) for file in {**texts, **believed}]
    places = {file: number for number, file in enumerate({**texts, **believed})}

    def order(hit: Hit) -> tuple[float, int]:
        weight = 0.0
        if hit.text:
            weight += 1 / (RANK_OFFSET + TEXT_RANKS * (1 - hit.text))
        if hit.meaning:
            weight += 1 / (RANK_OFFSET + ranks[hit.file])
        return -round(weight, 9), places[hit.file]

    return sorted(hits, key=order)


def _for_meaning(viewer: Viewer, plan: Plan) -> Condition:
    """What a picture must fulfil, whatever it means: all conditions, and the years that were typed among the words."""
    years = [word for word in plan.words if YEAR.fullmatch(word.value)]
    return joined([*(word_condition(viewer, year) for year in years), *plan.conditions], "AND")


async def _matching(db: Database, viewer: Viewer, plan: Plan, ids: Set[uuid.UUID]) -> dict[uuid.UUID, float]:
    """Those of `ids` that the texts find too, far down their list."""
    only = Condition('r."file" IN (SELECT value FROM json_each(?))', (text_index.ids_json(sorted(ids)),))
    hits = await find_text(
        db, viewer, msgspec.structs.replace(plan, conditions=(*plan.conditions, only)), limit=len(ids), offset=0
    )
    return {hit.file: hit.text for hit in hits}


async def count_text(db: Database, viewer: Viewer, plan: Plan) -> int:
    source, arguments = _source(viewer, plan)
    total: int = await db.value(f"SELECT count(*) {source}", arguments)
    return total


async def find_text(
    db: Database, viewer: Viewer, plan: Plan, *, limit: int, offset: int, but: Set[uuid.UUID] = frozenset()
) -> list[Hit]:
    """Files whose texts hold all words and that meet all conditions: the best matches first, then the newest.

    but: left out, before the offset is counted.
    """
    if but:
        others = Condition('r."file" NOT IN (SELECT value FROM json_each(?))', (text_index.ids_json(sorted(but)),))
        plan = msgspec.structs.replace(plan, conditions=(*plan.conditions, others))
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
    if plan.conditions or plan.textual:
        where.append(plan.where.sql)
        values += plan.where.arguments
    return f"FROM {tables} WHERE {' AND '.join(where)}", values


async def _shown(db: Database, viewer: Viewer, plan: Plan, hits: list[Hit]) -> list[dict[str, Any]]:
    shown: dict[uuid.UUID, Row] = {
        row["id"]: row for row in await files.get_files(db, viewer, [hit.file for hit in hits])
    }
    why = await reasons.why(db, plan, shown)
    return [
        {
            "file": shown[hit.file],
            "score": hit.score,
            "why": why[hit.file] + ([reasons.MEANING] if hit.meaning else []),
        }
        for hit in hits
        if hit.file in shown
    ]


def _hint(is_empty: bool, total: int, plan: Plan, words: str, by_meaning: meaning.Availability) -> str:
    if is_empty:
        return NOTHING_ASKED
    unknown = [one for one in plan.understood if not one.known and one.value]
    if unknown:
        one = unknown[0]
        return f"There is no {one.kind} “{one.value}” on the photos that you see."
    if total == 0:
        # Of times, people and the like a model knows nothing.
        return (by_meaning.hint if words.strip() else "") or "Nothing was found. Try fewer or other words."
    return ""
