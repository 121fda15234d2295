"""A dashboard that looks the same today and tomorrow: a small world in a real service, and its answers without what
varies (times, ids, sizes of disks, memory of the machine)."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image

from tests.tui.conftest import PASSWORD
from tests.tui.screens.test_people import groups, suggest
from tests.tui.seen import ask, dashboard, wait_for_work
from tui.client import Address
from tui.machine import Machine
from tui.versions import Snapshot, Versions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.e2e.service import Service
    from tui.app import Dashboard

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
EARLIER, LATER = (NOW - timedelta(hours=2)).isoformat(), (NOW + timedelta(hours=3)).isoformat()
PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
#: What any answer may hold under these names is not the same twice.
EVERYWHERE: dict[str, Any] = {
    **dict.fromkeys(("created", "modified", "last_run", "last_scan", "last_used", "last_seen", "checked"), EARLIER),
    **dict.fromkeys(("rate", "seconds_left", "error", "result", "done_bytes"), None),
    "next_run": LATER,
    "version": "0.1.0",
    "free_bytes": 123_000_000_000,
    "address": "192.168.1.30",
    "confidence": 0.9,
    "score": 0.5,
}
COST = {"compute_ms": 0.0, "waited_ms": 1.0, "sent_bytes": 4096}
REQUESTS = [
    {
        "at": EARLIER,
        "method": method,
        "path": path,
        "status": status,
        "ms": ms,
        "user": None,
        "id": id_,
        "recorded": cost,
    }
    for method, path, status, ms, id_, cost in (
        ("GET", "/api/v1/timeline", 200, 4.2, None, None),
        ("GET", "/api/v1/albums", 200, 412.0, "1", COST | {"statements": 88, "sql_ms": 380.0, "repeated": 80}),
        ("POST", "/api/v1/auth/login", 401, 51.5, "2", COST | {"statements": 3, "sql_ms": 0.8, "repeated": 0}),
    )
]
TRASHED = {
    "id": "1",
    "filename": "IMG_0007.jpg",
    "content": "2026/IMG_0007.jpg",
    "size_bytes": 2_400_000,
    "trashed_at": EARLIER,
    "thumbnail_url": "/thumbnail",
}
CERTIFICATE = {"names": ["homeroll.local"], "start": EARLIER, "end": LATER, "fingerprint": "AB:CD:EF"}
DISK = {
    "holds": ["data", "Holidays"],
    "mount": "/",
    "free_bytes": 123_000_000_000,
    "total_bytes": 500_000_000_000,
    "days_left": 41.2,
}
#: The same for one source; where `items` is a list, for each of them.
OF: dict[str, dict[str, Any]] = {
    "/health": {"status": "ok", "reasons": []},
    "/growth": {"disks": [DISK], "files_added": 3, "since": (NOW - timedelta(days=20)).isoformat()},
    "/jobs": {"items": {"status": "idle", "done": None, "total": None}},
    "/models": {"items": {"fits": True, "fits_hint": "", "missing_requirements": [], "pull": None}},
    "/libraries": {"items": {"watched": True}},
    "/shares": {"items": {"path": "/s/Zm9yIGdyYW5kbWE", "token": "Zm9yIGdyYW5kbWE"}},
    "/journal": {"items": {"user": None, "noun_id": "01a1ffe6", "name": "", "can_undo": True}},
    "/trash": {"items": [{"file": TRASHED, "gone_after": LATER, "removable": True}], "total": 1, "removable": 1},
    "/tls": {"on": True, "port": 8443, "plain_port": 8420, "certificate": CERTIFICATE, "authority": CERTIFICATE},
    "/failures": {"items": {"error": "No program here can read this picture"}},
    "/requests": {"items": REQUESTS, "total": len(REQUESTS)},
}
#: Of long lists only these: a job or a setting more is no other look.
ONLY = {
    "/jobs": ("name", {"scan_libraries", "back_up", "cluster_faces", "empty_trash", "scrub_originals"}),
    "/steps": ("name", {"metadata", "renditions", "faces", "embedding"}),
    "/settings": ("name", {"night_window", "backup_folder", "find_faces", "text_reader", "scrub_gb_per_night"}),
    "/models": ("name", {"siglip2", "im2txt", "yunet", "places365"}),
}
MACHINE = Machine(
    busy=0.25,
    cores=4,
    memory_used_bytes=1_300_000_000,
    memory_total_bytes=8_000_000_000,
    temperature_c=48.0,
    slowed="",
    addresses=("192.168.1.20",),
)
SNAPSHOTS = tuple(Snapshot(f"homeroll-2026-05-0{day}T03-00-00Z.db.gz", NOW, 1_200_000) for day in (1,))
VERSIONS = Versions(here="0.1.0", local=True, installed=True, others=1, undecided=False, snapshots=SNAPSHOTS)


class Shown(Address, frozen=True):
    """Says where an installed service is."""

    def __str__(self) -> str:
        return "/var/lib/homeroll"


def furnish(service: Service) -> None:
    """People, somebody who may be one of them, an account, a key, a link, and a phone that is logged in."""
    data = service.data
    groups(data, "Anna", "Bruno", "")
    ask(data, "POST", "/users", {"username": "bruno", "name": "Bruno", "role": "user", "password": PASSWORD})
    anna = next(user["id"] for user in ask(data, "GET", "/users")["items"] if user["username"] == "anna")
    key = ask(data, "POST", "/keys", {"name": "phone", "scopes": ["all"], "user": anna})["key"]
    photos = [file["id"] for file in ask(data, "GET", "/files?limit=9")["items"] if file["kind"] == "photo"][:2]
    with httpx.Client(base_url=f"{service.url}/api/v1", headers={"user-agent": PHONE}, timeout=60) as client:
        wish = {"name": "For grandma", "files": photos, "allow_download": True}
        client.post("/shares", json=wish, headers={"x-api-key": key}).raise_for_status()
        client.post("/auth/login", json={"username": "anna", "password": PASSWORD}).raise_for_status()
    wait_for_work(data)
    suggest(data, "Anna", "")


def still(data: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """A dashboard of that service whose answers are the same every time; nothing in it ticks."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("tui.desk.ASK_AGAIN_S", 0.0)
    monkeypatch.setattr("tui.desk.DRAW_S", 0.05)
    monkeypatch.setattr("tui.words.now", lambda: NOW)
    monkeypatch.setattr("tui.screens.updates.look", lambda data: VERSIONS)
    monkeypatch.setattr("tui.desk.here", lambda: VERSIONS.here)
    system = SimpleNamespace(python_version=lambda: "3.13.1", system=lambda: "Linux", machine=lambda: "aarch64")
    monkeypatch.setattr("tui.screens.about.platform", system)
    lines = "INFO file_id=1 step=metadata done\\nWARNING file_id=2 step=metadata failed: no picture\\n"
    app = dashboard(data, port=8420, page=("http://homeroll.local:8420",), journal=("printf", lines))
    told = app.client.get

    async def get(path: str, **query: Any) -> Any:
        return steady(path, await told(path, **query), str(photos.parent))

    async def picture(url: str) -> bytes:
        return await asyncio.to_thread(painted)

    monkeypatch.setattr(app.client, "address", Shown(socket=data / "admin.sock"))
    monkeypatch.setattr(app.client, "get", get)
    monkeypatch.setattr(app.client, "picture", picture)
    monkeypatch.setattr(app.house, "told", lambda name, data: (set(), set()))
    monkeypatch.setattr(app.house, "beat", lambda: None)
    monkeypatch.setattr(app, "_look_at_machine", lambda: None)
    app.data = "/var/lib/homeroll"
    app.house.machine = MACHINE
    app.house.busy.extend([0.1, 0.2, 0.4, 0.9, 0.5, 0.25])
    app.house.pace.extend([0, 3, 9, 12, 10, 0])
    return app


def steady(path: str, answer: Any, folder: str) -> Any:
    """`answer` without what varies; folder: where the library lies, told as /srv."""
    told, noun = _replaced(answer, folder), path.partition("?")[0]
    if noun in ONLY:
        name, kept = ONLY[noun]
        told["items"] = [item for item in told["items"] if item[name] in kept]
    for name, value in OF.get(noun, {}).items():
        if isinstance(value, dict) and isinstance(told[name], list):
            told[name] = [item | value for item in told[name]]
        else:
            told[name] = value
    return told


def _replaced(value: Any, folder: str) -> Any:
    match value:
        case dict():
            known = {name: EVERYWHERE.get(name, one) if one else one for name, one in value.items()}
            return {name: _replaced(one, folder) for name, one in known.items()}
        case list():
            return [_replaced(one, folder) for one in value]
        case str():
            return value.replace(folder, "/srv")
        case _:
            return value


def painted() -> bytes:
    """Four fields of colour: no scaling that could differ from one machine to the next."""
    image = Image.new("RGB", (2, 2))
    image.putdata([(200, 60, 60), (60, 200, 60), (60, 60, 200), (220, 220, 90)])
    image = image.resize((64, 64), Image.Resampling.NEAREST)
    written = io.BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()
