"""Backups: when the last one was and what it copied, whether it would come back, and doing either now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content

from tui.screens.base import HomerollScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.picking import FolderForm
from tui.words import bar, clean, plural, result, span, when

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.house import House

BACK_UP, REHEARSE = "back_up", "restore_drill"
UNTOLD = {"folder", "at", "snapshot", "rows", "problems", "failed"}  # said in words of their own


class BackupsScreen(HomerollScreen):
    NAME = "backups"
    TITLE = "Backups"
    SOURCES = ("integrity", "jobs", "settings")
    HELP = """Every night the database is copied and proven, and, when a folder on another disk is named,
        everything that cannot be made again goes there; nothing is ever deleted in it. `r` rehearses a
        restore beside the data: it says whether the photos would come back, and changes nothing; `a` does so
        with every photo instead of some. A real
        restore is a command for an empty machine: `homeroll restore`."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("b", f"run('{BACK_UP}')", "Back up now"),
        ("r", f"run('{REHEARSE}')", "Rehearse a restore"),
        ("a", "rehearse_all", "Rehearse all"),
        ("f", "folder", "Folder"),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(id="overview"):
            yield Calm(id="backup")
            yield Calm(id="drill")

    def redraw(self) -> None:
        if "integrity" not in self.house.known:
            return
        known = self.house.known["integrity"]
        self.query_one("#backup", Calm).update(Content.assemble(*backup(self.house, known["last_backup"])).rstrip())
        self.query_one("#drill", Calm).update(Content.assemble(*rehearsal(self.house, known["last_drill"])).rstrip())

    def action_run(self, job: str) -> None:
        title = (self.house.one("jobs", "name", job) or {}).get("title", job)
        self.desk.act("POST", f"/jobs/{job}/run", said=f"“{title}” started", sources=("jobs", "integrity"))

    def action_rehearse_all(self) -> None:
        said = "Every photo of the backup is tried; that takes a while"
        query = {"everything": "true"}
        self.desk.act("POST", f"/jobs/{REHEARSE}/run", said=said, sources=("jobs", "integrity"), query=query)

    def action_folder(self) -> None:
        form = FolderForm(
            "Where shall the copy go?",
            done="Copy there every night",
            tree=self.desk.client.address.socket is not None,
            named=False,
            root=folder_of(self.house),
            explained="A folder on another disk. Empty: only snapshots of the database, on this one.",
        )
        self.app.push_screen(form, self._set_folder)

    def _set_folder(self, wanted: dict[str, Any] | None) -> None:
        if wanted is not None:
            said = f"Every night, to {wanted['root']}" if wanted["root"] else "No copy on another disk"
            body = {"backup_folder": wanted["root"]}
            self.desk.act("PATCH", "/settings", body, said=said, sources=("settings", "integrity"))


def folder_of(house: House) -> str:
    return str((house.one("settings", "name", "backup_folder") or {}).get("value", ""))


def backup(house: House, last: dict[str, Any] | None) -> list[Part]:
    folder = folder_of(house)
    parts: list[Part] = [("Backup\n", "bold")]
    parts.append(f"{'Folder':<12}")
    parts.append(
        clean(folder) if folder else ("none: only snapshots of the database, on the same disk", "$text-warning")
    )
    parts.append(f"\n{'Last':<12}")
    if last is None:
        parts.append(("none yet\n", "$text-warning"))
    else:
        parts.append(f"{when(last['at'])}, {plural(last['rows'], 'file')} in snapshot {clean(last['snapshot'])}\n")
        if last.get("folder"):
            told = result({name: value for name, value in last.items() if name not in UNTOLD})
            parts.append(f"{'Copied':<12}to {clean(last['folder'])}: {told or 'nothing new'}\n")
        if last.get("unreadable"):
            parts.append((f"{'':<12}{plural(last['unreadable'], 'file')} could not be read\n", "$text-error"))
    return [*parts, *_job(house, BACK_UP)]


def rehearsal(house: House, last: dict[str, Any] | None) -> list[Part]:
    parts: list[Part] = [("Rehearsal of a restore\n", "bold"), f"{'Last':<12}"]
    if last is None:
        parts.append(("never: nobody knows yet whether the backup brings the photos back\n", "$text-warning"))
    elif last.get("failed"):
        parts.append((f"{when(last['at'])}: {plural(last['failed'], 'file')} would be lost\n", "$text-error"))
        parts += [(f"{'':<12}{clean(problem)}\n", "$text-error") for problem in last["problems"]]
    else:
        told = result({name: value for name, value in last.items() if name not in UNTOLD})
        parts += [f"{when(last['at'])}: ", ("everything came back", "$text-success"), f" ({told})\n"]
    return [*parts, *_job(house, REHEARSE)]


def _job(house: House, name: str) -> list[Part]:
    job = house.one("jobs", "name", name)
    if job is None:
        return []
    if job["status"] == "running":
        total = job["total"] or 0
        far = f"{bar((job['done'] or 0) / total, 20)} {job['done']:,} of {total:,}" if total else "at work …"
        left = f", {span(job['seconds_left'])} left" if job.get("seconds_left") else ""
        return [f"{'Now':<12}", (f"{far}{left}\n", "$text-accent")]
    if job["status"] == "failed":
        return [f"{'Failed':<12}", (f"{clean(job['error'])}\n", "$text-error")]
    if job["status"] == "paused":
        return [f"{'Paused':<12}", ("resume it among the jobs\n", "$text-warning")]
    skipped = (job["result"] or {}).get("skipped")
    told: list[Part] = [f"{'Skipped':<12}", (f"{clean(skipped)}\n", "$text-warning")] if skipped else []
    return [*told, f"{'Next':<12}{when(job['next_run']) if job['next_run'] else 'not planned'}\n"]
