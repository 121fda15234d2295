"""One recorded request: what it waited for, its statements, and the plan of the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Static

from tui.widgets.listing import Column, Listing
from tui.words import clean, plural, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.desk import Desk

    Told = dict[str, Any]

#: What SQLite does that a larger library feels, beside its line of the plan.
NOTABLE = {"scan": "  ← reads all of it", "sort": "  ← sorts all of it"}


def _times(item: Told) -> tuple[str, str]:
    return f"{item['count']}x" if item["count"] > 1 else "", "bold yellow" if item["repeated"] else ""


class RequestScreen(ModalScreen[None]):
    """told: as GET /requests/{id} answers."""

    CSS = """
    RequestScreen .dialog { width: 96%; height: 96%; }
    RequestScreen #statements { height: 1fr; min-height: 4; }
    RequestScreen #below { height: 45%; border-top: solid $secondary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "plan", "Plan"),
        ("escape", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("", _times, 6, right=True),
        Column("ms", lambda item: f"{item['ms']:,.2f}", 9, right=True),
        Column("Rows", lambda item: f"{item['rows']:,}", 7, right=True),
        Column("Statement", lambda item: item["sql"]),
    )

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told
        self._plans: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._summary(), id="summary")
            yield Listing(self.COLUMNS, key="id", id="statements")
            with VerticalScroll(id="below"):
                yield Static(id="statement")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        listing = self.query_one(Listing)
        listing.show(self._told["statements"])
        listing.focus()
        self._tell()

    def _summary(self) -> Content:
        told, request = self._told, self._told["request"]
        cost, waited = request["recorded"], told["waited"]
        parts: list[Any] = [
            (f"{request['method']} {clean(request['path'])}", "bold"),
            f"  {request['status']}  {request['ms']:,.1f} ms",
        ]
        if told["first_ms"] is not None and request["ms"] - told["first_ms"] > 1:
            parts.append(f", the answer began after {told['first_ms']:,.1f} ms")
        parts.append(f", {size(cost['sent_bytes'])} sent\n")
        if told["profiled"]:
            parts.append(("It was profiled, which makes it slower.\n", "$text-warning"))
        count = plural(cost["statements"], "statement")
        parts.append(f"{count} {cost['sql_ms']:,.1f} ms, {plural(told['transactions'], 'transaction')}")
        parts.append(f" {told['transaction_ms']:,.1f} ms. Waited for a connection {waited['connection_ms']:,.1f} ms,")
        parts.append(f" to be handed over {waited['thread_ms']:,.1f} ms")
        parts.append(f", to compute {waited['compute_ms']:,.1f} ms.\n" if told["computed"] else ".\n")
        for work in told["computed"]:
            parts.append(f"Computed: {clean(work['function'])}, {work['count']}x, {work['ms']:,.1f} ms\n")
        if cost["repeated"]:
            parts.append((f"The same statement ran {cost['repeated']} times (N+1): one for each row?\n", "bold yellow"))
        if told["left_out"]:
            parts.append((f"{told['left_out']:,} more statements are not listed.\n", "$text-muted"))
        return Content.assemble(*parts)

    @on(DataTable.RowHighlighted)
    def _tell(self) -> None:
        chosen = self.query_one(Listing).chosen
        text = Content("It asked nothing of the database.")
        if chosen is not None:
            lines = [" ".join(line.split()) for line in chosen["sql"].splitlines()]
            # The plan first: a statement may be longer than there is room.
            plan = self._plans.get(chosen["id"])
            text = plan or Content.styled("Enter asks SQLite how it goes about it.\n", "$text-muted")
            text = text + Content("\n" + "\n".join(clean(line) for line in lines if line))
        self.query_one("#statement", Static).update(text)

    @on(DataTable.RowSelected)
    def action_plan(self) -> None:
        chosen = self.query_one(Listing).chosen
        if chosen is not None:
            path = f"/requests/{self._told['request']['id']}/statements/{chosen['id']}/plan"
            desk = cast("Desk", self.app)
            desk.act("GET", path, then=lambda plan: self._planned(chosen["id"], plan["lines"]))

    def _planned(self, statement: str, lines: list[Told]) -> None:
        head = "How SQLite goes about it:" if lines else "SQLite looks for nothing here: it only writes."
        parts: list[Any] = [(f"{head}\n", "bold")]
        for line in lines:
            parts.append(f"{'  ' * line['depth']}{clean(line['text'])}")
            parts.append((f"{NOTABLE.get(line['notable'], '')}\n", "bold yellow"))
        self._plans[statement] = Content.assemble(*parts)
        if self.is_attached:
            self._tell()
