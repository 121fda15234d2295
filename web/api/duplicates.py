"""Duplicates: groups of files that show the same, and what to do with them."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.library import duplicate_choices, duplicates
from web.api.schemas import File, Page
from web.params import Cursor, Limit200
from web.parts import Asking, HomePart


class DuplicateGroup(msgspec.Struct, frozen=True):
    """`files`: the best first.  exact: the same bytes; near: the same picture; sequence: one scene, several moments."""

    id: uuid.UUID
    kind: Literal["exact", "near", "sequence"]
    files: list[File]
    best: uuid.UUID


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These stay, the others of the group go to the trash."""

    ids: Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=10_000)]


class Chosen(msgspec.Struct, frozen=True):
    """`undo` is the journal's entry: POST /journal/{undo}/undo; null when nothing changed."""

    undo: uuid.UUID | None


class DuplicatesController(Controller):
    path = "/duplicates"
    tags = ("duplicates",)

    @get(summary="Groups of files that show the same, the last found first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit200 = 50,
        cursor: Cursor = None,
        kind: Annotated[
            str | None,
            QueryParameter(
                description="Left out: exact and near", schema_extra={"enum": ["exact", "near", "sequence"]}
            ),
        ] = None,
    ) -> Page[DuplicateGroup]:
        page = await duplicates.list_groups(home.db, viewer, kind=kind, limit=limit, cursor=cursor)
        return msgspec.convert(page, Page[DuplicateGroup])

    @post(
        "/{group_id:uuid}/keep",
        status_code=200,
        summary="Keep these; the others go to the trash, what was said of them goes to the best that is kept",
    )
    async def keep(self, home: HomePart, viewer: Asking, group_id: FromPath[uuid.UUID], data: JSONBody[Keep]) -> Chosen:
        return Chosen(await duplicate_choices.keep(home.db, home.bus, viewer, group_id, data.ids))

    @post("/{group_id:uuid}/dismiss", status_code=200, summary="These are no duplicates; never asked again")
    async def dismiss(self, home: HomePart, viewer: Asking, group_id: FromPath[uuid.UUID]) -> Chosen:
        return Chosen(await duplicate_choices.dismiss(home.db, viewer, group_id))
