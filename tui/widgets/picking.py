"""Dialogs in which something is picked: one of a list, some of a list, a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, DirectoryTree, Input, OptionList, Select, Static
from textual.widgets.option_list import Option

from tui.widgets.box import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType


#: Folders in which nobody keeps photos; whoever does can type their names.
SYSTEM = frozenset(("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/proc"))
SYSTEM |= {"/sbin", "/sys", "/usr"}


class Menu(ModalScreen[str | None]):
    """The name of the line that was chosen, or None.  lines: (name, text)."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Close")]

    def __init__(self, title: str, lines: Sequence[tuple[str, str]], *, chosen: str = "", broad: bool = False) -> None:
        """broad: the lines are longer than a screen's name."""
        super().__init__()
        self._title, self._lines, self._chosen = title, lines, chosen
        self._classes_here = "menu broad" if broad else "menu"

    def compose(self) -> ComposeResult:
        with Box(("Enter", "Choose"), ("Esc", "Close"), classes=self._classes_here):
            yield Static(Content(self._title), classes="title")
            yield OptionList(*(Option(Content(text), id=name) for name, text in self._lines), id="lines", compact=True)

    def on_mount(self) -> None:
        lines = self.query_one(OptionList)
        lines.highlighted = next((at for at, (name, _) in enumerate(self._lines) if name == self._chosen), 0)
        lines.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Ticks(ModalScreen[list[str] | None]):
    """The names of the lines that were ticked, or None when it was left.  lines: (name, text)."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Leave"), ("space", "tick", "Tick")]

    def __init__(
        self, title: str, lines: Sequence[tuple[str, str]], *, explained: str, done: str, leave: str = "Leave"
    ) -> None:
        super().__init__()
        self._title, self._lines, self._explained, self._done, self._leave = title, lines, explained, done, leave
        self._ticked: set[str] = set()

    def compose(self) -> ComposeResult:
        with Box(("Space", "Tick"), ("Tab", "Next"), ("Esc", self._leave)):
            yield Static(Content(self._title), classes="title")
            yield Static(Content(self._explained))
            yield OptionList(*(Option(self._line(name), id=name) for name, _ in self._lines), id="lines", compact=True)
            with Horizontal(classes="buttons"):
                yield Button(self._leave, id="leave", compact=True)
                yield Button(self._done, id="done", variant="primary", compact=True)

    def on_mount(self) -> None:
        lines = self.query_one(OptionList)
        lines.highlighted = 0
        lines.focus()

    def _line(self, name: str) -> Content:
        """Ticks are letters: colours alone are not seen everywhere."""
        return Content(f"[{'x' if name in self._ticked else ' '}] {dict(self._lines)[name]}")

    def action_tick(self) -> None:
        lines = self.query_one(OptionList)
        if lines.highlighted is not None:
            name = self._lines[lines.highlighted][0]
            self._ticked ^= {name}
            lines.replace_option_prompt(name, self._line(name))

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_tick()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        ticked = [name for name, _ in self._lines if name in self._ticked]
        self.dismiss(ticked if event.button.id == "done" else None)


class Folders(DirectoryTree):
    """Folders only, without hidden ones and the system's own; plain signs, which every terminal's font has."""

    ICON_NODE, ICON_NODE_EXPANDED = "▸ ", "▾ "

    def on_mount(self) -> None:
        self.show_root = False  # it would be a line without a name

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        shown = [path for path in paths if not path.name.startswith(".") and str(path) not in SYSTEM]
        return [path for path in shown if self._safe_is_dir(path)]


class FolderForm(ModalScreen[dict[str, Any] | None]):
    """{"root", "name", "owner"}: a folder that was typed or picked in the tree, what it is to be called, and whose.

    tree: whether the folders here are those of the service.   named: whether a name is asked for.
    owners: who it can be of, asked where there is more than one; the first, or "", where nobody is asked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Leave")]

    def __init__(
        self,
        title: str,
        *,
        done: str,
        tree: bool,
        named: bool = True,
        root: str = "/",
        explained: str = "",
        leave: str = "Leave",
        owners: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._title, self._done, self._leave, self._explained = title, done, leave, explained
        self._tree, self._named, self._root, self._owners = tree, named, root, owners

    def compose(self) -> ComposeResult:
        with Box(("Tab", "Next"), ("Enter", self._done), ("Esc", self._leave)):
            yield Static(Content(self._title), classes="title")
            if self._explained:
                yield Static(Content(self._explained))
            yield Static("Folder, on the machine that Homeroll runs on")
            yield Input(self._root, compact=True, id="root")
            if self._tree:
                yield Folders("/", id="tree")
            if self._named:
                yield Static("Name (empty: the folder's own)", classes="after")
                yield Input(compact=True, id="name")
            if len(self._owners) > 1:
                yield Static("Whose photos are in it: who sees them")
                choices = [(owner, owner) for owner in self._owners]
                yield Select(choices, value=self._owners[0], allow_blank=False, compact=True, id="owner")
            with Horizontal(classes="buttons"):
                yield Button(self._leave, id="leave", compact=True)
                yield Button(self._done, id="done", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#root").focus()

    @on(DirectoryTree.DirectorySelected)
    def _picked(self, event: DirectoryTree.DirectorySelected) -> None:
        self.query_one("#root", Input).value = str(event.path)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._finish()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "done":
            self._finish()
        else:
            self.dismiss(None)

    def _finish(self) -> None:
        root = self.query_one("#root", Input).value.strip()
        name = self.query_one("#name", Input).value.strip() if self._named else ""
        owner = self._owners[0] if self._owners else ""
        if len(self._owners) > 1:
            owner = str(self.query_one("#owner", Select).value)
        self.dismiss({"root": root, "name": name, "owner": owner})
