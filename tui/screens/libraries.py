"""Libraries: the folders that are scanned, what froze one and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column
from tui.widgets.picking import FolderForm
from tui.words import clean, plural, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

FAMILY = "everybody's"
STYLES = {"frozen": "bold red", "scanning": "cyan"}


class LibrariesScreen(ListScreen):
    NAME = "libraries"
    TITLE = "Libraries"
    SOURCES = ("libraries", "users")
    EMPTY = "There is no library yet: press a and name a folder of photos."
    HELP = """Folders that Homeroll reads; it never writes to them. A library is frozen when its disk is not there, or
        when more than a fifth of its files have vanished: nothing is trashed then, and the next scan looks again. Mount
        the disk and scan; only if those files really are gone, accept it with `m`."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("s", "scan_chosen", "Scan"),
        ("a", "add", "Add a folder"),
        ("n", "rename_chosen", "Name"),
        ("d", "remove_chosen", "Forget"),
        ("m", "accept_missing_chosen", "Accept missing"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Library", lambda item: item["name"], 16),
        Column("State", lambda item: (item["status"], STYLES.get(item["status"], "green")), 8),
        Column("Files", lambda item: f"{item['files']:,}", 9, right=True),
        Column("Missing", lambda item: f"{item.get('missing', 0):,}", 7, right=True),
        Column("Last scan", lambda item: when(item["last_scan"]), 11),
        Column("Folder", lambda item: item["root"]),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        watched = "watched for changes" if item.get("watched") else "not watched: it is looked through at every scan"
        owner = self.house.one("users", "id", item["user"])
        whose = f", {clean(owner['name'] or owner['username'])}'s own" if owner else ""
        parts: list[Part] = [(clean(item["root"]), "bold"), f"  {watched}{whose}\n"]
        if item["status"] == "frozen":
            parts += [(f"Frozen: {item['reason']}", "$text-error"), "\n", f"{item['hint']}\n"]
        elif item["reason"]:
            parts.append(f"{item['reason']}\n")
        return parts

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        return action != "accept_missing" or item["status"] == "frozen"

    def action_scan_chosen(self) -> None:
        if item := self.chosen:
            said = f"{clean(item['name'])} is scanned"
            self.desk.act("POST", f"/libraries/{item['id']}/scan", said=said, sources=("libraries", "jobs"))

    def action_accept_missing_chosen(self) -> None:
        if item := self.chosen:
            missing = plural(item.get("missing", 0), "file")
            path = f"/libraries/{item['id']}/accept-missing"
            self.confirm(
                f"Are the missing files of {clean(item['name'])} really gone?",
                f"{item['reason']}\n\nIf a disk is only not mounted, answer no and mount it. With yes, the next scan"
                f" takes what it does not find as deleted; {missing} missing so far.",
                yes="Yes, they are gone",
                then=lambda: self.desk.act("POST", path, said="Accepted; scanning", sources=("libraries", "health")),
            )

    def action_rename_chosen(self) -> None:
        if item := self.chosen:
            form = Form("Rename", (Field("name", "Name", item["name"]),), done="Rename")
            self.app.push_screen(form, lambda wanted: self._rename(item, wanted))

    def _rename(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        if wanted and wanted["name"].strip():
            self.desk.act("PATCH", f"/libraries/{item['id']}", wanted, said="Renamed", sources=("libraries",))

    def action_remove_chosen(self) -> None:
        if item := self.chosen:
            path, said = f"/libraries/{item['id']}", f"{clean(item['name'])} is forgotten"
            self.confirm(
                f"Forget {clean(item['name'])}?",
                f"{plural(item['files'], 'file')} leave the timeline, with what was said of them. Nothing in"
                f" {clean(item['root'])} is touched.",
                yes="Forget",
                then=lambda: self.desk.act("DELETE", path, said=said, sources=("libraries", "timeline", "steps")),
            )

    def action_add(self) -> None:
        form = FolderForm(
            "Add a folder of photos",
            done="Add and scan",
            tree=self.desk.client.address.socket is not None,
            owners=(FAMILY, *(user["username"] for user in self.house.items("users"))),
        )
        self.app.push_screen(form, self._add)

    def _add(self, wanted: dict[str, Any] | None) -> None:
        if wanted and wanted["root"]:
            said = f"{wanted['root']} is scanned"
            owner = self.house.one("users", "username", wanted["owner"])  # nobody for the family
            body = {"root": wanted["root"], "name": wanted["name"], "user": owner["id"] if owner else None}
            self.desk.act("POST", "/libraries", body, said=said, sources=("libraries", "jobs"))
