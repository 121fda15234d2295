"""Between plain HTTP and TLS: who is sent from one to the other, and which browsers are told to remember it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from litestar.enums import ScopeType

from appliance.tls import covers
from appliance.values import now

if TYPE_CHECKING:
    from litestar.types import Scope

    from appliance.home import Home

#: Stays reachable without TLS: programs say for themselves how they want to talk, and who does not trust our
#: certificate yet must be able to fetch it.
PLAIN = ("/api/", "/static/", "/trust")
#: Whoever goes back to plain HTTP after all has browsers that refuse it for this long.
MOST_REMEMBERED = timedelta(days=1)


def other_address(scope: Scope, home: Home) -> str | None:
    """Where a browser that opens a page by plain HTTP is sent to, if `https_only` says so and TLS is served.

    Only for a name that the certificate has: to any other one no browser would get without a warning.
    """
    port, served = home.tls.port, home.tls.served
    if not home.settings.https_only or not port or served is None:
        return None
    if scope["type"] != ScopeType.HTTP or scope["scheme"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    path = scope["path"]
    # No browser asks for what does not begin so; put behind a host it would become part of the name.
    if not path.startswith("/") or path.startswith(PLAIN):
        return None
    host = host_of(scope)
    if not covers(served.certificate, host):
        return None
    query = scope["query_string"].decode("latin-1")
    return address(host, port) + quote("/" + path.lstrip("/")) + (f"?{query}" if query else "")


def lasting_tls(scope: Scope, home: Home) -> tuple[tuple[bytes, bytes], ...]:
    """The header that makes browsers refuse plain HTTP from then on (HSTS, RFC 6797), where it can lock nobody out.

    Never with a certificate of our own, which a device may stop trusting.  With a given one, only for a name that it
    has, no longer than it lasts, and only on the ports 80 and 443: a browser that remembers changes `http` to `https`
    but keeps any other port, and would knock at the plain door in a language that is not spoken there.
    """
    settings, tls = home.settings, home.tls
    if not settings.https_only or not tls.given or tls.served is None or scope["scheme"] != "https":
        return ()
    if (settings.port, settings.tls_port) != (80, 443) or not covers(tls.served.certificate, host_of(scope)):
        return ()
    seconds = int(min(tls.served.certificate.end - now(), MOST_REMEMBERED).total_seconds())
    return ((b"strict-transport-security", f"max-age={seconds}".encode()),) if seconds > 0 else ()


def host_of(scope: Scope) -> str:
    """The name or address, without the port, that the request was sent to; checked before (`is_known_host`)."""
    told = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "").strip().lower()
    if told.startswith("["):
        return told[1:].partition("]")[0]
    return told.partition(":")[0].rstrip(".") if told.count(":") <= 1 else told


def address(host: str, port: int) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"https://{named}" if port == 443 else f"https://{named}:{port}"
