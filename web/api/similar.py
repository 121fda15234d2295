"""Photos that are like one photo."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Controller, get
from litestar.params import FromPath

from appliance.library import similar
from web.api.files import shown
from web.api.schemas import File
from web.params import Limit200
from web.parts import Asking, HomePart


class SimilarFile(msgspec.Struct, frozen=True):
    """`score`: how alike the two are, 0 to 1; comparable with scores of the same embedding model only."""

    file: File
    score: float


class SimilarFiles(msgspec.Struct, frozen=True):
    """`hint` says why there is nothing, where that can be changed; `next` is always null."""

    items: list[SimilarFile]
    total: int
    next: str | None
    hint: str


class SimilarController(Controller):
    tags = ("files",)

    @get("/files/{file_id:uuid}/similar", summary="Files that look like this one, the most alike first")
    async def of_file(
        self,
        home: HomePart,
        viewer: Asking,
        file_id: FromPath[uuid.UUID],
        limit: Limit200 = 50,
    ) -> SimilarFiles:
        found = await similar.similar_files(home.db, viewer, file_id, limit=limit)
        items = [SimilarFile(shown(row), score) for row, score in found.items]
        return SimilarFiles(items, len(items), None, found.hint)
