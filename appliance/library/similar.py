"""Files that are like one file, as an embedding model sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.db.engine import Row
from appliance.library import files, image_index, pages

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer

MAX_LIMIT = 200


class Similar(msgspec.Struct, frozen=True):
    """`items`: (file, score), the most alike first; `hint` says why there are none."""

    items: list[tuple[Row, float]]
    hint: str = ""


async def similar_files(db: Database, viewer: Viewer, file: uuid.UUID, *, limit: int = 50) -> Similar:
    """Those that the viewer may see, without the file itself; score: cosine of the two, 0 to 1.

    Raises NotFoundError for a file that the viewer may not see.
    """
    pages.check_limit(limit, MAX_LIMIT)
    if not await files.visible_ids(db, viewer, [file]):
        raise files.no_such_file()
    index = await image_index.in_use(db)
    if index is None:
        return Similar([], "Similar photos need an embedding model: choose one under Settings > Models.")
    vectors = await image_index.vectors_of(db, file)
    if not vectors:
        return Similar([], f"{index.model} has not looked at this file yet.")
    visible, arguments = viewer.visible("f")
    best: dict[uuid.UUID, float] = {}
    for vector in vectors:
        found = await image_index.nearest(
            db,
            vector,
            condition=f'{visible} AND f."searchable" AND f."id" <> ?',
            arguments=[*arguments, str(file)],
            count=limit,
        )
        for other, cosine in found:
            best[other] = max(cosine, best.get(other, -1.0))
    ordered = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:limit]
    shown = {row["id"]: row for row in await files.get_files(db, viewer, [other for other, _ in ordered])}
    return Similar(
        [(shown[other], round(min(1.0, max(0.0, cosine)), 4)) for other, cosine in ordered if other in shown]
    )
