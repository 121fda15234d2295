"""Updates: which version runs, which one is here, how to get the next, and the way back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content

from tui.screens.base import HomerollScreen, Part
from tui.versions import Versions, look
from tui.widgets.calm import Calm
from tui.words import clean, plural, size, when

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import WorkType

SHOWN = 12  # snapshots; older ones are counted


class UpdatesScreen(HomerollScreen):
    NAME = "updates"
    TITLE = "Updates"
    SOURCES = ("server", "integrity", "jobs")
    SELDOM = ("server",)
    HELP = """Homeroll never updates itself and never asks the internet whether there is something newer. An upgrade
        makes the new version beside the old one, takes a snapshot of the database, and goes back by itself when the
        new version does not work. `b` takes a snapshot now. The commands are typed in a shell on the machine."""
    BINDINGS: ClassVar[list[BindingType]] = [("b", "back_up", "Snapshot now")]
    found: Versions | None = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="overview"):
            yield Calm(id="versions")
            yield Calm(id="how")
            yield Calm(id="back")

    def on_screen_resume(self) -> None:
        self._look_again()

    def _look_again(self) -> None:
        look_up: WorkType[None] = self._look
        self.run_worker(look_up, group="versions", exclusive=True)

    def action_again(self) -> None:
        super().action_again()
        self._look_again()

    async def _look(self) -> None:
        self.found = await asyncio.to_thread(look, self.desk.data)
        self.call_later(self.redraw)

    def redraw(self) -> None:
        runs = self.house.known.get("server", {}).get("version", "")
        self.query_one("#versions", Calm).update(Content.assemble(*versions(runs, self.found)).rstrip())
        self.query_one("#how", Calm).update(Content.assemble(*how(self.found)).rstrip())
        self.query_one("#back", Calm).update(Content.assemble(*back(self.found)).rstrip())

    def action_back_up(self) -> None:
        said = "A snapshot is taken, and the copy brought up to date"
        self.desk.act(
            "POST", "/jobs/back_up/run", said=said, sources=("jobs", "integrity"), then=lambda _: self._soon()
        )

    def _soon(self) -> None:
        """The snapshot is there when the job has ended, which takes a moment."""
        self.set_timer(3, self._look_again)


def versions(runs: str, found: Versions | None) -> list[Part]:
    parts: list[Part] = [("Version\n", "bold"), f"{'Runs':<12}{runs or '?'}\n"]
    if found is None:
        return parts
    parts.append(f"{'Here':<12}{found.here}, the version of this dashboard\n")
    if runs and runs != found.here:
        parts.append(
            ("The service runs another version than this dashboard: restart whichever is older.\n", "$text-warning")
        )
    if found.undecided:
        hint = "sudo ./install.sh takes back what does not work, or goes on."
        parts.append((f"An upgrade has not been decided: {hint}\n", "$text-error"))
    if found.installed:
        kept = f"{plural(found.others, 'version')} kept beside it" if found.others else "no other version is kept"
        parts.append(f"{'Installed':<12}as a service of this machine; {kept}\n")
    return parts


def how(found: Versions | None) -> list[Part]:
    if found is None:
        return []
    where = "" if found.local else "On the machine that it runs on, "
    parts: list[Part] = [("To upgrade\n", "bold"), f"{where}{'i' if where else 'I'}n the folder that Homeroll"]
    parts.append(" was installed from:\n\n   git pull\n")
    parts.append(f"   {'sudo ./install.sh' if found.installed or not found.local else './install.sh try'}\n")
    parts += ["\nThe new version must answer before the old one is let go; else everything goes back by itself.\n"]
    return parts


def back(found: Versions | None) -> list[Part]:
    """Snapshots of the database: what an older version is to start from."""
    if found is None:
        return []
    parts: list[Part] = [("To go back to an older version\n", "bold")]
    if found.snapshots is None:
        return [*parts, ("The snapshots are seen on the machine itself, by those who may.\n", "$foreground-muted")]
    if not found.snapshots:
        return [*parts, ("There is no snapshot of the database yet: b takes one.\n", "$text-warning")]
    parts.append("git checkout OLDER, then one of these, with what was known then:\n\n")
    command = "sudo ./install.sh --snapshot" if found.installed else "homeroll restore --database --snapshot"
    parts.append(f"   {command} {found.snapshots[0].name}\n\n")
    for one in found.snapshots[:SHOWN]:
        parts.append(f"{clean(one.name):<40} {when(one.taken.isoformat()):<12} {size(one.size_bytes):>8}\n")
    more = len(found.snapshots) - SHOWN
    return [*parts, (f"and {plural(more, 'older one')}\n", "$foreground-muted")] if more > 0 else parts
