"""The one HTML shell every page address answers with; the browser's own modules decide what to show in it.

Holds no data about the library and asks nobody who is calling: what the shell shows comes through the API, which does.
"""

import asyncio
import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from litestar import MediaType, Request, Response, get

from web.security import session_cookie

STATIC_DIR = Path(__file__).parent.parent / "static"
SHELL = Path(__file__).parent.parent / "templates" / "shell.html"

# Modules that are only fetched when first needed: not worth a preload.
LAZY_FOLDERS = (
    "adjust",
    "viewer",
    "upload",
    "activity",
    "auth",
    "people",
    "search",
    "tags",
    "models",
    "duplicates",
    "albums",
    "locked",
    "sharing",
    "link",
    "memories",
    "places",
    "events",
    "trash",
    "select",
    "requests",
    "sessions",
    "users",
)


@cache
def static_version() -> str:
    """A short digest of every static file: changes when any of them does, so that `?v=` may be cached for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_DIR.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC_DIR).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def shell_page(*, has_session: bool) -> tuple[str, str]:
    """The shell's HTML and the Content-Security-Policy that belongs to it.

    has_session: the browser sent a session cookie, which its scripts cannot see; it may be an ended one.
    An import map gives every module its versioned address; it is the only inline script, allowed by its hash.
    """
    version = static_version()
    modules = [path.relative_to(STATIC_DIR).as_posix() for path in sorted(STATIC_DIR.rglob("*.js"))]
    import_map = json.dumps({"imports": {f"/static/{module}": f"/static/{module}?v={version}" for module in modules}})
    import_map_hash = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    preloads = "\n    ".join(
        f'<link rel="modulepreload" href="/static/{module}?v={version}">'
        for module in modules
        if module.startswith("js/") and module.split("/")[1] not in LAZY_FOLDERS and module != "js/theme.js"
    )
    html = Template(SHELL.read_text("utf-8")).substitute(
        version=version, import_map=import_map, preloads=preloads, session="maybe" if has_session else "none"
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'sha256-{import_map_hash}'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    return html, policy


@get(
    path=[
        "/",
        "/login",
        "/setup",
        "/activity",
        "/people",
        "/people/{person_id:str}",
        "/photo/{file_id:str}",
        "/search",
        "/tags",
        "/duplicates",
        "/albums",
        "/albums/{album_id:str}",
        "/locked",
        "/trash",
        "/archive",
        "/hidden",
        "/events",
        "/events/{event_id:str}",
        "/places",
        "/memories/{memory:str}",
        "/sharing",
        "/sessions",
        "/users",
        "/s/{token:str}",
        "/settings",
        "/requests",
        "/models",
    ],
    media_type=MediaType.HTML,
    include_in_schema=False,
)
async def shell(request: Request[Any, Any, Any]) -> Response[str]:
    """Answer with the shell; `no-cache` because its versioned links must be fresh after an upgrade."""
    html, policy = await asyncio.to_thread(shell_page, has_session=session_cookie(request.scope) in request.cookies)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Cookie"}
    return Response(html, media_type=MediaType.HTML, headers=headers)


PAGES = (shell,)
