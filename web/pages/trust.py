"""How to trust our own certificate: a page without scripts or login, and the certificate itself.

It must open on a phone that has never seen this Homeroll, by plain HTTP, in whatever browser is on it.
"""

from __future__ import annotations

import asyncio
import html
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from litestar import MediaType, Request, Response, get

from appliance import tls
from appliance.errors import NotFoundError
from appliance.home import Home
from web.pages.shell import static_version
from web.parts import HomePart
from web.transport import address, host_of

TEMPLATES = Path(__file__).parent.parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Which steps are open at first: (part of the browser's name for itself, device); the first that fits.
DEVICES = (
    ("iPhone", "iphone"),
    ("iPad", "iphone"),
    ("Android", "android"),
    ("Firefox", "firefox"),
    ("Windows", "windows"),
    ("Macintosh", "mac"),
    ("Linux", "linux"),
)
HEADING = '      <h1>{}</h1>\n      <p class="trust-lead">{}</p>'
NOTHING = "Homeroll has not made a certificate. An admin switches it on with <code>homeroll tls on</code>."
GIVEN = "This Homeroll shows a certificate that your devices know already. {}"


@get("/trust", media_type=MediaType.HTML, include_in_schema=False)
async def trust(request: Request[Any, Any, Any], home: HomePart) -> Response[str]:
    """The steps, with those of the device that asks in front."""
    text = await asyncio.to_thread(_page, home, host_of(request.scope), request.headers.get("user-agent", ""))
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(text, media_type=MediaType.HTML, headers=headers)


@get("/trust/homeroll-ca.crt", media_type="application/x-x509-ca-cert", include_in_schema=False)
async def certificate(home: HomePart) -> Response[str]:
    """What phones install, as text (PEM), which all of them read and so do programs; never the key."""
    pem = await asyncio.to_thread(_authority, home)
    if pem is None:
        raise NotFoundError("There is no certificate to install", hint="`homeroll tls on` makes one.")
    return Response(pem, media_type="application/x-x509-ca-cert", headers={"Cache-Control": "no-cache"})


def _authority(home: Home) -> str | None:
    try:
        return tls.TlsFiles(home.paths.tls).authority_certificate.read_text("ascii")
    except FileNotFoundError:
        return None


def _page(home: Home, host: str, browser: str) -> str:
    pem, port = _authority(home), home.tls.port
    link = _link(address(host, port)) if port else ""
    if home.settings.tls_certificate:
        content = HEADING.format("Nothing to install", GIVEN.format(link))
    elif pem is None:
        content = HEADING.format("Nothing to install yet", NOTHING)
    else:
        device = next((name for part, name in DEVICES if part in browser), "")
        opened = {f"open_{name}": " open" if name == device else "" for _, name in DEVICES}
        switched_off = "It is switched off just now; <code>homeroll tls on</code> switches it on."
        content = _template("trust_own.html").substitute(
            opened, fingerprint=_in_rows(tls.fingerprint_of(pem)), address=link or switched_off
        )
    return _template("trust.html").substitute(version=static_version(), content=content)


def _in_rows(fingerprint: str) -> str:
    """Lines break between eights of bytes, so that two screens can be compared line by line."""
    parts = [fingerprint[start : start + 24] for start in range(0, len(fingerprint), 24)]
    return "".join(f"<span>{part}</span>" for part in parts)


@cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text("utf-8"))


def _link(url: str) -> str:
    shown = html.escape(url, quote=True)
    return f'<a href="{shown}/">{shown}</a>'


TRUST = (trust, certificate)
