"""What the service writes to its log, as it comes: the journal of systemd, followed while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

JOURNAL = ("journalctl", "--unit=homeroll", "--lines=500", "--follow", "--output=short-iso", "--no-pager", "--quiet")


async def follow(words: Sequence[str]) -> AsyncIterator[str]:
    """Lines of what `words` prints, until it ends; the program ends with whoever reads."""
    try:
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        yield f"{words[0]}: {error.strerror}"
        return
    assert child.stdout is not None, "asked for above"
    try:
        async for line in child.stdout:
            yield line.decode(errors="replace").rstrip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
