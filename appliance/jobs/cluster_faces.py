"""Group faces: new ones join people who are known, the rest form groups; what a person said is never changed."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.files import TEMPORARY_PREFIX
from appliance.library import face_groups, face_index
from appliance.messages import PeopleChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from ml.base import GroupingRules, Metric
    from ml.faces.grouping import Assignment

#: Up to so many faces everything is grouped anew each time: that takes less than a second and is never wrong for long.
FEW = 4000
TIMEOUT_S = 4 * 3600.0


def group(
    embeddings: Path,
    dimensions: int,
    metric: Metric,
    rules: GroupingRules,
    photos: Sequence[int],
    confirmed: Sequence[int],
    rejected: Sequence[tuple[int, int]],
    previous: Sequence[int],
    keep_previous: bool,
) -> Assignment:
    """In the compute process; `embeddings` is a file, because 100,000 faces are 50 to 100 MB."""
    import numpy as np

    from ml.faces.grouping import group_faces

    return group_faces(
        np.fromfile(embeddings, dtype="<f4"),
        dimensions=dimensions,
        metric=metric,
        rules=rules,
        photos=photos,
        confirmed=confirmed,
        rejected=rejected,
        previous=previous,
        keep_previous=keep_previous,
    )


def sort_into_cells(embeddings: Path, dimensions: int, metric: Metric, cells: int) -> tuple[list[bytes], list[int]]:
    """In the compute process, as above."""
    import numpy as np

    from ml.faces.cells import sorted_into_cells

    return sorted_into_cells(np.fromfile(embeddings, dtype="<f4"), dimensions=dimensions, metric=metric, cells=cells)


class ClusterFaces:
    name = "cluster_faces"
    title = "Group faces"

    def interval_s(self, settings: Settings) -> float | None:
        return None

    async def run(self, home: Home, progress: Progress, *, quick: bool = False) -> dict[str, Any]:
        """quick: only when there is something new, and in a large library starting from the groups that there are."""
        if quick and not await face_groups.is_due(home.db):
            return {"faces": 0, "moved": 0, "made": 0, "dissolved": 0}
        engine = await face_index.engine_in_use(home.db)
        total = 2 * await face_groups.count_faces(home.db, engine)
        path = await asyncio.to_thread(_temporary, home.paths.previews)

        async def keep(embeddings: bytes, so_far: int) -> None:
            await asyncio.to_thread(_append, path, embeddings)
            progress.update(so_far, max(total, 2 * so_far))
            await progress.check_in()

        try:
            faces = await face_groups.read(home.db, engine, keep)
            found = await home.compute.run(
                group,
                path,
                engine.dimensions,
                engine.metric,
                engine.rules,
                faces.photos,
                faces.confirmed,
                faces.rejected,
                faces.group,
                quick and len(faces) > FEW,
                timeout_s=TIMEOUT_S,
            )
            await self._sort_index(home, path, engine, faces)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return await self._write(home, progress, faces, found)

    async def _sort_index(self, home: Home, path: Path, engine: face_index.Engine, faces: face_groups.Faces) -> None:
        """The embeddings are at hand here: let the index of nearest faces grow with the library."""
        cells = await face_index.cells_wanted(home.db, len(faces))
        if cells:
            centres, nearest = await home.compute.run(
                sort_into_cells, path, engine.dimensions, engine.metric, cells, timeout_s=TIMEOUT_S
            )
            ids = [faces.id(number) for number in range(len(faces))]
            await face_index.sort_into_cells(home.db, engine, centres, ids, nearest)

    async def _write(
        self, home: Home, progress: Progress, faces: face_groups.Faces, found: Assignment
    ) -> dict[str, Any]:
        async def tell(done: int, of: int) -> None:
            progress.update(len(faces) + len(faces) * done // max(1, of), 2 * len(faces))
            await progress.check_in()

        groups = _apart_from_people(found.groups, len(faces.people), {*faces.group, face_groups.NONE})
        written, ids = await face_groups.write(home.db, faces, found.people, groups, tell)
        number_of = dict(zip(found.groups, groups, strict=True))
        suggestions = [
            face_groups.Asked(
                face=faces.id(one.face),
                group=ids.get(number_of[one.group]),
                person=ids[one.person],
                confidence=one.confidence,
            )
            for one in found.suggestions
        ]
        pairs = [(number_of[one.group], number_of[one.other], one) for one in found.alike]
        pairs += [(one.group, one.other, one) for one in found.alike_people]
        suggestions += [
            face_groups.Asked(face=faces.id(one.face), group=ids[a], person=ids[b], confidence=one.confidence)
            for a, b, one in pairs
        ]
        await face_groups.finish(home.db, faces, suggestions, written)
        progress.update(2 * len(faces), 2 * len(faces))
        if written.moved or written.dissolved:
            home.bus.publish(PeopleChanged())
        return {
            "faces": len(faces),
            "moved": written.moved,
            "made": written.made,
            "dissolved": written.dissolved,
        }


def _temporary(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY_PREFIX)
    os.close(descriptor)
    return Path(name)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _apart_from_people(groups: Sequence[int], people: int, known: set[int]) -> list[int]:
    """New groups are numbered on from the old ones; here old groups and known people share one row of numbers."""
    return [group if group in known else group + people for group in groups]
