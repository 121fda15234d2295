"""The faces step: every face of a picture, with its embedding by the engine in use; of a video, of its poster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ComputeError
from appliance.library import face_index, intake
from appliance.library.faces import SAME_BOX
from appliance.library.found_faces import Analysis, boxes_to_look_at, keep_analysis
from appliance.library.settings import ON, get_setting
from appliance.messages import FacesChanged
from appliance.steps.base import PICTURES, SkipError, StepBase
from appliance.steps.pictures import Picture, open_picture, picture_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Row
    from appliance.home import Home
    from ml.base import Box, Runtime


def find_faces(
    picture: Picture, engine_name: str, engine_version: str, runtime: Runtime, boxes: Sequence[Box]
) -> Analysis:
    """Look at one picture, and once more at each of `boxes` where no face was seen."""
    from ml.faces.analyse import analyse_boxes, analyse_faces, decode_side, overlap
    from ml.registry import face_engine
    from ml.runtime import loaded

    loaded(face_engine(engine_name), runtime)  # before decoding: without it there is nothing to do
    image = open_picture(picture, decode_side(engine_name, *picture.size_px))
    faces = analyse_faces(image, engine_name=engine_name, runtime=runtime)
    missed = [box for box in boxes if all(overlap(box, face.box) < SAME_BOX for face in faces)]
    found = analyse_boxes(image, missed, engine_name=engine_name, runtime=runtime) if missed else []
    return Analysis(engine_name, engine_version, list(faces), list(zip(missed, found, strict=True)))


class FacesStep(StepBase):
    name = face_index.FACES_STEP
    version = "1"
    needs: tuple[str, ...] = (intake.METADATA_STEP, intake.RENDITIONS_STEP)
    kinds = PICTURES
    timeout_s = 300.0
    run = staticmethod(find_faces)

    async def hindrance(self, home: Home) -> str:
        return "" if await get_setting(home.db, "find_faces") == ON else "Finding faces is off"

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        if row["part_of"] is not None:
            raise SkipError(face_index.SEEN_ELSEWHERE)
        picture = picture_for(home, row)
        engine = await face_index.engine_in_use(home.db)
        boxes = await boxes_to_look_at(home.db, row["id"], row["metadata"])
        # As many pictures at once as there are workers: each on one thread.
        return picture, engine.name, engine.version, msgspec.structs.replace(home.runtime, threads=1), boxes

    async def prepare(self, home: Home, row: Row, result: Analysis) -> None:
        engine = await face_index.engine_in_use(home.db)
        if (result.engine, result.version) != (engine.name, engine.version):
            raise ComputeError("The face engine was changed in the meantime")

    async def save(self, home: Home, row: Row, result: Analysis) -> str:
        await keep_analysis(home.db, row, result)
        home.bus.publish(FacesChanged())
        return ""
