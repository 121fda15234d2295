"""What somebody asked to be done to a picture before it is shown: a small plain value, and where points go by it.

In this order: quarter turns, mirroring, straightening (the largest frame of the same shape without empty corners
stays), the crop within that frame, the light.  Nothing here touches pixels: `adjust.py` does, in the compute process,
and `web/static/js/adjust/` does the same in the browser.
"""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Final, Literal

import msgspec

from appliance.errors import InvalidInputError

LEAST_CROP: Final = 0.02
"""Of the frame's width or height; less is a slip of the finger."""
LEAST_CROP_PX: Final = 16
VISIBLE: Final = 0.35
"""A box of which less than this part is left by the crop counts as cropped away."""
NAME_BYTES: Final = 6
_DRAWING: Final = "1"
"""How recipes are carried out: another number makes every adjusted rendition anew, under another name."""

Half = Annotated[float, msgspec.Meta(ge=-1, le=1)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Aspect = Literal["free", "original", "square", "4:3", "3:2", "16:9"]
Box = tuple[float, float, float, float]
Point = tuple[float, float]


class Light(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`exposure` in stops, from -2 to 2; the others from -1 to 1, where 0 is as taken.  `warmth`: colder to warmer."""

    exposure: Annotated[float, msgspec.Meta(ge=-2, le=2)] = 0.0
    contrast: Half = 0.0
    highlights: Half = 0.0
    shadows: Half = 0.0
    warmth: Half = 0.0
    saturation: Half = 0.0
    black_and_white: bool = False


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`turns`: quarter turns clockwise; then `mirror`: left for right; then `angle`: degrees clockwise, -45 to 45; then
    `crop`: left, top, width, height as fractions of the straightened picture, null for all of it.  `aspect` is the
    shape that the crop was held to: a landscape or portrait one."""

    version: Literal[1] = 1
    turns: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    mirror: bool = False
    angle: Annotated[float, msgspec.Meta(ge=-45, le=45)] = 0.0
    crop: Annotated[list[Fraction], msgspec.Meta(min_length=4, max_length=4)] | None = None
    aspect: Aspect = "free"
    light: Light = Light()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is written into a full-size copy: what the library knows of the photo, not what its file says.

    taken: wall clock of the place, ISO-8601; the position in degrees.
    """

    taken: str = ""
    utc_offset_min: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    description: str = ""
    camera_make: str = ""
    camera_model: str = ""


NOTHING: Final = Recipe()


def checked(recipe: Recipe) -> Recipe:
    """The same in as few digits as count; raises InvalidInputError for a crop that is not on the picture."""
    crop = None
    if recipe.crop is not None:
        left, top, width, height = recipe.crop
        if left + width > 1 + 1e-4 or top + height > 1 + 1e-4:
            raise InvalidInputError(
                "The crop reaches beyond the picture", hint="left + width and top + height may be 1 at most."
            )
        if width < LEAST_CROP or height < LEAST_CROP:
            raise InvalidInputError("The crop leaves next to nothing", hint="Choose a larger part of the picture.")
        width, height = min(width, 1 - left), min(height, 1 - top)
        crop = [round(value + 0.0, 5) for value in (left, top, width, height)]
        crop = None if crop == [0.0, 0.0, 1.0, 1.0] else crop
    light = Light(
        black_and_white=recipe.light.black_and_white,
        **{name: round(getattr(recipe.light, name) + 0.0, 3) for name in LIGHT_NUMBERS},
    )
    return Recipe(
        turns=recipe.turns,
        mirror=recipe.mirror,
        angle=round(recipe.angle + 0.0, 2),
        crop=crop,
        aspect=recipe.aspect,
        light=light,
    )


LIGHT_NUMBERS: Final = ("exposure", "contrast", "highlights", "shadows", "warmth", "saturation")


def changes_nothing(recipe: Recipe) -> bool:
    """Whether the picture is shown as it was taken."""
    return msgspec.structs.replace(recipe, aspect="free") == NOTHING


def written(recipe: Recipe) -> str:
    """As it is stored: "" for one that changes nothing."""
    return "" if changes_nothing(recipe) else msgspec.json.encode(recipe).decode()


def read(text: str) -> Recipe:
    """Of what `written` wrote."""
    return msgspec.json.decode(text, type=Recipe) if text else NOTHING


def name_of(recipe: Recipe) -> str:
    """Twelve hexadecimal digits that stand for what this recipe makes of a picture; "" for nothing."""
    if changes_nothing(recipe):
        return ""
    plain = msgspec.json.encode(msgspec.structs.replace(recipe, aspect="free"))
    return hashlib.blake2b(_DRAWING.encode() + plain, digest_size=NAME_BYTES).hexdigest()


def turned_size(recipe: Recipe, width: int, height: int) -> tuple[int, int]:
    return (height, width) if recipe.turns % 2 else (width, height)


def frame_size(recipe: Recipe, width: int, height: int) -> tuple[float, float]:
    """Of the straightened picture: the largest of the turned picture's shape that the turned picture fills."""
    wide, high = turned_size(recipe, width, height)
    cosine, sine = _direction(recipe.angle)
    sine = abs(sine)
    scale = min(wide / (wide * cosine + high * sine), high / (wide * sine + high * cosine))
    return wide * scale, high * scale


def crop_px(recipe: Recipe, width: int, height: int) -> tuple[float, float, int, int]:
    """left, top, width, height of what is shown, in pixels of the frame that a picture of this size gives."""
    frame = frame_size(recipe, width, height)
    left, top, wide, high = recipe.crop or (0.0, 0.0, 1.0, 1.0)
    if recipe.angle:
        return left * frame[0], top * frame[1], max(1, int(wide * frame[0])), max(1, int(high * frame[1]))
    across, down = round(frame[0]), round(frame[1])
    x, y = min(round(left * across), across - 1), min(round(top * down), down - 1)
    return x, y, max(1, round((left + wide) * across) - x), max(1, round((top + high) * down) - y)


def shown_size(recipe: Recipe, width: int, height: int) -> tuple[int, int]:
    """What a picture of this size has, adjusted."""
    return crop_px(recipe, width, height)[2:]


def check_size(recipe: Recipe, width: int, height: int) -> None:
    """Raise InvalidInputError when next to no pixel is left of a picture of this size."""
    if min(shown_size(recipe, width, height)) < min(LEAST_CROP_PX, width, height):
        raise InvalidInputError(
            "The crop leaves next to nothing", hint=f"At least {LEAST_CROP_PX} pixels in width and in height."
        )


def point_to_shown(recipe: Recipe, size: tuple[int, int], point: Point) -> Point:
    """Where a point of the upright picture (fractions) is on the adjusted one; beyond 0..1 when it was cropped away."""
    x, y = _turn(point, recipe.turns)
    if recipe.mirror:
        x = 1 - x
    wide, high = turned_size(recipe, *size)
    cosine, sine = _direction(recipe.angle)
    across, down = (x - 0.5) * wide, (y - 0.5) * high
    frame = frame_size(recipe, *size)
    x = (cosine * across - sine * down) / frame[0] + 0.5
    y = (sine * across + cosine * down) / frame[1] + 0.5
    left, top, width, height = recipe.crop or (0.0, 0.0, 1.0, 1.0)
    return (x - left) / width, (y - top) / height


def point_from_shown(recipe: Recipe, size: tuple[int, int], point: Point) -> Point:
    """The way back."""
    left, top, width, height = recipe.crop or (0.0, 0.0, 1.0, 1.0)
    frame = frame_size(recipe, *size)
    across = (left + point[0] * width - 0.5) * frame[0]
    down = (top + point[1] * height - 0.5) * frame[1]
    wide, high = turned_size(recipe, *size)
    cosine, sine = _direction(recipe.angle)
    x = (cosine * across + sine * down) / wide + 0.5
    y = (cosine * down - sine * across) / high + 0.5
    if recipe.mirror:
        x = 1 - x
    return _turn((x, y), -recipe.turns)


def box_to_shown(recipe: Recipe, size: tuple[int, int], box: Box) -> Box | None:
    """What is left of a box, upright again; None when it was cropped away."""
    left, top, right, bottom = _around([point_to_shown(recipe, size, corner) for corner in _corners(box)])
    area = (right - left) * (bottom - top)
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    if right <= left or bottom <= top or (right - left) * (bottom - top) < VISIBLE * area:
        return None
    return left, top, right - left, bottom - top


def box_from_shown(recipe: Recipe, size: tuple[int, int], box: Box) -> Box:
    """A box drawn on the adjusted picture, on the upright one."""
    left, top, right, bottom = _around([point_from_shown(recipe, size, corner) for corner in _corners(box)])
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    return left, top, right - left, bottom - top


def turned_by(recipe: Recipe, turns: int, *, mirror: bool = False) -> Recipe:
    """The recipe of the picture that this one shows, turned clockwise once more (and then mirrored)."""
    crop = recipe.crop
    if crop is not None:
        left, top, right, bottom = _around([_turn(corner, turns) for corner in _corners(tuple(crop))])  # type: ignore[arg-type]  # four values
        if mirror:
            left, right = 1 - right, 1 - left
        crop = [left, top, right - left, bottom - top]
    # A mirrored picture turns the other way in the order of things: turns come first there.
    total = recipe.turns - turns if recipe.mirror else recipe.turns + turns
    return checked(
        msgspec.structs.replace(
            recipe,
            turns=total % 4,
            mirror=recipe.mirror is not mirror,
            angle=-recipe.angle if mirror else recipe.angle,
            crop=crop,
        )
    )


def in_words(text: str) -> str:
    """What a stored recipe does, for people: "rotated, cropped, light"; "" for nothing."""
    recipe = read(text)
    said = (
        (recipe.turns, "rotated"),
        (recipe.mirror, "mirrored"),
        (recipe.angle, "straightened"),
        (recipe.crop is not None, "cropped"),
        (recipe.light.black_and_white, "black and white"),
        (msgspec.structs.replace(recipe.light, black_and_white=False) != Light(), "light"),
    )
    return ", ".join(word for holds, word in said if holds)


def _direction(angle: float) -> tuple[float, float]:
    return (math.cos(math.radians(angle)), math.sin(math.radians(angle))) if angle else (1.0, 0.0)


def _turn(point: Point, turns: int) -> Point:
    x, y = point
    for _ in range(turns % 4):
        x, y = 1 - y, x
    return x, y


def _corners(box: Box) -> list[Point]:
    left, top, width, height = box
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def _around(points: list[Point]) -> Box:
    """left, top, right, bottom."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)
