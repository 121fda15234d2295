"""Certificates that somebody made elsewhere: served, read again when they are replaced, told when they break."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from appliance.config import Settings, validate
from appliance.errors import ConfigError
from appliance.values import now
from tests.appliance.certs import Given, given, talk, trusting
from tests.appliance.doors import Stage, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def with_given(tmp_path: Path) -> AsyncIterator[tuple[Stage, Given]]:
    made = given(tmp_path)
    async with staged(tmp_path / "data", tls_certificate=str(made.certificate), tls_key=str(made.key)) as opened:
        yield opened, made


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
    said, _ = await asyncio.wait_for(shown.communicate(), 60)
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


def test_the_settings_of_a_given_certificate_come_in_pairs() -> None:
    for lonely, missing in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
        with pytest.raises(ConfigError, match=f"{missing} is missing"):
            validate(msgspec.structs.replace(Settings(), **{lonely: "/some/file"}))
