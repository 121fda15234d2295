"""One file on disk, looked at once: hashes and metadata in the compute process, ready to be registered."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import ComputeError, HomerollError, MediaError, UnreadableFileError
from appliance.library import intake
from appliance.media.hashes import hash_file
from appliance.media.sniff import HEAD_BYTES, sniff
from appliance.media.values import FileHashes, MediaMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compute import Compute

log = logging.getLogger(__name__)

MAX_SIDECAR_BYTES = 1 << 20


class Wanted(msgspec.Struct, frozen=True):
    """A path to look at, and the XMP file beside it if there is one."""

    path: Path
    sidecar: Path | None = None


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What registering needs to know.  `metadata` is None when it could not be read; `error` and `hint` say why.

    `settled` is False when the file changed while it was read: it is still being copied, so this look is worth nothing.
    """

    hashes: FileHashes
    mtime_ns: int
    kind: str
    mime_type: str
    metadata: MediaMetadata | None
    sidecar_sha: str = ""
    error: str = ""
    hint: str = ""
    settled: bool = True


def examine(path: Path, *, sidecar: Path | None = None, filename: str = "") -> Examined:
    """Hash `path` and read its metadata; runs in the compute process.

    Raises OSError when the file cannot be read at all: then there is nothing to register.
    """
    from appliance.media.metadata import read_metadata

    name = filename or path.name
    before = path.stat()
    hashes = hash_file(path)
    with path.open("rb") as file:
        kind, mime_type = sniff(file.read(HEAD_BYTES), name)
    sidecar_bytes, sidecar_sha = read_sidecar(sidecar)
    metadata, error, hint = None, "", ""
    try:
        metadata = read_metadata(
            path, filename=name, file_modified=datetime.fromtimestamp(before.st_mtime, UTC), sidecar=sidecar_bytes
        )
    except MediaError as problem:
        error, hint = problem.message, problem.hint
    after = path.stat()
    return Examined(
        hashes=hashes,
        mtime_ns=before.st_mtime_ns,
        kind=metadata.kind if metadata else kind,
        mime_type=metadata.mime_type if metadata else mime_type,
        metadata=metadata,
        sidecar_sha=sidecar_sha,
        error=error,
        hint=hint,
        settled=(before.st_size, before.st_mtime_ns)
        == (after.st_size, after.st_mtime_ns)
        == (hashes.size_bytes, after.st_mtime_ns),
    )


def read_sidecar(path: Path | None) -> tuple[bytes | None, str]:
    """The XMP beside a photo and its SHA-256; (None, "") when there is none.  Of an absurdly large one only the sum."""
    if path is None:
        return None, ""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIDECAR_BYTES + 1)
        if len(data) > MAX_SIDECAR_BYTES:
            return None, hash_file(path).sha256
    except OSError:
        return None, ""
    return data or None, hashlib.sha256(data).hexdigest()


def examine_many(wanted: Sequence[Wanted]) -> list[Examined | OSError]:
    """One answer for each path, in order; several at once because a trip to the child costs as much as a small file."""
    answers: list[Examined | OSError] = []
    for item in wanted:
        try:
            answers.append(examine(item.path, sidecar=item.sidecar))
        except OSError as error:
            answers.append(error)
    return answers


def examine_without_reading(path: Path) -> Examined:
    """The last resort for a file on which the process that read it died: hashes only."""
    stat = path.stat()
    kind, mime_type = sniff(b"", path.name)
    return Examined(
        hashes=hash_file(path),
        mtime_ns=stat.st_mtime_ns,
        kind=kind,
        mime_type=mime_type,
        metadata=None,
    )


async def examine_in(compute: Compute, wanted: Sequence[Wanted]) -> list[Examined | OSError]:
    """`examine_many` in the compute process; if that dies, one file at a time, so that only the guilty one suffers."""
    try:
        return await compute.run(examine_many, wanted, timeout_s=60.0 + 30.0 * len(wanted))
    except (ComputeError, MemoryError):
        log.warning("step=examine a batch of %d files failed, trying them one by one", len(wanted))
    return [await _examine_alone(compute, item) for item in wanted]


async def _examine_alone(compute: Compute, item: Wanted) -> Examined | OSError:
    try:
        (answer,) = await compute.run(examine_many, [item])
    except (ComputeError, MemoryError) as error:
        reason = (
            error
            if isinstance(error, HomerollError)
            else UnreadableFileError(str(item.path), "It needs too much memory")
        )
        try:
            bare = await compute.run(examine_without_reading, item.path, timeout_s=3600.0)
        except OSError as problem:
            return problem
        return msgspec.structs.replace(bare, error=reason.message, hint=reason.hint)
    return answer


def sighting(folder: str, name: str, seen: Examined) -> intake.Sighting:
    """What `intake.register` takes, of a file that was examined at folder/name."""
    return intake.Sighting(
        folder=folder,
        name=name,
        mtime_ns=seen.mtime_ns,
        hashes=seen.hashes,
        kind=seen.kind,
        mime_type=seen.mime_type,
        metadata=seen.metadata,
        sidecar_sha=seen.sidecar_sha,
        error=seen.error,
        hint=seen.hint,
    )
