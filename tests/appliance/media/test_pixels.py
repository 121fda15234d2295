from __future__ import annotations

import multiprocessing
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media.colour import GROUND
from appliance.media.pixels import decode_upright, fitted_size, read_picture

from .pictures import difference, encoded, exif, orientation_of, save, scene, stored_as

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ORIENTATIONS = range(1, 9)
FORMATS: dict[str, dict[str, Any]] = {
    "jpg": {"quality": 95},
    "png": {},
    "webp": {"quality": 95},
    "tiff": {},
    "avif": {"quality": 90, "speed": 10},
}


def decoded(path: Path, *, orientation: int = 1, max_side: int = 200, kind: str = "photo") -> NDArray[np.uint8]:
    return decode_upright(path, kind=kind, mime_type="", orientation=orientation, max_side=max_side)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_all_orientations_give_the_same_upright_pixels(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = save(tmp_path / f"a.{suffix}", stored_as(scene(), orientation), exif=exif(orientation), **FORMATS[suffix])
    picture = read_picture(path, kind="photo", mime_type="", orientation=orientation, max_side=200)
    assert (picture.width, picture.height) == (320, 240)
    assert difference(picture.image, scene().resize((200, 150), Image.Resampling.HAMMING)) < 2


@pytest.mark.corpus
@pytest.mark.parametrize("pattern", ["hopper*.jpg", "hopper*.webp", "landscape*.jpg", "rot*.avif"])
def test_all_orientations_of_other_programs_give_the_same_upright_pixels(corpus: Path, pattern: str) -> None:
    paths = sorted((corpus / "exif/orientation").glob(pattern))
    pictures = [decoded(path, orientation=orientation_of(path)) for path in paths]
    assert len(pictures) >= 7
    for picture in pictures[1:]:
        # every AVIF and landscape has its own number written on it; a wrong turn differs by 36 or more
        assert difference(picture, pictures[0]) < 10


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("iphone_13_pro_max.HEIC", (200, 150, 3)),  # turned by the container; EXIF 6 is a copy
        ("iphone_7.heic", (200, 150, 3)),  # no turn in the container; EXIF 6 is all there is
        ("IMG_2682.heic", (150, 200, 3)),  # not turned, EXIF 1
    ],
)
def test_heic_is_turned_once(corpus: Path, name: str, shape: tuple[int, int, int]) -> None:
    orientation = 1 if name == "IMG_2682.heic" else 6
    assert decoded(corpus / "formats/heic" / name, orientation=orientation).shape == shape


@pytest.mark.parametrize("orientation", [0, 9, -3, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "a.png", scene())
    assert difference(decoded(path, orientation=orientation, max_side=320), scene()) == 0


@pytest.mark.parametrize(("width", "height"), [(3000, 10), (10, 3000), (1, 1), (1441, 1440), (4000, 1), (1439, 7)])
def test_extreme_shapes_fit_and_are_never_enlarged(tmp_path: Path, width: int, height: int) -> None:
    for suffix in ("jpg", "png"):
        path = save(tmp_path / f"a.{suffix}", scene(max(width, 8), max(height, 8)).resize((width, height)))
        result = decoded(path, max_side=1440)
        assert result.shape == (*reversed(fitted_size(width, height, 1440)), 3)
        assert max(result.shape) <= 1440


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_of_every_mode_is_scaled_while_it_is_decoded(tmp_path: Path, mode: str, progressive: bool) -> None:
    large = scene(2000, 1500).convert(mode)
    path = save(tmp_path / "a.jpg", large, progressive=progressive)
    expected = large.convert("RGB").resize((600, 450), Image.Resampling.BOX)
    assert difference(decoded(path, max_side=600), expected) < 3


def test_a_bad_profile_in_a_jpeg_is_ignored(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(), icc_profile=b"nonsense" * 50, quality=95)
    assert difference(decoded(path, max_side=320), scene()) < 3


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tiff"])
def test_transparent_pictures_lie_on_the_neutral_ground(tmp_path: Path, suffix: str) -> None:
    image = scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    options = {"lossless": True} if suffix == "webp" else {}
    result = decoded(save(tmp_path / f"a.{suffix}", image, **options), max_side=320)
    assert np.abs(result[20, 20].astype(int) - GROUND).max() <= 2


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path: Path) -> None:
    ramp = (np.linspace(0, 65535, 256)[None, :].repeat(64, axis=0)).astype(np.uint16)
    for suffix in ("png", "tiff"):
        result = decoded(save(tmp_path / f"a.{suffix}", Image.fromarray(ramp)), max_side=256)
        assert difference(result[:, :, 0], np.arange(256, dtype=np.uint8)[None, :].repeat(64, axis=0)) < 1


def test_the_first_page_of_a_tiff_and_the_first_frame_of_a_gif_are_shown(tmp_path: Path) -> None:
    pages = [scene(), Image.new("RGB", scene().size, (255, 0, 0))]
    for suffix in ("tiff", "gif"):
        path = save(tmp_path / f"a.{suffix}", pages[0], save_all=True, append_images=pages[1:])
        assert difference(decoded(path, max_side=320), scene()) < 12


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    path.write_bytes(encoded(scene(), "JPEG", quality=95))
    assert difference(decoded(path, max_side=320), scene()) < 2


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.touch()
    for kind in ("photo", "raw", "video"):
        with pytest.raises(UnreadableFileError, match="The file is empty"):
            decoded(path, kind=kind)


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="gone"):
        decoded(tmp_path / "a.jpg")


def test_a_format_that_is_known_but_not_shown_is_final(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(UnsupportedFormatError, match=r"image/svg\+xml"):
        decode_upright(path, kind="photo", mime_type="image/svg+xml", orientation=1, max_side=100)


@pytest.mark.parametrize(("suffix", "part"), [("jpg", 0.6), ("png", 0.6), ("tiff", 0.6)])
def test_the_readable_part_of_a_cut_file_is_shown_with_a_warning(tmp_path: Path, suffix: str, part: float) -> None:
    noisy = Image.effect_noise((400, 300), 60).convert("RGB")
    path = save(tmp_path / f"a.{suffix}", noisy, **({"compression": "tiff_lzw"} if suffix == "tiff" else {}))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    try:
        picture = read_picture(path, kind="photo", mime_type="", orientation=1, max_side=400)
    except UnreadableFileError:
        assert suffix == "tiff", "only TIFF keeps its table of contents at the end"
        return
    assert "% of the picture is missing" in picture.warning
    assert difference(np.asarray(picture.image)[:100], np.asarray(noisy)[:100]) < 12


def test_a_file_of_which_nearly_nothing_is_left_is_unreadable(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.effect_noise((800, 600), 60).convert("RGB"))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UnreadableFileError, match="ends too early"):
        decoded(path)


def test_a_whole_file_has_no_warning(tmp_path: Path) -> None:
    for suffix, options in FORMATS.items():
        path = save(tmp_path / f"a.{suffix}", scene(), **options)
        assert read_picture(path, kind="photo", mime_type="", orientation=1, max_side=300).warning == ""


def stated_size(data: bytes, width: int, height: int) -> bytes:
    """A PNG or JPEG that states another size than it has."""
    import zlib

    if data.startswith(b"\x89PNG"):
        chunk = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
        return data[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]
    at = next(data.index(marker) for marker in (b"\xff\xc0\x00\x11", b"\xff\xc2\x00\x11") if marker in data)
    return data[: at + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 9 :]


@pytest.mark.parametrize(
    ("image_format", "options", "size", "limit"),
    [
        ("PNG", {}, (20000, 20000), "states 400 megapixels"),
        ("PNG", {}, (12001, 10000), "120 megapixels"),
        ("PNG", {}, (60000, 60000), "megapixels"),
        ("JPEG", {}, (20000, 20000), "250 megapixels"),
        ("JPEG", {"progressive": True}, (12001, 10000), "120 megapixels"),
    ],
)
def test_a_picture_that_states_too_many_pixels_is_refused_with_numbers(
    tmp_path: Path, image_format: str, options: dict[str, Any], size: tuple[int, int], limit: str
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(stated_size(encoded(scene(), image_format, **options), *size))
    with pytest.raises(UnsupportedFormatError, match=limit) as caught:
        decoded(path)
    assert caught.value.hint


def test_a_picture_of_a_costly_format_has_a_lower_limit(tmp_path: Path) -> None:
    path = save(tmp_path / "a.webp", Image.new("L", (8000, 7600)), method=0)
    with pytest.raises(UnsupportedFormatError, match="60 megapixels"):
        decoded(path)


def test_a_jpeg_of_thousands_of_scans_is_refused(tmp_path: Path) -> None:
    data = encoded(scene(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    path = tmp_path / "scans.jpg"
    path.write_bytes(data[:-2] + scan * 2000 + b"\xff\xd9")
    with pytest.raises(UnreadableFileError, match="scans"):
        decoded(path)


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Some bytes changed, then sometimes a piece cut out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 12))):
        # half of the changes in the first 300 bytes, where the headers are
        top = min(300, len(changed)) if random.random() < 0.5 else len(changed)
        changed[int(random.integers(0, top))] = int(random.integers(0, 256))
    at, length = int(random.integers(0, len(changed))), int(random.integers(1, 200))
    match int(random.integers(0, 6)):
        case 0:
            del changed[at:]
        case 1:
            del changed[at : at + length]
        case 2:
            changed[at:at] = changed[at : at + length]
        case _:
            pass
    return bytes(changed)


@pytest.mark.filterwarnings("default")  # decoders warn about what they are fed here; Pillow's own are silenced anyway
def test_nothing_but_media_errors_escapes_mutated_files(tmp_path: Path) -> None:
    random = np.random.default_rng(20)
    small = scene(96, 64)
    seeds = [
        encoded(small, "JPEG", exif=exif(6)),
        encoded(small, "JPEG", progressive=True),
        encoded(small.convert("CMYK"), "JPEG"),
        encoded(small, "PNG"),
        encoded(small.convert("P"), "PNG", transparency=0),
        encoded(small, "GIF", save_all=True, append_images=[small.rotate(90)]),
        encoded(small, "WEBP"),
        encoded(small, "WEBP", save_all=True, append_images=[small.rotate(90)]),
        encoded(small, "TIFF", compression="tiff_lzw"),
        encoded(small, "TIFF", compression="jpeg"),
        encoded(small, "AVIF", speed=10),
        encoded(small, "JPEG2000"),
        encoded(small, "BMP"),
        encoded(small.convert("RGBA"), "ICO"),
    ]
    path = tmp_path / "mutated"
    bad = 0
    for number in range(322):
        path.write_bytes(mutated(seeds[number % len(seeds)], random))
        try:
            picture = read_picture(path, kind="photo", mime_type="", orientation=6, max_side=64)
        except MediaError:
            bad += 1
        else:
            assert picture.image.mode == "RGB"
            assert max(picture.image.size) <= 64
    assert 60 < bad < 322


def test_errors_and_results_cross_process_boundaries(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", scene())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(decoded, (path,)).shape == (150, 200, 3)
    with pytest.raises(UnreadableFileError) as caught:
        decoded(tmp_path)
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


@pytest.mark.corpus
def test_the_bombs_of_the_corpus_are_refused_quickly(corpus: Path) -> None:
    paths = sorted((corpus / "broken/bombs").iterdir())
    for path in paths:
        if path.name == "decompression_bomb_extents.gif":
            assert decoded(path).shape == (100, 100, 3)  # only its second frame is a bomb
            continue
        with pytest.raises(MediaError):
            decoded(path)
