"""Files of a model from a folder (a stick, another machine's models): the same checks as a pull, and no network."""

from __future__ import annotations

import errno
import hashlib
import shutil
from typing import TYPE_CHECKING, Protocol

from appliance.errors import DiskFullError, InvalidInputError, ModelUnavailableError
from ml import store
from ml.store import KeptFile

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import ModelSpec


class Teller(Protocol):
    """Where the number of bytes is told; `total` is set before the first."""

    total: int | None

    def at(self, before: int, count: int) -> None: ...


def take(spec: ModelSpec, folder: Path, staged: Path, *, reserve_bytes: int, teller: Teller) -> list[KeptFile]:
    """Copy the files of `spec` from `folder` to `staged`, checked; also what another Homeroll converted of them.

    A file is looked for by its whole name, then by the last part of it.
    Raises InvalidInputError for what is missing, ModelUnavailableError for a file that is not the right one, and
    DiskFullError; nothing is left in `staged` then.
    """
    sources = {file.name: _find(folder, file.name) for file in spec.files}
    missing = [name for name, source in sources.items() if source is None]
    if missing:
        raise InvalidInputError(
            f"{', '.join(missing)} of {spec.name} is not in {folder}",
            hint=f"The folder must hold: {', '.join(sources)}.",
        )
    made = _made_elsewhere(spec, folder)
    found = {name: source for name, source in sources.items() if source is not None}
    found |= {file.name: folder / store.relative(file.name) for file in made}
    teller.total = sum(path.stat().st_size for path in found.values())
    store.check_space(staged, teller.total, reserve_bytes, what=spec.name)
    expected: dict[str, tuple[int | None, str | None]] = {}
    expected |= {file.name: (file.size_bytes, file.sha256) for file in spec.files}
    expected |= {file.name: (file.size_bytes, file.sha256) for file in made}
    done, kept = 0, []
    try:
        for name, source in found.items():
            target = staged / store.relative(name)
            sha256 = _copy(source, target, done, teller)
            size = target.stat().st_size
            _check(spec, source, expected[name], (size, sha256))
            done += size
            kept.append(
                KeptFile(
                    name=name,
                    size_bytes=size,
                    sha256=sha256,
                    source=f"taken from {folder}",
                    made_here=any(file.name == name for file in made),
                )
            )
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return kept


def _find(folder: Path, name: str) -> Path | None:
    path = store.relative(name)
    try:
        return next((found for found in (folder / path, folder / path.name) if found.is_file()), None)
    except PermissionError as error:
        raise InvalidInputError(
            f"{folder} cannot be read", hint="The account that Homeroll runs as must be allowed to."
        ) from error


def _made_elsewhere(spec: ModelSpec, folder: Path) -> list[KeptFile]:
    """What a Homeroll with more memory, or with torch, made of the same files: a small machine needs neither then."""
    manifest = store.manifest_in(folder) if spec.converted else None
    if manifest is None or (manifest.name, manifest.version) != (spec.name, spec.version):
        return []
    made = [file for file in manifest.files if file.made_here]
    return made if all((folder / store.relative(file.name)).is_file() for file in made) else []


def _copy(source: Path, target: Path, before: int, teller: Teller) -> str:
    """Copy durably; returns the SHA-256 of what was copied."""
    digest, count = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
            while block := reader.read(store.BLOCK_BYTES):
                digest.update(block)
                rest = memoryview(block)
                while rest:
                    rest = rest[writer.write(rest) :]
                count += len(block)
                teller.at(before, count)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                "The disk became full while the files were copied; nothing was installed.", hint="Free some space."
            ) from error
        raise InvalidInputError(f"{source} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _check(spec: ModelSpec, source: Path, expected: tuple[int | None, str | None], found: tuple[int, str]) -> None:
    """Size and SHA-256; None is not known beforehand."""
    if any(known is not None and known != what for known, what in zip(expected, found, strict=True)):
        raise ModelUnavailableError(
            spec.name,
            f"{source} is not the file that {spec.name} needs: it has {found[0]} bytes and SHA-256 {found[1][:12]}..., "
            f"instead of {expected[0]} and {str(expected[1])[:12]}...",
            hint="Nothing was installed.  Was it copied whole, and is it the right version?",
        )
