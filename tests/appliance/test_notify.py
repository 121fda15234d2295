"""What systemd is told, over a real datagram socket: ready, alive while the database answers, stopping."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import pytest

from appliance.errors import DatabaseBusyError
from appliance.notify import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def told(listener: socket.socket) -> list[str]:
    messages: list[str] = []
    while True:
        try:
            messages.append(listener.recv(4096).decode())
        except BlockingIOError:
            return messages


def environment(listener: socket.socket, watchdog_s: float = 0.0, pid: int | None = None) -> dict[str, str]:
    watched = {"WATCHDOG_USEC": str(int(watchdog_s * 1e6)), "WATCHDOG_PID": str(pid or os.getpid())}
    return {"NOTIFY_SOCKET": listener.getsockname(), **(watched if watchdog_s else {})}


def test_it_says_when_it_is_ready_and_when_it_stops(systemd: socket.socket) -> None:
    supervisor = Supervisor(environment(systemd))
    supervisor.ready("Answering at http://192.0.2.1:8420")
    supervisor.stopping()
    ready, stopping = told(systemd)
    assert ready.splitlines() == ["READY=1", "STATUS=Answering at http://192.0.2.1:8420"]
    assert stopping.splitlines()[0] == "STOPPING=1"


def test_without_systemd_nothing_is_said_and_nothing_fails() -> None:
    supervisor = Supervisor({})
    supervisor.ready("fine")
    supervisor.stopping()
    assert supervisor.watchdog_s == 0


async def test_signs_of_life_stop_when_the_database_stops_answering(systemd: socket.socket) -> None:
    answers, refused = True, asyncio.Event()

    async def check() -> None:
        if not answers:
            refused.set()
            raise DatabaseBusyError("The database is busy")

    feeding = asyncio.create_task(Supervisor(environment(systemd, watchdog_s=0.15)).watch(check))
    async with asyncio.timeout(60):
        while "WATCHDOG=1" not in told(systemd):  # noqa: ASYNC110 - it is written to a socket
            await asyncio.sleep(0.02)
    answers = False
    await refused.wait()
    told(systemd)
    await asyncio.sleep(0.3)
    assert told(systemd) == []
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)


async def test_a_database_that_never_answers_is_not_alive(systemd: socket.socket) -> None:
    feeding = asyncio.create_task(Supervisor(environment(systemd, watchdog_s=0.15)).watch(lambda: asyncio.sleep(60)))
    await asyncio.sleep(0.4)
    assert told(systemd) == []
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)


def test_a_watchdog_meant_for_another_process_is_not_fed(systemd: socket.socket) -> None:
    assert Supervisor(environment(systemd, watchdog_s=9, pid=1)).watchdog_s == 0
    assert Supervisor(environment(systemd, watchdog_s=9)).watchdog_s == 9
