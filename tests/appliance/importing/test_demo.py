"""The demo library: dated, placed, of many kinds, and the same each time."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from appliance.importing import demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo library of two painted pictures instead of all: one upright, one lying on its side."""
    turned = next(shot for shot in demo.SHOTS if shot.orientation == 6)
    root = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "SHOTS", (demo.SHOTS[0], turned))
        demo.make_demo(root)
        yield root


def _hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_pictures_spread_over_years_and_places() -> None:
    assert len({shot.when.year for shot in demo.SHOTS}) >= 6
    assert len({shot.place for shot in demo.SHOTS}) >= 8
    assert len({shot.when for shot in demo.SHOTS} | {sign.when for sign in demo.SIGNS}) == len(demo.SHOTS) + len(
        demo.SIGNS
    )
    assert {shot.size for shot in demo.SHOTS} == {demo.LANDSCAPE, demo.WIDE, demo.PORTRAIT}


def test_a_second_run_changes_nothing_and_another_folder_gets_the_same_files(made: Path, tmp_path: Path) -> None:
    first = _hashes(made)
    demo.make_demo(made)
    demo.make_demo(tmp_path)
    assert _hashes(made) == first == _hashes(tmp_path)


def test_a_file_lost_or_half_written_is_made_again(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    gif = next(tmp_path.rglob("*.gif"))
    gif.unlink()
    gif.with_name(f".{gif.stem}.part.gif").write_bytes(b"half")
    demo.make_demo(tmp_path)
    assert _hashes(tmp_path) == _hashes(made)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool reads what was written, as an outsider")
def test_an_outsider_reads_date_place_camera_keywords_and_rating(made: Path) -> None:
    shot = demo.SHOTS[0]
    target = made / shot.folder / f"IMG_{shot.when:%Y%m%d_%H%M%S}.jpg"
    done = subprocess.run(["exiftool", "-json", "-n", str(target)], capture_output=True, text=True, check=True)
    tags = json.loads(done.stdout)[0]
    assert tags["DateTimeOriginal"] == shot.when.strftime("%Y:%m:%d %H:%M:%S")
    assert tags["OffsetTimeOriginal"] == "+01:00"
    assert shot.place is not None
    assert tags["GPSLatitude"] == pytest.approx(shot.place.latitude, abs=1e-4)
    assert tags["GPSLongitude"] == pytest.approx(shot.place.longitude, abs=1e-4)
    assert tags["Model"] == shot.camera.model
    assert tags["Subject"] == list(shot.keywords)
    assert tags["Rating"] == shot.rating
    assert tags["ImageDescription"] == shot.title


def test_there_is_a_turned_a_transparent_and_a_moving_picture(made: Path) -> None:
    turned = demo.SHOTS[1]
    with Image.open(made / turned.folder / f"IMG_{turned.when:%Y%m%d_%H%M%S}.jpg") as picture:
        assert picture.getexif()[0x0112] == 6
        assert picture.size == (turned.size[1], turned.size[0])
    with Image.open(next(made.rglob("paper boat.png"))) as picture:
        assert picture.mode == "RGBA"
    with Image.open(next(made.rglob("*.gif"))) as picture:
        assert getattr(picture, "n_frames", 1) == 12
