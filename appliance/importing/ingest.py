"""One file on disk, looked at once: hashes and metadata in the compute process, ready to be registered."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import (
    ComputeError,
    ComputeUnavailableError,
    HomerollError,
    MediaError,
    StorageError,
    UnreadableFileError,
)
from appliance.files import mtime_ns
from appliance.library import intake
from appliance.media.hashes import hash_file
from appliance.media.sniff import HEAD_BYTES, sniff
from appliance.media.values import FileHashes, MediaMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compute import Compute

log = logging.getLogger(__name__)

MAX_SIDECAR_BYTES = 1 << 20
#: Hashing reads every byte: a film on a share that is reached by radio may take its time.
SLOWEST_BYTES_PER_S = 1 << 20


class Wanted(msgspec.Struct, frozen=True):
    """A path to look at, the XMP file beside it if there is one, and how large it was when it was listed."""

    path: Path
    sidecar: Path | None = None
    size_bytes: int = 0


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself.  `metadata` is None when it could not be read; `error` and `hint` say why."""

    kind: str
    mime_type: str
    metadata: MediaMetadata | None
    sidecar_sha: str = ""
    error: str = ""
    hint: str = ""


class Examined(Understood, frozen=True, kw_only=True):
    """What registering needs to know.

    `settled` is False when the file changed while it was read: it is still being copied, so this look is worth nothing.
    """

    hashes: FileHashes
    mtime_ns: int
    settled: bool = True


def examine(path: Path, *, sidecar: Path | None = None, filename: str = "") -> Examined:
    """Hash `path` and read its metadata; runs in the compute process.

    Raises OSError when the file cannot be read at all: then there is nothing to register.
    """
    before = path.stat()
    hashes = hash_file(path)
    said = understand(path, sidecar=sidecar, filename=filename)
    after = path.stat()
    return Examined(
        hashes=hashes,
        mtime_ns=mtime_ns(before),
        kind=said.kind,
        mime_type=said.mime_type,
        metadata=said.metadata,
        sidecar_sha=said.sidecar_sha,
        error=said.error,
        hint=said.hint,
        settled=(before.st_size, before.st_mtime_ns)
        == (after.st_size, after.st_mtime_ns)
        == (hashes.size_bytes, after.st_mtime_ns),
    )


def understand(path: Path, *, sidecar: Path | None = None, filename: str = "") -> Understood:
    """Read the metadata of `path` and no more of it than that takes; the rest as `examine`."""
    from appliance.media.dates import file_date
    from appliance.media.metadata import read_metadata

    name = filename or path.name
    with path.open("rb") as file:
        kind, mime_type = sniff(file.read(HEAD_BYTES), name)
        modified = file_date(os.fstat(file.fileno()).st_mtime)
    sidecar_bytes, sidecar_sha = read_sidecar(sidecar)
    metadata, error, hint = None, "", ""
    try:
        metadata = read_metadata(path, filename=name, file_modified=modified, sidecar=sidecar_bytes)
    except MediaError as problem:
        error, hint = problem.message, problem.hint
    return Understood(
        kind=metadata.kind if metadata else kind,
        mime_type=metadata.mime_type if metadata else mime_type,
        metadata=metadata,
        sidecar_sha=sidecar_sha,
        error=error,
        hint=hint,
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
        mtime_ns=mtime_ns(stat),
        kind=kind,
        mime_type=mime_type,
        metadata=None,
    )


async def examine_in(compute: Compute, wanted: Sequence[Wanted]) -> list[Examined | OSError]:
    """`examine_many` in the compute process; if that fails, one file at a time, so that only the guilty one suffers.

    Raises ComputeUnavailableError when no process can be started: that is no file's fault.
    """
    try:
        return await compute.run(examine_many, wanted, timeout_s=patience_s(wanted))
    except (ComputeUnavailableError, StorageError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a file: whatever its bytes make happen is told of it alone
        log.warning("step=examine a batch of %d files failed (%r), trying them one by one", len(wanted), error)
    return [await _examine_alone(compute, item) for item in wanted]


def patience_s(wanted: Sequence[Wanted]) -> float:
    """How long looking at them may take: reading some bytes, and hashing all of them."""
    return 60.0 + sum(30.0 + item.size_bytes / SLOWEST_BYTES_PER_S for item in wanted)


async def _examine_alone(compute: Compute, item: Wanted) -> Examined | OSError:
    limit_s = patience_s([item])
    try:
        (answer,) = await compute.run(examine_many, [item], timeout_s=limit_s)
    except (ComputeUnavailableError, StorageError):
        raise
    except Exception as error:  # noqa: BLE001 - as above
        reason = _reason(item.path, error)
        try:
            bare = await compute.run(examine_without_reading, item.path, timeout_s=limit_s)
        except OSError as problem:
            return problem
        return msgspec.structs.replace(bare, error=reason.message, hint=reason.hint)
    return answer


def _reason(path: Path, error: Exception) -> HomerollError:
    if isinstance(error, HomerollError):
        return error
    if isinstance(error, MemoryError):
        return UnreadableFileError(str(path), "It needs too much memory")
    log.error("step=examine path=%r failed unexpectedly", path.name, exc_info=error)
    return ComputeError(
        "Something unexpected went wrong with this file", hint="The log has the details; please report it."
    )


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
