"""Our own authority and its certificates, as openssl judges them; files that nobody else reads and no kill halves."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance import certificates, tls, tls_files
from appliance.errors import ConfigError
from appliance.tls import Certificate, Served, TlsFiles
from appliance.values import now
from tests.appliance.certs import given, openssl, verified
from tests.conftest import REPOSITORY

NAMES = ("homeroll.local", "localhost", "nas", "nas.home.arpa", "photos.example", "192.168.1.20", "fd00::20", "::1")
PUBLIC = ("8.8.8.8", "2001:4860:4860::8888")
DAY = timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return TlsFiles(tmp_path / "tls")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_openssl_takes_the_certificate_for_each_of_its_names_and_for_no_other(files: TlsFiles) -> None:
    served = tls_files.keep(files, NAMES, now())
    assert set(served.certificate.names) == set(NAMES)
    for name in NAMES:
        kind = "-verify_ip" if certificates._address(name) else "-verify_hostname"
        assert verified(files.server, files.authority_certificate, "-x509_strict", kind, name) == "", name
    for name in ("bank.example", "evil.local", "other.nas.home.arpa"):
        assert "hostname mismatch" in verified(files.server, files.authority_certificate, "-verify_hostname", name)
    assert "IP address mismatch" in verified(files.server, files.authority_certificate, "-verify_ip", "192.168.1.21")
    told = openssl("x509", "-in", files.server, "-noout", "-fingerprint", "-sha256", "-dates").stdout
    assert served.certificate.fingerprint in told
    assert f"{served.certificate.end:%b} {served.certificate.end.day:2} " in told.split("notAfter=")[1]


@pytest.mark.parametrize("name", ["bank.example", "www.photos.example.net", "8.8.8.8", "2001:4860:4860::8888"])
def test_a_stolen_authority_vouches_for_nothing_beyond_a_home(files: TlsFiles, tmp_path: Path, name: str) -> None:
    tls_files.keep(files, NAMES, now())
    stolen = certificates.from_pem(files.authority.read_bytes())
    forged = tmp_path / "forged.pem"
    forged.write_bytes(certificates.to_pem(certificates.make_leaf(stolen, [name], now())))
    assert "permitted subtree violation" in verified(forged, files.authority_certificate)


def test_the_authority_is_for_servers_only_and_makes_no_further_one(files: TlsFiles, tmp_path: Path) -> None:
    tls_files.keep(files, NAMES, now())
    stolen, key = certificates.from_pem(files.authority.read_bytes()), ec.generate_private_key(ec.SECP256R1())
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anna")]))
        .issuer_name(stolen.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now())
        .not_valid_after(now() + DAY)
    )
    for purpose, usage in (("sslserver", None), ("smimesign", ExtendedKeyUsageOID.EMAIL_PROTECTION)):
        made = unsigned.add_extension(x509.ExtendedKeyUsage([usage]), critical=False) if usage else unsigned
        forged = tmp_path / f"{purpose}.pem"
        forged.write_bytes(certificates.public_pem(made.sign(stolen.key, hashes.SHA256())))
        done = openssl("verify", "-CAfile", files.authority_certificate, "-purpose", purpose, forged)
        assert (done.returncode == 0) is (purpose == "sslserver"), done.stderr
    shown = openssl("x509", "-in", files.authority_certificate, "-noout", "-text").stdout
    assert "CA:TRUE, pathlen:0" in shown
    assert "X509v3 Name Constraints: critical" in shown


def test_names_of_the_internet_are_left_out_and_told(files: TlsFiles) -> None:
    tls_files.keep(files, NAMES, now())
    served = tls_files.keep(files, [*NAMES, *PUBLIC, "later.example"], now())
    assert served.left_out == (*PUBLIC, "later.example")
    assert set(served.certificate.names) == set(NAMES)
    again = tls_files.new_authority(files, [*NAMES, *PUBLIC, "later.example"], now())
    assert again.left_out == PUBLIC


def test_nobody_else_may_read_any_of_it(files: TlsFiles) -> None:
    tls_files.keep(files, NAMES, now())
    assert mode(files.folder) == 0o700
    found = {path.name: mode(path) for path in files.folder.iterdir()}
    assert found == {"authority.pem": 0o600, "homeroll-ca.crt": 0o600, "server.pem": 0o600}
    assert "PRIVATE" not in files.authority_certificate.read_text()


def test_what_fits_is_left_alone(files: TlsFiles) -> None:
    first = tls_files.keep(files, NAMES, now())
    before = {path: path.stat().st_mtime_ns for path in files.folder.iterdir()}
    assert tls_files.keep(files, tuple(reversed(NAMES)), now() + DAY) == first
    assert {path: path.stat().st_mtime_ns for path in files.folder.iterdir()} == before


def test_it_is_renewed_thirty_days_before_its_end_by_the_same_authority_with_another_key(files: TlsFiles) -> None:
    first = tls_files.keep(files, NAMES, now())
    key = certificates.from_pem(files.server.read_bytes()).key
    late = first.certificate.end - 30 * DAY
    assert tls_files.keep(files, NAMES, late - timedelta(seconds=1)) == first
    renewed = tls_files.keep(files, NAMES, late)
    assert renewed.authority == first.authority
    assert renewed.certificate.end > late + 390 * DAY
    assert certificates.from_pem(files.server.read_bytes()).key.private_numbers() != key.private_numbers()
    at = str(int(late.timestamp()) + 60)
    assert verified(files.server, files.authority_certificate, "-attime", at) == ""


def test_near_the_end_of_the_authority_it_ends_with_it_and_is_not_made_again_and_again(files: TlsFiles) -> None:
    first = tls_files.keep(files, NAMES, now())
    assert first.authority is not None
    late = first.authority.end - 20 * DAY
    last = tls_files.keep(files, NAMES, late)
    assert last.certificate.end == first.authority.end
    assert tls_files.keep(files, NAMES, late + DAY) == last
    message, hint = tls.shortcoming(last, late)
    assert f"{first.authority.end:%Y-%m-%d}" in message
    assert "--new-authority" in hint
    with pytest.raises(ConfigError, match="has ended"):
        tls_files.keep(files, NAMES, first.authority.end + DAY, anew=True)
    assert tls_files.new_authority(files, NAMES, first.authority.end + DAY).authority != first.authority


def test_a_clock_that_was_wrong_is_mended_as_soon_as_it_is_right(files: TlsFiles) -> None:
    with pytest.raises(ConfigError, match="1970"):
        tls_files.keep(files, NAMES, now().replace(year=1970))
    assert not files.folder.exists()
    authority = tls_files.keep(files, NAMES, now()).authority
    ahead = tls_files.keep(files, NAMES, now() + 1000 * DAY)
    right = tls_files.keep(files, NAMES, now())
    assert (ahead.authority, right.authority) == (authority, authority)
    assert right.certificate.start <= now() < right.certificate.end


def test_another_address_makes_another_certificate_of_the_same_authority(files: TlsFiles) -> None:
    first = tls_files.keep(files, NAMES, now())
    moved = tls_files.keep(files, [*NAMES, "10.0.0.7"], now())
    assert moved.authority == first.authority
    assert set(moved.certificate.names) == {*NAMES, "10.0.0.7"}
    assert verified(files.server, files.authority_certificate, "-verify_ip", "10.0.0.7") == ""


def test_a_damaged_certificate_is_made_anew_a_damaged_authority_is_told_and_kept(files: TlsFiles) -> None:
    first = tls_files.keep(files, NAMES, now())
    for damaged in (b"", b"not a certificate", files.server.read_bytes()[:300]):
        files.server.write_bytes(damaged)
        assert tls_files.keep(files, NAMES, now()).authority == first.authority
        assert verified(files.server, files.authority_certificate) == ""
    other = TlsFiles(files.folder.parent / "other")
    tls_files.keep(other, NAMES, now())
    mixed = files.authority.read_text().split("-----BEGIN CERT")[0] + other.authority_certificate.read_text()
    for text in ("", "-----BEGIN PRIVATE KEY-----", mixed):
        files.authority.write_text(text)
        with pytest.raises(ConfigError, match="is damaged"):
            tls_files.keep(files, NAMES, now())
        assert files.authority.read_text() == text


KILLED = """
import os, pathlib, signal, sys
from appliance import tls_files
from appliance.tls import TlsFiles
from appliance.values import now
left = int(sys.argv[3])
def counted(real):
    def call(*arguments):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)
    return call
for name in ("open", "fdopen", "fsync"):
    setattr(os, name, counted(getattr(os, name)))
pathlib.Path.replace = counted(pathlib.Path.replace)
getattr(tls_files, sys.argv[1])(TlsFiles(pathlib.Path(sys.argv[2])), ["localhost"], now())
"""


@pytest.mark.parametrize("work", ["keep", "new_authority"])
def test_killed_at_any_write_it_leaves_whole_files_that_the_next_run_makes_fit(tmp_path: Path, work: str) -> None:
    killed = 0
    for number in range(1, 60):
        files = TlsFiles(tmp_path / str(number) / "tls")
        files.folder.parent.mkdir()
        if work == "new_authority":
            tls_files.keep(files, ["localhost"], now())
        done = subprocess.run(
            [sys.executable, "-c", KILLED, work, str(files.folder), str(number)], cwd=REPOSITORY, check=False
        )
        for path in files.folder.glob("[a-z]*"):
            assert path.read_text().endswith("-----END CERTIFICATE-----\n"), path
        before = files.authority.read_bytes() if files.authority.exists() else None
        tls_files.keep(files, ["localhost"], now())
        assert verified(files.server, files.authority_certificate, "-verify_hostname", "localhost") == ""
        assert before in (None, files.authority.read_bytes())
        assert sorted(path.name for path in files.folder.iterdir()) == [
            "authority.pem",
            "homeroll-ca.crt",
            "server.pem",
        ]
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    else:
        pytest.fail("it never came to its end")
    assert killed >= 12  # three files, each with at least: made, opened, synced, renamed


def test_given_files_are_read_with_all_their_names(tmp_path: Path) -> None:
    made = given(tmp_path, names="DNS:photos.example,DNS:*.photos.example,IP:192.168.1.5", days=90)
    served = tls_files.read_given(made.certificate, made.key)
    assert served.certificate.names == ("photos.example", "*.photos.example", "192.168.1.5")
    assert served.certificate.fingerprint == made.fingerprint
    assert served.authority is None


def test_given_files_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    made, other = given(tmp_path), given(tmp_path, name="other")
    locked = tmp_path / "locked.key"
    assert openssl("ec", "-in", made.key, "-aes128", "-passout", "pass:secret", "-out", locked).returncode == 0
    cases = (
        (tmp_path / "missing", made.key, "missing cannot be read: No such file"),
        (made.certificate, tmp_path / "missing", "missing cannot be read: No such file"),
        (made.key, made.key, "given.key holds no certificate"),
        (made.certificate, made.certificate, "given.crt holds no private key"),
        (made.certificate, other.key, "other.key does not open the certificate"),
        (made.certificate, locked, "locked.key does not open the certificate"),
    )
    for certificate, key, message in cases:
        with pytest.raises(ConfigError, match=message) as raised:
            tls_files.read_given(certificate, key)
        assert raised.value.hint


@pytest.mark.parametrize(
    ("days", "lasts", "told"),
    [(20, 90, ""), (13, 90, "ends on"), (0, 90, "has ended"), (-3, 90, "has ended"), (2, 6, ""), (0.9, 6, "ends on")],
)
def test_people_are_told_in_time_that_a_given_certificate_ends(days: float, lasts: float, told: str) -> None:
    end = now() + days * DAY
    certificate = Certificate(names=("photos.example",), start=end - lasts * DAY, end=end, fingerprint="")
    message, _ = tls.shortcoming(Served(Path("a"), Path("b"), certificate), now())
    assert told in message
    assert bool(message) == bool(told)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("photos.example", True),
        ("a.wild.example", True),
        ("192.168.1.5", True),
        ("wild.example", False),
        ("a.b.wild.example", False),
        ("example", False),
        ("", False),
    ],
)
def test_a_star_stands_for_one_label(host: str, covered: bool) -> None:
    names = ("photos.example", "*.wild.example", "192.168.1.5")
    assert tls.covers(Certificate(names=names, start=now(), end=now(), fingerprint=""), host) is covered
