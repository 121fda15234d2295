"""The program exiftool, kept open: one process for each compute child, restarted when it dies or takes too long.

Starting it costs 70 ms, asking one that runs a few.  It is run as a program, never imported: its licence is its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import select
import shutil
import subprocess
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import UnreadableFileError, UnsupportedFormatError
from appliance.media.programs import end_with_us

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 20.0
MAX_ANSWER_BYTES = 8 << 20
MAX_MEMORY_BYTES = 512 << 20
_READY = b"{ready}\n"
_OPTIONS = ("-json", "-n", "-G1", "-struct", "-charset", "filename=", "-api", "largefilesupport=1")


class ExifTool:
    """One exiftool process; safe to share between threads, which then take turns."""

    def __init__(self, program: str = "exiftool", *, limit_s: float = LIMIT_S) -> None:
        self._program = program
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def read(self, path: Path) -> dict[str, Any]:
        """All tags of a file, keys like "ExifIFD:DateTimeOriginal".

        Raises UnreadableFileError when it cannot be read in time, UnsupportedFormatError where exiftool is missing.
        """
        with self._lock:
            for attempt in (1, 2):
                try:
                    return self._read(path)
                except _DiedError as error:
                    self._stop()
                    if attempt == 2 or error.final:
                        raise UnreadableFileError(
                            str(path),
                            f"Reading this file's information failed: {error}.",
                            hint="The file may be damaged.",
                        ) from error
            raise AssertionError("unreachable")

    def close(self) -> None:
        """End the process; the next read starts another."""
        with self._lock:
            self._stop()

    def _read(self, path: Path) -> dict[str, Any]:
        process = self._started()
        with _one_line_name(path) as name:
            arguments = b"\n".join([*(option.encode() for option in _OPTIONS), name, b"-execute", b""])
            answer = self._exchange(process, arguments)
        if not answer.strip():
            return {}
        try:
            rows = json.loads(answer.decode("utf-8", "replace"), parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise _DiedError("its answer could not be understood", final=True) from error
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        row.pop("SourceFile", None)
        return row

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        program = shutil.which(self._program)
        if program is None:
            raise UnsupportedFormatError(
                self._program,
                "The program exiftool is not installed.",
                hint="Install it: apt install libimage-exiftool-perl",
            )
        # exiftool that stays open waits for more when its pipe is closed: without this it would outlive us for ever.
        process = subprocess.Popen(
            [*end_with_us(), program, "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        with contextlib.suppress(OSError, ValueError):  # a net; the reader works without
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
        self._process = process
        return process

    def _exchange(self, process: subprocess.Popen[bytes], arguments: bytes) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(arguments)
            process.stdin.flush()
        except OSError as error:
            raise _DiedError("the reader stopped") from error
        answer = bytearray()
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + self._limit_s
        while not answer.endswith(_READY):
            left = deadline - time.monotonic()
            if left <= 0:
                raise _DiedError(f"it took longer than {self._limit_s:.0f} s", final=True)
            if not select.select([descriptor], [], [], left)[0]:
                continue
            block = os.read(descriptor, 1 << 16)
            if not block:
                raise _DiedError("the reader stopped")
            answer += block
            if len(answer) > MAX_ANSWER_BYTES:
                raise _DiedError("it holds too much information", final=True)
        return bytes(answer[: -len(_READY)])

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


class _DiedError(Exception):
    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@contextlib.contextmanager
def _one_line_name(path: Path) -> Iterator[bytes]:
    """A name of the file that fits on one line: its own, or a link's to a name with a line break in it."""
    raw = os.fsencode(path.absolute())
    if b"\n" not in raw and b"\r" not in raw:
        yield raw
        return
    with tempfile.TemporaryDirectory(prefix="homeroll-") as folder:
        link = Path(folder) / f"file{''.join(path.suffix.split())}"
        link.symlink_to(path.absolute())
        yield os.fsencode(link)


@cache
def shared() -> ExifTool:
    """This process' own, made at the first call and ended with the process."""
    tool = ExifTool()
    atexit.register(tool.close)
    return tool
