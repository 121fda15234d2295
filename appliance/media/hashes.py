"""Both checksums of a file in one read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from appliance.media.values import FileHashes

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1 << 18  # fits the second level cache, so the second hash reads what the first has just brought in


def hash_file(path: Path) -> FileHashes:
    """Read `path` once from start to end; raises OSError as `open` and `read` do."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    buffer = bytearray(BLOCK_BYTES)
    view = memoryview(buffer)
    size = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            block = view[:count]
            sha256.update(block)
            sha1.update(block)
            size += count
    return FileHashes(sha256=sha256.hexdigest(), sha1=sha1.hexdigest(), size_bytes=size)


def hash_bytes(data: bytes) -> FileHashes:
    """The same for bytes already in memory, block by block for the same reason."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    view = memoryview(data)
    for begin in range(0, len(data), BLOCK_BYTES):
        block = view[begin : begin + BLOCK_BYTES]
        sha256.update(block)
        sha1.update(block)
    return FileHashes(sha256=sha256.hexdigest(), sha1=sha1.hexdigest(), size_bytes=len(data))
