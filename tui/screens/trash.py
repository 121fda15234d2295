"""Trash: what was put away, taking it out again, and deleting it for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Horizontal

from tui.screens.base import ListScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.listing import Column, Listing
from tui.widgets.picture import Picture
from tui.words import clean, plural, size, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class TrashScreen(ListScreen):
    NAME = "trash"
    TITLE = "Trash"
    SOURCES = ("trash", "jobs")
    EMPTY = "The trash is empty."
    HELP = """What was put away, the last first. Its bytes are where they were until it is deleted for good: by the job
        “Empty the trash” after some days, or here. `r` takes a photo out again, `a` all of them. `d` deletes the chosen
        one for good, `e` everything that may be deleted: nothing brings that back but a backup."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "restore_chosen", "Take out"),
        ("a", "restore_all", "Take all out"),
        ("d", "delete_chosen", "Delete for good"),
        ("e", "empty", "Empty"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("File", lambda item: item["file"]["filename"]),
        Column("Size", lambda item: size(item["file"]["size_bytes"]), 8, right=True, wide_only=True),
        Column("Put away", lambda item: when(item["file"]["trashed_at"]), 11),
        Column("Gone", lambda item: when(item["gone_after"]) if item["gone_after"] else "-", 11),
    )

    def body(self) -> ComposeResult:
        with Horizontal(id="sides"):
            yield Listing(self.COLUMNS, key=self.KEY, id="list")
            yield Picture(id="picture")
        yield Calm(id="details")

    def items(self) -> list[dict[str, Any]]:
        return [item | {"id": item["file"]["id"]} for item in super().items()]

    @property
    def removable(self) -> int:
        return int(self.house.known.get("trash", {}).get("removable", 0))

    def nothing(self) -> list[Part]:
        self.query_one(Picture).show(None)
        return super().nothing()

    def details(self, item: dict[str, Any]) -> list[Part]:
        self.query_one(Picture).show(item["file"]["thumbnail_url"])
        days = self.house.known["trash"]["days"]
        then = (
            f"deleted for good {when(item['gone_after'])}" if item["gone_after"] else "kept until somebody deletes it"
        )
        rule = f"Files stay for {plural(days, 'day')}." if days else "Nothing is deleted by itself."
        parts: list[Part] = [(clean(item["file"]["content"]), "bold"), f"\n{then.capitalize()}.\n"]
        if not item["removable"]:
            parts.append(("It lies where Homeroll may not delete, or is somebody else's.\n", "$text-warning"))
        return [*parts, (f"{plural(self.house.total('trash'), 'file')} here. {rule}", "$foreground-muted")]

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action != "delete" or bool(item["removable"])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "restore_all":
            return bool(self.house.total("trash"))
        if action == "empty":
            return bool(self.removable)
        return super().check_action(action, parameters)

    def action_restore_chosen(self) -> None:
        if item := self.chosen:
            said = f"{clean(item['file']['filename'])} is back"
            self._act(f"/files/{item['id']}/restore", None, said)

    def action_restore_all(self) -> None:
        self.confirm(
            f"Take {plural(self.house.total('trash'), 'file')} out of the trash?",
            "They are on the timeline again.",
            yes="Take out",
            harmless=True,
            then=lambda: self._act("/trash/restore", None, "Everything is back"),
        )

    def action_delete_chosen(self) -> None:
        if item := self.chosen:
            name = clean(item["file"]["filename"])
            self.confirm(
                f"Delete {name} for good?",
                f"The original leaves the disk, {size(item['file']['size_bytes'])}. Only a backup brings it back.",
                yes="Delete",
                then=lambda: self._act("/trash/empty", {"ids": [item["id"]]}, f"{name} is deleted"),
            )

    def action_empty(self) -> None:
        self.confirm(
            f"Delete {plural(self.removable, 'file')} for good?",
            "The originals leave the disk. Only a backup brings them back.",
            yes="Delete",
            then=lambda: self._act("/trash/empty", {}, "The trash is being emptied"),
        )

    def _act(self, path: str, body: object, said: str) -> None:
        self.desk.act("POST", path, body, said=said, sources=("trash", "jobs", "timeline"))
