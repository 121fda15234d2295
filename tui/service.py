"""Starting the service from the dashboard: by systemd where its unit is installed, else the command to type."""

from __future__ import annotations

import asyncio
import subprocess

import msgspec

from appliance.errors import HomerollError


class Starter(msgspec.Struct, frozen=True):
    """`words`: what starts it from here, empty where it cannot be; `typed`: what a person types.

    asks: it may ask for a password, so the terminal is lent to it meanwhile.
    """

    words: tuple[str, ...] = ()
    typed: str = "homeroll serve"
    asks: bool = False

    @property
    def possible(self) -> bool:
        return bool(self.words)

    async def start(self) -> None:
        """Returns once it has started.  Raises HomerollError with what systemd says."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self.words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            raise self._failed(error.strerror or "it cannot be run") from error
        said, _ = await child.communicate()
        if child.returncode:
            lines = said.decode(errors="replace").strip().splitlines() or [f"exit code {child.returncode}"]
            raise self._failed(lines[0])

    def start_here(self) -> None:
        """The same on the terminal itself, for one that asks; blocking."""
        try:
            done = subprocess.run(self.words, check=False)
        except OSError as error:
            raise self._failed(error.strerror or "it cannot be run") from error
        if done.returncode:
            raise self._failed(f"exit code {done.returncode}")

    def _failed(self, why: str) -> HomerollError:
        return HomerollError(f"It could not be started: {why}", hint=f"Type: {self.typed}")
