"""The process that fetches a model: `python -m ml.fetch`, one request as JSON on stdin, progress as lines on stdout.

Killed at any moment it leaves what it had below `models/.pulls/<name>/`; the next one goes on from there.  A model's
folder appears when every file is there and right, and by rename.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import shutil
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.compute_child import end_with_parent, give_way
from appliance.errors import HomerollError, ModelUnavailableError, StorageError
from ml import asked, hub, pull, store, take
from ml.base import ModelSpec
from ml.store import KeptFile, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

NICE = 10
TELL_EVERY_S = 0.5


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`parent`: the process to end with.  `folder`: where to take files from.  `converter`: the function, as
    module:name, that is given the model's name and its files when the spec says `converted`."""

    spec: ModelSpec
    models_dir: str
    parent: int
    action: Literal["pull", "add"] = "pull"
    folder: str = ""
    reserve_bytes: int = 0
    converter: str = "ml.convert:convert"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`again`: another try later may go better without anybody's doing."""

    code: str
    message: str
    hint: str = ""
    again: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the process says: how far it is, and last that it is finished or what the problem was."""

    phase: Literal["fetch", "check", "convert"] = "fetch"
    done_bytes: int = 0
    total_bytes: int | None = None
    finished: bool = False
    problem: Problem | None = None


class Teller:
    """Counts bytes over all files and says so, not too often."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._told_at = 0.0
        self.done = 0
        self.total: int | None = None

    def phase(self, phase: Literal["fetch", "check", "convert"]) -> None:
        self.say(Line(phase=phase, done_bytes=self.done, total_bytes=self.total))

    def at(self, before: int, count: int) -> None:
        self.done = before + count
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            self.phase("fetch")

    def say(self, line: Line) -> None:
        os.write(self._lines, msgspec.json.encode(line) + b"\n")


def main() -> int:
    lines = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no line of ours
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and systemd mean the parent, which ends us
        signal.signal(number, signal.SIG_IGN)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    end_with_parent()
    if os.getppid() != request.parent:
        return 1
    give_way(NICE)
    os.environ.update(hub.ENVIRONMENT)
    os.environ["HF_HOME"] = str(Path(request.models_dir) / store.PULLS / ".hub")  # nobody's own cache or token
    teller = Teller(lines)
    try:
        install(request, teller)
    except BrokenPipeError:
        return 1
    except HomerollError as error:
        again = isinstance(error, hub.NotNowError | StorageError)
        teller.say(Line(problem=Problem(code=error.code, message=error.message, hint=error.hint, again=again)))
    except Exception as error:  # noqa: BLE001 - the edge of the process: the log gets the traceback, the parent a sentence
        traceback.print_exc()
        message = f"Fetching {request.spec.name} went wrong: {type(error).__name__}: {error}"
        teller.say(Line(problem=Problem(code="error", message=message, hint="The log has the details.", again=False)))
    else:
        teller.say(Line(done_bytes=teller.done, total_bytes=teller.total, finished=True))
    return 0


def install(request: Request, teller: Teller) -> None:
    """Do what is asked; afterwards the model's folder holds every file, or what was there before is untouched."""
    spec, models_dir = request.spec, Path(request.models_dir)
    folder = store.folder_of(models_dir, spec.name)
    for file in spec.files:
        store.relative(file.name)
    work = asked.work_folder(models_dir, spec.name)
    with _alone(work):
        staged = work / ("taken" if request.action == "add" else "files")
        staged.mkdir(exist_ok=True)
        if request.action == "add":
            kept = take.take(spec, Path(request.folder), staged, reserve_bytes=request.reserve_bytes, teller=teller)
        else:
            store.check_requirements(spec)
            if folder.is_dir() and not store.verify(models_dir, spec):
                teller.phase("check")
                return
            kept = pull.pull(spec, models_dir, work, staged, reserve_bytes=request.reserve_bytes, teller=teller)
        for leftover in _files_in(staged) - {file.name for file in kept}:
            (staged / leftover).unlink()
        if spec.converted and not any(file.made_here for file in kept):
            store.check_requirements(spec)
            teller.phase("convert")
            kept += _convert(request, staged, kept)
        _put_in_place(spec, work, staged, folder, kept)


@contextlib.contextmanager
def _alone(work: Path) -> Iterator[None]:
    """One process at a time per model: one whose parent was killed may live for a moment longer."""
    work.mkdir(mode=0o750, parents=True, exist_ok=True)
    with (work.parent / f"{work.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work.mkdir(exist_ok=True)
        yield
        shutil.rmtree(work)


def _convert(request: Request, staged: Path, kept: list[KeptFile]) -> list[KeptFile]:
    """Let the converter write beside what was fetched; returns what it made."""
    module, _, name = request.converter.partition(":")
    names = {file.name for file in kept}
    try:
        getattr(importlib.import_module(module), name)(request.spec.name, staged)
    except HomerollError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise ModelUnavailableError(
            request.spec.name,
            f"The files of {request.spec.name} could not be converted: {type(error).__name__}: {error}",
            hint="The log has the details; please report it.",
        ) from error
    made = sorted(_files_in(staged) - names)
    return [
        KeptFile(
            name=name,
            size_bytes=(staged / name).stat().st_size,
            sha256=store.hash_of(staged / name),
            source="converted here",
            made_here=True,
        )
        for name in made
    ]


def _files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _put_in_place(spec: ModelSpec, work: Path, staged: Path, folder: Path, kept: list[KeptFile]) -> None:
    manifest = Manifest(
        name=spec.name,
        version=spec.version,
        source=spec.source,
        revision=spec.revision,
        installed=datetime.now(UTC).isoformat(timespec="seconds"),
        files=tuple(kept),
    )
    (staged / store.MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    for path in [staged, *staged.rglob("*")]:
        store.sync(path)
    old = work / "old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.is_dir():
        folder.rename(old)
    staged.rename(folder)
    store.sync(folder.parent)


if __name__ == "__main__":
    sys.exit(main())
