"""What is known of https: which certificate is shown, what is wrong with it, and where its files lie.

Plain values and judgements; makes no certificate (`certificates.py`) and touches no file (`tls_files.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Our own certificate is made anew this long before it ends.
RENEW = timedelta(days=30)
#: People are told this long before our authority ends: every phone has to install another one.
TELL_AUTHORITY = timedelta(days=60)
#: People are told this long before a given certificate ends, or later where it is short-lived and renewed by a program.
TELL_GIVEN = timedelta(days=14)


class TlsFiles(msgspec.Struct, frozen=True):
    """Where our own certificates lie, in a folder that nobody else may read."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Key and certificate in one file, so that they are replaced together."""
        return self.folder / "authority.pem"

    @property
    def authority_certificate(self) -> Path:
        """What phones install."""
        return self.folder / "homeroll-ca.crt"

    @property
    def server(self) -> Path:
        """The served certificate and its key."""
        return self.folder / "server.pem"


class Certificate(msgspec.Struct, frozen=True):
    """What people are told of one: names and addresses as they are typed, the SHA-256 fingerprint of the whole."""

    names: tuple[str, ...]
    start: datetime
    end: datetime
    fingerprint: str


class Served(msgspec.Struct, frozen=True):
    """What the service shows whoever connects; `left_out`: wanted names that the authority may not vouch for."""

    certificate_file: Path
    key_file: Path
    certificate: Certificate
    authority: Certificate | None = None
    left_out: tuple[str, ...] = ()


@dataclass
class TlsState:
    """What is served just now, for those who ask; only the door (`appliance/door.py`) changes it."""

    port: int | None = None
    """Where TLS is answered; None when it is not."""
    given: bool = False
    """The certificate comes from files that somebody named in the settings."""
    served: Served | None = None
    problem: str = ""
    """What is wrong, although it may be served all the same."""
    hint: str = ""
    look: Callable[[], Awaitable[None]] | None = None
    """Bring what is served in line with what is wanted, now; None where no door is open: commands without a service."""
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever writes the files."""


def is_due(certificate: Certificate, authority: Certificate, now: datetime) -> bool:
    """Whether another one would last longer, or begin earlier: one that ends with its authority cannot do better."""
    if now >= certificate.end - RENEW:
        return certificate.end < authority.end
    return now < certificate.start and certificate.start > authority.start


def shortcoming(served: Served, now: datetime) -> tuple[str, str]:
    """What people must do something about, and what: a message and a hint, both empty when all is well."""
    if (authority := served.authority) is not None:
        hint = "If the clock is right: `homeroll tls on --new-authority`, then install it on every phone again."
        if now < authority.start:
            return f"Homeroll's own authority begins only on {authority.start:%Y-%m-%d}", hint
        if now >= authority.end - TELL_AUTHORITY:
            return f"Homeroll's own authority ends on {authority.end:%Y-%m-%d}", hint
        return "", ""
    certificate = served.certificate
    hint = "Put the next one, with its key, into the same files: they are read again by themselves."
    if now < certificate.start:
        return f"The given certificate begins only on {certificate.start:%Y-%m-%d}", "Is this machine's clock right?"
    if now >= certificate.end:
        return f"The given certificate has ended on {certificate.end:%Y-%m-%d}", hint
    if now >= certificate.end - min(TELL_GIVEN, (certificate.end - certificate.start) / 6):
        return f"The given certificate ends on {certificate.end:%Y-%m-%d}", hint
    return "", ""


def covers(certificate: Certificate, host: str) -> bool:
    """Whether a browser that opens `host` takes it; `*.example.com` stands for one more label (RFC 6125)."""
    _, _, parent = host.partition(".")
    return host in certificate.names or (bool(parent) and f"*.{parent}" in certificate.names)


def fingerprint_of(pem: str) -> str:
    """SHA-256 of the one certificate in `pem`, as phones and browsers show it."""
    return colons(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest())


def colons(digest: bytes) -> str:
    return digest.hex(":").upper()
