"""A query as SQL: each operator becomes a condition on `file_text_row r`; what nobody knows is said.

Names are looked up among what the viewer may see: people and albums of others, and those on no file that the viewer
sees, are as unknown as those that do not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.library import matching, tags
from appliance.library.album_rights import visible_albums
from appliance.library.faces import visible_faces, visible_people
from appliance.library.query import Choice, Dates, Named, Query, Rating, Term, Word, fold, fold_umlauts, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer

#: An album may be a search that names an album, and so on.
MOST_ALBUMS_DEEP = 3


class Condition(msgspec.Struct, frozen=True):
    sql: str
    arguments: tuple[object, ...] = ()
    known: bool = True

    def __invert__(self) -> Condition:
        return Condition(f"NOT ({self.sql})", self.arguments, self.known)


class Understood(msgspec.Struct, frozen=True):
    """An operator as it was understood; `known` is false when no such person, tag, ... is there for the viewer."""

    text: str
    kind: str
    value: str
    negated: bool
    known: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for: files that match all of `words` in their texts, and all `conditions`.

    `textual`: conditions that are words only (`cat OR dog`): texts must fulfil them, what a picture means need not.
    `said`: every word that may be why a file was found, those of alternatives too.   `times`: those said in words.
    """

    words: tuple[Word, ...] = ()
    said: tuple[Word, ...] = ()
    times: tuple[Dates, ...] = ()
    conditions: tuple[Condition, ...] = ()
    textual: tuple[Condition, ...] = ()
    understood: tuple[Understood, ...] = ()

    @property
    def where(self) -> Condition:
        """All conditions as one."""
        return joined((*self.conditions, *self.textual), "AND")


NOTHING = Condition("0", known=False)
ANYTHING = Condition("1")


def joined(conditions: Sequence[Condition], by: str) -> Condition:
    if not conditions:
        return ANYTHING
    sql = f" {by} ".join(f"({condition.sql})" for condition in conditions)
    return Condition(sql, tuple(one for condition in conditions for one in condition.arguments))


async def compile_query(db: Database, viewer: Viewer, query: Query, *, depth: int = 0) -> Plan:
    """Inside the `db.read()` of the search, so that what is looked up is what is found."""
    words: list[Word] = []
    conditions: list[Condition] = []
    textual: list[Condition] = []
    understood: list[Understood] = []
    for group in query.groups:
        alternatives: list[Condition] = []
        for term in group:
            if isinstance(term, Word):
                if len(group) == 1 and not term.negated and matching.is_searchable(term.value):
                    words.append(term)
                elif matching.is_searchable(term.value):
                    alternatives.append(_negated(term, word_condition(viewer, term)))
                continue
            condition = await _condition(db, viewer, term, depth)
            understood.append(Understood(term.text, term.kind, term.value, term.negated, condition.known))
            if not (isinstance(term, Named) and not term.values):
                alternatives.append(_negated(term, condition))
        if alternatives:
            only_words = all(isinstance(term, Word) and not term.negated for term in group)
            (textual if only_words else conditions).append(joined(alternatives, "OR"))
    said = tuple(
        term
        for term in query.terms
        if isinstance(term, Word) and not term.negated and matching.is_searchable(term.value)
    )
    return Plan(
        words=tuple(words),
        said=said,
        times=tuple(term for term in query.terms if isinstance(term, Dates) and term.said),
        conditions=tuple(conditions),
        textual=tuple(textual),
        understood=tuple(understood),
    )


def found(viewer: Viewer, row: str = "r") -> tuple[str, list[object]]:
    """A condition on `file_text_row`, whose owner and visibility follow the file's by triggers."""
    owners, arguments = viewer.owners(row)
    return f'{row}."shown" AND {owners}', arguments


def _negated(term: Term, condition: Condition) -> Condition:
    return ~condition if term.negated else condition


def word_condition(viewer: Viewer, word: Word) -> Condition:
    return _matching(matching.word(viewer, word.value, exact=word.quoted))


def _matching(match: str) -> Condition:
    return Condition('r."id" IN (SELECT rowid FROM "file_text" WHERE "file_text" MATCH ?)', (match,))


async def _condition(db: Database, viewer: Viewer, term: Term, depth: int) -> Condition:
    if isinstance(term, Dates):
        if not term.said:
            return Condition('r."local_start" >= ? AND r."local_start" < ?', (term.first, term.end))
        # Not an OR of two conditions: that would look at every file.
        return Condition(
            """r."id" IN (SELECT x."id" FROM "file_text_row" x
                WHERE x."shown" AND x."local_start" >= ? AND x."local_start" < ?
                UNION ALL SELECT rowid FROM "file_text" WHERE "file_text" MATCH ?)""",
            (term.first, term.end, matching.every(viewer, term.said)),
        )
    if isinstance(term, Rating):
        return Condition('r."rating" BETWEEN ? AND ?', (term.low, term.high))
    if isinstance(term, Choice):
        return _choice(viewer, term)
    assert isinstance(term, Named)
    if not term.values:
        return NOTHING
    found_ones = [await _named(db, viewer, term.kind, value, depth) for value in term.values]
    known = [condition for condition in found_ones if condition.known]
    return joined(known, "OR") if known else NOTHING


_MARKS = {
    "gps": 'r."located"',
    "rating": 'r."rating" > 0',
    "people": 'EXISTS (SELECT 1 FROM "face" x WHERE x."file" = r."file" AND NOT x."removed")',
    "tags": f'EXISTS (SELECT 1 FROM "file_tag" x WHERE x."file" = r."file" AND {tags.shown("x")})',
    "text": """r."file" IN (SELECT x."file" FROM "photo_text" x WHERE x."text" <> '')""",
    "description": """r."file" IN (SELECT x."id" FROM "stored_file" x WHERE x."description" <> '')""",
    "motion": """r."file" IN (SELECT x."related" FROM "related_file" x WHERE x."role" = 'live_video'
        UNION ALL SELECT x."id" FROM "stored_file" x WHERE x."motion_offset" IS NOT NULL)""",
    "raw": """r."kind" = 'raw' OR r."file" IN (SELECT x."related" FROM "related_file" x WHERE x."role" = 'raw_of')""",
    "caption": """r."file" IN (SELECT x."file" FROM "photo_caption" x, json_each(x."captions_json") c
        WHERE c."type" = 'object' AND c."value" ->> '$.caption' <> '')""",
}


def _choice(viewer: Viewer, term: Choice) -> Condition:
    if term.kind == "kind":
        return Condition('r."kind" = ?', (term.value,))
    if term.kind in ("favourite", "archived"):
        return Condition(f'{"" if term.value == "yes" else "NOT "}r."{term.kind}"')
    if term.value == "album":
        allowed, arguments = visible_albums(viewer, "a")
        return Condition(
            f"""r."file" IN (SELECT x."file" FROM "album_file" x JOIN "album" a ON a."id" = x."album"
                WHERE {allowed})""",
            tuple(arguments),
        )
    return Condition(_MARKS[term.value])


async def _named(db: Database, viewer: Viewer, kind: str, value: str, depth: int) -> Condition:
    if kind == "person":
        return await _person(db, viewer, value)
    if kind == "tag":
        return await _tag(db, viewer, value)
    if kind == "album":
        return await _album(db, viewer, value, depth)
    if not matching.is_searchable(value):
        return NOTHING
    match = matching.column(kind, value)
    visible, arguments = found(viewer)
    known = await db.value(
        f"""SELECT 1 FROM "file_text" t CROSS JOIN "file_text_row" r ON r."id" = t.rowid
            WHERE "file_text" MATCH ? AND {visible} LIMIT 1""",
        [match, *arguments],
    )
    return _matching(match) if known else NOTHING


async def _person(db: Database, viewer: Viewer, value: str) -> Condition:
    people, arguments = visible_people(viewer)
    visible, face_arguments = visible_faces(viewer)
    rows = await db.fetch(
        f"""SELECT p."id", p."name" FROM "person" p WHERE (p."name" <> '' OR p."id" = ?) AND {people}
            AND EXISTS (SELECT 1 FROM "face" fa WHERE fa."person" = p."id" AND NOT fa."removed" AND {visible})""",
        [value.lower(), *arguments, *face_arguments],
    )
    ids = [str(row["id"]) for row in rows if str(row["id"]) == value.lower()]
    ids = ids or _called(value, [(str(row["id"]), row["name"]) for row in rows])
    if not ids:
        return NOTHING
    return Condition(
        """r."file" IN (SELECT fa."file" FROM "face" fa WHERE fa."person" IN (SELECT value FROM json_each(?))
           AND NOT fa."removed")""",
        (_json(ids),),
    )


async def _tag(db: Database, viewer: Viewer, value: str) -> Condition:
    # animals/dog lies in animals
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await db.fetch(
        """SELECT "id", "name" FROM "tag" WHERE "name" = ? COLLATE NOCASE OR "name" LIKE ? ESCAPE '\\'""",
        [value, f"{escaped}/%"],
    )
    if not rows:
        every = await db.fetch('SELECT "id", "name" FROM "tag"')
        for folding in (fold, fold_umlauts):
            wanted = folding(value)
            rows = rows or [row for row in every if f"{folding(row['name'])}/".startswith(f"{wanted}/")]
    visible, arguments = found(viewer)
    ids = [
        str(row["id"])
        for row in rows
        if await db.value(
            f"""SELECT 1 FROM "file_tag" ft JOIN "file_text_row" r ON r."file" = ft."file"
                WHERE ft."tag" = ? AND {tags.shown("ft")} AND {visible} LIMIT 1""",
            [str(row["id"]), *arguments],
        )
    ]
    if not ids:
        return NOTHING
    return Condition(
        f"""r."file" IN (SELECT ft."file" FROM "file_tag" ft
            WHERE ft."tag" IN (SELECT value FROM json_each(?)) AND {tags.shown("ft")})""",
        (_json(ids),),
    )


async def _album(db: Database, viewer: Viewer, value: str, depth: int) -> Condition:
    allowed, arguments = visible_albums(viewer, "a")
    rows = await db.fetch(f'SELECT a."id", a."name", a."query" FROM "album" a WHERE {allowed}', arguments)
    ids = [str(row["id"]) for row in rows if str(row["id"]) == value.lower()]
    ids = ids or _called(value, [(str(row["id"]), row["name"]) for row in rows])
    parts = [await _in_album(db, viewer, str(row["id"]), row["query"], depth) for row in rows if str(row["id"]) in ids]
    return joined(parts, "OR") if parts else NOTHING


async def _in_album(db: Database, viewer: Viewer, album: str, query: str | None, depth: int) -> Condition:
    if query is None:
        return Condition('r."file" IN (SELECT af."file" FROM "album_file" af WHERE af."album" = ?)', (album,))
    if depth >= MOST_ALBUMS_DEEP:
        return Condition("0")
    plan = await compile_query(db, viewer, parse(query), depth=depth + 1)
    return joined([*(word_condition(viewer, word) for word in matching.telling(plan.words)), plan.where], "AND")


def _called(value: str, names: Sequence[tuple[str, str]]) -> list[str]:
    """Ids of those whose name is `value`, else holds it as whole words, else as the beginning of words."""
    for folding in (fold, fold_umlauts):
        wanted = " ".join(folding(value).split())
        folded = [(one, " ".join(folding(name).split())) for one, name in names]
        for holds in (_equals, _holds_words, _holds_beginning):
            ids = [one for one, name in folded if wanted and holds(name, wanted)]
            if ids:
                return ids
    return []


def _equals(name: str, wanted: str) -> bool:
    return name == wanted


def _holds_words(name: str, wanted: str) -> bool:
    return f" {wanted} " in f" {name} "


def _holds_beginning(name: str, wanted: str) -> bool:
    return f" {wanted}" in f" {name}"


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
