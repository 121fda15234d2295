"""Pulls as the service makes them: a real process that speaks to a hub on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ml.base import ModelFile, ModelSpec
from ml.fetch import Line, Problem, Request
from tests.hub import COMMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.hub import Hub

REPOSITORY = Path(__file__).resolve().parents[2]


def spec(*files: ModelFile | str, name: str = "tiny", **changes: Any) -> ModelSpec:
    """A model in the repository family/tiny."""
    return msgspec.structs.replace(
        ModelSpec(
            name=name,
            version="1",
            task="tags",
            licence="MIT",
            source="family/tiny",
            revision=COMMIT,
            files=tuple(file if isinstance(file, ModelFile) else ModelFile(file) for file in files),
            memory_mb=1,
            needs_download=True,
        ),
        **changes,
    )


def start(wanted: ModelSpec, models_dir: Path, hub: str, **request: Any) -> subprocess.Popen[bytes]:
    """The process, with its request read."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ml.fetch"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "HF_ENDPOINT": hub, "HF_TOKEN": "secret"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    what = Request(spec=wanted, models_dir=str(models_dir), parent=os.getpid(), **request)
    with process.stdin as stdin:
        stdin.write(msgspec.json.encode(what))
    process.stdin = None  # `communicate` would write to it
    return process


def finish(process: subprocess.Popen[bytes]) -> list[Line]:
    assert process.stdout is not None
    with process.stdout as stdout:
        lines = [msgspec.json.decode(line, type=Line) for line in stdout]
    assert process.wait(30) == 0
    return lines


def fetch(wanted: ModelSpec, models_dir: Path, hub: str, **request: Any) -> Problem | None:
    """Pull (or add) and return the problem, if there was one."""
    last = finish(start(wanted, models_dir, hub, **request))[-1]
    assert last.finished is (last.problem is None)
    return last.problem


def kill_at(process: subprocess.Popen[bytes], models_dir: Path, size_bytes: int, hub: Hub) -> int:
    """kill -9 once a part has so many bytes; returns how many it had when all was quiet again."""
    while not (found := parts(models_dir)) or found[0].stat().st_size < size_bytes:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    hub.settle()
    hub.requests.clear()
    return found[0].stat().st_size


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`; locks are no files of a model."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def parts(models_dir: Path) -> Sequence[Path]:
    return list((models_dir / ".pulls").rglob("*.part"))
