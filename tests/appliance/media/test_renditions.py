from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from appliance.errors import MediaError
from appliance.media.renditions import render
from appliance.media.sniff import sniff

from .pictures import difference, encoded, opened, orientation_of, save, scene

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.media.values import Renditions

UNDECODABLE = {
    "raw_metadata_only/CanonRaw.cr2",
    "raw_metadata_only/CanonRaw.cr3",
    "raw_metadata_only/DNG.dng",
    "raw_metadata_only/Nikon.nef",
    "raw_metadata_only/Panasonic.rw2",
}
"""Headers without pixels; the RAF keeps its small thumbnail."""


def rendered(path: Path, *, orientation: int = 1, kind: str = "photo") -> Renditions:
    return render(path, kind=kind, mime_type="", orientation=orientation)


def frames_of(data: bytes) -> list[Image.Image]:
    image = Image.open(io.BytesIO(data))
    frames = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(image.convert("RGB"))
    return frames


def test_a_large_photo_gets_a_preview_a_thumbnail_and_a_hash(tmp_path: Path) -> None:
    result = rendered(save(tmp_path / "a.jpg", scene(3000, 2000), quality=92))
    preview, thumbnail = opened(result.preview), opened(result.thumbnail_webp)
    assert (result.width, result.height) == (3000, 2000)
    assert (preview.format, preview.size) == ("JPEG", (1440, 960))
    assert result.preview_mime == "image/jpeg"
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (250, 167))
    assert difference(preview, scene(1440, 960)) < 3
    assert difference(thumbnail.convert("RGB"), scene(250, 167)) < 5
    assert len(result.thumbhash) >= 15
    assert not result.animated
    assert result.warning == ""


def test_a_turned_photo_gets_upright_renditions(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(2000, 1500).transpose(Image.Transpose.ROTATE_90))
    result = rendered(path, orientation=6)
    assert (result.width, result.height) == (2000, 1500)
    assert opened(result.preview).size == (1440, 1080)
    assert difference(opened(result.thumbnail_webp).convert("RGB"), scene(250, 188)) < 5


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    result = rendered(save(tmp_path / "a.png", scene(40, 30)))
    assert opened(result.preview).size == (40, 30)
    assert opened(result.thumbnail_webp).size == (40, 30)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 1000), (500, 125)), ((300, 4000), (38, 500)), ((2, 900), (1, 500))]
)
def test_a_panorama_keeps_enough_pixels_on_its_short_side(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    path = save(tmp_path / "a.png", scene(1000, 1000).resize(size))
    assert opened(rendered(path).thumbnail_webp).size == expected


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_animations_keep_moving(tmp_path: Path, image_format: str) -> None:
    moving = [scene(120, 90).rotate(angle) for angle in (0, 90, 180)]
    path = tmp_path / "a"
    path.write_bytes(
        encoded(moving[0], image_format, save_all=True, append_images=moving[1:], duration=[100, 200, 300], loop=0)
    )
    result = rendered(path)
    assert result.animated
    assert result.preview_mime == "image/webp"
    frames = frames_of(result.preview)
    assert len(frames) == 3
    for frame, original in zip(frames, moving, strict=True):
        assert difference(frame, original) < 15
    assert not getattr(opened(result.thumbnail_webp), "is_animated", False)


def test_a_transparent_animation_lies_on_the_neutral_ground(tmp_path: Path) -> None:
    first = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    second = first.copy()
    second.paste((255, 0, 0, 255), (0, 0, 20, 20))
    path = save(tmp_path / "a.webp", first, save_all=True, append_images=[second], lossless=True)
    for frame in frames_of(rendered(path).preview):
        assert np.abs(np.asarray(frame)[30, 50].astype(int) - 224).max() <= 4


def test_a_long_animation_is_thinned_and_keeps_its_duration(tmp_path: Path) -> None:
    shades = [Image.new("L", (16, 16), number % 256) for number in range(600)]
    path = save(tmp_path / "a.gif", shades[0], save_all=True, append_images=shades[1:], duration=50)
    image = Image.open(io.BytesIO(rendered(path).preview))
    assert getattr(image, "n_frames", 0) <= 240
    duration = 0
    for number in range(getattr(image, "n_frames", 0)):
        image.seek(number)
        image.load()
        duration += image.info["duration"]
    assert duration == 600 * 50


def test_a_large_animation_is_made_smaller(tmp_path: Path) -> None:
    moving = [scene(1600, 1200).rotate(angle).quantize(16) for angle in range(0, 360, 24)]
    path = save(tmp_path / "a.gif", moving[0], save_all=True, append_images=moving[1:])
    image = Image.open(io.BytesIO(rendered(path).preview))
    assert getattr(image, "n_frames", 0) == 15
    assert image.width * image.height * 15 <= 24_500_000


def test_an_animation_that_breaks_off_shows_what_is_there(tmp_path: Path) -> None:
    moving = [Image.effect_noise((100, 80), 50).quantize(64) for _ in range(6)]
    path = save(tmp_path / "a.gif", moving[0], save_all=True, append_images=moving[1:])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    result = rendered(path)
    assert opened(result.thumbnail_webp).size == (100, 80)


@pytest.mark.corpus
def test_every_decodable_file_of_the_corpus_has_renditions(corpus: Path) -> None:
    failed: dict[str, str] = {}
    for path in sorted((corpus / "formats").rglob("*")):
        if path.suffix in (".json", ".xmp", ".csv") or not path.is_file():
            continue
        with path.open("rb") as file:
            kind, mime_type = sniff(file.read(4096), path.name)
        orientation = 1
        if kind == "photo" and path.suffix.lower() not in (".heic", ".heif", ".avif", ".jxl"):
            orientation = orientation_of(path)
        name = str(path.relative_to(corpus / "formats"))
        try:
            result = render(path, kind=kind, mime_type=mime_type, orientation=orientation)
        except MediaError as error:
            failed[name] = error.message
            continue
        assert max(opened(result.preview).size) <= 1440, name
        assert max(opened(result.thumbnail_webp).size) <= 500, name
        assert result.thumbhash, name
    assert failed.keys() == UNDECODABLE, failed


@pytest.mark.corpus
def test_only_media_errors_escape_the_broken_files_of_the_corpus(corpus: Path) -> None:
    shown = 0
    unclear: list[str] = []
    paths = [path for path in sorted((corpus / "broken").rglob("*")) if path.is_file()]
    for path in paths:
        with path.open("rb") as file:
            kind, mime_type = sniff(file.read(4096), path.name)
        try:
            render(path, kind=kind, mime_type=mime_type, orientation=1)
        except MediaError as error:
            if not error.message.endswith(".") or not error.hint:
                unclear.append(f"{path.name}: {error.message}")
        else:
            shown += 1
    sys.stdout.write(f"{shown} of {len(paths)} broken files could be shown, at least in part\n")
    assert shown >= 40
    assert unclear == []
