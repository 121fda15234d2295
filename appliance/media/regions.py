"""Faces a file names itself, as Metadata Working Group or Microsoft regions: boxes on the upright picture."""

from __future__ import annotations

from typing import Any

from appliance.media.tagvalues import clean_text, number
from appliance.media.values import FaceRegion

MAX_FACES = 200


def read_faces(flat: dict[str, Any], stored: tuple[int, int] | None, orientation: int) -> tuple[FaceRegion, ...]:
    """Boxes of one dictionary of tags, MWG before Microsoft; `stored` is the size before turning by `orientation`."""
    faces = _mwg_faces(flat.get("XMP-mwg-rs:RegionInfo"), stored, orientation)
    return tuple(faces or _microsoft_faces(flat.get("XMP-MP:RegionInfoMP"), orientation))[:MAX_FACES]


def _mwg_faces(info: object, stored: tuple[int, int] | None, orientation: int) -> list[FaceRegion]:
    """Metadata Working Group regions: centre and size, of the picture as stored."""
    if not isinstance(info, dict):
        return []
    turn = 1 if _is_already_upright(info.get("AppliedToDimensions"), stored, orientation) else orientation
    faces = []
    for region in _structures(info.get("RegionList")):
        area = region.get("Area")
        if region.get("Type", "Face") != "Face" or not isinstance(area, dict):
            continue
        x, y, width, height = (number(area.get(name)) for name in ("X", "Y", "W", "H"))
        if x is None or y is None:
            continue
        width, height = width or 0.0, height or 0.0
        faces.append((clean_text(region.get("Name"), 200), x - width / 2, y - height / 2, width, height))
    return [face for values in faces if (face := _upright_face(*values, orientation=turn))]


def _microsoft_faces(info: object, orientation: int) -> list[FaceRegion]:
    """Windows Photo Gallery's: left, top, width, height as text."""
    if not isinstance(info, dict):
        return []
    faces = []
    for region in _structures(info.get("Regions")):
        numbers = [number(part) for part in str(region.get("Rectangle", "")).split(",")]
        if len(numbers) != 4:
            continue
        x, y, width, height = numbers
        if x is None or y is None or width is None or height is None:
            continue
        name = clean_text(region.get("PersonDisplayName"), 200)
        if face := _upright_face(name, x, y, width, height, orientation=orientation):
            faces.append(face)
    return faces


def _structures(value: object) -> list[dict[str, Any]]:
    return [item for item in value[:MAX_FACES] if isinstance(item, dict)] if isinstance(value, list) else []


def _is_already_upright(dimensions: object, stored: tuple[int, int] | None, orientation: int) -> bool:
    """Some programs mark faces on the turned picture: then the sides they say they used are exchanged."""
    if orientation < 5 or stored is None or not isinstance(dimensions, dict):
        return False
    width, height = number(dimensions.get("W")), number(dimensions.get("H"))
    if width is None or height is None or width == height or stored[0] == stored[1]:
        return False
    return (width > height) != (stored[0] > stored[1])


def _upright_face(name: str, x: float, y: float, width: float, height: float, *, orientation: int) -> FaceRegion | None:
    """Turn a box as EXIF orientation turns the picture, cut to the picture; None when nothing of it is inside."""
    if orientation in (2, 3):
        x = 1 - x - width
    if orientation in (3, 4):
        y = 1 - y - height
    if orientation >= 5:
        mirrored_x, mirrored_y = 1 - x - width, 1 - y - height
        x, y = {5: (y, x), 6: (mirrored_y, x), 7: (mirrored_y, mirrored_x), 8: (y, mirrored_x)}[orientation]
        width, height = height, width
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, 1.0), min(y + height, 1.0)
    if left > right or top > bottom:
        return None
    return FaceRegion(
        name=name, x=round(left, 6), y=round(top, 6), width=round(right - left, 6), height=round(bottom - top, 6)
    )
