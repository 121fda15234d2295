"""The faces step: every face of a photo, with its embedding by the engine in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.errors import ComputeError
from appliance.library import face_index, intake
from appliance.library.faces import SAME_BOX
from appliance.library.found_faces import Analysis, boxes_to_look_at, keep_analysis
from appliance.messages import FacesChanged
from appliance.steps.base import SkipError, StepBase, original

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import Box


def find_faces(
    path: Path,
    kind: str,
    mime_type: str,
    orientation: int,
    size: tuple[int, int],
    engine_name: str,
    engine_version: str,
    models_dir: Path | None,
    boxes: Sequence[Box],
) -> Analysis:
    """Look at one picture, and once more at each of `boxes` where no face was seen."""
    from appliance.media.pixels import decode_upright
    from ml.faces.analyse import analyse_boxes, analyse_faces, decode_side, loaded_engine, overlap

    loaded_engine(engine_name, models_dir)  # before decoding: without it there is nothing to do
    side = decode_side(engine_name, *size)
    image = decode_upright(path, kind=kind, mime_type=mime_type, orientation=orientation, max_side=side)
    faces = analyse_faces(image, engine_name=engine_name, models_dir=models_dir)
    missed = [box for box in boxes if all(overlap(box, face.box) < SAME_BOX for face in faces)]
    found = analyse_boxes(image, missed, engine_name=engine_name, models_dir=models_dir) if missed else []
    return Analysis(engine_name, engine_version, list(faces), list(zip(missed, found, strict=True)))


class FacesStep(StepBase):
    name = face_index.FACES_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP)
    kinds = frozenset({"photo"})
    light = False
    timeout_s = 300.0
    run = staticmethod(find_faces)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        if row["unshowable"]:
            raise SkipError("There is no picture to look at")
        engine = await face_index.engine_in_use(home.db)
        return (
            original(row),
            row["kind"],
            row["mime_type"],
            row["orientation"],
            (row["width"] or 1, row["height"] or 1),
            engine.name,
            engine.version,
            home.paths.models,
            await boxes_to_look_at(home.db, row["id"], row["metadata"]),
        )

    async def prepare(self, home: Home, row: Row, result: Analysis) -> None:
        engine = await face_index.engine_in_use(home.db)
        if (result.engine, result.version) != (engine.name, engine.version):
            raise ComputeError("The face engine was changed in the meantime")

    async def save(self, home: Home, row: Row, result: Analysis) -> str:
        await keep_analysis(home.db, row, result)
        home.bus.publish(FacesChanged())
        return ""

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        pass
