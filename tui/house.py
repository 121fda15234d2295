"""What the dashboard knows of the service: the latest answers by source, and what each message changes in them.

No widgets and no requests: screens draw what is here, the desk fills it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.errors import HomerollError
    from tui.machine import Machine

#: Where each source is asked for.
SOURCES: dict[str, str] = {
    "server": "/server",
    "health": "/health",
    "timeline": "/timeline",
    "libraries": "/libraries",
    "steps": "/steps",
    "jobs": "/jobs",
    "failures": "/failures?limit=500",
    "ignored": "/failures?limit=500&ignored=true",
    "integrity": "/integrity",
    "growth": "/growth",
    "models": "/models",
    "people": "/people?limit=500",
    "groups": "/people?named=false&limit=500",
    "pairs": "/people/suggestions",
    "settings": "/settings",
    "users": "/users",
    "sessions": "/sessions",
    "shares": "/shares",
    "keys": "/keys",
    "requests": "/requests",
    "journal": "/journal?limit=200",
    "trash": "/trash?limit=200",
    "tls": "/tls",
}
#: Asked for whatever is shown: the line at the top.
BASE = ("server", "health")
#: What the number of things to look at is made of: asked for once, whatever is shown.
COUNTED = ("timeline", "jobs", "failures", "integrity")
ENDED = {"idle", "failed"}
BUSY_KEPT = 96  # looks at the processor, every five seconds, for the curves on the overview


class House:
    """`known[source]` is its last answer; a source that was never answered is not there.

    `refused[source]`: why it is not told, such as to a key that may not ask.  `machine`: None for a service elsewhere.
    `busy`, `pace`: the processor and the steps done, every few seconds, the newest last.
    """

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.refused: dict[str, HomerollError] = {}
        self.machine: Machine | None = None
        self.busy: deque[float] = deque(maxlen=BUSY_KEPT)
        self.pace: deque[int] = deque(maxlen=BUSY_KEPT)
        self.messages = 0
        self._finished: int | None = None

    def beat(self) -> None:
        """Call it at equal times: how many steps of files came to an end since the last call."""
        items = self.items("steps")
        if items:
            finished = sum(item["done"] + item["skipped"] + item["failed"] + item["ignored"] for item in items)
            self.pace.append(max(0, finished - (finished if self._finished is None else self._finished)))
            self._finished = finished

    def items(self, source: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.known.get(source, {}).get("items", [])
        return items

    def total(self, source: str) -> int:
        return int(self.known.get(source, {}).get("total", 0))

    def one(self, source: str, by: str, value: object) -> dict[str, Any] | None:
        """The item of `source` whose field `by` is `value`."""
        return next((item for item in self.items(source) if item.get(by) == value), None)

    def learn(self, source: str, answer: Any) -> None:
        self.known[source] = answer
        self.refused.pop(source, None)

    def refuse(self, source: str, error: HomerollError) -> bool:
        """Remember why `source` is not told; whether that is news."""
        before, self.refused[source] = self.refused.get(source), error
        return before is None or before.message != error.message

    def told(self, name: str, data: Any) -> tuple[set[str], set[str]]:
        """Apply one message.  Returns (sources it changed here, sources that must be asked for again)."""
        self.messages += 1
        match name:
            case "StepProgress":
                failed = [(item["failed"], item["ignored"]) for item in self.items("steps")]
                self.known["steps"] = self.known.get("steps", {}) | {"items": data}
                same = failed == [(item["failed"], item["ignored"]) for item in data]
                return {"steps"}, set() if same else {"failures", "ignored"}
            case "JobProgress":
                self._replace("jobs", "name", data)
                ended = data.get("status") in ENDED
                return {"jobs"}, {"health", "libraries", "integrity", "timeline", "steps"} if ended else set()
            case "LibraryChanged":
                if data.get("status") == "removed":
                    self._remove("libraries", "id", data)
                else:
                    self._replace("libraries", "id", data)
                return {"libraries"}, {"health", "libraries"}
            case "PeopleChanged":
                return set(), {"people", "groups", "pairs"}
            case "ModelProgress":
                self._replace("models", "name", data)
                return {"models"}, {"steps"} if data.get("pull") is None else set()
            case "FileAdded" | "FileChanged":
                return set(), {"timeline"}
            case _:
                return set(), set()

    def _remove(self, source: str, by: str, item: dict[str, Any]) -> None:
        items = self.items(source)
        items[:] = [old for old in items if old.get(by) != item.get(by)]

    def _replace(self, source: str, by: str, item: dict[str, Any]) -> None:
        items = self.items(source)
        for at, old in enumerate(items):
            if old.get(by) == item.get(by):
                items[at] = old | item
                return
