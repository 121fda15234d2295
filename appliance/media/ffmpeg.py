"""Debian's ffmpeg and ffprobe as programs: one bounded call at a time, whose input is only ever one local file."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

from appliance.errors import UnreadableFileError, UnsupportedFormatError
from appliance.media.guard import MAX_PIXELS
from appliance.media.programs import end_with_us

if TYPE_CHECKING:
    from pathlib import Path

TIME_LIMIT_S: Final = 30.0
COPY_LIMIT_S: Final = 600.0
_MEMORY_LIMIT_BYTES: Final = 3 << 30  # address space, of which the libraries alone take 0.5 GB
_OUTPUT_LIMIT_BYTES: Final = 64 << 20  # a 1440 px picture without compression is 6 MB
_SAFE_INPUT: Final = (
    "-protocol_whitelist", "file,pipe",
    # No playlists (hls, concat, dash): a "video" could otherwise show any file of this machine as its poster.
    "-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,dv,h264,hevc,"
    "m4v,mjpeg,rm,wtv,ivf,mxf,nut,jpegxl_pipe",
    "-max_pixels", str(MAX_PIXELS),
)  # fmt: skip


def run_ffmpeg(path: Path, *, before: tuple[str, ...] = (), after: tuple[str, ...]) -> bytes:
    """Standard output of ffmpeg reading `path`; `before` are input options, `after` output options.

    Raises UnreadableFileError if it fails, takes too long or finds no picture.
    """
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-threads", "2", *_SAFE_INPUT, *before]
    return _run([*command, "-i", _address(path), *after, "pipe:1"], path)


def run_ffprobe(path: Path, *arguments: str) -> bytes:
    """Standard output of ffprobe on `path`."""
    return _run(["ffprobe", "-hide_banner", "-v", "error", *_SAFE_INPUT, *arguments, "-i", _address(path)], path)


def copy_streams(path: Path, target: Path) -> None:
    """Write picture and sound of a video to `target` (MP4) as they are, without anything that is said of them.

    Raises UnreadableFileError when they do not fit into that container either.
    """
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", *_SAFE_INPUT, "-i", _address(path)]
    command += ["-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", "-map_metadata", "-1", "-map_metadata:s", "-1"]
    command += ["-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    command += ["-movflags", "+faststart", "-f", "mp4", _address(target)]
    # The second pass, which puts the index first, writes it all once more.
    _run(command, path, output_limit=2 * path.stat().st_size + _OUTPUT_LIMIT_BYTES, time_limit_s=COPY_LIMIT_S)
    if not target.stat().st_size:
        raise _failure(path, "")


def _address(path: Path) -> str:
    """`file:` and an absolute path: no name can be taken for an option or for another protocol."""
    return f"file:{path.absolute()}"


def _run(
    command: list[str], path: Path, *, output_limit: int = _OUTPUT_LIMIT_BYTES, time_limit_s: float | None = None
) -> bytes:
    time_limit_s = time_limit_s or TIME_LIMIT_S
    if shutil.which(command[0]) is None:
        raise UnsupportedFormatError(
            str(path),
            f"The program {command[0]} is missing, which reads this format.",
            hint="Install it: apt install ffmpeg",
        )
    # Files take the output, so that a program that writes without end is stopped by its own limit and not our memory.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [*end_with_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            process_group=0,
        )
        with process:
            try:
                for limit, value in (
                    (resource.RLIMIT_AS, _MEMORY_LIMIT_BYTES),
                    (resource.RLIMIT_FSIZE, output_limit),
                    (resource.RLIMIT_CPU, math.ceil(time_limit_s) * 2),
                ):
                    with contextlib.suppress(ProcessLookupError, ValueError, PermissionError):
                        resource.prlimit(process.pid, limit, (value, value))
                process.wait(timeout=time_limit_s)
            except subprocess.TimeoutExpired as error:
                raise UnreadableFileError(
                    str(path),
                    f"Reading the file took longer than {time_limit_s:.0f} seconds.",
                    hint="Open it in another program to see whether it is damaged.",
                ) from error
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        data = output.read()
        if process.returncode != 0 and not data:  # a copy of streams has no output here: it failed if it says so
            complaints.seek(0)
            raise _failure(path, complaints.read(4000).decode(errors="replace"))
        return data


def _failure(path: Path, complaints: str) -> UnreadableFileError:
    """The first thing ffmpeg said, without the file's name and the address of its part."""
    lines = [line.strip() for line in complaints.replace(_address(path), "").splitlines() if line.strip()]
    reason = lines[0].split("] ", 1)[-1].strip(" :.") if lines else "no picture was found in it"
    return UnreadableFileError(
        str(path),
        f"The file is damaged: {reason[:120]}.",
        hint="Open the file in another program. If it is damaged there too, restore it from a backup.",
    )
