"""Numbers for Prometheus, gathered when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.home import Home
    from web.parts import Runner
    from web.requestlog import RequestLog


async def render(home: Home, runner: Runner, requests: RequestLog) -> tuple[bytes, str]:
    """The text and its media type.  prometheus_client is imported here: who has no Prometheus does not pay for it."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest
    from prometheus_client.core import CounterMetricFamily
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.process_collector import ProcessCollector

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)

    class Requests:
        def collect(self) -> list[CounterMetricFamily]:
            count = CounterMetricFamily("homeroll_requests", "HTTP requests answered", value=requests.count)
            seconds = CounterMetricFamily("homeroll_request_seconds", "Time spent on them", value=requests.seconds)
            return [count, seconds]

    registry.register(Requests())
    files = Gauge("homeroll_files", "Stored files by kind", ["kind"], registry=registry)
    for row in await home.db.fetch('SELECT "kind", count(*) AS files FROM "stored_file" GROUP BY "kind"'):
        files.labels(row["kind"]).set(row["files"])
    steps = Gauge("homeroll_step_files", "Files by step and status", ["step", "status"], registry=registry)
    for item in await runner.progress():
        for status in ("pending", "running", "done", "skipped", "failed"):
            steps.labels(item["name"], status).set(item.get(status, 0))
    frozen = Gauge("homeroll_frozen_libraries", "Libraries that are frozen", registry=registry)
    frozen.set(await home.db.value("""SELECT count(*) FROM "library" WHERE "status" = 'frozen'"""))
    return generate_latest(registry), CONTENT_TYPE_LATEST
