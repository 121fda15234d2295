"""Numbers for Prometheus, gathered when asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from appliance.home import Home
    from web.parts import Runner
    from web.requestlog import RequestLog

STATUSES = ("pending", "running", "done", "skipped", "failed", "ignored")


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    requests: int
    request_seconds: float
    files: dict[str, int]
    steps: list[dict[str, Any]]
    frozen: int


async def render(home: Home, runner: Runner, requests: RequestLog) -> tuple[bytes, str]:
    """The text and its media type."""
    rows = await home.db.fetch('SELECT "kind", count(*) AS files FROM "stored_file" GROUP BY "kind"')
    numbers = Numbers(
        requests=requests.count,
        request_seconds=requests.seconds,
        files={row["kind"]: row["files"] for row in rows},
        steps=await runner.progress(),
        frozen=await home.db.value("""SELECT count(*) FROM "library" WHERE "status" = 'frozen'"""),
    )
    return await asyncio.to_thread(_text, numbers)


def _text(numbers: Numbers) -> tuple[bytes, str]:
    """Imports prometheus_client only now: who has no Prometheus need not pay for it.  Blocks: it reads /proc."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest
    from prometheus_client.core import CounterMetricFamily
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.process_collector import ProcessCollector

    class Requests:
        def collect(self) -> list[CounterMetricFamily]:
            return [
                CounterMetricFamily("homeroll_requests", "HTTP requests answered", value=numbers.requests),
                CounterMetricFamily("homeroll_request_seconds", "Time spent on them", value=numbers.request_seconds),
            ]

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(Requests())
    files = Gauge("homeroll_files", "Stored files by kind", ["kind"], registry=registry)
    for kind, count in numbers.files.items():
        files.labels(kind).set(count)
    steps = Gauge("homeroll_step_files", "Files by step and status", ["step", "status"], registry=registry)
    for item in numbers.steps:
        for status in STATUSES:
            steps.labels(item["name"], status).set(item.get(status, 0))
    Gauge("homeroll_frozen_libraries", "Libraries that are frozen", registry=registry).set(numbers.frozen)
    return generate_latest(registry), CONTENT_TYPE_LATEST
