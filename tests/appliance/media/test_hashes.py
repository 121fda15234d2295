"""Checksums in one read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.media.hashes import BLOCK_BYTES, hash_bytes, hash_file

if TYPE_CHECKING:
    from pathlib import Path

# From FIPS 180's examples and `printf | sha256sum`.
ABC = ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "a9993e364706816aba3e25717850c26c9cd0d89d")
NOTHING = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
)


@pytest.mark.parametrize(("content", "expected"), [(b"abc", ABC), (b"", NOTHING)])
def test_known_contents_have_their_published_checksums(
    tmp_path: Path, content: bytes, expected: tuple[str, str]
) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    for hashes in (hash_file(file), hash_bytes(content)):
        assert (hashes.sha256, hashes.sha1, hashes.size_bytes) == (*expected, len(content))


def test_a_million_times_a_is_read_over_many_blocks(tmp_path: Path) -> None:
    content = b"a" * 1_000_000
    assert len(content) > 3 * BLOCK_BYTES
    file = tmp_path / "a"
    file.write_bytes(content)
    assert hash_file(file).sha256 == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    assert hash_file(file).sha1 == "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
    assert hash_bytes(content) == hash_file(file)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_file(tmp_path / "absent")
