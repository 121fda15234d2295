"""Every night: some originals are read again, the longest unread first, and compared with their hash.

Disks lose bits without a word.  A file whose size and time are as registered and whose bytes are not has rotted; it is
reported, never touched: healing it from the backup is a person's decision (`heal`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.files import mtime_ns
from appliance.library import checks, kept
from appliance.library.settings import get_setting
from appliance.values import now

if TYPE_CHECKING:
    from appliance.config import Settings
    from appliance.home import Home
    from appliance.jobs.base import Progress
    from appliance.library.checks import Unread

log = logging.getLogger(__name__)

STATE = "last_scrub"
BATCH = 32
SLOWEST_BYTES_PER_S = 1 << 20


class Verdict(msgspec.Struct, frozen=True):
    """ok | changed | missing | unreadable | moved on (size or time differ: a scan will look at it)."""

    verdict: str
    why: str = ""


class ScrubOriginals:
    name = "scrub_originals"
    title = "Check originals"
    reads_disks = True

    def interval_s(self, settings: Settings) -> float | None:
        return 24 * 3600

    async def run(self, home: Home, progress: Progress, *, everything: bool = False) -> dict[str, Any]:
        """everything: without the nightly budget; someone wants to know."""
        budget = (await get_setting(home.db, "scrub_gb_per_night")) << 30
        counts = {"checked": 0, "bytes": 0, "ok": 0, "changed": 0, "missing": 0, "unreadable": 0}
        began = now()
        total = await checks.count_unread(home.db, before=began)
        while everything or counts["bytes"] < budget:
            await progress.check_in()
            batch = await checks.longest_unread(home.db, before=began, limit=BATCH)
            if not batch:
                break
            size = sum(one.size_bytes for one in batch)
            verdicts = await home.compute.run(read_again, batch, timeout_s=120 + size / SLOWEST_BYTES_PER_S)
            async with home.db.write():
                await checks.record(
                    home.db, [(one.path, found.verdict, found.why) for one, found in zip(batch, verdicts, strict=True)]
                )
            for one, found in zip(batch, verdicts, strict=True):
                counts["checked"] += 1
                counts["bytes"] += one.size_bytes
                counts[found.verdict] = counts.get(found.verdict, 0) + 1
                if found.verdict in ("changed", "unreadable"):
                    log.warning("path_id=%s job=scrub_originals %s %s %s", one.path, found.verdict, one.file, found.why)
            progress.update(counts["checked"], total)
        async with home.db.write():
            await kept.remember(home.db, STATE, counts | {"at": began})
        return counts


def read_again(batch: list[Unread]) -> list[Verdict]:
    """In the compute process: what each file's bytes are now."""
    return [_read_again(one) for one in batch]


def _read_again(one: Unread) -> Verdict:
    import hashlib

    path = Path(one.file)
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        stat = path.stat()
    except FileNotFoundError:
        return Verdict("missing")
    except OSError as error:
        return Verdict("unreadable", error.strerror or "the disk gave no reason")
    if (stat.st_size, mtime_ns(stat)) != (one.size_bytes, one.mtime_ns):
        return Verdict("ok", "changed since the last scan")
    return Verdict("ok") if sha256 == one.sha256 else Verdict("changed", "its bytes are not what they were")
