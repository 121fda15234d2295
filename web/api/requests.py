"""Recorded requests, for whoever wonders why something is slow: what they asked of the database, what they computed,
what they waited for; the plan of a statement, and a profile of the next ones.  Also metrics.

For admins.  No values are told: neither of statements, nor of addresses, nor what was searched for.
"""

from __future__ import annotations

import difflib
import uuid
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from appliance.db.trace_plan import PlanLine, plan_of
from appliance.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from appliance.trace import REPEATED, Statement
from web.metrics import render
from web.parts import Asking, HomePart, RunnerPart
from web.profiling import Line
from web.recording import LEFT_OUT, ONE_IN, Mode, Recorder, Recording
from web.requestlog import LoggedRequest, RequestLog, told

LogPart = NamedDependency[SkipValidation[RequestLog]]


class RecordingState(msgspec.Struct, frozen=True, kw_only=True):
    """`mode` holds now, `setting` says what holds otherwise; `until`: when what somebody began ends by itself."""

    mode: Mode
    setting: Mode
    until: datetime | None
    one_in: int
    kept: int


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    items: list[LoggedRequest]
    total: int
    next: str | None
    recording: RecordingState


class WantedRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Literal["sampled", "full"] = "full"
    minutes: int = 10


class StatementShown(msgspec.Struct, frozen=True, kw_only=True):
    """`repeated`: it ran so often that it is most likely one for each row of another (N+1)."""

    id: str
    sql: str
    count: int
    ms: float
    slowest_ms: float
    rows: int
    failed: int
    repeated: bool


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    function: str
    count: int
    ms: float


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """For one of the connections; for that connection's thread and back; for a turn to compute."""

    connection_ms: float
    thread_ms: float
    compute_ms: float


class RequestDetails(msgspec.Struct, frozen=True, kw_only=True):
    """`first_ms`: until its answer began.  `left_out`: how many statements ran beyond those that are kept apart."""

    request: LoggedRequest
    first_ms: float | None
    statements: list[StatementShown]
    left_out: int
    transactions: int
    transaction_ms: float
    computed: list[Computed]
    waited: Waited
    profiled: bool


class Plan(msgspec.Struct, frozen=True):
    sql: str
    lines: list[PlanLine]


class WantedProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`path` is a template, such as /api/v1/timeline/{month}."""

    path: str
    method: str = "GET"
    requests: int = 5


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`taken` of `wanted` requests were looked at; `lines`: the call tree, once it is done, of one on average."""

    status: Literal["none", "waiting", "done"]
    method: str
    path: str
    wanted: int
    taken: int
    samples: int
    ms: float
    lines: list[Line]


class RequestsController(Controller):
    tags = ("requests",)

    @get("/requests", summary="The last 200 requests and those that are recorded, newest first", sync_to_thread=False)
    def requests(self, viewer: Asking, request_log: LogPart) -> Requests:
        viewer.require_admin()
        items = request_log.last()
        return Requests(items=items, total=len(items), next=None, recording=_state(request_log.recorder))

    @delete("/requests", summary="Forget what is recorded", sync_to_thread=False)
    def clear(self, viewer: Asking, request_log: LogPart) -> None:
        viewer.require_admin()
        request_log.recorder.clear()

    @post("/requests/record", status_code=200, summary="Record for some minutes", sync_to_thread=False)
    def record(
        self, viewer: Asking, request_log: LogPart, data: JSONBody[WantedRecording | None] = None
    ) -> RecordingState:
        viewer.require_admin()
        wanted = data or WantedRecording()
        request_log.recorder.record(wanted.mode, wanted.minutes)
        return _state(request_log.recorder)

    @post("/requests/stop", status_code=200, summary="What the setting says holds again", sync_to_thread=False)
    def stop(self, viewer: Asking, request_log: LogPart) -> RecordingState:
        viewer.require_admin()
        request_log.recorder.stop()
        return _state(request_log.recorder)

    @get("/requests/{request_id:uuid}", summary="What one recorded request did", sync_to_thread=False)
    def details(self, viewer: Asking, request_log: LogPart, request_id: FromPath[uuid.UUID]) -> RequestDetails:
        viewer.require_admin()
        recording = _find(request_log, request_id)
        trace = recording.trace
        return RequestDetails(
            request=told(recording),
            first_ms=None if recording.first_s is None else _ms(recording.first_s),
            statements=[_shown(number, one) for number, one in enumerate(list(trace.statements.values()))],
            left_out=trace.left_out,
            transactions=trace.transactions,
            transaction_ms=_ms(trace.transaction_s),
            computed=[
                Computed(function=name, count=work.count, ms=_ms(work.seconds)) for name, work in trace.works.items()
            ],
            waited=Waited(
                connection_ms=_ms(trace.waited_connection_s),
                thread_ms=_ms(trace.waited_thread_s),
                compute_ms=_ms(trace.waited_compute_s),
            ),
            profiled=recording.profiled,
        )

    @get("/requests/{request_id:uuid}/statements/{statement:str}/plan", summary="The query plan of one statement")
    async def plan(
        self,
        home: HomePart,
        viewer: Asking,
        request_log: LogPart,
        request_id: FromPath[uuid.UUID],
        statement: FromPath[str],
    ) -> Plan:
        viewer.require_admin()
        recording = _find(request_log, request_id)
        statements = {str(number): one for number, one in enumerate(recording.trace.statements.values())}
        found = statements.get(statement)
        if found is None:
            raise NotFoundError("This request ran no such statement")
        return Plan(sql=found.sql, lines=await plan_of(home.db, found))

    @get("/requests/profile", summary="The profile that was asked for, as far as it is")
    async def profile(self, viewer: Asking, request_log: LogPart) -> Profile:
        viewer.require_admin()
        return await _profile(request_log.recorder)

    @post("/requests/profile", status_code=202, summary="Profile the next requests to one address")
    async def ask_profile(
        self, request: Request[Any, Any, Any], viewer: Asking, request_log: LogPart, data: JSONBody[WantedProfile]
    ) -> Profile:
        viewer.require_admin()
        known = {
            (str(method), str(route.path_format))
            for route in request.app.routes
            for method in getattr(route, "methods", ())
            if not str(route.path_format).startswith(LEFT_OUT)
        }
        if (data.method, data.path) not in known:
            nearest = difflib.get_close_matches(data.path, sorted({path for _, path in known}), n=1)
            raise InvalidInputError(
                f"There is no route {data.method} {data.path} to profile",
                hint=f"Did you mean {nearest[0]}?" if nearest else "Name it as the list of requests does.",
            )
        await request_log.recorder.profiling.ask(data.method, data.path, data.requests)
        return await _profile(request_log.recorder)

    @delete("/requests/profile", summary="Wait for it no longer, and forget it", sync_to_thread=False)
    def forget_profile(self, viewer: Asking, request_log: LogPart) -> None:
        viewer.require_admin()
        request_log.recorder.profiling.forget()

    @get("/metrics", summary="For Prometheus", media_type="text/plain")
    async def metrics(
        self,
        request: Request[Any, Any, Any],
        home: HomePart,
        viewer: Asking,
        runner: RunnerPart,
        request_log: LogPart,
    ) -> Response[bytes]:
        if not viewer.is_admin:  # whatever the key's scopes: its user could not count everybody's files either
            raise PermissionDeniedError("Metrics are for admins", hint="Use an admin's key with the scope `metrics`.")
        body, media_type = await render(home, runner, request_log)
        return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})


def _state(recorder: Recorder) -> RecordingState:
    return RecordingState(
        mode=recorder.mode,
        setting=recorder.setting,
        until=recorder.until,
        one_in=ONE_IN,
        kept=len(recorder.kept()),
    )


def _find(request_log: RequestLog, request_id: uuid.UUID) -> Recording:
    found = request_log.recorder.find(request_id)
    if found is None:
        raise NotFoundError("This request is not recorded any more", hint="Newer ones took its place.")
    return found


def _shown(number: int, statement: Statement) -> StatementShown:
    return StatementShown(
        id=str(number),
        sql=statement.sql,
        count=statement.count,
        ms=_ms(statement.seconds),
        slowest_ms=_ms(statement.slowest),
        rows=statement.rows,
        failed=statement.failed,
        repeated=statement.count >= REPEATED,
    )


async def _profile(recorder: Recorder) -> Profile:
    profiling = recorder.profiling
    lines = await profiling.lines()
    return Profile(
        status=profiling.status,
        method=profiling.method,
        path=profiling.path,
        wanted=profiling.wanted,
        taken=profiling.taken,
        samples=profiling.samples,
        ms=_ms(profiling.seconds / profiling.taken) if profiling.taken else 0.0,
        lines=lines,
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
