"""The whole service as a process of its own with one user and a key, for tests that kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.library import keys, users
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_S = 60.0


async def prepare(data: Path) -> str:
    """A data directory with an admin, no models and no faces; returns the admin's key."""
    async with open_home(Settings(data=data, compute="inline", compute_workers=1)) as home:
        user = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough", role="admin")
        _, secret = await keys.add_key(home.db, LOCAL_ADMIN, user_id=user["id"], name="test", scopes=("all",))
        await change_settings(home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})
    return secret


def prepared(data: Path) -> str:
    return asyncio.run(prepare(data))


class Served:
    """A running service; `kill` as the power does, `stop` as systemd does."""

    def __init__(self, data: Path, key: str, *settings: str, environ: dict[str, str] | None = None) -> None:
        self.data = data
        self.log = data.with_suffix(".log")
        command = [sys.executable, "-m", "appliance.cli", "serve", "--data", str(data)]
        command += ["--host", "127.0.0.1", "--port", "0"]
        self._errors = self.log.open("ab")
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ
            | {"HOMEROLL_MDNS": "false", "HOMEROLL_RESERVE_MB": "0"}
            | dict(pair.split("=") for pair in settings)
            | (environ or {}),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self.url = self._wait()
        self.client = httpx.Client(base_url=f"{self.url}/api/v1", headers={"x-api-key": key}, timeout=60)

    def _wait(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"HOMEROLL READY"):
                return line.split()[-1].decode()
        self.process.wait()
        raise AssertionError(f"it did not start: {self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._end()

    def stop(self) -> float:
        """Returns the seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=60)
        took = time.monotonic() - began
        self._end()
        return took

    def _end(self) -> None:
        self.process.wait()
        self.client.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@contextlib.contextmanager
def serving(data: Path, key: str, *settings: str, environ: dict[str, str] | None = None) -> Iterator[Served]:
    """settings: such as `HOMEROLL_RESERVE_MB=5`."""
    service = Served(data, key, *settings, environ=environ)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()
