"""The door that speaks TLS: real uvicorn, real clients, connections that stay open while certificates come and go."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ComputeError
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import now
from tests.appliance.certs import talk
from tests.appliance.doors import NAMES, Stage, gone, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Our own certificate, switched on."""
    async with staged(tmp_path / "data") as opened:
        await opened.switch("on")
        yield opened


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
    said, _ = await asyncio.wait_for(old.communicate(), 60)
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


async def test_with_every_worker_busy_a_start_goes_on_and_a_stop_waits_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.door.START_S", 0.1)
    async with staged(tmp_path / "data") as stage:
        await stage.door.stop()
        await change_settings(stage.home.db, LOCAL_ADMIN, {"tls": "on"})
        free, run = asyncio.Event(), stage.home.compute.run

        async def busy(*arguments: Any, **how: Any) -> Any:
            await free.wait()
            return await run(*arguments, **how)

        monkeypatch.setattr(stage.home.compute, "run", busy)
        starting = Stage(stage.home, stage.plain_port).door
        await starting.start()
        assert stage.home.tls.port is None
        assert await stage.plainly() == "http"
        await starting.stop()

        asked_of = Stage(stage.home, stage.plain_port).door
        asking = asyncio.create_task(asked_of.look())
        await asyncio.sleep(0.1)
        await asked_of.stop()
        free.set()
        await asking
        assert stage.home.tls.port is None
        await gone(stage.home.settings.tls_port)
