"""Where the time of the next requests to one address goes: asked for here, and shown as a tree of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from tui.words import bar, clean, plural

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.desk import Desk

REQUESTS = 5
BAR = 8


class ProfileScreen(ModalScreen[None]):
    """method, path: what is profiled when asked; a profile that is there is shown, whatever it is of."""

    CSS = """
    ProfileScreen .dialog { width: 96%; height: 96%; }
    ProfileScreen #tree-of-calls { height: 1fr; margin-top: 1; }
    ProfileScreen #lines-of-calls { text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("p", "profile", "Profile"),
        ("f5", "again", "Ask again"),
        ("d", "forget", "Forget"),
        ("escape", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
    ]

    def __init__(self, method: str, path: str) -> None:
        super().__init__()
        self._method, self._path = method, path

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("…", id="summary")
            with VerticalScroll(id="tree-of-calls"):
                yield Static(id="lines-of-calls")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self.action_again()

    def action_again(self) -> None:
        self._ask("GET")

    def action_profile(self) -> None:
        self._ask("POST", {"method": self._method, "path": self._path, "requests": REQUESTS})

    def action_forget(self) -> None:
        self._ask("DELETE", then_again=True)

    def _ask(self, method: str, body: object = None, *, then_again: bool = False) -> None:
        desk = cast("Desk", self.app)
        desk.act(
            method, "/requests/profile", body, then=lambda told: self.action_again() if then_again else self._tell(told)
        )

    def _tell(self, told: dict[str, Any]) -> None:
        if not self.is_attached:
            return
        of = f"{told['method']} {clean(told['path'])}"
        match told["status"]:
            case "none":
                parts: list[Any] = [
                    (f"p profiles the next {REQUESTS} requests to {self._method} {clean(self._path)}.\n", "bold"),
                    "Then it is told here where their time went. Meanwhile they are slower, the rest a little.",
                ]
            case "waiting":
                parts = [
                    (f"{told['taken']} of {plural(told['wanted'], 'request')} to {of}\n", "bold"),
                    "Waiting for somebody to ask for it, for ten minutes at most. F5 looks again, d gives up.",
                ]
            case _:
                parts = [
                    (f"{of}: {told['ms']:,.2f} ms\n", "bold"),
                    f"on average of {plural(told['taken'], 'request')}, {plural(told['samples'], 'sample')};"
                    " what is Homeroll's own is bold. Profiling makes everything slower: compare the shares.",
                ]
        self.query_one("#summary", Static).update(Content.assemble(*parts))
        self.query_one("#lines-of-calls", Static).update(tree(told["lines"]))


def tree(lines: list[dict[str, Any]]) -> Content:
    """One line for each function, as deep as it was called."""
    parts: list[Any] = []
    for line in lines:
        parts.append((f"{line['ms']:>8,.2f} {bar(line['share'], BAR)} ", "$text-muted"))
        parts.append((f"{'  ' * min(line['depth'], 24)}{clean(line['function'])}", "bold" if line["ours"] else ""))
        parts.append((f"  {clean(line['place'])}\n", "$text-muted"))
    return Content.assemble(*parts)
