"""Models: which there are, what they do here, fetching and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.listing import Column
from tui.words import bar, clean, size, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


def _size(model: dict[str, Any]) -> str:
    if not model["needs_download"]:
        return "-"
    about = "" if model["size_exact"] or model["size_bytes"] is None else "~"
    return f"{about}{size(model['size_bytes'])}"


def _state(model: dict[str, Any]) -> tuple[str, str]:
    pull = model["pull"]
    if pull and pull["status"] == "failed":
        return "failed", "bold red"
    if pull:
        share = pull["done_bytes"] / pull["total_bytes"] if pull["total_bytes"] else 0.0
        return f"{bar(share, 6)} {share:>4.0%}", "yellow" if pull["status"] == "paused" else "cyan"
    if model["installed"]:
        return ("in use", "green") if model["in_use"] else ("here", "")
    return ("missing", "yellow") if model["in_use"] else ("not here", "italic")


class ModelsScreen(ListScreen):
    NAME = "models"
    TITLE = "Models"
    SOURCES = ("models",)
    KEY = "name"
    HELP = """What looks at the photos. Models are fetched from the internet only when you ask; a broken connection is
        gone on with, and nothing half-fetched is used. Which one is in use is a setting. One that needs more memory
        than models may use here can be fetched all the same, but is not loaded."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("p", "pull_chosen", "Fetch"),
        ("s", "stop_chosen", "Stop"),
        ("v", "verify_chosen", "Verify"),
        ("d", "remove_chosen", "Remove"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Model", lambda model: model["title"]),
        Column("For", lambda model: model["task"], 10),
        Column("Size", _size, 8, right=True),
        Column("Memory", lambda model: (f"{model['memory_mb']:,} MB", "" if model["fits"] else "red"), 9, right=True),
        Column("Licence", lambda model: model["licence"], 14, wide_only=True),
        Column("State", _state, 11),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        parts: list[Part] = [
            (item["title"], "bold"),
            (f"  {item['name']} {item['version']}", "$foreground-muted"),
            "\n",
        ]
        uses = f" Here for {', '.join(item['uses'])}." if item["uses"] else ""
        parts.append(clean(f"Licence {item['licence']}, from {item['source']}.{uses}") + "\n")
        if item["missing_requirements"]:
            parts += [(f"Needs {', '.join(item['missing_requirements'])}, which is not installed.\n", "$text-warning")]
        if not item["fits"]:
            parts += [(f"{clean(item['fits_hint'])}\n", "$text-warning")]
        pull = item["pull"]
        if pull and pull["error"]:
            parts += [(f"{clean(pull['error'])} {clean(pull['hint'])}\n", "$text-error")]
        elif pull:
            rate = f", {size(pull['rate'])}/s" if pull["rate"] else ""
            left = f", {span(pull['seconds_left'])} left" if pull["seconds_left"] else ""
            parts.append(f"{size(pull['done_bytes'])} of {size(pull['total_bytes'])}{rate}{left}\n")
        free = self.house.known.get("models", {}).get("free_bytes")
        return [*parts, (f"{size(free)} free on the disk of the models", "$foreground-muted")]

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        running = bool(item["pull"]) and item["pull"]["status"] == "running"
        match action:
            case "pull":
                return bool(item["needs_download"]) and not item["installed"] and not running
            case "stop":
                return running
            case "verify":
                return bool(item["installed"] and item["needs_download"])
            case _:
                return bool(item["needs_download"]) and (item["installed"] or item["pull"] is not None)

    def action_pull_chosen(self) -> None:
        if item := self.chosen:
            warning = "" if item["fits"] else f"\n\n{item['fits_hint']}"
            self.confirm(
                f"Fetch {item['title']}?",
                f"{_size(item)} from the internet ({item['source']}), licence {item['licence']}.{warning}",
                yes="Fetch",
                harmless=bool(item["fits"]),
                then=lambda: self._ask(
                    "POST", item, "/pull", f"{item['title']} is fetched", {"force": not item["fits"]}
                ),
            )

    def action_stop_chosen(self) -> None:
        if item := self.chosen:
            self._ask("DELETE", item, "/pull", "Stopped; what is there is kept")

    def action_verify_chosen(self) -> None:
        if item := self.chosen:
            self.notify(f"Reading {item['title']} …")
            self.desk.act("POST", f"/models/{item['name']}/verify", sources=self.SOURCES, then=self._verified)

    def _verified(self, answer: dict[str, Any]) -> None:
        if answer["ok"]:
            self.notify("Every file is as it was published")
        else:
            self.notify(clean(" ".join(answer["problems"])), severity="error", timeout=10, markup=False)

    def action_remove_chosen(self) -> None:
        if item := self.chosen:
            stops = f" Without it there is no {' and no '.join(item['uses'])}." if item["uses"] else ""
            self.confirm(
                f"Remove {item['title']}?",
                f"Its files go; what it said about photos stays.{stops}",
                yes="Remove",
                then=lambda: self._ask("DELETE", item, "", f"{item['title']} is removed"),
            )

    def _ask(self, method: str, item: dict[str, Any], verb: str, said: str, body: object = None) -> None:
        self.desk.act(method, f"/models/{item['name']}{verb}", body, said=said, sources=self.SOURCES)
