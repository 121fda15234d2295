"""The door that speaks TLS: real uvicorn, real clients, connections that stay open while certificates come and go."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.config import Settings
from appliance.daemon import _listen, _serving, open_home
from appliance.door import TlsDoor
from appliance.errors import ComputeError
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.tls import TlsFiles
from appliance.values import now
from tests.appliance.certs import Given, given, talk, trusting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.home import Home

NAMES = ("homeroll.local", "localhost")


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers with its scheme; /slow takes its time."""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    body = str(scope["scheme"]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Stage:
    """A home with its plain door and its TLS door, and what the machine says to the latter."""

    def __init__(self, home: Home, plain_port: int) -> None:
        self.home, self.plain_port = home, plain_port
        self.clock: datetime | None = None
        self.names: tuple[str, ...] = NAMES
        self.addresses: tuple[str, ...] = ("192.168.1.20",)
        self.door = TlsDoor(
            home,
            hello,
            listen=partial(_listen, setting="tls_port"),
            serving=_serving,
            names=lambda: self.names,
            addresses=lambda: self.addresses,
            clock=lambda: self.clock or now(),
            look_every_s=3600,
        )

    async def switch(self, value: str) -> None:
        await change_settings(self.home.db, LOCAL_ADMIN, {"tls": value})
        await self.door.look()

    @property
    def port(self) -> int:
        assert self.home.tls.port is not None, self.home.tls.problem
        return self.home.tls.port

    @property
    def files(self) -> TlsFiles:
        return TlsFiles(self.home.paths.tls)

    def client(self, *, at_any_time: bool = False) -> ssl.SSLContext:
        return trusting(self.files.authority_certificate, at_any_time=at_any_time)

    async def plainly(self) -> str:
        async with talk(self.plain_port, None) as plain:
            return await plain.ask()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def gone(port: int) -> None:
    """Wait until nobody takes connections there any more."""
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def staged(data: Path, **settings: Any) -> AsyncIterator[Stage]:
    chosen = Settings(
        data=data, host="127.0.0.1", port=0, tls_port=free_port(), compute="inline", compute_workers=2, **settings
    )
    async with open_home(chosen) as home:
        with _listen(chosen.host, 0) as listener:
            async with _serving(hello, listener):
                stage = Stage(home, listener.getsockname()[1])
                await stage.door.start()
                try:
                    yield stage
                finally:
                    await stage.door.stop()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Our own certificate, switched on."""
    async with staged(tmp_path / "data") as opened:
        await opened.switch("on")
        yield opened


@pytest.fixture
async def with_given(tmp_path: Path) -> AsyncIterator[tuple[Stage, Given]]:
    made = given(tmp_path)
    async with staged(tmp_path / "data", tls_certificate=str(made.certificate), tls_key=str(made.key)) as opened:
        yield opened, made


async def test_it_is_closed_until_somebody_switches_it_on_and_closed_again_after(tmp_path: Path) -> None:
    async with staged(tmp_path / "data") as stage:
        assert stage.home.tls.port is None
        assert not stage.files.folder.exists()
        await stage.switch("on")
        port = stage.port
        async with talk(port, stage.client()) as safe:
            assert await safe.ask() == "https"
            assert safe.names == {*NAMES, "127.0.0.1", "0:0:0:0:0:0:0:1", "192.168.1.20"}
        await stage.switch("off")
        assert (stage.home.tls.port, stage.home.tls.served) == (None, None)
        await gone(port)
        assert stage.files.server.exists()
        assert await stage.plainly() == "http"


async def test_whoever_does_not_know_the_authority_or_means_another_machine_refuses(stage: Stage) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed certificate|unable to get local issuer"):
        async with talk(stage.port, ssl.create_default_context()):
            pass
    for name in ("nas.local", "bank.example", "192.168.1.21"):
        with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
            async with talk(stage.port, stage.client(), name=name):
                pass
    for name in ("homeroll.local", "127.0.0.1", "192.168.1.20"):
        async with talk(stage.port, stage.client(), name=name) as safe:
            assert await safe.ask() == "https"


async def test_nothing_older_than_tls_1_2_is_spoken(stage: Stage) -> None:
    client = stage.client()
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    async with talk(stage.port, client) as safe:
        assert await safe.ask() == "https"
    old = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", "-connect", f"127.0.0.1:{stage.port}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(old.communicate(), 20)
    assert b"Cipher is (NONE)" in said


async def test_it_is_renewed_before_the_end_and_open_connections_go_on(stage: Stage) -> None:
    client = stage.client(at_any_time=True)
    async with talk(stage.port, client) as before:
        first = before.fingerprint
        assert await before.ask() == "https"
        stage.clock = now() + timedelta(days=367)
        await stage.door.look(asked=False)
        port = stage.port
        async with talk(port, client) as after:
            assert after.fingerprint != first
            assert await after.ask() == "https"
        assert await before.ask() == "https"
        assert before.fingerprint == first
    assert stage.home.tls.served is not None
    assert stage.home.tls.served.certificate.end > stage.clock + timedelta(days=390)
    assert stage.home.tls.problem == ""


async def test_another_address_or_name_makes_another_certificate_for_the_same_authority(stage: Stage) -> None:
    client = stage.client()
    async with talk(stage.port, client) as before:
        stage.addresses, stage.names = ("10.0.0.7", "fd00::7"), (*NAMES, "homeroll-2.local")
        await stage.door.look(asked=False)
        for name in ("10.0.0.7", "fd00::7", "homeroll-2.local"):
            async with talk(stage.port, client, name=name) as after:
                assert await after.ask() == "https"
        assert await before.ask() == "https"


async def test_files_that_others_put_there_are_shown_without_a_restart(stage: Stage) -> None:
    first = stage.home.tls.served
    stage.files.server.unlink()
    await stage.door.look(asked=False)
    async with talk(stage.port, stage.client()) as after:
        assert first is not None
        assert after.fingerprint != first.certificate.fingerprint


async def test_given_files_are_served_and_read_again_when_they_are_replaced(
    with_given: tuple[Stage, Given], tmp_path: Path
) -> None:
    stage, made = with_given
    assert stage.home.tls.given
    first, port = made.fingerprint, stage.port
    async with talk(port, trusting(made.certificate)) as before:
        assert before.fingerprint == first
        given(tmp_path)
        await stage.door.look(asked=False)
        assert stage.port == port
        async with talk(port, trusting(made.certificate)) as after:
            assert after.fingerprint == made.fingerprint != first
            assert await after.ask() == "https"
        assert await before.ask() == "https"
    assert not stage.files.folder.exists()


async def test_a_chain_that_was_mended_behind_the_same_certificate_is_shown(
    with_given: tuple[Stage, Given], tmp_path: Path
) -> None:
    stage, made = with_given
    between = given(tmp_path, name="between")
    made.certificate.write_text(made.certificate.read_text() + between.certificate.read_text())
    await stage.door.look(asked=False)
    words = ("openssl", "s_client", "-showcerts", "-connect", f"127.0.0.1:{stage.port}")
    shown = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await asyncio.wait_for(shown.communicate(), 20)
    assert said.count(b"-----BEGIN CERTIFICATE-----") >= 2


@pytest.mark.parametrize("broken", ["certificate", "key", "other key", "gone"])
async def test_given_files_that_break_are_told_and_what_was_shown_goes_on(
    with_given: tuple[Stage, Given], tmp_path: Path, broken: str
) -> None:
    stage, made = with_given
    first, client = made.fingerprint, trusting(made.certificate)
    if broken == "certificate":
        made.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    elif broken == "key":
        made.key.write_text("nothing")
    elif broken == "other key":
        made.key.write_text(given(tmp_path, name="other").key.read_text())
    else:
        made.key.unlink()
    await stage.door.look(asked=False)
    assert str(made.certificate.parent) in stage.home.tls.problem
    assert stage.home.tls.hint
    async with talk(stage.port, client) as safe:
        assert safe.fingerprint == first
    assert await stage.plainly() == "http"
    given(tmp_path)
    await stage.door.look(asked=False)
    assert stage.home.tls.problem == ""
    async with talk(stage.port, trusting(made.certificate)) as safe:
        assert safe.fingerprint == made.fingerprint != first


async def test_given_files_that_never_worked_leave_the_plain_door_alone_until_they_are_mended(tmp_path: Path) -> None:
    missing = str(tmp_path / "given.crt"), str(tmp_path / "given.key")
    async with staged(tmp_path / "data", tls_certificate=missing[0], tls_key=missing[1]) as stage:
        assert stage.home.tls.port is None
        assert "given.crt cannot be read" in stage.home.tls.problem
        assert await stage.plainly() == "http"
        made = given(tmp_path)
        await stage.door.look(asked=False)
        async with talk(stage.port, trusting(made.certificate)) as safe:
            assert await safe.ask() == "https"


async def test_a_given_certificate_that_has_ended_is_told_and_shown_all_the_same(
    with_given: tuple[Stage, Given],
) -> None:
    stage, made = with_given
    stage.clock = now() + timedelta(days=91)
    await stage.door.look(asked=False)
    assert "has ended" in stage.home.tls.problem
    async with talk(stage.port, trusting(made.certificate)) as safe:
        assert await safe.ask() == "https"


async def test_what_failed_is_not_tried_every_minute_but_at_once_when_somebody_asks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def failing(*arguments: object, **how: object) -> object:
        nonlocal tries
        tries += 1
        raise ComputeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(stage.home.compute, "run", failing)
        stage.addresses = ("10.0.0.8",)
        stage.clock = now()
        for _ in range(5):
            await stage.door.look(asked=False)
        assert (tries, stage.home.tls.problem) == (1, "no memory")
        await stage.door.look()
        assert tries == 2
        stage.clock += timedelta(minutes=11)
        await stage.door.look(asked=False)
        assert tries == 3
        stage.addresses = ("10.0.0.9",)
        await stage.door.look(asked=False)
        assert tries == 4
        async with talk(stage.port, stage.client()) as safe:
            assert await safe.ask() == "https"
    await stage.door.look()
    assert stage.home.tls.problem == ""


async def test_while_all_is_well_looking_starts_no_work(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unexpected(*arguments: object, **how: object) -> object:
        raise AssertionError("nothing to do")

    monkeypatch.setattr(stage.home.compute, "run", unexpected)
    for _ in range(3):
        await stage.door.look(asked=False)
    assert stage.home.tls.problem == ""


async def test_a_port_that_is_taken_is_told_and_used_as_soon_as_it_is_free(tmp_path: Path) -> None:
    async with staged(tmp_path / "data") as stage:
        with socket.socket() as other:
            other.bind(("127.0.0.1", stage.home.settings.tls_port))
            other.listen()
            await stage.switch("on")
            assert stage.home.tls.port is None
            assert f"Port {stage.home.settings.tls_port}" in stage.home.tls.problem
            assert "tls_port" in stage.home.tls.hint
            assert await stage.plainly() == "http"
        await stage.door.look(asked=False)
        assert stage.port == stage.home.settings.tls_port
        assert stage.home.tls.problem == ""


async def test_switched_off_by_a_request_that_came_through_it_the_request_is_answered(stage: Stage) -> None:
    async with talk(stage.port, stage.client()) as safe:
        slow = asyncio.create_task(safe.ask("/slow"))
        await asyncio.sleep(0.1)
        await stage.switch("off")
        assert await slow == "https"


async def test_switched_off_and_on_at_once_it_answers_again_on_the_same_port(stage: Stage) -> None:
    port = stage.port
    async with talk(port, stage.client()) as kept:
        await kept.ask()
        await stage.switch("off")
        await stage.switch("on")
        assert stage.port == port
        async with talk(port, stage.client()) as safe:
            assert await safe.ask() == "https"


async def test_hundreds_of_handshakes_that_fail_or_never_come_leave_it_answering(stage: Stage) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", stage.port) for _ in range(50)]
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
    async with talk(stage.port, stage.client()) as safe:
        assert await safe.ask() == "https"
    for _, writer in idle:
        writer.close()
        await writer.wait_closed()


def test_the_settings_of_a_given_certificate_come_in_pairs() -> None:
    from appliance.config import validate
    from appliance.errors import ConfigError

    for lonely, missing in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
        with pytest.raises(ConfigError, match=f"{missing} is missing"):
            validate(msgspec.structs.replace(Settings(), **{lonely: "/some/file"}))
