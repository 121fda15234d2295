"""The request log and metrics, for whoever wonders why something is slow."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from appliance.errors import PermissionDeniedError
from web.api.schemas import Items
from web.metrics import render
from web.parts import Asking, HomePart, RunnerPart
from web.requestlog import LoggedRequest, RequestLog


class RequestsController(Controller):
    tags = ("requests",)

    @get("/requests", summary="The last 200 requests with their milliseconds, newest first", sync_to_thread=False)
    def requests(
        self, viewer: Asking, request_log: NamedDependency[SkipValidation[RequestLog]]
    ) -> Items[LoggedRequest]:
        viewer.require_admin()
        return Items(request_log.last())

    @get("/metrics", summary="For Prometheus", media_type="text/plain")
    async def metrics(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        runner: RunnerPart,
        request_log: NamedDependency[SkipValidation[RequestLog]],
    ) -> Response[bytes]:
        if not viewer.is_admin and "metrics" not in viewer.scopes:
            raise PermissionDeniedError("Metrics are for admins", hint="Make a key with the scope `metrics`.")
        body, media_type = await render(home, runner, request_log)
        return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
