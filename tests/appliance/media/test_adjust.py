"""What recipes make of pixels, of pictures of every kind, and of the largest."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import resource
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from appliance.media import adjust
from appliance.media import recipe as recipes
from appliance.media.recipe import Facts, Light, Recipe

from .pictures import difference, encoded, exif, opened, save, scene, stored_as

SIZE = (330, 240)
#: A quarter turn, cut to the upper left three fifths: the red corner of the scene is at the upper right of the turned
#: one, and partly cut away.
TURNED = recipes.checked(Recipe(turns=1, crop=[0.4, 0, 0.6, 0.5]))


def shown(path: Path, recipe: Recipe, *, kind: str = "photo", orientation: int = 1) -> Any:
    return adjust.render_adjusted(path, kind=kind, mime_type="", orientation=orientation, recipe=recipe)


def by_hand(image: Image.Image) -> Image.Image:
    """TURNED, by Pillow's own words."""
    turned = image.transpose(Image.Transpose.ROTATE_270)
    return turned.crop((round(turned.width * 0.4), 0, turned.width, round(turned.height * 0.5)))


@pytest.mark.parametrize(("turns", "mirror"), list(itertools.product(range(4), (False, True))))
@pytest.mark.parametrize("angle", [0, 7.5, -30])
@pytest.mark.parametrize("crop", [None, [0.1, 0.2, 0.5, 0.6]])
def test_pixels_go_where_points_go(turns: int, mirror: bool, angle: float, crop: list[float] | None) -> None:
    recipe = recipes.checked(Recipe(turns=turns, mirror=mirror, angle=angle, crop=crop))
    image = scene(*SIZE)
    made = adjust.adjusted(image, recipe)
    assert made.size == recipes.shown_size(recipe, *SIZE)
    before, after = np.asarray(image).astype(int), np.asarray(made).astype(int)
    assert (after.sum(axis=2) > 0).all(), "an empty corner"
    off = 0
    for fx, fy in itertools.product(np.linspace(0.05, 0.95, 13), repeat=2):
        x, y = recipes.point_from_shown(recipe, SIZE, (float(fx), float(fy)))
        one = after[int(fy * after.shape[0]), int(fx * after.shape[1])]
        off += np.abs(before[min(int(y * 240), 239), min(int(x * 330), 329)] - one).max() > 14
    assert off <= 14  # of 169: those on an edge of the scene


def test_light_as_worked_out_by_hand() -> None:
    assert np.abs(adjust.curves(Light()) - np.arange(256)).max() < 0.01
    stop = adjust.curves(Light(exposure=1))[0]
    # 0.5 as encoded is 0.2140 of the light; twice that is encoded as 0.6858.
    assert stop[128] == pytest.approx(255 * 0.6876, abs=0.3)
    assert stop[255] == 255
    dark, bright = adjust.curves(Light(shadows=1))[1], adjust.curves(Light(highlights=-1))[1]
    assert dark[40] - 40 > 20 > 2 > dark[230] - 230
    assert bright[215] - 215 < -20 < -2 < bright[25] - 25
    red, _, blue = adjust.curves(Light(warmth=0.5))
    assert red[128] > 128 > blue[128]
    grey = np.asarray(adjust.adjusted(scene(), recipes.Recipe(light=Light(black_and_white=True)))).astype(int)
    assert (grey.max(axis=2) - grey.min(axis=2)).max() == 0
    assert grey[0, 0, 0] == round(0.299 * 220 + 0.587 * 40 + 0.114 * 30)


@pytest.mark.parametrize(("side", "sign"), list(itertools.product(("contrast", "highlights", "shadows"), (-1, 1))))
def test_no_tone_becomes_darker_than_one_that_was_darker(side: str, sign: int) -> None:
    curve = adjust.curves(msgspec.convert({side: sign}, Light))
    assert (np.diff(curve, axis=1) > -1e-3).all()
    assert curve[:, 0] == pytest.approx(0, abs=0.01)
    assert curve[:, 255] == pytest.approx(255, abs=0.01)


def test_the_given_picture_is_left_as_it_is() -> None:
    image = scene()
    adjust.adjusted(image, Recipe(light=Light(exposure=1)))
    assert difference(image, scene()) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "a.jpg", stored_as(scene(), orientation), exif=exif(orientation), quality=95)
    made = shown(path, TURNED, orientation=orientation)
    assert (made.width, made.height) == recipes.shown_size(TURNED, 320, 240) == (144, 160)
    assert difference(opened(made.preview), by_hand(scene())) < 3


@pytest.mark.parametrize(
    ("name", "picture", "options"),
    [
        ("a.png", scene().convert("RGBA"), {}),
        ("a.webp", scene(), {"quality": 95}),
        ("a.tiff", scene(), {}),
        ("a.jpg", scene().convert("CMYK"), {"quality": 95}),
        ("b.jpg", scene().convert("L"), {"quality": 95}),
        ("a.avif", scene(), {"quality": 90, "speed": 10}),
        ("c.png", Image.fromarray(np.asarray(scene().convert("L")).astype(np.uint16) * 257), {}),
    ],
    ids=["transparent", "webp", "tiff", "cmyk", "grey", "avif", "16-bit"],
)
def test_pictures_of_every_kind(tmp_path: Path, name: str, picture: Image.Image, options: dict[str, Any]) -> None:
    made = shown(save(tmp_path / name, picture, **options), TURNED)
    grey = picture.mode not in ("RGB", "RGBA", "CMYK")
    expected = by_hand(scene().convert("L").convert("RGB") if grey else scene())
    assert (made.width, made.height) == expected.size
    assert difference(opened(made.preview), expected) < (12 if picture.mode == "CMYK" else 4)
    assert made.preview_mime == "image/jpeg"


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("pattern", "kind"), [("formats/raw/canon_eos_6d.dng", "raw"), ("formats/heic/*.heic", "photo")]
)
def test_raw_and_heic(corpus: Path, pattern: str, kind: str) -> None:
    paths = sorted(corpus.glob(pattern))[:2] or sorted(corpus.rglob("*.heic"))[:1]
    assert paths
    for path in paths:
        plain = shown(path, Recipe(light=Light(exposure=0.001)), kind=kind)
        made = shown(path, Recipe(turns=1), kind=kind)
        assert (made.width, made.height) == (plain.height, plain.width)
        assert difference(opened(made.preview), opened(plain.preview).transpose(Image.Transpose.ROTATE_270)) < 3


def test_a_small_part_of_a_large_picture_is_as_sharp_as_its_pixels_allow(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(4000, 3000), quality=92)
    recipe = Recipe(crop=[0.25, 0.25, 0.5, 0.5])
    rough = shown(path, recipe)
    sharp = adjust.render_adjusted(path, kind="photo", mime_type="", orientation=1, recipe=recipe, size=(4000, 3000))
    assert opened(rough.preview).size == (720, 540)
    assert opened(sharp.preview).size == (1440, 1080)
    assert (sharp.width, sharp.height) == (2000, 1500)


@pytest.mark.parametrize("size", [(6000, 500), (300, 4200)])
def test_panoramas_keep_their_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    path = save(tmp_path / "a.jpg", scene(600, 600).resize(size), quality=85)
    made = adjust.render_adjusted(path, kind="photo", mime_type="", orientation=1, recipe=Recipe(angle=1.5), size=size)
    preview = opened(made.preview)
    assert max(preview.size) <= 1440
    assert preview.width / preview.height == pytest.approx(made.width / made.height, rel=0.03)


def test_the_hash_ends_with_the_recipe_and_shows_the_picture_all_the_same(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", scene())
    one, other = shown(path, Recipe(crop=[0, 0, 0.9, 0.9])), shown(path, Recipe(crop=[0, 0, 0.9, 0.90001]))
    assert one.thumbhash[:-6] == other.thumbhash[:-6]
    assert one.thumbhash != other.thumbhash


def full(path: Path, recipe: Recipe, size: tuple[int, int], facts: Facts | None = None) -> Image.Image:
    target = path.with_suffix(".out")
    adjust.write_adjusted(
        path, target, kind="photo", mime_type="", orientation=1, recipe=recipe, size=size, facts=facts
    )
    return opened(target.read_bytes())


def test_a_full_size_copy_has_every_pixel_and_only_the_facts_it_is_given(tmp_path: Path) -> None:
    tags = exif(1)
    tags[0x013B] = "Photographer Phoebe"
    path = save(tmp_path / "a.jpg", scene(2400, 1800), quality=95, exif=tags, comment=b"by Phoebe")
    recipe = Recipe(turns=1, light=Light(saturation=-0.5))
    plain = full(path, recipe, (2400, 1800))
    assert plain.size == (1800, 2400)
    assert not plain.getexif()
    assert "comment" not in plain.info
    facts = Facts(
        taken="2024-06-12T10:00:00.250", utc_offset_min=-210, latitude=-38.7223, longitude=9.1393, camera_model="EOS",
        description="Grüße",
    )  # fmt: skip
    told = full(path, recipe, (2400, 1800), facts).getexif()
    assert told.get_ifd(0x8769)[0x9003] == "2024:06:12 10:00:00"
    assert told.get_ifd(0x8769)[0x9011] == "-03:30"
    position = told.get_ifd(0x8825)
    degrees, minutes, seconds = (float(part) for part in position[2])
    assert (position[1], position[3]) == ("S", "E")
    assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(38.7223, abs=1e-6)
    assert told[0x0110] == "EOS"
    assert 0x013B not in told


@pytest.mark.slow
def test_a_picture_of_100_megapixels_takes_a_bounded_amount_of_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(400, 300).resize((11600, 8700), Image.Resampling.NEAREST), quality=75)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        size, rendered_mb, full_mb = pool.apply(within_a_gigabyte, (str(path),))
    assert size[0] * size[1] <= adjust.LARGEST_PIXELS
    assert size[0] * size[1] > 0.9 * adjust.LARGEST_PIXELS
    assert rendered_mb < 350
    assert full_mb < 950


def within_a_gigabyte(name: str) -> tuple[tuple[int, int], float, float]:
    """In a process of its own, with the limit that compute processes have: (size, MB for renditions, MB for all)."""
    resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
    path, recipe = Path(name), Recipe(turns=1, light=Light(exposure=0.5))
    adjust.render_adjusted(path, kind="photo", mime_type="", orientation=1, recipe=recipe, size=(11600, 8700))
    rendered = most_memory_mb()
    target = path.with_suffix(".out")
    adjust.write_adjusted(
        path, target, kind="photo", mime_type="", orientation=1, recipe=recipe, size=(11600, 8700), facts=None
    )
    with Image.open(target) as made:
        return made.size, rendered, most_memory_mb()


def most_memory_mb() -> float:
    """Not `getrusage`, whose number an exec'ed process has from the one that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_stand_in_is_adjusted_too(kind: str) -> None:
    small = adjust.adjust_small(encoded(scene(160, 120), kind, quality=95), TURNED)
    assert difference(Image.open(io.BytesIO(small)).convert("RGB"), by_hand(scene(160, 120))) < 5
