"""What reading a photo's metadata costs, by the fast reader, by exiftool kept open, and with the checksums.

Run:  python benchmarks/metadata_readers.py [FOLDER]          (default: the corpus' JPEG files, else say a folder)
Prints CPU milliseconds for each file, children included: the median of five rounds, files already in the page cache.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.errors import MediaError  # noqa: E402 - found once the repository is on the path
from appliance.media import exiftool  # noqa: E402
from appliance.media.hashes import hash_bytes, hash_file  # noqa: E402
from appliance.media.metadata import read_metadata  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.media.values import MediaMetadata

ROUNDS = 5
NOW = datetime.now(UTC)


def main() -> int:
    """Measure and print; returns the exit code."""
    default = Path(os.environ.get("HOMEROLL_CORPUS") or REPOSITORY.parent / "shared" / "media") / "exif"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in (".jpg", ".jpeg")]
    files = [file for file in files if _is_fast(file)]
    if not files:
        sys.stderr.write(f"no JPEG files in {folder}\n")
        return 1
    contents = {file: file.read_bytes() for file in files}
    megabytes = sum(map(len, contents.values())) / len(files) / 1e6
    _say(f"{len(files)} files in {folder}, {megabytes:.2f} MB on average\n")

    tool = exiftool.shared()
    tool.read(files[0])
    _row("metadata, Pillow, bytes in memory", files, lambda file: _read(file, contents[file]))
    _row("metadata, Pillow, from the path", files, lambda file: _read(file, None))
    _row("exiftool kept open (tags only)", files, tool.read)
    _row("SHA-256 + SHA-1, one read", files, hash_file)
    _row("one read, checksums and metadata", files, _browsable)
    tool.close()
    return 0


def _is_fast(file: Path) -> bool:
    try:
        return _read(file, None).reader == "pillow"
    except MediaError:
        return False


def _read(file: Path, data: bytes | None) -> MediaMetadata:
    return read_metadata(file, data=data, filename=file.name, file_modified=NOW)


def _browsable(file: Path) -> None:
    data = file.read_bytes()
    hash_bytes(data)
    _read(file, data)


def _row(title: str, files: list[Path], work: Callable[[Path], object]) -> None:
    rounds = []
    for _ in range(ROUNDS):
        begun = _cpu_s()
        for file in files:
            work(file)
        rounds.append((_cpu_s() - begun) / len(files) * 1000)
    _say(f"{title:<36} {statistics.median(rounds):7.3f} ms  (least {min(rounds):.3f})\n")


def _cpu_s() -> float:
    """Own time and that of children, the running exiftool too, which `os.times` counts only once it has ended."""
    total = time.process_time()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == os.getpid():
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _say(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    raise SystemExit(main())
