"""One command run in this process, against a fake Homeroll or none."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from appliance import cli, client
from tests.fakes import FakeHomeroll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from appliance.config import Settings

    Run = Callable[..., "Ran"]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `homeroll ... --data DATA` here, with `stdin` as what is piped in."""

    def run_here(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = cli.main([*words, "--data", str(data)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Ran(code=code, out=said.out, err=said.err)

    return run_here


@pytest.fixture
def homeroll(monkeypatch: pytest.MonkeyPatch) -> FakeHomeroll:
    """What answers instead of the real application, which would be opened in this process."""
    fake = FakeHomeroll()

    @contextlib.asynccontextmanager
    async def in_process(settings: Settings, *, command: str) -> AsyncIterator[client.Api]:
        transport = httpx.ASGITransport(app=fake)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield client.Api(http)

    monkeypatch.setattr(client, "_in_process", in_process)
    monkeypatch.setattr("appliance.commands.scan.POLL_S", 0)
    return fake
