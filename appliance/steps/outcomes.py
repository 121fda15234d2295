"""What becomes of a step whose computing ended: judged once, written with those that ended beside it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import (
    ComputeError,
    ComputeUnavailableError,
    HomerollError,
    ModelUnavailableError,
    StorageError,
)
from appliance.library import steps as plan
from appliance.library.intake import ABSENT
from appliance.steps.base import ChangedError, SkipError, original

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.home import Home
    from appliance.steps.base import Step

log = logging.getLogger(__name__)

RETRIES_AFTER_CRASH = 1
#: What the operating system says when it is not this file that is bad.
_MACHINE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


class Done(msgspec.Struct):
    """A claimed step whose computing ended: with `result`, or with `error`; `status` says what becomes of it."""

    due: Any
    seconds: float
    result: Any = None
    error: Exception | None = None
    stowed: bool = False
    status: str = ""  # "" until judged; then done | failed | skipped | pending (to be tried again)


class Outcomes:
    """`judge` before the transaction that records them, `save` inside of it."""

    def __init__(self, home: Home, steps: Mapping[str, Step]) -> None:
        self._home, self._steps = home, steps
        self._crashes: dict[uuid.UUID, int] = {}

    async def judge(self, finished: Sequence[Done]) -> None:
        """Decide what becomes of each, once, and write what is not in the main database.

        Raises StorageError when that cannot be written now; call it again then.
        """
        for done in finished:
            await self._judge(done)
        await self._stow(finished)

    async def _judge(self, done: Done) -> None:
        if done.status:
            return
        if done.error is None:
            try:
                await self._steps[done.due.step].prepare(self._home, done.due.row, done.result)
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - the edge of a step, as in `_compute`
                done.error = error
            else:
                done.status = "done"
                return
        if nobodys_fault(done.error) or isinstance(done.error, ModelUnavailableError):
            done.status = "pending"
        elif isinstance(done.error, FileNotFoundError | ChangedError | SkipError) or not await asyncio.to_thread(
            _exists, done.due.row
        ):
            done.status = "skipped"
        elif isinstance(done.error, ComputeError | MemoryError) and self._may_retry(done.due.id):
            done.status = "pending"
        else:
            done.status = "failed"

    async def _stow(self, finished: Sequence[Done]) -> None:
        """One transaction for all: each writes the same few pages of the file anew.  Raises StorageError."""
        fresh = [done for done in finished if done.status == "done" and not done.stowed]
        if fresh:
            async with self._home.db.write():
                for done in fresh:
                    await self._steps[done.due.step].stow(self._home, done.due.row, done.result)
            for done in fresh:
                done.stowed = True

    async def save(self, done: Done) -> plan.Outcome:
        """Write the result, in a savepoint: what one file's result does to the tables is not its neighbours' loss."""
        due, step, db = done.due, self._steps[done.due.step], self._home.db
        warning = ""
        if done.status == "done":
            await db.fetch("SAVEPOINT result")
            try:
                warning = await step.save(self._home, due.row, done.result)
            except StorageError:
                raise
            except Exception:
                log.exception("file_id=%s step=%s its result could not be written", due.file, due.step)
                await db.fetch("ROLLBACK TO result")
                done.error, done.status = _NotWrittenError("What was read from this file could not be stored"), "failed"
            await db.fetch("RELEASE result")
        if done.status == "failed":
            return await self._failed(done)
        why = str(done.error) if isinstance(done.error, SkipError) else ABSENT
        told = why if done.status == "skipped" else warning
        return plan.Outcome(id=due.id, status=done.status, seconds=done.seconds, error=told)

    async def _failed(self, done: Done) -> plan.Outcome:
        due, error = done.due, done.error
        assert error is not None
        await self._steps[due.step].fail(self._home, due.file)
        await plan.fold_failures(self._home.db, due.file, self._steps[due.step].needs)
        message, hint = _told(error)
        if not isinstance(error, HomerollError | OSError | MemoryError):
            log.error("file_id=%s step=%s failed unexpectedly", due.file, due.step, exc_info=error)
        else:
            log.info("file_id=%s step=%s failed: %s", due.file, due.step, message)
        return plan.Outcome(id=due.id, status="failed", seconds=done.seconds, error=message, hint=hint)

    def forget(self, step: uuid.UUID) -> None:
        """It came to an end."""
        self._crashes.pop(step, None)

    def _may_retry(self, step: uuid.UUID) -> bool:
        """A crash may have been another file's doing (memory): once more, then it is this file's own."""
        self._crashes[step] = self._crashes.get(step, 0) + 1
        return self._crashes[step] <= RETRIES_AFTER_CRASH


class _NotWrittenError(HomerollError):
    """A result that the tables refuse; the traceback is in the log."""


def nobodys_fault(error: Exception | None) -> str:
    """Why nothing can be computed at present, or "" when the error is the file's own."""
    if isinstance(error, StorageError | ComputeUnavailableError):
        return error.message
    if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
        return f"The machine is short of something: {error.strerror}"
    return ""


def _told(error: Exception) -> tuple[str, str]:
    """(message, hint) for the family; the log has what it means to us."""
    if isinstance(error, HomerollError):
        return error.message, error.hint
    if isinstance(error, OSError):
        return f"The file cannot be read: {error.strerror or 'the disk gave no reason'}", "Check the disk."
    if isinstance(error, MemoryError):
        return "This file needs more memory than compute_memory_mb allows", "Raise that setting, if the machine has it."
    return "Something unexpected went wrong with this file", "The log has the details; please report it."


def _exists(row: dict[str, Any]) -> bool:
    """Where the system answers with an error (a closed folder, a stale share) it is not within reach, as if it were
    away: the next scan has it tried again."""
    return os.path.exists(original(row))  # noqa: PTH110 - Path.exists raises such errors
