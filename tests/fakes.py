"""Small classes that stand in for what a test does not want to start; each obeys the real thing's shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from ml.base import DetectedFace, GroupingRules, Metric, ModelSpec, TextLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from ml.base import RGBImage, Runtime, Vectors

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class FakeHomeroll:
    """The HTTP API of DESIGN section 7 as far as commands use it, in memory: an ASGI application.

    A scan takes `polls` looks at /jobs and then one look at /steps; tests set what it finds.
    """

    def __init__(self, *, polls: int = 2) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.libraries: list[dict[str, Any]] = []
        self.users = [user(id="u1", username="admin", role="admin"), user(id="u2", username="anna")]
        self.keys: list[dict[str, Any]] = []
        self.settings: list[dict[str, Any]] = [
            {"name": "night_window", "value": "", "default": "", "help": "Hours in which steps run.", "choices": None},
            {"name": "quota_mb", "value": 0, "default": 0, "help": "Most a user may upload.", "choices": None},
        ]
        self.health: dict[str, Any] = {"status": "ok", "reasons": []}
        self.steps = [step("metadata"), step("renditions"), step("tags")]
        self.paused = False
        self.results: list[dict[str, int]] = []
        self.error = ""
        self.polls = polls
        self.running = 0
        self.runs = 0
        self.job_paused = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        status, answer = self.answer(
            scope["method"], scope["path"].removeprefix("/api/v1"), json.loads(body) if body else query
        )
        content = b"" if answer is None else json.dumps(answer).encode()
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": content})

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, path, body))
        noun, _, rest = path.strip("/").partition("/")
        item_id, _, verb = rest.partition("/")
        handler: Callable[[str, str, str, Any], tuple[int, Any]] | None = getattr(self, f"on_{noun}", None)
        if handler is None:
            return missing(path)
        return handler(method, item_id, verb, body)

    def on_server(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        return 200, {"name": "Homeroll", "version": "0.1.0", "setup_required": False}

    def on_health(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        return 200, self.health

    def on_timeline(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        return 200, {"total": 1234, "months": []}

    def on_failures(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        return 200, page([]) | {"total": sum(item["failed"] for item in self.steps)}

    def on_libraries(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        if verb == "scan":
            self.start()
            return 202, {"started": True}
        if verb == "accept-missing":
            found = next(item for item in self.libraries if item["id"] == item_id)
            found["status"] = "ready"
            return 200, found
        return self.collection(
            self.libraries, lambda: library(id=f"l{len(self.libraries)}", **body), method, item_id, body
        )

    def on_users(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        if method == "POST" and len(body["password"]) < 8:
            return 400, {"code": "invalid_input", "message": "That password is too short", "hint": "Take 8 characters."}
        shown = {name: value for name, value in body.items() if name != "password"}
        return self.collection(self.users, lambda: user(id=f"u{len(self.users) + 1}", **shown), method, item_id, shown)

    def on_keys(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        status, answer = self.collection(
            self.keys,
            lambda: key(id=f"k{len(self.keys)}", name=body["name"], scopes=body["scopes"]),
            method,
            item_id,
            body,
        )
        return status, answer | {"key": "hr_secret"} if method == "POST" else answer

    def on_settings(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        if method == "PATCH":
            for name, value in body.items():
                found = next((item for item in self.settings if item["name"] == name), None)
                if found is None:
                    return missing(f"setting {name}")
                found["value"] = value
        return 200, {"items": self.settings}

    def on_steps(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        answer = json.loads(json.dumps({"items": self.steps, "paused": self.paused, "night_window": ""}))
        if not self.paused:
            for item in self.steps:
                item["done"], item["pending"] = item["done"] + item["pending"], 0
        return 200, answer

    def on_jobs(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.start()
            return 202, None
        if self.running:
            self.running -= 1
            if self.running == 0:
                self.runs += 1
        return 200, {"items": [self.job()]}

    def start(self) -> None:
        self.running = self.polls

    def job(self) -> dict[str, Any]:
        ended = self.runs > 0 and not self.running
        state = "running" if self.running else "paused" if self.job_paused else "failed" if self.error else "idle"
        return {
            "name": "scan_libraries",
            "title": "Scan libraries",
            "status": state,
            "done": 5,
            "total": 10,
            "rate": None,
            "seconds_left": None,
            "last_run": f"2026-01-01T00:00:{self.runs:02}+00:00" if self.runs else None,
            "next_run": None,
            "error": self.error,
            "result": self.results[self.runs - 1] if ended and self.runs <= len(self.results) else None,
        }

    def collection(
        self, items: list[dict[str, Any]], make: Callable[[], dict[str, Any]], method: str, item_id: str, body: Any
    ) -> tuple[int, Any]:
        """What every list of the API can do."""
        if method == "POST":
            items.append(make())
            return 201, items[-1]
        if not item_id:
            return 200, page(items)
        found = next((item for item in items if item["id"] == item_id), None)
        if found is None:
            return missing(item_id)
        if method == "DELETE":
            items.remove(found)
            return 204, None
        found |= body
        return 200, found


def page(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "total": len(items), "next": None}


def missing(what: str) -> tuple[int, Any]:
    return 404, {"code": "not_found", "message": f"There is no {what}", "hint": ""}


def step(name: str, *, pending: int = 0, done: int = 0, failed: int = 0, waits: str = "") -> dict[str, Any]:
    counts = {"pending": pending, "running": 0, "done": done, "skipped": 0, "failed": failed, "ignored": 0}
    return {"name": name, "version": "1", **counts, "waits": waits, "rate": None, "seconds_left": None}


def library(
    *,
    id: str,  # noqa: A002 - the API's own word
    name: str,
    root: str,
    status: str = "ready",
    reason: str = "",
    files: int = 3,
) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "root": root,
        "user": None,
        "kind": "folder",
        "status": status,
        "reason": reason,
        "hint": "Is the disk mounted?" if reason else "",
        "files": files,
        "watched": True,
        "last_scan": None,
        "created": "2026-01-01T00:00:00+00:00",
    }


def user(*, id: str, username: str, name: str = "", role: str = "user") -> dict[str, Any]:  # noqa: A002 - the API's own word
    made = "2026-01-01T00:00:00+00:00"
    return {"id": id, "username": username, "name": name, "role": role, "must_change_password": False, "created": made}


def key(*, id: str, name: str, scopes: list[str]) -> dict[str, Any]:  # noqa: A002 - the API's own word
    made = "2026-01-01T00:00:00+00:00"
    return {"id": id, "username": "anna", "name": name, "scopes": scopes, "created": made, "last_used": None}


class FakeFaceEngine:
    """Takes every patch of strong colour for a face, and its hue for who it is: see `tests/appliance/portraits.py`."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="dlib",
        version="1",
        task="faces",
        licence="",
        source="",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=False,
    )
    dimensions: ClassVar[int] = 8
    metric: ClassVar[Metric] = "euclidean"
    max_side: ClassVar[int] = 1440
    rules: ClassVar[GroupingRules] = GroupingRules(same=0.2, join=0.18, margin=0.04, suggest=0.6)
    error: ClassVar[Exception | None] = None

    def load(self, runtime: Runtime) -> None:
        if self.error is not None:
            raise self.error

    def detect(self, image: RGBImage) -> list[DetectedFace]:
        import numpy as np

        step = 4
        small = image[::step, ::step].astype(np.int16)
        coloured = {(int(y), int(x)) for y, x in np.argwhere(small.max(axis=2) - small.min(axis=2) > 60)}
        most = 0.6 * small.shape[0] * small.shape[1]
        faces = []
        while coloured:
            edge = [coloured.pop()]
            patch = []
            while edge:
                y, x = edge.pop()
                patch.append((y, x))
                for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    if near in coloured:
                        coloured.remove(near)
                        edge.append(near)
            ys, xs = [y for y, _ in patch], [x for _, x in patch]
            if 9 < len(patch) < most:
                box = (min(xs) * step, min(ys) * step, (max(xs) + 1) * step, (max(ys) + 1) * step)
                faces.append(DetectedFace(box_px=box, landmarks_px=(), score=0.9))
        return sorted(faces, key=lambda face: face.box_px)

    def recognise(self, image: RGBImage, faces: Sequence[DetectedFace]) -> Vectors:
        import colorsys

        import numpy as np

        vectors = np.zeros((len(faces), self.dimensions), dtype=np.float32)
        for number, face in enumerate(faces):
            left, top, right, bottom = (int(side) for side in face.box_px)
            red, green, blue = image[top:bottom, left:right].reshape(-1, 3).mean(axis=0) / 255
            hue = colorsys.rgb_to_hsv(red, green, blue)[0]
            vectors[number, :2] = np.cos(2 * np.pi * hue), np.sin(2 * np.pi * hue)
        return vectors


class OtherFaceEngine(FakeFaceEngine):
    """A second one, with other dimensions and another metric."""

    spec = ModelSpec(
        name="sface",
        version="1",
        task="faces",
        licence="",
        source="",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=True,
    )
    dimensions = 4
    metric = "cosine"
    rules = GroupingRules(same=0.02, join=0.018, margin=0.004, suggest=0.2)


class FakeTextReader:
    """Sees the `lines` that a test sets, on every photo; none by default."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="rapidocr",
        version="1",
        task="text",
        licence="",
        source="",
        revision="",
        files=(),
        memory_mb=1,
        needs_download=False,
    )
    max_side: ClassVar[int] = 1600
    lines: ClassVar[list[TextLine]] = []

    def load(self, runtime: Runtime) -> None:
        pass

    def read(self, image: RGBImage) -> list[TextLine]:
        return self.lines
