"""The exiftool process: kept open, restarted, bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from PIL import Image

from appliance.errors import UnreadableFileError, UnsupportedFormatError
from appliance.media.exiftool import ExifTool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tool() -> Iterator[ExifTool]:
    tool = ExifTool()
    yield tool
    tool.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    Image.new("RGB", (6, 4)).save(file, exif=exif)
    return file


def _process_of(tool: ExifTool) -> int:
    process = tool._process
    assert process is not None
    return process.pid


def test_one_process_answers_many_questions(tool: ExifTool, photo: Path) -> None:
    first = tool.read(photo)
    process = _process_of(tool)
    assert (first["IFD0:Make"], first["File:ImageWidth"], first["File:ImageHeight"]) == ("Maker", 6, 4)
    assert tool.read(photo)["IFD0:Make"] == "Maker"
    assert _process_of(tool) == process


def test_it_is_started_again_after_it_was_killed(tool: ExifTool, photo: Path) -> None:
    tool.read(photo)
    os.kill(_process_of(tool), 9)
    assert tool.read(photo)["IFD0:Make"] == "Maker"


@pytest.mark.parametrize(
    "name", ["-delete.jpg", "line\nbreak.jpg", " #x.jpg", "ünï 'q\" $HOME @x \\n %d.jpg", "a" * 240 + ".jpg"]
)
def test_any_file_name_is_only_a_name(tool: ExifTool, photo: Path, name: str) -> None:
    file = photo.rename(photo.with_name(name))
    assert tool.read(file)["IFD0:Make"] == "Maker"


def test_names_that_are_not_utf_8_are_read(tool: ExifTool, photo: Path) -> None:
    file = photo.rename(photo.with_name(os.fsdecode(b"caf\xe9.jpg")))
    assert tool.read(file)["IFD0:Make"] == "Maker"


def test_one_that_hangs_is_ended_and_the_next_file_read(tmp_path: Path, photo: Path) -> None:
    marker = tmp_path / "hung"
    program = tmp_path / "exiftool"
    program.write_text(f'#!/bin/sh\n[ -e "{marker}" ] && exec exiftool "$@"\ntouch "{marker}"\nexec sleep 60\n')
    program.chmod(0o755)
    tool = ExifTool(str(program), limit_s=1.0)
    begun = time.monotonic()
    with pytest.raises(UnreadableFileError, match="longer than 1 s"):
        tool.read(photo)
    assert time.monotonic() - begun < 5
    try:
        patient = ExifTool(str(program))
        assert patient.read(photo)["IFD0:Make"] == "Maker"
        patient.close()
    finally:
        tool.close()


def test_it_does_not_outlive_a_killed_service(photo: Path) -> None:
    code = (
        "import os, pathlib, sys; from appliance.media import exiftool; tool = exiftool.shared();"
        "tool.read(pathlib.Path(sys.argv[1])); print(tool._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(photo)], capture_output=True, text=True, check=False)
    orphan = int(done.stdout)
    deadline = time.monotonic() + 60
    while psutil.pid_exists(orphan) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


def test_one_that_dies_at_once_is_one_failed_file(tmp_path: Path, photo: Path) -> None:
    program = tmp_path / "exiftool"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    tool = ExifTool(str(program))
    with pytest.raises(UnreadableFileError, match="stopped"):
        tool.read(photo)
    tool.close()


def test_a_missing_program_is_said_with_its_remedy(photo: Path) -> None:
    with pytest.raises(UnsupportedFormatError) as caught:
        ExifTool("/nowhere/exiftool").read(photo)
    assert "apt install" in caught.value.hint


def test_a_missing_file_gives_no_tags_but_an_error(tool: ExifTool, tmp_path: Path) -> None:
    flat = tool.read(tmp_path / "absent.jpg")
    assert not any(key.endswith("ImageWidth") for key in flat)
