from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from appliance.errors import MediaError, UnreadableFileError, UnsupportedFormatError
from appliance.media.pixels import read_picture

from .pictures import difference

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.media.pixels import Picture


def picture_of(path: Path, *, orientation: int = 1) -> Picture:
    return read_picture(path, kind="raw", mime_type="", orientation=orientation, max_side=1440)


def test_a_file_that_is_no_raw_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nef"
    for content in (b"no RAW file at all" * 100, b"II*\x00" + bytes(500), b"FUJIFILMCCD-RAW " + bytes(500)):
        path.write_bytes(content)
        with pytest.raises(MediaError) as caught:
            picture_of(path)
        assert isinstance(caught.value, UnreadableFileError | UnsupportedFormatError)
        assert caught.value.hint


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "size", "shown"),
    [
        ("Issue 247-1.nef", (1999, 3008), (425, 640)),
        ("canon_eos_6d.dng", (1224, 816), (1024, 683)),
        ("RAW_KODAK_DC50_é.KDC", (768, 512), (384, 256)),
    ],
)
def test_raw_files_are_shown_upright(corpus: Path, name: str, size: tuple[int, int], shown: tuple[int, int]) -> None:
    picture = picture_of(corpus / "formats/raw" / name)
    assert (picture.width, picture.height) == size
    assert picture.image.size == shown


@pytest.mark.corpus
def test_the_preview_in_a_raw_file_is_turned_as_the_tag_asks(corpus: Path) -> None:
    path = corpus / "formats/raw/canon_eos_6d.dng"
    upright, turned = picture_of(path), picture_of(path, orientation=6)
    assert (turned.width, turned.height) == (816, 1224)
    assert difference(turned.image, upright.image.transpose(Image.Transpose.ROTATE_270)) == 0


@pytest.mark.corpus
def test_a_raw_file_cut_down_to_its_metadata_is_no_black_picture(corpus: Path) -> None:
    with pytest.raises(UnreadableFileError, match="not in the file"):
        picture_of(corpus / "formats/raw_metadata_only/DNG.dng")
