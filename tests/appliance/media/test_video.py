from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from appliance.errors import UnreadableFileError, UnsupportedFormatError
from appliance.media import exiftool, ffmpeg
from appliance.media.metadata import read_metadata
from appliance.media.pixels import read_picture
from appliance.media.tagvalues import seconds
from appliance.media.video import MotionVideo, measure_motion_video

from .pictures import difference, encoded, save, scene, stored_as

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.media.pixels import Picture


def make_video(path: Path, *arguments: str, rotation: int | None = None) -> Path:
    """A video by ffmpeg, which the tests need as much as the service does.

    rotation: as ffmpeg 5 writes it, which is counter-clockwise (it reads 90 back as -90, exiftool as 270).
    """
    plain = path.with_name("plain.mp4")
    command = ["ffmpeg", "-v", "error", "-y", *arguments, "-pix_fmt", "yuv420p", str(plain if rotation else path)]
    subprocess.run(command, check=True)
    if rotation:
        turned = ["-metadata:s:v", f"rotate={rotation}", "-codec", "copy", str(path)]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(plain), *turned], check=True)
    return path


def poster(path: Path, max_side: int = 1440) -> Picture:
    return read_picture(path, kind="video", mime_type="video/mp4", orientation=1, max_side=max_side)


def still(tmp_path: Path, orientation: int = 1) -> list[str]:
    path = save(tmp_path / "still.png", stored_as(scene(), orientation))
    return ["-loop", "1", "-t", "2", "-r", "10", "-i", str(path)]


@pytest.fixture
def exiftool_ended() -> Iterator[None]:
    yield
    exiftool.shared().close()


def test_a_video_gets_a_frame_of_itself(tmp_path: Path) -> None:
    picture = poster(make_video(tmp_path / "a.mp4", *still(tmp_path)))
    assert (picture.width, picture.height) == (320, 240)
    assert difference(picture.image, scene()) < 6


@pytest.mark.parametrize(("rotation", "orientation"), [(90, 8), (180, 3), (270, 6)])
def test_a_turned_video_gets_an_upright_poster(tmp_path: Path, rotation: int, orientation: int) -> None:
    picture = poster(make_video(tmp_path / "a.mp4", *still(tmp_path, orientation), rotation=rotation))
    assert (picture.width, picture.height) == (320, 240)
    assert difference(picture.image, scene()) < 6


def test_a_large_video_gets_a_small_poster(tmp_path: Path) -> None:
    picture = poster(make_video(tmp_path / "a.mp4", *still(tmp_path)), max_side=100)
    assert (picture.width, picture.height) == (320, 240)
    assert picture.image.size == (100, 75)


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    picture = poster(make_video(tmp_path / "a.mp4", *still(tmp_path), "-vf", "scale=160:240,setsar=2/1"))
    assert (picture.width, picture.height) == (320, 240)
    assert difference(picture.image, scene()) < 8


def test_a_black_start_is_skipped(tmp_path: Path) -> None:
    black = ["-f", "lavfi", "-t", "2", "-i", "color=black:s=320x240:r=10"]
    joined = ["-filter_complex", "[1][0]concat=n=2", *("-g", "10")]
    picture = poster(make_video(tmp_path / "a.mp4", *still(tmp_path), *black, *joined))
    assert difference(picture.image, scene()) < 8


@pytest.mark.parametrize("name", ["-i.mp4", "a b'c\"$(id).mp4", "http:x.mp4", "concat:a|b.mp4", "%d.mp4", "ümlaut.mp4"])
def test_hard_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    made = make_video(tmp_path / "a.mp4", *still(tmp_path))
    made.rename(tmp_path / name)
    assert poster(tmp_path / name).image.size == (320, 240)
    monkeypatch.chdir(tmp_path)
    assert poster((tmp_path / name).relative_to(tmp_path)).image.size == (320, 240)


def test_a_playlist_cannot_pull_in_other_files(tmp_path: Path) -> None:
    secret = make_video(tmp_path / "secret.mp4", *still(tmp_path))
    playlist = tmp_path / "evil.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableFileError):
        poster(playlist)
    playlist.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    with pytest.raises(UnreadableFileError):
        poster(playlist)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine", "-t", "1", "-c:a", "aac", str(path)], check=True
    )
    with pytest.raises(UnreadableFileError, match="no picture"):
        poster(path)


@pytest.mark.parametrize("part", [0.3, 0.7])
def test_a_cut_video_fails_or_shows_a_frame(tmp_path: Path, part: float) -> None:
    path = make_video(tmp_path / "a.mp4", *still(tmp_path), "-movflags", "+faststart")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    message = ""
    try:
        assert poster(path).image.size == (320, 240)
    except UnreadableFileError as error:
        message = error.message
    assert str(tmp_path) not in message


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video(tmp_path / "a.mp4", *still(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedFormatError, match="ffprobe") as caught:
        poster(path)
    assert "apt install ffmpeg" in caught.value.hint


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video(tmp_path / "a.mp4", *still(tmp_path))
    program = tmp_path / "ffprobe"
    program.write_text(f"#!/bin/sh\nsleep 60 & echo $! > '{tmp_path}/child'; wait\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(ffmpeg, "TIME_LIMIT_S", 0.5)
    with pytest.raises(UnreadableFileError, match="longer than"):
        poster(path)
    child = int((tmp_path / "child").read_text())
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False).stdout
    assert state.strip()[:1] in ("", "Z")


def test_the_video_in_a_motion_photo_is_measured(tmp_path: Path) -> None:
    photo = encoded(scene(), "JPEG")
    video = make_video(tmp_path / "a.mp4", *still(tmp_path)).read_bytes()
    path = tmp_path / "motion.jpg"
    path.write_bytes(photo + video + b"SEFH trailer of the maker")
    assert measure_motion_video(path, len(photo)) == MotionVideo(offset=len(photo), length=len(video))
    path.write_bytes(photo + video[:-200])
    assert measure_motion_video(path, len(photo)) is None
    path.write_bytes(photo)
    assert measure_motion_video(path, 10) is None
    assert measure_motion_video(path, len(photo)) is None


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "offset"), [("samsung-one-ui-6.heic", 452284)])
def test_the_motion_photos_of_the_corpus_hold_a_playable_video(
    corpus: Path, tmp_path: Path, name: str, offset: int
) -> None:
    path = corpus / "live" / name
    found = measure_motion_video(path, offset)
    assert found is not None
    taken = tmp_path / "moving.mp4"
    taken.write_bytes(path.read_bytes()[found.offset : found.offset + found.length])
    assert poster(taken).width > 100


@pytest.mark.usefixtures("exiftool_ended")
@pytest.mark.parametrize(
    ("name", "codec", "arguments"),
    [
        ("a.mkv", "h264", ["-c:v", "libx264"]),
        ("a.webm", "vp8", ["-c:v", "libvpx"]),
        ("a.mp4", "h264", ["-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov"]),
        ("a.mpg", "mpeg2video", ["-c:v", "mpeg2video", "-r", "25"]),
        ("a.wmv", "wmv2", ["-c:v", "wmv2"]),
    ],
)
def test_a_video_says_how_long_it_is_however_that_is_written(
    tmp_path: Path, name: str, codec: str, arguments: list[str]
) -> None:
    path = make_video(tmp_path / name, *still(tmp_path), *arguments)
    metadata = read_metadata(path, filename=name, file_modified=datetime(2024, 5, 1, tzinfo=UTC))
    assert metadata.duration_s == pytest.approx(2.0, abs=0.2)
    assert metadata.codec == codec
    assert (metadata.width, metadata.height) == (320, 240)


def test_a_clocks_hours_are_no_seconds() -> None:
    assert seconds("01:02:03.500000000") == 3723.5
    assert seconds("12.5") == 12.5
    assert seconds("soon") is None


def test_a_video_that_was_not_copied_to_its_end_is_told_as_that(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *still(tmp_path))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 200])  # the index would come last
    with pytest.raises(UnreadableFileError, match="not recorded or copied to its end"):
        poster(path)
