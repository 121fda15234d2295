"""The compute child: whatever happens in it, the caller gets a result or one clear error, and nothing is left over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from appliance.compute import Compute, Turns
from appliance.config import Settings
from appliance.errors import ComputeError, ComputeUnavailableError, UnreadableFileError
from tests.appliance import work
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@pytest.fixture
async def compute() -> AsyncIterator[Compute]:
    made = Compute(Settings(compute_workers=1, compute_memory_mb=512, compute_idle_s=30))
    yield made
    await made.close()


def children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # also one that has ended and waits to be reaped
            if "appliance.compute_child" in child.cmdline():
                found.append(child)
    return found


async def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - processes come and go without telling
            await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    """No such process, or only its entry waiting for a parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def told_ids(told: Path) -> list[int]:
    await until(lambda: told.is_file() and bool(told.read_text()))
    return [int(word) for word in told.read_text().split()]


async def test_work_is_done_in_another_process_that_gives_way(compute: Compute) -> None:
    assert await compute.run(work.add, 2, right=3) == 5
    assert await compute.run(work.process_id) not in (0, os.getpid())
    assert await compute.run(work.niceness) == (min(19, os.nice(0) + 10), os.SCHED_IDLE, os.getsid(0))


async def test_the_same_process_is_used_again(compute: Compute) -> None:
    assert await compute.run(work.process_id) == await compute.run(work.process_id)
    assert len(children()) == 1


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (work.leave, "exit status 7"),
        (work.exit_politely, "exit status 3"),
        (work.crash, "SIGSEGV"),
        (work.kill_itself, "SIGKILL"),
    ],
)
async def test_a_crash_is_one_clear_error_and_the_next_work_is_done(
    compute: Compute, function: Callable[[], None], reason: str
) -> None:
    with pytest.raises(ComputeError, match=reason):
        await compute.run(function)
    assert await compute.run(work.add, 1, 1) == 2


async def test_work_that_hangs_is_ended_with_the_programs_it_started(compute: Compute, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ComputeError, match="took longer than 1 s"):
        await compute.run(work.hang_with_a_program, tmp_path / "told", timeout_s=1)
    assert time.monotonic() - began < 50
    for pid in await told_ids(tmp_path / "told"):
        await until(lambda pid=pid: gone(pid))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    assert await compute.run(work.add, 1, 1) == 2


async def test_too_much_memory_is_an_error_that_names_the_setting(compute: Compute) -> None:
    with pytest.raises(ComputeError, match="compute_memory_mb"):
        await compute.run(work.take_memory, 700)
    assert await compute.run(work.take_memory, 10) == 10 << 20


async def test_a_process_that_keeps_too_much_memory_makes_room_for_a_fresh_one(compute: Compute) -> None:
    first = await compute.run(work.keep_memory, 300)
    assert await compute.run(work.process_id) != first
    await until(lambda: gone(first))


async def test_errors_cross_with_everything_they_know(compute: Compute) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        await compute.run(work.refuse, "/photos/a.jpg")
    assert (caught.value.path, caught.value.message, caught.value.hint) == ("/photos/a.jpg", "It is torn.", "Mend it.")


async def test_what_cannot_be_sent_back_is_an_error_and_not_the_end(compute: Compute) -> None:
    first = await compute.run(work.process_id)
    with pytest.raises(RuntimeError, match="function could not be sent back"):
        await compute.run(work.not_picklable)
    with pytest.raises(RuntimeError, match=r"AwkwardError could not be sent back .*1 and 2"):
        await compute.run(work.raise_awkwardly)
    assert await compute.run(work.process_id) == first


async def test_printing_and_reading_do_not_disturb_the_conversation(compute: Compute) -> None:
    assert await compute.run(work.print_a_lot) == "done"
    assert await compute.run(work.read_standard_input) == b""
    assert await compute.run(work.add, 1, 1) == 2


async def test_arguments_and_results_of_many_megabytes_pass(compute: Compute) -> None:
    assert await compute.run(work.length, bytes(20 << 20)) == 20 << 20
    assert len(await compute.run(work.big, 20 << 20)) == 20 << 20


async def test_a_child_that_was_killed_while_it_was_idle_is_replaced(compute: Compute) -> None:
    pid = await compute.run(work.process_id)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: gone(pid))
    assert await compute.run(work.process_id) != pid


async def test_children_leave_when_nothing_was_asked_for_a_while() -> None:
    compute = Compute(Settings(compute_workers=2, compute_idle_s=1.5))
    try:
        await asyncio.gather(*(compute.run(work.sleep, 0.2) for _ in range(2)))
        assert len(children()) == 2
        await until(lambda: not children())
        assert await compute.run(work.add, 1, 1) == 2
    finally:
        await compute.close()


async def test_one_busy_child_does_not_keep_the_idle_ones() -> None:
    compute = Compute(Settings(compute_workers=2, compute_idle_s=1.5))
    try:
        await asyncio.gather(*(compute.run(work.sleep, 0.2) for _ in range(2)))
        longer = asyncio.create_task(compute.run(work.sleep, 100))
        await until(lambda: len(children()) == 1)
        assert not longer.done()
    finally:
        await compute.close()
    with pytest.raises(ComputeError):
        await longer


async def test_closing_ends_what_is_running_at_once(tmp_path: Path) -> None:
    compute = Compute(Settings(compute_workers=1))
    running = asyncio.create_task(compute.run(work.sleep_after_telling, 60, tmp_path / "told"))
    waiting = asyncio.create_task(compute.run(work.add, 1, 1))
    (pid,) = await told_ids(tmp_path / "told")
    began = time.monotonic()
    await compute.close()
    assert time.monotonic() - began < 50
    assert gone(pid)
    with pytest.raises(ComputeError):
        await running
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_while_someone_looks_one_slot_is_kept_for_what_they_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.compute.MAKE_WAY_S", 0.05)
    turns, running, most = Turns(2), 0, 0

    async def work(*, urgent: bool = False, rounds: int = 5) -> None:
        nonlocal running, most
        async with turns.turn(urgent=urgent):
            running += 1
            most = max(most, running)
            for _ in range(rounds):
                await asyncio.sleep(0)
            running -= 1

    turns.make_way()
    await asyncio.gather(*(work() for _ in range(4)))
    assert most == 1
    turns.make_way()
    await asyncio.gather(work(rounds=20), work(urgent=True))
    assert most == 2
    most = 0
    await asyncio.sleep(0.06)
    await asyncio.gather(*(work() for _ in range(4)))
    assert most == 2


async def test_the_only_slot_is_kept_for_nobody() -> None:
    turns = Turns(1)
    turns.make_way()
    async with asyncio.timeout(60), turns.turn(urgent=False):
        pass


async def test_who_gives_up_before_or_after_being_let_in_leaves_the_slot_to_the_next() -> None:
    turns = Turns(1)

    async def take() -> str:
        async with turns.turn(urgent=False):
            return "done"

    async with turns.turn(urgent=False):
        tasks = [asyncio.create_task(take()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
    tasks[1].cancel()  # it was let in just now and has not run yet
    async with asyncio.timeout(60):
        assert await tasks[2] == "done"


async def test_giving_up_waiting_leaves_the_executor_usable(compute: Compute, tmp_path: Path) -> None:
    running = asyncio.create_task(compute.run(work.sleep_after_telling, 0.5, tmp_path / "told"))
    await told_ids(tmp_path / "told")
    running.cancel()
    assert await compute.run(work.add, 1, 1) == 2


async def test_nothing_outlives_a_service_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from appliance.compute import Compute; from appliance.config import Settings\n"
        "from tests.appliance import work\n"
        "asyncio.run(Compute(Settings(compute_workers=1)).run(work.sleep_after_telling, 300, Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "told")]
    service = await asyncio.to_thread(subprocess.Popen, command, cwd=REPOSITORY)
    try:
        (pid,) = await told_ids(tmp_path / "told")
    finally:
        service.kill()
        service.wait()
    await until(lambda: gone(pid))


async def test_a_child_that_cannot_start_is_no_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    compute = Compute(Settings(compute_workers=1))
    try:
        with pytest.raises(ComputeUnavailableError, match="does not start"):
            await compute.run(work.add, 1, 1)
        monkeypatch.setattr(sys, "executable", "/no/such/program")
        with pytest.raises(ComputeUnavailableError, match="No process can be started"):
            await compute.run(work.add, 1, 1)
        monkeypatch.undo()
        assert await compute.run(work.add, 1, 1) == 2
    finally:
        await compute.close()


async def test_inline_means_a_thread_of_this_process() -> None:
    compute = Compute(Settings(compute="inline", compute_workers=1))
    try:
        assert await compute.run(work.process_id, timeout_s=1) == os.getpid()
        with pytest.raises(UnreadableFileError):
            await compute.run(work.refuse, "x")
        assert children() == []
    finally:
        await compute.close()


async def test_more_than_1024_open_files_are_no_obstacle(compute: Compute) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 2000:
        pytest.skip("this machine allows too few open files")
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, limits[1]))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for _ in range(1100):
            stack.callback(os.close, os.dup(0))
        assert await compute.run(work.add, 1, 1) == 2


async def test_models_have_one_process_of_their_own_beside_those_that_read_files(compute: Compute) -> None:
    holds_models = await asyncio.gather(*(compute.run(work.process_id, models=True) for _ in range(5)))
    reads_files = await compute.run(work.process_id)
    assert len(set(holds_models)) == 1
    assert reads_files not in holds_models


async def test_what_somebody_waits_for_overtakes_what_only_is_to_be_done(compute: Compute) -> None:
    finished: list[str] = []

    async def work_on(name: str, *, urgent: bool = False) -> None:
        await compute.run(work.sleep, 0.05, models=True, urgent=urgent)
        finished.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("first", "second", "third"):
            group.create_task(work_on(name))
        await asyncio.sleep(0)
        group.create_task(work_on("asked", urgent=True))
    assert finished == ["first", "asked", "second", "third"]


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next(compute: Compute) -> None:
    slow = asyncio.create_task(compute.run(work.sleep, 0.3))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(compute.run(work.add, 1, number)) for number in range(3)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    await slow
    assert await asyncio.gather(*waiting[1:]) == [2, 3]
