"""Certificates in memory: a small authority of our own, and what it vouches for.

Values in, values out; knows no files.  Only the compute process imports this, because `cryptography` is large.

The authority may vouch for nothing but servers with names and addresses of a home: whoever stole its key could still
not pretend to be a bank towards the phones that trust it, nor sign programs or mail.  The constraint is critical, so
that a client which does not know it refuses instead of trusting without it.
"""

from __future__ import annotations

import ipaddress
import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.errors import ConfigError
from appliance.tls import Certificate, colons, is_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

AUTHORITY_LIFE = timedelta(days=3653)
#: What phones and browsers take as the most for a server's certificate of a public authority; ours keeps to it, too.
LEAF_LIFE = timedelta(days=397)
#: Certificates begin a day ago: clocks of phones, and of machines without a battery for theirs, are never quite right.
BACKDATED = timedelta(days=1)
#: A clock before Homeroll existed is wrong: what is made by it would have ended once somebody sets the clock.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)

#: Names that belong to homes: mDNS (RFC 6762), this machine (RFC 6761), RFC 8375, ICANN's for private use, and what
#: routers call their networks.  None can ever be somebody's on the internet.
HOME_NAMES = ("local", "localhost", "home.arpa", "internal", "lan")
HOME_NETWORKS = (
    "10.0.0.0/8",  # RFC 1918, three of them
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # RFC 6598, which private overlay networks use
    "169.254.0.0/16",  # link-local
    "127.0.0.0/8",
    "::1/128",
    "fc00::/7",  # RFC 4193
    "fe80::/10",
)
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Pair(NamedTuple):
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_authority(names: Iterable[str], now: datetime) -> Pair:
    """names: also those that belong to no home in general but to this one, such as the machine's own.

    Raises ConfigError when the clock cannot be right.
    """
    if now < EARLIEST:
        raise ConfigError(
            f"This machine's clock says {now:%Y-%m-%d}: no certificate is made by it",
            hint="It is made by itself as soon as the clock is right.",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    own = [name for name in names if _NAME.fullmatch(name) and not _address(name) and not _is_below(name, HOME_NAMES)]
    trees: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys((*HOME_NAMES, *own))]
    trees += [x509.IPAddress(ipaddress.ip_network(network)) for network in HOME_NETWORKS]
    # The day and some letters tell two of them apart on a phone, and every issuer must have a name of its own.
    subject = _named(f"Homeroll at home, {now:%Y-%m-%d} {os.urandom(2).hex()}")
    start = now - BACKDATED
    certificate = (
        _begun(subject, subject, key, start, start + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted_subtrees=trees, excluded_subtrees=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def make_leaf(authority: Pair, names: Sequence[str], now: datetime) -> Pair:
    """A server's certificate for `names`, all of which the authority permits.

    Raises ConfigError when the authority has ended.
    """
    issuer = authority.certificate
    if now >= issuer.not_valid_after_utc:
        raise ConfigError(
            f"Homeroll's own authority has ended on {issuer.not_valid_after_utc:%Y-%m-%d}",
            hint="If the clock is right: `homeroll tls on --new-authority`, then install it on every phone again.",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    # Nobody reads it but people: clients look at the alternative names.
    called = next((name for name in ("homeroll.local", *names) if name in names and len(name) <= 64), "Homeroll")
    start = max(now - BACKDATED, issuer.not_valid_before_utc)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _begun(_named(called), issuer.subject, key, start, min(start + LEAF_LIFE, issuer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Pair(certificate, key)


def permits(authority: x509.Certificate, name: str) -> bool:
    """Whether `authority` may vouch for this name or address."""
    trees = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    address = _address(name)
    if address is not None:
        networks = (ipaddress.ip_network(str(tree.value)) for tree in trees if isinstance(tree, x509.IPAddress))
        return any(address in network for network in networks)
    dns = tuple(tree.value for tree in trees if isinstance(tree, x509.DNSName))
    return _NAME.fullmatch(name) is not None and _is_below(name, dns)


def still_fits(leaf: x509.Certificate, authority: x509.Certificate, names: Iterable[str], now: datetime) -> bool:
    """Whether it is this authority's, for exactly these names, and another one would not last longer."""
    try:
        leaf.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    shown = told(leaf)
    return set(shown.names) == set(names) and not is_due(shown, told(authority), now)


def told(certificate: x509.Certificate) -> Certificate:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        called: tuple[str, ...] = ()
    else:
        addresses = tuple(str(address) for address in names.get_values_for_type(x509.IPAddress))
        called = (*names.get_values_for_type(x509.DNSName), *addresses)
    return Certificate(
        names=called,
        start=certificate.not_valid_before_utc,
        end=certificate.not_valid_after_utc,
        fingerprint=colons(certificate.fingerprint(hashes.SHA256())),
    )


def to_pem(pair: Pair) -> bytes:
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + public_pem(pair.certificate)


def public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def from_pem(data: bytes) -> Pair:
    """Raises ValueError when it is not a key and the certificate that belongs to it."""
    key, certificate = load_pem_private_key(data, None), x509.load_pem_x509_certificate(data)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or _public(key.public_key()) != _public(
        certificate.public_key()
    ):
        raise ValueError("the key does not belong to the certificate")
    return Pair(certificate, key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What both kinds have."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(title: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _public(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _is_below(name: str, trees: Iterable[str]) -> bool:
    return any(name == tree or name.endswith(f".{tree}") for tree in trees)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)
