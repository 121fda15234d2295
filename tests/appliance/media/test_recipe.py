"""Where points go by a recipe, how large what it shows is, and which recipes are none."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest

from appliance.errors import InvalidInputError
from appliance.media import recipe as recipes
from appliance.media.recipe import Light, Recipe

SIZE = (330, 240)
RECIPES = [
    recipes.checked(Recipe(turns=turns, mirror=mirror, angle=angle, crop=crop))
    for turns, mirror, angle, crop in itertools.product(
        range(4), (False, True), (0, 7.5, -30), (None, [0.1, 0.2, 0.5, 0.6])
    )
]


@pytest.mark.parametrize("recipe", RECIPES, ids=recipes.name_of)
def test_a_point_of_what_is_shown_is_on_the_picture_and_comes_back(recipe: Recipe) -> None:
    for x, y in itertools.product((0.0, 0.01, 0.3, 0.5, 0.99, 1.0), repeat=2):
        point = (x, y)
        taken = recipes.point_from_shown(recipe, SIZE, point)
        assert all(-1e-9 <= value <= 1 + 1e-9 for value in taken), "a corner would be empty"
        assert recipes.point_to_shown(recipe, SIZE, taken) == pytest.approx(point)


def test_where_points_go_as_worked_out_by_hand() -> None:
    right_ear = (0.9, 0.2)
    assert recipes.point_to_shown(Recipe(turns=1), SIZE, right_ear) == pytest.approx((0.8, 0.9))
    assert recipes.point_to_shown(Recipe(turns=2), SIZE, right_ear) == pytest.approx((0.1, 0.8))
    assert recipes.point_to_shown(Recipe(turns=3), SIZE, right_ear) == pytest.approx((0.2, 0.1))
    assert recipes.point_to_shown(Recipe(mirror=True), SIZE, right_ear) == pytest.approx((0.1, 0.2))
    assert recipes.point_to_shown(Recipe(crop=[0.5, 0, 0.5, 0.5]), SIZE, right_ear) == pytest.approx((0.8, 0.4))
    # A square turned by 30 degrees keeps a square of 1 / (cos + sin); what was right of the middle goes down.
    scale = 1 / (math.cos(math.radians(30)) + math.sin(math.radians(30)))
    assert recipes.frame_size(Recipe(angle=30), 100, 100) == pytest.approx((100 * scale, 100 * scale))
    x, y = recipes.point_to_shown(Recipe(angle=30), (100, 100), (0.6, 0.5))
    assert (x, y) == pytest.approx((0.5 + 0.1 * math.cos(math.pi / 6) / scale, 0.5 + 0.1 * 0.5 / scale))


def test_sizes_of_what_is_shown() -> None:
    assert recipes.shown_size(Recipe(turns=1), *SIZE) == (240, 330)
    assert recipes.shown_size(Recipe(crop=[0.5, 0.5, 0.5, 0.5]), *SIZE) == (165, 120)
    assert recipes.shown_size(Recipe(turns=3, crop=[0, 0, 0.25, 1]), *SIZE) == (60, 330)
    wide, high = recipes.shown_size(Recipe(angle=10), 4000, 3000)
    assert wide / high == pytest.approx(4 / 3, abs=0.001)
    assert 3000 < wide < 4000
    assert recipes.shown_size(Recipe(crop=[0.99, 0, 0.02, 1]), 3, 3) == (1, 3), "never nothing"


@pytest.mark.parametrize("recipe", RECIPES, ids=recipes.name_of)
@pytest.mark.parametrize(("turns", "mirror"), [(1, False), (2, True), (3, True), (0, True)])
def test_turning_what_is_shown_moves_its_points_so(recipe: Recipe, turns: int, mirror: bool) -> None:
    again = recipes.turned_by(recipe, turns, mirror=mirror)
    for x, y in ((0.1, 0.2), (0.7, 0.4), (0.5, 0.5)):
        was = recipes.point_from_shown(recipe, SIZE, (x, y))
        for _ in range(turns):
            x, y = 1 - y, x
        expected = (1 - x if mirror else x, y)
        assert recipes.point_to_shown(again, SIZE, was) == pytest.approx(expected, abs=1e-4)


def test_four_quarter_turns_are_none() -> None:
    recipe = recipes.checked(Recipe(mirror=True, angle=3, crop=[0.1, 0.2, 0.3, 0.4], light=Light(shadows=0.2)))
    turned = recipe
    for _ in range(4):
        turned = recipes.turned_by(turned, 1)
    assert turned == recipe


def test_boxes_are_mapped_and_those_cropped_away_are_none() -> None:
    face = (0.1, 0.1, 0.2, 0.2)
    assert recipes.box_to_shown(Recipe(turns=1), SIZE, face) == pytest.approx((0.7, 0.1, 0.2, 0.2))
    assert recipes.box_to_shown(Recipe(crop=[0.5, 0.5, 0.5, 0.5]), SIZE, face) is None
    assert recipes.box_to_shown(Recipe(crop=[0.28, 0, 0.5, 0.5]), SIZE, face) is None, "a tenth of it is left"
    kept = recipes.box_to_shown(Recipe(crop=[0.2, 0, 0.5, 0.5]), SIZE, face)
    assert kept == pytest.approx((0, 0.2, 0.2, 0.4))
    assert recipes.box_from_shown(Recipe(turns=1), SIZE, (0.7, 0.1, 0.2, 0.2)) == pytest.approx(face)


@pytest.mark.parametrize(
    ("crop", "says"),
    [([0.5, 0, 0.6, 1], "beyond"), ([0, 0.9, 1, 0.2], "beyond"), ([0, 0, 0.01, 1], "next to nothing")],
)
def test_a_crop_that_is_not_on_the_picture_is_refused(crop: list[float], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says) as caught:
        recipes.checked(Recipe(crop=crop))
    assert caught.value.hint


def test_a_crop_of_a_few_pixels_is_refused_but_a_tiny_picture_can_be_turned() -> None:
    with pytest.raises(InvalidInputError, match="next to nothing"):
        recipes.check_size(Recipe(crop=[0, 0, 0.02, 0.02]), 640, 480)
    recipes.check_size(Recipe(turns=1), 5, 3)
    recipes.check_size(Recipe(crop=[0, 0, 0.5, 0.5]), 640, 480)


@pytest.mark.parametrize(
    "wish",
    [
        {"angle": 45.1}, {"turns": 4}, {"turns": 0.5}, {"crop": [0, 0, 1]}, {"crop": [-0.1, 0, 1, 1]}, {"version": 2},
        {"light": {"exposure": 2.01}}, {"light": {"warmth": -1.1}}, {"light": {"vignette": 1}}, {"aspect": "5:4"},
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_no_recipe(wish: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wish, Recipe)


def test_what_changes_nothing_is_stored_as_nothing() -> None:
    whole = recipes.checked(Recipe(crop=[0, 0, 1, 1], aspect="4:3", angle=0.001))
    assert recipes.written(whole) == recipes.name_of(whole) == ""
    assert recipes.read("") == recipes.NOTHING


def test_names_differ_by_what_is_made_and_by_nothing_else() -> None:
    one = recipes.checked(Recipe(crop=[0, 0, 0.5, 0.5]))
    assert recipes.name_of(one) == recipes.name_of(msgspec.structs.replace(one, aspect="square"))
    assert recipes.name_of(one) != recipes.name_of(recipes.checked(Recipe(crop=[0, 0, 0.5, 0.51])))
    assert recipes.name_of(one) != recipes.name_of(msgspec.structs.replace(one, light=Light(exposure=0.05)))
    assert recipes.read(recipes.written(one)) == one


def test_a_recipe_in_words() -> None:
    recipe = Recipe(turns=1, angle=2, crop=[0, 0, 0.5, 0.5], light=Light(black_and_white=True, exposure=1))
    assert recipes.in_words(recipes.written(recipe)) == "rotated, straightened, cropped, black and white, light"
    assert recipes.in_words("") == ""
