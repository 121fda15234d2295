"""The default reader: real networks, no download, nothing where there is nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from appliance.errors import ModelUnavailableError
from ml.base import Runtime
from ml.readers import rapid
from ml.readers.rapid import RapidReader
from tests.ml.readers.pictures import written

if TYPE_CHECKING:
    from ml.base import RGBImage, TextLine

REPOSITORY = Path(__file__).resolve().parents[3]
RECEIPT = [
    ((40, 30), "CORNER BAKERY"),
    ((40, 110), "Rye bread"),
    ((430, 112), "4.20"),
    ((40, 170), "Butter"),
    ((430, 168), "2.85"),
    ((40, 290), "Thank you for your visit"),
]
TEXTS = [text for _, text in RECEIPT]


@pytest.fixture(scope="module")
def reader() -> RapidReader:
    made = RapidReader()
    made.load(Runtime(None))
    return made


def texts(lines: list[TextLine]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize("turned", [0, 4, 90, 180, 270])
def test_lines_are_read_in_order_however_the_picture_lies(reader: RapidReader, turned: int) -> None:
    assert texts(reader.read(written(RECEIPT, turned=turned))) == TEXTS


def test_boxes_are_fractions_of_the_picture_clockwise_from_top_left(reader: RapidReader) -> None:
    (line,) = reader.read(written([((320, 200), "CHECKPOINT")], size=(1280, 800), font_px=60))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = line.box
    assert ax == pytest.approx(0.25, abs=0.02)
    assert ay == pytest.approx(0.26, abs=0.03)
    assert ax < bx
    assert ay < dy
    assert (bx, by, cx, cy) == pytest.approx((cx, ay, bx, dy), abs=0.01)
    assert dx == pytest.approx(ax, abs=0.01)
    assert 0.5 < line.score <= 1


def test_two_threads_read_the_same_as_one(reader: RapidReader) -> None:
    two = RapidReader()
    two.load(Runtime(None, threads=2))
    assert texts(two.read(written(RECEIPT))) == texts(reader.read(written(RECEIPT)))


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 5), (30, 1600), (1600, 1200), (64, 64)])
def test_nothing_is_read_where_nothing_is_written(reader: RapidReader, shape: tuple[int, int]) -> None:
    assert reader.read(np.full((*shape, 3), 200, dtype=np.uint8)) == []
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert reader.read(noise) == []


def test_a_large_picture_without_text_costs_a_glance_only(reader: RapidReader, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    look = RapidReader._look

    def count(self: RapidReader, image: RGBImage, side: int) -> Any:
        looked.append(side)
        return look(self, image, side)

    monkeypatch.setattr(RapidReader, "_look", count)
    slope = np.linspace(0, 255, 1600, dtype=np.uint8)
    assert reader.read(np.repeat(np.repeat(slope[None, :, None], 1200, axis=0), 3, axis=2)) == []
    assert looked == [640]


@pytest.mark.parametrize("font_px", [14, 18, 24, 40, 200])
def test_one_line_on_a_large_page_is_found_small_or_large(reader: RapidReader, font_px: int) -> None:
    page = written([((100, 600), "No 48213")], size=(1600, 1200), font_px=font_px)
    assert texts(reader.read(page)) == ["No 48213"]


def test_it_never_reaches_for_the_network() -> None:
    """Neither when it is loaded nor when it reads: with sockets gone and every download refused it works as ever."""
    code = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("a connection was tried")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from rapidocr.utils.download_file import DownloadFile
DownloadFile.run = classmethod(refuse)
from ml.base import Runtime
from ml.readers.rapid import RapidReader
from tests.ml.readers.pictures import written
reader = RapidReader()
reader.load(Runtime(None))
print(reader.read(written([((40, 40), "offline")]))[0].text)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == "offline\n", done.stderr
    assert done.stderr == ""


def test_a_missing_file_is_told_and_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def located(name: str) -> object:
        return type("Spec", (), {"origin": str(tmp_path / "__init__.py")})

    monkeypatch.setattr("importlib.util.find_spec", located)
    with pytest.raises(ModelUnavailableError, match=r"PP-OCRv6_det_small\.onnx of rapidocr is not there"):
        RapidReader().load(Runtime(None))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError, match="rapidocr is not installed"):
        RapidReader().load(Runtime(None))


def test_the_models_are_those_of_the_package() -> None:
    import hashlib

    for file in RapidReader.spec.files:
        data = rapid._packaged(file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size_bytes, file.sha256)
