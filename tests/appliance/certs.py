"""Certificates that somebody made elsewhere, and clients that look at ours: Debian's openssl, and Python's ssl."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from appliance.tls import fingerprint_of

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator
    from pathlib import Path

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for certificates of another time


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False, timeout=30)


def verified(leaf: Path, authority: Path, *how: str) -> str:
    """Why openssl does not take `leaf`; empty when it does."""
    done = openssl("verify", "-CAfile", authority, "-purpose", "sslserver", *how, leaf)
    return "" if done.returncode == 0 else done.stderr + done.stdout


class Given(NamedTuple):
    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.certificate.read_text())


def given(
    folder: Path, *, names: str = "DNS:photos.example,DNS:localhost", days: int = 90, name: str = "given"
) -> Given:
    """A certificate and key by openssl, in files that are replaced when it is made again."""
    made = Given(folder / f"{name}.crt", folder / f"{name}.key")
    parts = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days)]
    parts += ["-subj", "/CN=given", "-addext", f"subjectAltName={names}"]
    new = Given(folder / f"{name}.crt.new", folder / f"{name}.key.new")
    done = openssl("req", "-x509", *parts, "-keyout", new.key, "-out", new.certificate)
    assert done.returncode == 0, done.stderr
    new.certificate.replace(made.certificate)
    new.key.replace(made.key)
    return made


def trusting(authority: Path, *, at_any_time: bool = False) -> ssl.SSLContext:
    """A client that knows this authority and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    if at_any_time:
        context.verify_flags |= NO_CHECK_TIME
    return context


class Talk:
    """One connection that stays open, with a word to say on it again and again."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def fingerprint(self) -> str:
        der = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return fingerprint_of(ssl.DER_cert_to_PEM_cert(der))

    @property
    def names(self) -> set[str]:
        return {value for _, value in self._writer.get_extra_info("peercert")["subjectAltName"]}

    async def ask(self, path: str = "/") -> str:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await self._writer.drain()
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return (await self._reader.readexactly(length)).decode()


@contextlib.asynccontextmanager
async def talk(port: int, context: ssl.SSLContext | None, *, name: str = "localhost") -> AsyncIterator[Talk]:
    """context: None speaks plain HTTP."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name if context else None
    )
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # a server that went away first
            await writer.wait_closed()
