"""The application: its routes, the guard before them, and what every answer has in common."""

from __future__ import annotations

import mimetypes
import time
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from appliance.errors import HomerollError
from appliance.home import Home
from appliance.importing.uploads import Uploads
from web.api.adjustments import AdjustmentsController
from web.api.albums import AlbumsController
from web.api.auth import AuthController
from web.api.content import ContentController
from web.api.duplicates import DuplicatesController
from web.api.edits import EditsController
from web.api.events import EventsController
from web.api.faces import FacesController
from web.api.failures import FailuresController
from web.api.family import FamilyController
from web.api.files import FilesController
from web.api.growth import GrowthController
from web.api.integrity import IntegrityController
from web.api.jobs import JobsController
from web.api.journal import JournalController
from web.api.keys import KeysController
from web.api.libraries import LibrariesController
from web.api.links import LinksController
from web.api.locked import LockedController
from web.api.memories import MemoriesController
from web.api.messages import MessagesController
from web.api.models import ModelsController
from web.api.people import PeopleController
from web.api.places import MapController, PlacesController
from web.api.requests import RequestsController
from web.api.schema import schema_page
from web.api.search import SearchController
from web.api.server import ServerController, version
from web.api.sessions import SessionsController
from web.api.settings import SettingsController
from web.api.shares import SharesController
from web.api.similar import SimilarController
from web.api.steps import StepsController
from web.api.tags import FileTagsController, TagsController
from web.api.texts import TextsController
from web.api.timeline import TimelineController
from web.api.tls import TlsController
from web.api.trash import TrashController
from web.api.uploads import UploadLocks, UploadsController
from web.api.users import UsersController
from web.api.versions import VersionsController
from web.bodies import StrictRequest
from web.closing import Closing
from web.errors import EXCEPTION_HANDLERS, UnknownHostError, homeroll_error
from web.methods import allowed_methods
from web.openapi import Description, operation_id
from web.own_files import OwnFiles
from web.pages.shell import PAGES
from web.pages.trust import TRUST
from web.parts import Runner, Scheduler
from web.recording import Mode
from web.requestlog import RequestLog
from web.security import HEADERS, as_local_admin, guard, host_names, is_known_host, is_local_admin
from web.throttle import Throttle
from web.transport import lasting_tls, other_address
from web.words import ABOUT, NOUNS

__all__ = ["Application", "as_local_admin", "create_app"]

CONTROLLERS = (
    ServerController,
    AuthController,
    UsersController,
    KeysController,
    SessionsController,
    LibrariesController,
    FilesController,
    ContentController,
    EditsController,
    AdjustmentsController,
    VersionsController,
    TrashController,
    EventsController,
    MemoriesController,
    MapController,
    PlacesController,
    UploadsController,
    TimelineController,
    SearchController,
    TagsController,
    FileTagsController,
    AlbumsController,
    FamilyController,
    LockedController,
    SharesController,
    LinksController,
    PeopleController,
    FacesController,
    TextsController,
    DuplicatesController,
    SimilarController,
    JournalController,
    IntegrityController,
    GrowthController,
    JobsController,
    StepsController,
    FailuresController,
    SettingsController,
    ModelsController,
    TlsController,
    MessagesController,
    RequestsController,
)
API = "/api/v1"
#: What handlers may ask for by these names, in the order of `Application.furnish`.
PARTS = ("home", "runner", "scheduler", "uploads", "upload_locks", "throttle", "request_log", "closing")
STATIC = Path(__file__).parent / "static"
MAX_BODY_BYTES = 1 << 20  # of JSON; files are streamed and have their own limit


class Application(Litestar):
    """Litestar, with what must happen to every request whether or not a route is found for it."""

    def __init__(self) -> None:
        mimetypes.init()  # reads the system's tables: now, not at the first request for a static file
        mimetypes.add_type("text/javascript", ".js")
        mimetypes.add_type("application/manifest+json", ".webmanifest")
        self._parts: dict[str, Any] = {}
        description = _openapi()
        super().__init__(
            route_handlers=[
                Router(API, route_handlers=list(CONTROLLERS)),
                schema_page,
                *PAGES,
                *TRUST,
                create_static_files_router(
                    "/static", [STATIC], OwnFiles(), include_in_schema=False, cache_control=None
                ),
            ],
            guards=[guard],
            dependencies={name: self._provide(name) for name in PARTS}
            | {"viewer": Provide(_viewer, sync_to_thread=False)},
            exception_handlers=EXCEPTION_HANDLERS,
            request_class=StrictRequest,
            request_max_body_size=MAX_BODY_BYTES,
            openapi_config=description,
            logging_config=None,
            debug=False,
        )
        description.routes = lambda: self.routes

    def furnish(self, *, home: Home, runner: Runner, scheduler: Scheduler, recording: Mode = "off") -> None:
        """Give it the house that its routes ask for, before the first request; making the routes is what takes long.

        recording: which requests are looked into (`web/recording.py`).
        """
        self._home = self.state.home = home
        self._known_hosts = host_names(home.settings.allowed_hosts)
        self._request_log, self._closing = RequestLog(), Closing()
        self._request_log.recorder.follow(recording)
        parts = (home, runner, scheduler, Uploads(home), UploadLocks(), Throttle(), self._request_log, self._closing)
        self._parts = dict(zip(PARTS, parts, strict=True))

    def _provide(self, name: str) -> Provide:
        return Provide(lambda: self._parts[name], sync_to_thread=False)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        """Only what we use: pydantic, which is here because Piccolo wants it, would be loaded for nothing (8 MB)."""
        return [*plugins, MsgspecDIPlugin()]

    def end_streams(self) -> None:
        """End answers that would go on for ever (/messages); call it before the server is told to stop."""
        self._closing.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500
        recorder = self._request_log.recorder
        recording = recorder.begin(scope) if recorder.on else None
        if recording is not None:
            send = recording.counting(send)

        async def send_with_headers(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                usual = (*HEADERS, (b"cache-control", _caching(scope)), *lasting_tls(scope, self._home))
                if scope["method"] == "OPTIONS" and b"allow" in present:
                    allow = (b"allow", allowed_methods(self, scope["path"]).encode())
                    headers = [allow, *(pair for pair in headers if pair[0].lower() != b"allow")]
                message["headers"] = headers + [pair for pair in usual if pair[0] not in present]
            await send(message)

        try:
            refusal = self._refusal(scope)
            elsewhere = None if refusal or is_local_admin(scope) else other_address(scope, self._home)
            if elsewhere:
                redirect = Redirect(elsewhere, status_code=307).to_asgi_response(None, Request(scope))
                await redirect(scope, receive, send_with_headers)
            elif refusal is None:
                await super().__call__(scope, receive, send_with_headers)
            else:
                request: Request[Any, Any, Any] = Request(scope)
                response = homeroll_error(request, refusal).to_asgi_response(None, request)
                await response(scope, receive, send_with_headers)
        finally:
            if recording is not None:
                recorder.end(recording, scope)
            viewer = scope.get("user")
            if viewer is not None and scope["method"] == "GET" and not is_local_admin(scope):
                self._home.compute.make_way()
            self._request_log.add(
                scope,
                status=status,
                seconds=time.perf_counter() - began,
                user=str(viewer.user_id) if viewer is not None and viewer.user_id else None,
                recording=recording,
            )

    def _refusal(self, scope: Any) -> HomerollError | None:
        """What is wrong with a request before its route matters."""
        if not is_local_admin(scope):
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not is_known_host(hosts[0], self._known_hosts):
                return UnknownHostError(
                    "Homeroll is not called by that name",
                    hint="Open it by its address, or add the name to allowed_hosts in homeroll.toml.",
                )
        return None


def _caching(scope: Any) -> bytes:
    """For answers that do not say: static files with a version are kept for ever."""
    if scope["path"].startswith("/static/"):
        versioned = scope["query_string"].startswith(b"v=")
        return b"public, max-age=31536000, immutable" if versioned else b"no-cache"
    return b"no-store"


def create_app(*, home: Home, runner: Runner, scheduler: Scheduler, recording: Mode = "off") -> Application:
    """One application for every door: TCP gets it as it is, admin.sock gets `as_local_admin(app)`."""
    app = Application()
    app.furnish(home=home, runner=runner, scheduler=scheduler, recording=recording)
    return app


def _viewer(request: Request[Any, Any, Any]) -> Any:
    """Who asks; the guard has put it there."""
    return request.user


def _openapi() -> Description:
    return Description(
        title="Homeroll",
        version=version(),
        description=ABOUT,
        tags=[Tag(name=name, description=about) for name, about in NOUNS.items()],
        operation_id_creator=operation_id,
        path="/api/schema/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="apiKey", name="x-api-key", security_scheme_in="header"),
                "bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        security=[{"key": []}, {"bearer": []}],
    )
