"""A model's files from where they are published: what is missing is fetched, all of it is checked.

What was checked before an interruption is listed in `files.json`, and what is installed and undamaged is not fetched
again.  A file without a pinned hash must be what it was at the first pull.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from appliance.errors import ModelUnavailableError
from ml import hub, store
from ml.store import KeptFile

if TYPE_CHECKING:
    from pathlib import Path

    from ml.base import ModelFile, ModelSpec
    from ml.store import Place

CHECKED = "files.json"


class Teller(Protocol):
    """Where it is told how far this is; `total` is set once the server has said how large the files are."""

    total: int | None

    def phase(self, phase: Literal["fetch", "check"]) -> None: ...

    def at(self, before: int, count: int) -> None: ...


def pull(
    spec: ModelSpec, models_dir: Path, work: Path, staged: Path, *, reserve_bytes: int, teller: Teller
) -> list[KeptFile]:
    """Bring every file of `spec` to `staged`; parts of files wait in `work`.

    Raises hub.NotNowError when another try later may do, ModelUnavailableError for files that are not there or not
    right, DiskFullError.
    """
    teller.phase("check")
    kept = _still_good(spec, models_dir, work, staged)
    places = {file.name: _place(spec, file) for file in spec.files if file.name not in kept}
    hashes = {name: store.recorded(models_dir, spec, _file(spec, name)) for name in places}
    remotes = {name: hub.look(spec.name, place, name) for name, place in places.items()}
    parts = {}
    for name, remote in remotes.items():
        _check_announced(spec, _file(spec, name), remote, hashes[name])
        parts[name] = work / hub.part_name(name, hashes[name] or remote.identity)
    sizes = {name: _file(spec, name).size_bytes or remote.size_bytes for name, remote in remotes.items()}
    there = sum(part.stat().st_size for part in parts.values() if part.exists())
    needed = sum(size or 0 for size in sizes.values())
    store.check_space(work, max(0, needed - there), reserve_bytes, what=spec.name)
    finished = sum(file.size_bytes for file in kept.values())
    teller.total = None if None in sizes.values() else finished + needed
    for name, place in places.items():
        before = finished
        hub.fetch(
            spec.name,
            place,
            name,
            parts[name],
            identity="" if hashes[name] else remotes[name].identity,
            reserve_bytes=reserve_bytes,
            tell=lambda count, before=before: teller.at(before, count),  # type: ignore[misc]  # a default is how a loop's value is kept
        )
        teller.phase("check")
        kept[name] = _accept(spec, _file(spec, name), parts[name], staged, place, remotes[name], hashes[name])
        (work / CHECKED).write_bytes(msgspec.json.encode(list(kept.values())))
        finished += kept[name].size_bytes
        teller.at(finished, 0)
    return [kept[file.name] for file in spec.files]


def _still_good(spec: ModelSpec, models_dir: Path, work: Path, staged: Path) -> dict[str, KeptFile]:
    """Files that need not be fetched: checked before an interruption, or installed and undamaged."""
    try:
        listed = msgspec.json.decode((work / CHECKED).read_bytes(), type=list[KeptFile])
    except (OSError, msgspec.DecodeError):
        listed = []
    before = {file.name: file for file in listed}
    manifest = store.read_manifest(models_dir, spec)
    installed = store.folder_of(models_dir, spec.name)
    good = {}
    for file in spec.files:
        target = staged / store.relative(file.name)
        wanted = store.recorded(models_dir, spec, file)
        entry = before.get(file.name)
        if entry is not None and target.is_file() and store.hash_of(target) == entry.sha256 == (wanted or entry.sha256):
            good[file.name] = entry
            continue
        target.unlink(missing_ok=True)
        source = installed / store.relative(file.name)
        if wanted and source.is_file() and store.hash_of(source) == wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(source, target)
            recorded = manifest.file(file.name) if manifest else None
            good[file.name] = recorded or KeptFile(name=file.name, size_bytes=target.stat().st_size, sha256=wanted)
    return good


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # not every file system has links
        shutil.copyfile(source, target)


def _place(spec: ModelSpec, file: ModelFile) -> Place:
    place = store.place_of(spec, file)
    if place is None:
        raise ModelUnavailableError(
            spec.name,
            f"{spec.name} is not published in the form that is needed here.",
            hint=f"Bring its files: homeroll models add {spec.name} DIR",
        )
    return place


def _file(spec: ModelSpec, name: str) -> ModelFile:
    return next(file for file in spec.files if file.name == name)


def _check_announced(spec: ModelSpec, file: ModelFile, remote: hub.Remote, sha256: str) -> None:
    """Refuse what cannot be right before its bytes are fetched."""
    if sha256 and remote.sha256 and remote.sha256 != sha256:
        raise _changed(spec, file, pinned=bool(file.sha256))
    if file.size_bytes is not None and remote.size_bytes not in (None, file.size_bytes):
        raise ModelUnavailableError(
            spec.name,
            f"{file.name} has {remote.size_bytes} bytes at {store.place_of(spec, file)} instead of {file.size_bytes}.",
            hint="It is not the file that this Homeroll was tested with; nothing was changed.",
        )


def _accept(
    spec: ModelSpec, file: ModelFile, part: Path, staged: Path, place: Place, remote: hub.Remote, sha256: str
) -> KeptFile:
    """Check a whole file and move it beside the others; a wrong one is removed."""
    size, found = part.stat().st_size, store.hash_of(part)
    if found != (sha256 or remote.sha256 or found) or size != (file.size_bytes or size):
        part.unlink()
        raise _changed(spec, file, pinned=bool(file.sha256) or not sha256)
    store.sync(part)
    target = staged / store.relative(file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part.rename(target)
    return KeptFile(
        name=file.name, size_bytes=size, sha256=found, source=str(place), etag=remote.etag, commit=remote.commit
    )


def _changed(spec: ModelSpec, file: ModelFile, *, pinned: bool) -> ModelUnavailableError:
    place = store.place_of(spec, file)
    if pinned:
        return ModelUnavailableError(
            spec.name,
            f"{file.name} from {place} is not the file that was published: its SHA-256 is wrong.",
            hint="Nothing was installed.  The server, a mirror or the line may have damaged it: pull it again.",
        )
    return ModelUnavailableError(
        spec.name,
        f"{file.name} is not what it was at the first pull, although {place} is the same.",
        hint=f"Nothing was changed.  If the new one is to be trusted: homeroll models remove {spec.name}, then pull.",
    )
