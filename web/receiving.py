"""Bodies on their way to the disk: streamed in pieces, never whole in memory."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from appliance.errors import InvalidInputError
from appliance.files import as_storage_error
from appliance.importing.uploads import TooLargeError, Uploads
from web.errors import WebError

if TYPE_CHECKING:
    import uuid

    from appliance.library.viewers import Viewer

WRITE_BYTES = 1 << 20  # collected before a write: a trip to a thread costs as much as copying 100 KB
MAX_FILES = 1000


class ClientGoneError(WebError):
    """The sender hung up in the middle; nobody reads this answer."""

    code = "client_gone"
    status = 400


class ChecksumError(WebError):
    """tus: what arrived is not what was sent."""

    code = "checksum_mismatch"
    status = 460


class Received(msgspec.Struct, frozen=True):
    filename: str
    path: Path


def require_user(viewer: Viewer) -> uuid.UUID:
    """Uploads belong to a person; raises InvalidInputError for the local admin, who is none."""
    if viewer.user_id is None:
        raise InvalidInputError("An upload needs an owner", hint="Use an API key of the person it belongs to.")
    return viewer.user_id


async def body_of(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body in pieces; raises ClientGoneError when the sender hangs up."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as error:
        raise ClientGoneError("The upload was broken off") from error


class Sink:
    """One file that grows, written in threads in pieces of about a megabyte; counts and optionally digests."""

    def __init__(self, file: IO[bytes], uploads: Uploads, *, limit: int | None = None) -> None:
        self._file = file
        self._uploads = uploads
        self._limit = limit
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.digest: Any = None
        self.received = 0

    async def write(self, chunk: bytes) -> None:
        """Raises TooLargeError and StorageError."""
        self.received += len(chunk)
        if self._limit is not None and self.received > self._limit:
            raise TooLargeError("More bytes came than were announced")
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        if self._waiting_bytes >= WRITE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        data, self._waiting, self._waiting_bytes = b"".join(self._waiting), [], 0
        if data:
            await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        self._uploads.check_limit(self.received)
        self._uploads.check_room(len(data))
        try:
            self._file.write(data)
        except OSError as error:
            raise as_storage_error(error) from error
        if self.digest is not None:
            self.digest.update(data)


async def receive_body(request: Request[Any, Any, Any], uploads: Uploads) -> Path:
    """The whole body as a file among the incoming ones, which the caller removes."""
    await check_announced(request, uploads)
    path = uploads.new_incoming()
    try:
        await _receive(path, uploads, body_of(request))
    except BaseException:
        await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
        raise
    return path


async def check_announced(request: Request[Any, Any, Any], uploads: Uploads) -> None:
    """Refuse what is too large by its own word before a byte of it is read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise InvalidInputError("Content-Length is not a number")
    await asyncio.to_thread(uploads.check_size, int(announced))


async def receive_files(request: Request[Any, Any, Any], uploads: Uploads) -> AsyncIterator[Received]:
    """Each multipart field called `file`, complete, in order; what the caller does not land is removed after it."""
    parser = _parser(request)
    await check_announced(request, uploads)
    segment: MultipartSegment | None = None
    sink: _PartSink | None = None
    found = 0
    try:
        async for chunk in body_of(request):
            for event in _events(parser, chunk):
                if isinstance(event, MultipartSegment):
                    segment = event
                    found += segment.name == "file"
                    if segment.name == "file":
                        sink = await _PartSink.open(uploads)
                elif event and sink is not None:
                    await sink.write(bytes(event))
                elif event is None and sink is not None and segment is not None:
                    await sink.close()
                    done, sink = sink, None
                    try:
                        yield Received(segment.filename or "", done.path)
                    finally:
                        await asyncio.to_thread(done.path.unlink, missing_ok=True)
        _finish(parser)
        if not found:
            raise InvalidInputError("There is no field called `file`", hint="Send each file as a field of that name.")
    finally:
        if sink is not None:
            await asyncio.shield(sink.discard())


class _PartSink:
    def __init__(self, path: Path, file: IO[bytes], uploads: Uploads) -> None:
        self.path = path
        self._file = file
        self._sink = Sink(file, uploads)

    @classmethod
    async def open(cls, uploads: Uploads) -> _PartSink:
        path = uploads.new_incoming()
        return cls(path, await asyncio.to_thread(_open_new, path), uploads)

    async def write(self, chunk: bytes) -> None:
        await self._sink.write(chunk)

    async def close(self) -> None:
        await self._sink.flush()
        await asyncio.to_thread(_close, self._file)

    async def discard(self) -> None:
        await asyncio.to_thread(_close_quietly, self._file)
        await asyncio.to_thread(self.path.unlink, missing_ok=True)


async def append(
    path: Path,
    uploads: Uploads,
    body: AsyncIterator[bytes],
    *,
    offset: int,
    limit: int,
    checksum: tuple[str, bytes] | None = None,
) -> int:
    """Write `body` at `offset`, the file's present end, and bring it to the disk; returns the new end.

    A broken-off body is kept as far as it came, except where a checksum could no longer be compared.
    Raises ChecksumError (nothing is kept then), TooLargeError above `limit` bytes.
    """
    file = await asyncio.to_thread(_open_at, path, offset)
    sink = Sink(file, uploads, limit=limit)
    sink.digest = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
    keep = False
    try:
        try:
            async for chunk in body:
                await sink.write(chunk)
        except ClientGoneError:
            keep = checksum is None
            raise
        await sink.flush()
        if checksum is not None and sink.digest.digest() != checksum[1]:
            raise ChecksumError("The bytes were damaged on their way", hint="Send them again.")
        keep = True
        return offset + sink.received
    finally:
        await asyncio.shield(_end(sink, file, None if keep else offset))


async def _end(sink: Sink, file: IO[bytes], cut_at: int | None) -> None:
    if cut_at is None:
        await sink.flush()
    await asyncio.to_thread(_close_cut, file, cut_at)


async def _receive(path: Path, uploads: Uploads, body: AsyncIterator[bytes]) -> None:
    file = await asyncio.to_thread(_open_new, path)
    sink = Sink(file, uploads)
    try:
        async for chunk in body:
            await sink.write(chunk)
        await sink.flush()
    finally:
        await asyncio.shield(asyncio.to_thread(_close_quietly, file))


def parse_checksum(header: str | None) -> tuple[str, bytes] | None:
    """tus `Upload-Checksum: <algorithm> <base64>`; raises InvalidInputError."""
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise InvalidInputError(
            f"The checksum {algorithm!r} is not known here", hint=f"Known are: {', '.join(CHECKSUMS)}."
        )
    try:
        return algorithm, base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise InvalidInputError("The checksum is not base64") from error


CHECKSUMS = ("sha256", "sha1", "md5")


def _parser(request: Request[Any, Any, Any]) -> PushMultipartParser:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != "multipart/form-data" or not options.get("boundary"):
        raise InvalidInputError(
            "Files are sent as multipart/form-data", hint="Or use /uploads, which can resume a broken upload."
        )
    return PushMultipartParser(options["boundary"], max_segment_count=MAX_FILES)


def _events(parser: PushMultipartParser, chunk: bytes) -> Any:
    return _checked(lambda: list(parser.parse(chunk)))


def _finish(parser: PushMultipartParser) -> None:
    _checked(parser.close)


def _checked(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except MultipartError as error:
        raise InvalidInputError(
            f"The upload is not well formed: {error}", hint="It may have been broken off."
        ) from error


def _open_new(path: Path) -> IO[bytes]:
    try:
        return path.open("xb", buffering=0)
    except OSError as error:
        raise as_storage_error(error) from error


def _open_at(path: Path, offset: int) -> IO[bytes]:
    try:
        file = path.open("r+b" if path.exists() else "xb", buffering=0)
        file.seek(offset)
        return file
    except OSError as error:
        raise as_storage_error(error) from error


def _close(file: IO[bytes]) -> None:
    try:
        file.close()
    except OSError as error:  # network file systems report a full disk only now
        raise as_storage_error(error) from error


def _close_quietly(file: IO[bytes]) -> None:
    file.close()


def _close_cut(file: IO[bytes], cut_at: int | None) -> None:
    import os

    try:
        if cut_at is not None:
            file.truncate(cut_at)
        os.fsync(file.fileno())
    except OSError as error:
        raise as_storage_error(error) from error
    finally:
        file.close()
