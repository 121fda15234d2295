"""Search: what is on the photos, by words and by meaning, and what could be typed next."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.params import QueryParameter

from appliance.errors import ConflictError
from appliance.library import search, suggest
from web.api.schemas import File, Items
from web.parts import Asking, HomePart, SchedulerPart


class Reason(msgspec.Struct, frozen=True):
    """Why a file was found.  `kind`: meaning, tag, text, person, place, caption, description, name, album, camera or
    date; `text` is what matched, empty for meaning."""

    kind: str
    text: str


class Hit(msgspec.Struct, frozen=True):
    """`score`: how sure it is, 0 to 1."""

    file: File
    score: float
    why: list[Reason]


class Understood(msgspec.Struct, frozen=True):
    """An operator of the query.  `known` is false when nothing like that is on the photos that you see."""

    text: str
    kind: str
    value: str
    negated: bool
    known: bool


class Meaning(msgspec.Struct, frozen=True):
    """Whether pictures are searched by what they mean, and what to do when not."""

    available: bool
    hint: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`total` is everything that was found; `words` is what is left of the query without its operators."""

    total: int
    items: list[Hit]
    understood: list[Understood]
    words: str
    meaning: Meaning
    hint: str


class Suggestion(msgspec.Struct, frozen=True):
    """`text` is for people; `insert` takes the place of the query's last word.

    `kind`: operator, person, tag, place, camera, album, year or value.  `count`: files, where that is known.
    """

    text: str
    insert: str
    kind: str
    count: int | None


class SearchController(Controller):
    path = "/search"
    tags = ("search",)

    @get(summary="Files that match a query, the best first; nothing found is an answer")
    async def search(
        self,
        home: HomePart,
        viewer: Asking,
        scheduler: SchedulerPart,
        q: Annotated[str, QueryParameter(description="words and operators: docs/search.md")] = "",
        limit: Annotated[int, QueryParameter(description="at most 200")] = 50,
        offset: Annotated[int, QueryParameter(description="how many to leave out")] = 0,
    ) -> Found:
        found = await search.search(home, viewer, q, limit=limit, offset=offset)
        if not found.complete:
            with contextlib.suppress(ConflictError):  # somebody has paused it
                await scheduler.run("index_text")
        return msgspec.convert(found, Found, from_attributes=True)

    @get("/suggest", summary="What the last word of a query may become")
    async def suggest(
        self,
        home: HomePart,
        viewer: Asking,
        q: Annotated[str, QueryParameter(description="what was typed so far")] = "",
        limit: Annotated[int, QueryParameter(description="at most 50")] = 10,
    ) -> Items[Suggestion]:
        rows: list[dict[str, Any]] = await suggest.suggest(home.db, viewer, q, limit=limit)
        return Items(msgspec.convert(rows, list[Suggestion]))
