"""Who may come in.  Default deny: one guard stands before every route, and `EXEMPT` is the whole list of exceptions.

Also here: the check of the Host header (DNS rebinding), of the origin of requests that change something (CSRF), and the
headers that every answer carries.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from appliance.errors import AccessError, AuthenticationError, PermissionDeniedError
from appliance.library import keys, sessions
from appliance.library.viewers import LOCAL_ADMIN, Viewer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import ASGIApp, Receive, Scope, Send

    from appliance.home import Home

COOKIE = "homeroll_session"
#: By TLS, a cookie of its own: browsers refuse to let a page without TLS replace a `Secure` one of the same name, so
#: whoever had logged in by TLS could not log in at the plain address any more.
SECURE_COOKIE = "__Host-homeroll_session"

_BY_LINK = ("thumbnail", "preview", "video", "download")

#: Routes that answer without a login, as (method, path).  Nothing else does.
EXEMPT: tuple[tuple[str, str], ...] = (
    ("GET", "/api/v1/server"),
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/auth/login"),
    # what the browser needs to show the login page; none of it holds anything of the library
    ("GET", "/"),
    ("GET", "/login"),
    ("GET", "/setup"),
    ("GET", "/activity"),
    ("GET", "/people"),
    ("GET", "/people/{person_id}"),
    ("GET", "/photo/{file_id}"),
    ("GET", "/search"),
    ("GET", "/tags"),
    ("GET", "/duplicates"),
    ("GET", "/settings"),
    ("GET", "/requests"),
    ("GET", "/models"),
    ("GET", "/s/{token}"),
    ("GET", "/albums"),
    ("GET", "/albums/{album_id}"),
    ("GET", "/locked"),
    ("GET", "/sharing"),
    ("GET", "/sessions"),
    ("GET", "/users"),
    ("GET", "/trash"),
    ("GET", "/events"),
    ("GET", "/events/{event_id}"),
    ("GET", "/places"),
    ("GET", "/memories/{memory}"),
    # a link: its address is the right to look, and each of these asks for it (`library/share_links.py`)
    ("GET", "/api/v1/s/{token}"),
    ("POST", "/api/v1/s/{token}/open"),
    ("GET", "/api/v1/s/{token}/files"),
    *((method, f"/api/v1/s/{{token}}/files/{{file_id}}/{what}") for method in ("GET", "HEAD") for what in _BY_LINK),
    ("POST", "/api/v1/s/{token}/uploads"),
    # how to trust our own certificate, before anything can be sent by it
    ("GET", "/trust"),
    ("GET", "/trust/homeroll-ca.crt"),
    ("GET", "/static/{file_path}"),
    ("HEAD", "/static/{file_path}"),
)
_EXEMPT = frozenset(EXEMPT)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: What a key needs, beside `all`: scope -> (methods, beginnings of paths); a key without `all` can do nothing else.
SCOPES: dict[str, tuple[tuple[frozenset[str], tuple[str, ...]], ...]] = {
    "read": ((SAFE_METHODS, ("/api/",)),),
    "upload": (
        (SAFE_METHODS | {"POST", "PATCH", "DELETE"}, ("/api/v1/uploads",)),
        (SAFE_METHODS, ("/api/v1/auth/me",)),
    ),
    "metrics": ((SAFE_METHODS, ("/api/v1/metrics", "/api/v1/auth/me")),),
}

_PAGE_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

#: On every answer that does not say otherwise.
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _PAGE_POLICY.encode()),
)

# A key that no client can send: `scope` is made by the server, and only `as_local_admin` puts this into it.
_LOCAL_ADMIN = "homeroll.local_admin"


def as_local_admin(app: ASGIApp) -> ASGIApp:
    """The same application for admin.sock: every request comes from the local admin.

    Who can open that socket is an admin; the mark is put here and nowhere else, so TCP requests can never carry it.
    """

    async def local(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _empty_lifespan(receive, send)
            return
        marked: Any = {**scope, _LOCAL_ADMIN: True}
        await app(marked, receive, send)

    return local


async def _empty_lifespan(receive: Any, send: Any) -> None:
    """The application's own start and stop belong to the TCP server; here is nothing to do."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def session_cookie(scope: Scope) -> str:
    """The name of the cookie that holds the session, for a request that came this way."""
    return SECURE_COOKIE if scope["scheme"] == "https" else COOKIE


def is_local_admin(scope: Scope) -> bool:
    return scope.get(_LOCAL_ADMIN) is True


async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let the request through, its `Viewer` as `connection.user`, or raise what refuses it."""
    scope: Any = connection.scope
    method, path = str(scope["method"]), str(scope["path_template"])
    exempt = (method, path) in _EXEMPT
    viewer, by_cookie = await _who(connection)
    if method not in SAFE_METHODS and (by_cookie or exempt):
        _check_origin(connection, strict=by_cookie)
    if viewer is None and not exempt:
        raise AuthenticationError("Please log in", hint="Programs send an API key as x-api-key.")
    if viewer is not None and not exempt:
        _check_scope(viewer, method, scope["path"])
    scope["user"] = viewer


async def is_still(connection: ASGIConnection[Any, Any, Any, Any], viewer: Viewer) -> bool:
    """Whether what came with the request still says that it is this viewer."""
    try:
        found, _ = await _who(connection)
    except AccessError:
        return False
    return found is not None and (found.user_id, found.is_admin) == (viewer.user_id, viewer.is_admin)


async def _who(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[Viewer | None, bool]:
    """The viewer and whether a cookie says so (browsers send cookies by themselves, keys never)."""
    if is_local_admin(connection.scope):
        return LOCAL_ADMIN, False
    home: Home = connection.app.state.home
    key = connection.headers.get("x-api-key") or _bearer(connection.headers.get("authorization", ""))
    if key:
        viewer = await keys.find_key(home.db, key)
        if viewer is None:
            raise AuthenticationError("This key opens nothing here", hint="It may have been removed; make a new one.")
        return viewer, False
    token = connection.cookies.get(session_cookie(connection.scope))
    if not token:
        return None, False
    address = connection.client.host if connection.client else ""
    session = await sessions.find_session(home.db, token, days=home.settings.session_days, address=address)
    return (session.viewer if session else None), True


def _bearer(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _check_scope(viewer: Viewer, method: str, path: str) -> None:
    if "all" in viewer.scopes:
        return
    for scope in viewer.scopes:
        if any(method in methods and path.startswith(beginnings) for methods, beginnings in SCOPES.get(scope, ())):
            return
        if scope == "upload" and (method, path.rstrip("/")) == ("POST", "/api/v1/files"):
            return
    raise PermissionDeniedError(
        "This key may not do that", hint=f"Its scopes are: {', '.join(viewer.scopes)}; a key with `all` may do more."
    )


def _check_origin(connection: ASGIConnection[Any, Any, Any, Any], *, strict: bool) -> None:
    """Refuse what another site makes a browser send; `strict`: also what does not say where it comes from."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    elif origin is not None:
        allowed = _netloc(origin) == connection.headers.get("host", "").lower()
    else:
        allowed = not strict
    if not allowed:
        raise PermissionDeniedError(
            "This request comes from another site", hint="Open Homeroll itself, or use an API key instead of a cookie."
        )


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # such as a bracket that is not closed
        return None


def host_names(extra: Iterable[str]) -> frozenset[str]:
    """Names this service answers to, beside addresses: an attacker's own name pointed at us is none of them."""
    machine = socket.gethostname().lower()
    names = {"localhost", "homeroll.local", machine, f"{machine.split('.')[0]}.local", *extra}
    return frozenset(name.lower().rstrip(".") for name in names)


def is_known_host(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names us: a known name, `homeroll-2.local` after an mDNS conflict, or an address."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    name = name.rstrip(".")
    if name in names or (name.startswith("homeroll-") and name.endswith(".local") and name.count(".") == 1):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
