"""Certificates on the disk: our own are kept in order here, those that were given are checked.

These functions run in the compute process, one at a time (`TlsState.changing`); the service only hands files to `ssl`.
Every file is replaced as a whole, and each says by itself whether it fits the others: a kill between two of them leaves
what the next run mends.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from typing import TYPE_CHECKING, NoReturn

from appliance.errors import ConfigError, StorageError
from appliance.files import TEMPORARY_PREFIX, raise_storage_error, remove_temporaries, sync_folder
from appliance.tls import Served

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from appliance.certificates import Pair
    from appliance.tls import TlsFiles

LOCKED_HINT = "Name the key that its certificate was asked for with, as PEM and without a password."


def keep(files: TlsFiles, names: Sequence[str], now: datetime, *, anew: bool = False) -> Served:
    """The certificate for `names`, made where it is missing, ends within 30 days, or no longer fits.

    The authority is made when there is none.  anew: renew the certificate whatever its state.
    Raises ConfigError when the authority is damaged or has ended: phones trust that one, so it is not replaced unasked.
    """
    from appliance import certificates

    remove_temporaries(files.folder)
    authority = _read_authority(files)
    if authority is None:
        authority = certificates.make_authority(names, now)
        _write_private(files.authority, certificates.to_pem(authority))
    public = certificates.public_pem(authority.certificate)
    if _read(files.authority_certificate) != public:
        _write_private(files.authority_certificate, public)
    wanted = tuple(dict.fromkeys(names))
    allowed = [name for name in wanted if certificates.permits(authority.certificate, name)]
    leaf = _read_leaf(files)
    if anew or leaf is None or not certificates.still_fits(leaf.certificate, authority.certificate, allowed, now):
        leaf = certificates.make_leaf(authority, allowed, now)
        _write_private(files.server, certificates.to_pem(leaf))
    return Served(
        certificate_file=files.server,
        key_file=files.server,
        certificate=certificates.told(leaf.certificate),
        authority=certificates.told(authority.certificate),
        left_out=tuple(name for name in wanted if name not in allowed),
    )


def new_authority(files: TlsFiles, names: Sequence[str], now: datetime) -> Served:
    """Another authority and certificate in place of those that are there; every phone must install it again."""
    from appliance import certificates

    _write_private(files.authority, certificates.to_pem(certificates.make_authority(names, now)))
    return keep(files, names, now, anew=True)


def read_given(certificate_file: Path, key_file: Path) -> Served:
    """Files that somebody made elsewhere, checked as far as can be.

    Raises ConfigError when one cannot be read, is none, or they do not belong together.
    """
    from cryptography import x509

    from appliance import certificates

    try:
        leaf = x509.load_pem_x509_certificates(_read_given(certificate_file, "tls_certificate"))[0]
    except ValueError as error:
        raise ConfigError(
            f"{certificate_file} holds no certificate", hint="tls_certificate must be PEM: -----BEGIN CERTIFICATE-----"
        ) from error
    if b"PRIVATE KEY-----" not in _read_given(key_file, "tls_key"):
        raise ConfigError(f"{key_file} holds no private key", hint="tls_key must be PEM: -----BEGIN PRIVATE KEY-----")
    try:
        context(certificate_file, key_file)
    except ssl.SSLError as error:
        raise ConfigError(
            f"The key {key_file} does not open the certificate {certificate_file}", hint=LOCKED_HINT
        ) from error
    return Served(certificate_file, key_file, certificates.told(leaf))


def context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    """What a server shows these with.  Raises OSError, of which ssl.SSLError is one."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A locked key would make OpenSSL ask on a terminal, which a service has none of; an empty answer is an error.
    made.load_cert_chain(certificate_file, key_file, password=lambda: "")
    made.set_alpn_protocols(["http/1.1"])
    return made


def _read_authority(files: TlsFiles) -> Pair | None:
    from appliance import certificates

    data = _read(files.authority)
    if data is None:
        return None
    try:
        return certificates.from_pem(data)
    except ValueError as error:
        raise ConfigError(
            f"Homeroll's own authority, {files.authority}, is damaged",
            hint="Put back a copy of it, or `homeroll tls on --new-authority`, then install that on every phone.",
        ) from error


def _read_leaf(files: TlsFiles) -> Pair | None:
    """One that is damaged is made anew, as one that is missing: nobody but our authority has to know it."""
    from appliance import certificates

    data = _read(files.server)
    with contextlib.suppress(ValueError):
        return certificates.from_pem(data) if data is not None else None
    return None


def _read(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _read_given(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", hint=f"{setting} names it; the service's account must read it."
        ) from error


def _write_private(path: Path, data: bytes) -> None:
    """Atomically, durably, and for nobody else to read, not even for a moment.  Raises StorageError."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}")
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700)
            sync_folder(path.parent.parent)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        _refuse(path, error)


def _refuse(path: Path, error: OSError) -> NoReturn:
    try:
        raise_storage_error(error)
    except OSError:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}", hint="Does the folder belong to the service's account?"
        ) from error
