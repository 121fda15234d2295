"""Where the files of models lie, and how we know that they are the right ones.  Everything here works offline.

`models/<name>/` holds a model's files and `manifest.json`: what was fetched, from where, with which hash.  It appears
and changes as a whole, by rename.  What is on its way is below `models/.pulls/` (`ml/asked.py`, `ml/fetch.py`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from appliance.errors import DiskFullError, InvalidInputError, ModelUnavailableError
from ml.runtime import model_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.base import ModelFile, ModelSpec

PULLS = ".pulls"
MANIFEST = "manifest.json"
BLOCK_BYTES = 1 << 20
#: Extra of the distribution -> the modules by which we know that it is installed.
EXTRAS: dict[str, tuple[str, ...]] = {"torch": ("torch", "transformers", "onnx")}
#: Extras that conversion takes; the converted model runs without them.
TO_CONVERT = ("torch",)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_REVISION = re.compile(r"[\w.][\w./-]*")


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an installed model.  `etag` and `commit`: what the server said of it.  `made_here`: by conversion."""

    name: str
    size_bytes: int
    sha256: str
    source: str = ""
    etag: str = ""
    commit: str = ""
    made_here: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in a model's folder; `revision` is the one that was asked for, `files` say which one that was."""

    name: str
    version: str
    source: str
    revision: str
    installed: str
    files: tuple[KeptFile, ...]

    def file(self, name: str) -> KeptFile | None:
        return next((file for file in self.files if file.name == name), None)


class Place(NamedTuple):
    """Where a file can be fetched: a web address, or a repository of the hub and its revision."""

    url: str = ""
    repository: str = ""
    revision: str = ""

    def __str__(self) -> str:
        return self.url or f"{self.repository} at {self.revision}"


def relative(name: str) -> PurePosixPath:
    """A file's name as a path that stays below the folder it is joined to; raises InvalidInputError for any other."""
    path = PurePosixPath(name)
    parts = name.split("/")
    if not all(_NAME.fullmatch(part) for part in parts) or path.is_absolute() or name == MANIFEST:
        raise InvalidInputError(f"{name!r} cannot be the name of a model's file.")
    return path


def folder_of(models_dir: Path, name: str) -> Path:
    """The folder of the model `name`; raises InvalidInputError for what is no plain name."""
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"{name!r} cannot be the name of a model.")
    return models_dir / name


def place_of(spec: ModelSpec, file: ModelFile) -> Place | None:
    """Where `file` can be fetched; None for one that is published nowhere in this form.

    A file's `source` goes before the model's: a web address, or a repository, with `@revision` where that is another.
    """
    source = file.source or spec.source
    if source.startswith(("https://", "http://")):
        return Place(url=source if file.source else f"{source.rstrip('/')}/{file.name}")
    repository, _, revision = source.partition("@")
    revision = revision or spec.revision
    if _REPOSITORY.fullmatch(repository) and _REVISION.fullmatch(revision) and ".." not in revision:
        return Place(repository=repository, revision=revision)
    return None


def can_be_pulled(spec: ModelSpec) -> bool:
    return spec.needs_download and all(place_of(spec, file) is not None for file in spec.files)


def missing_requirements(spec: ModelSpec, *, to_convert: bool = False) -> list[str]:
    """Extras of the distribution that are not installed and without which it cannot run, or not be converted here;
    imports none of them."""
    needed = dict.fromkeys((*spec.requires, *(TO_CONVERT if to_convert and spec.converted else ())))
    return [
        extra for extra in needed if not all(importlib.util.find_spec(module) for module in EXTRAS.get(extra, (extra,)))
    ]


def check_requirements(spec: ModelSpec) -> None:
    """Before a pull: raise ModelUnavailableError when what it brings could not be converted, or not run."""
    missing = missing_requirements(spec, to_convert=True)
    if missing:
        raise ModelUnavailableError(
            spec.name,
            f"{spec.name} needs {', '.join(missing)}, which is not installed.",
            hint=f"Install homeroll[{','.join(missing)}], or bring the folder of a Homeroll that has it: "
            f"homeroll models add {spec.name} DIR",
        )


def check_space(folder: Path, wanted_bytes: int, reserve_bytes: int, *, what: str) -> None:
    """Raise DiskFullError, with the numbers, unless `wanted_bytes` fit beside the reserve."""
    free = shutil.disk_usage(folder).free
    if free - wanted_bytes < reserve_bytes:
        reserved = f", and {_mb(reserve_bytes)} are kept for the library" if reserve_bytes else ""
        raise DiskFullError(
            f"{what} needs {_mb(wanted_bytes)} more on the disk; {_mb(free)} are free{reserved}.",
            hint="Free some space; what is there already is kept, and the pull goes on from there.",
        )


def read_manifest(models_dir: Path, spec: ModelSpec) -> Manifest | None:
    """What was installed of the model; None when nothing was, or by hand."""
    return manifest_in(folder_of(models_dir, spec.name))


def manifest_in(folder: Path) -> Manifest | None:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def recorded(models_dir: Path, spec: ModelSpec, file: ModelFile) -> str:
    """The SHA-256 that `file` must have: the pinned one, or that of the first pull from the same place; "" unknown."""
    if file.sha256:
        return file.sha256
    manifest = read_manifest(models_dir, spec)
    kept = manifest.file(file.name) if manifest else None
    return kept.sha256 if kept and kept.source == str(place_of(spec, file)) else ""


def hash_of(path: Path, tell: Callable[[int], None] = lambda count: None) -> str:
    """SHA-256 of a file, as hex.   tell: called with the number of bytes of each block."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            tell(len(block))
    return digest.hexdigest()


def verify(models_dir: Path, spec: ModelSpec) -> list[str]:
    """What is wrong with the files of an installed model, for people; reads all of them, so it takes a while."""
    problems = []
    manifest = read_manifest(models_dir, spec)
    if manifest and (manifest.version, manifest.revision) != (spec.version, spec.revision):
        had, wanted = (f"version {one.version} ({one.revision[:12]})" for one in (manifest, spec))
        problems.append(f"The files are of {had}; this Homeroll works with {wanted}.")
    for file in spec.files if spec.needs_download else ():
        try:
            path = model_path(models_dir, spec, file)
        except ModelUnavailableError as error:
            problems.append(error.message)
            continue
        kept = manifest.file(file.name) if manifest else None
        problems += _differs(path, file.name, file.sha256 or (kept.sha256 if kept else ""))
    names = {file.name for file in spec.files}
    for kept in manifest.files if manifest else ():
        if kept.name not in names:
            problems += _differs(folder_of(models_dir, spec.name) / kept.name, kept.name, kept.sha256)
    return problems


def _differs(path: Path, name: str, sha256: str) -> list[str]:
    if not path.is_file():
        return [f"The file {name} is not there."]
    if sha256 and hash_of(path) != sha256:
        return [f"The file {name} is not the one that was installed: its SHA-256 differs."]
    return []


def remove(models_dir: Path, spec: ModelSpec) -> int:
    """Remove the files of a model, also those that someone put into `models_dir` itself; returns the bytes freed."""
    folder = folder_of(models_dir, spec.name)
    loose = [path for file in spec.files if (path := models_dir / relative(file.name)).is_file()]
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    freed = sum(path.stat().st_size for path in (*files, *loose))
    leaving = folder.with_name(f".gone-{folder.name}")
    shutil.rmtree(leaving, ignore_errors=True)
    if folder.is_dir():
        folder.rename(leaving)  # at once: nobody loads half a model
        shutil.rmtree(leaving)
    for path in loose:
        path.unlink()
    return freed


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mb(size_bytes: int) -> str:
    return f"{-(-size_bytes // 1_000_000):,} MB"
