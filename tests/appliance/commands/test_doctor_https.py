"""`homeroll doctor` on https: real certificates, of our own and by openssl; each shortcoming with how to mend it."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance import tls_files
from appliance.config import Settings
from appliance.doctor.base import House
from appliance.doctor.https import check_https, not_readable
from appliance.errors import ConfigError
from appliance.paths import DataPaths
from appliance.tls import TlsFiles
from appliance.values import now
from tests.appliance.certs import given
from web.security import host_names

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.doctor.base import Said


def look(data: Path, **settings: object) -> list[Said]:
    return list(check_https(House(Settings(data=data, **settings), DataPaths(data), None)))  # type: ignore[arg-type]  # names of settings with their values


@pytest.fixture
def on(data: Path) -> TlsFiles:
    """Switched on."""
    with sqlite3.connect(data / "homeroll.db") as db:
        db.execute("CREATE TABLE site_setting (name, value)")
        db.execute("""INSERT INTO site_setting VALUES ('tls', '"on"')""")
    db.close()
    return TlsFiles(DataPaths(data).tls)


def test_https_that_is_off_is_no_trouble(data: Path) -> None:
    ((state, message, _),) = look(data)
    assert (state, "homeroll tls on" in message) == ("ok", True)


def test_a_certificate_of_our_own_says_its_names_and_days(data: Path, on: TlsFiles) -> None:
    ((state, message, hint),) = look(data)
    assert (state, "no certificate yet" in message, bool(hint)) == ("warning", True, True)
    tls_files.keep(on, sorted(host_names(())), now())
    ((state, message, _),) = look(data)
    assert (state, "homeroll.local" in message, "days left" in message) == ("ok", True, True)
    on.authority.chmod(0o644)
    assert look(data)[0][2] == f"chmod 600 {on.authority}"


@pytest.mark.parametrize(
    ("days", "state", "word"),
    [(300, "ok", "days left"), (380, "warning", "was not renewed"), (400, "broken", "has ended")],
)
def test_a_certificate_that_is_not_renewed_is_told(
    data: Path, on: TlsFiles, monkeypatch: pytest.MonkeyPatch, days: int, state: str, word: str
) -> None:
    tls_files.keep(on, sorted(host_names(())), now())
    then = now() + timedelta(days=days)
    monkeypatch.setattr("appliance.values.now", lambda: then)
    ((said, message, hint),) = look(data)
    assert (said, word in message, bool(hint)) == (state, True, state != "ok"), message


def test_a_name_that_the_certificate_lacks_is_told(data: Path, on: TlsFiles) -> None:
    tls_files.keep(on, ["localhost"], now())
    ((state, message, hint),) = look(data)
    assert (state, "not for" in message and "homeroll.local" in message, hint) == (
        "warning",
        True,
        "homeroll tls renew",
    )


def test_a_damaged_certificate_of_our_own_is_broken(data: Path, on: TlsFiles) -> None:
    tls_files.keep(on, ["localhost"], now())
    on.authority.write_bytes(b"-----BEGIN PRIVATE KEY-----\nnothing\n")
    ((state, _, hint),) = look(data)
    assert (state, "--new-authority" in hint) == ("broken", True)


def test_given_files_are_judged_by_their_names_time_and_key(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = given(tmp_path, names="DNS:*.example.org", days=90)
    named = {"tls_certificate": str(made.certificate), "tls_key": str(made.key)}
    assert look(data, allowed_hosts=("photos.example.org",), **named)[0][0] == "ok"
    ((state, message, _),) = look(data, allowed_hosts=("photos.example.net",), **named)
    assert (state, "not for photos.example.net" in message) == ("warning", True)
    then = now() + timedelta(days=85)
    with monkeypatch.context() as patched:
        patched.setattr("appliance.values.now", lambda: then)
        assert "ends on" in look(data, **named)[0][1]
    other = given(tmp_path, name="other")
    with pytest.raises(ConfigError, match="does not open"):
        look(data, tls_certificate=str(made.certificate), tls_key=str(other.key))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_key_that_the_services_account_may_not_read_is_told_though_root_may(data: Path, tmp_path: Path) -> None:
    made = given(tmp_path)
    os.chown(data, 1234, 1234)
    made.key.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    ((state, message, hint),) = look(data, tls_certificate=str(made.certificate), tls_key=str(made.key))
    assert (state, "account 1234 may not read" in message, "install -o 1234" in hint) == ("broken", True, True)
    os.chown(made.key, 1234, 0)
    assert not_readable(made.key, 1234) is None
    tmp_path.chmod(0o700)
    shut = not_readable(made.key, 1234)
    assert shut is not None
    assert shut[0] == "broken"
