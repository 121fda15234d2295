"""`homeroll tls` as an admin types it: a real service, its admin socket, and curl, which trusts what /trust offers."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.appliance.certs import given
from tests.appliance.commands.test_service import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    (machine.data / "homeroll.toml").write_text("tls_port = 0\n")
    yield machine
    if machine.service is not None:
        machine.stop(signal.SIGKILL)


def curl(url: str, authority: Path, *, name: str = "localhost") -> subprocess.CompletedProcess[str]:
    """The port of `url` on this machine, asked as `name`."""
    port = url.rpartition(":")[2]
    words = ["curl", "-sS", "--max-time", "20", "--cacert", str(authority)]
    words += ["--resolve", f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/api/v1/server"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=40)


def test_on_status_renew_and_off_with_a_service(house: Machine) -> None:
    house.start()
    assert house.run("tls").stdout.strip() == "https  off"

    done = house.run("tls", "on")
    assert done.returncode == 0, done.stderr
    assert "/trust there" in done.stderr
    shown = re.search(r"https://\S+", done.stdout)
    assert shown is not None
    url = shown[0]
    state: dict[str, Any] = house.json("tls")
    assert state["certificate"]["fingerprint"] in done.stdout
    assert state["authority"]["fingerprint"] in done.stdout

    authority = house.photos / "homeroll-ca.crt"
    authority.write_bytes(httpx.get(f"{house.url}/trust/homeroll-ca.crt").content)
    for name in ("localhost", "homeroll.local"):
        answer = curl(url, authority, name=name)
        assert '"name":"Homeroll"' in answer.stdout, answer.stderr
    assert "no alternative certificate subject name" in curl(url, authority, name="other.local").stderr
    assert curl(url, house.data / "homeroll.toml").returncode == 77  # curl's own word for: no authority that helps

    renewed = house.json("tls", "renew")
    assert renewed["certificate"]["fingerprint"] != state["certificate"]["fingerprint"]
    assert (renewed["authority"], renewed["port"]) == (state["authority"], state["port"])
    assert curl(url, authority).returncode == 0

    refused = house.run("tls", "on", "--new-authority")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--yes" in refused.stderr
    another = house.json("tls", "on", "--new-authority", "--yes")
    assert another["authority"] != state["authority"]
    assert curl(url, authority).returncode == 60  # curl's own word for: not trusted

    assert house.run("tls", "off").stdout.strip() == "https  off"
    assert curl(url, authority).returncode == 7  # curl's own word for: nobody answers
    assert house.run("tls", "renew").returncode == 1
    assert httpx.get(f"{house.url}/api/v1/server").status_code == 200


def test_it_comes_back_with_the_service_as_it_was(house: Machine) -> None:
    house.start()
    before = house.json("tls", "on")
    house.stop(signal.SIGKILL)
    house.start()
    after = house.json("tls")
    for name in ("certificate", "authority"):
        assert after[name] == before[name]
    authority = house.data / "tls/homeroll-ca.crt"
    assert curl(f"https://localhost:{after['port']}", authority).returncode == 0
    assert house.stop() == 0
    assert (house.data / "tls").stat().st_mode & 0o077 == 0


def test_a_command_elsewhere_goes_by_https_once_it_knows_the_authority(house: Machine) -> None:
    house.start()
    port = house.json("tls", "on")["port"]
    key = house.run("key", "create", "admin", "--scope", "all").stdout.strip()
    words = ("status", "--json", "--url", f"https://localhost:{port}")
    refused = house.run(*words, HOMEROLL_KEY=key)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "SSL_CERT_FILE" in refused.stderr
    trusted = house.run(*words, HOMEROLL_KEY=key, SSL_CERT_FILE=str(house.data / "tls/homeroll-ca.crt"))
    assert trusted.returncode == 0, trusted.stderr


def test_the_service_stops_in_order_while_streams_and_strangers_hang_on_by_tls(house: Machine) -> None:
    house.start()
    port = house.json("tls", "on")["port"]
    key = house.run("key", "create", "admin", "--scope", "all").stdout.strip()
    words = ["curl", "-sSN", "--cacert", str(house.data / "tls/homeroll-ca.crt"), "-H", f"x-api-key: {key}"]
    url = f"https://localhost:{port}/api/v1/messages"
    with (
        subprocess.Popen([*words, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as stream,
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert stream.stdout is not None
        assert stream.stdout.read(1)  # it has begun
        assert house.stop() == 0
        assert stream.wait(20) == 0  # curl's own word for: it ended as it should
    assert "ERROR" not in house.log
    assert "Traceback" not in house.log


def test_switched_on_without_a_service_it_is_served_by_the_next_one(house: Machine) -> None:
    done = house.run("tls", "on")
    assert done.returncode == 0, done.stderr
    assert "on, but not served just now" in done.stdout
    assert "`homeroll serve`" in done.stderr
    house.start()
    assert house.json("tls")["port"]


def test_given_files_are_served_and_a_broken_one_is_a_problem_with_its_exit_code(house: Machine) -> None:
    made = given(house.photos)
    toml = f'tls_port = 0\ntls_certificate = "{made.certificate}"\ntls_key = "{made.key}"\n'
    (house.data / "homeroll.toml").write_text(toml)
    house.start()
    state = house.json("tls")
    assert (state["given"], state["certificate"]["fingerprint"]) == (True, made.fingerprint)
    assert curl(f"https://localhost:{state['port']}", made.certificate).returncode == 0
    assert "given by files" in house.run("tls", "off").stderr
    house.stop()

    made.key.write_text("nothing")
    house.start()
    told = house.run("tls")
    assert told.returncode == 1
    assert "given.key holds no private key" in told.stdout
    assert httpx.get(f"{house.url}/api/v1/server").status_code == 200
