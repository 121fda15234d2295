"""What stands over a screen until it is answered: a question, a form, something to copy, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from tui.widgets.box import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class Question(ModalScreen[bool]):
    """Yes or no to something that matters; `no` has the focus, but for what is harmless."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(False)", "No"), ("y", "dismiss(True)", "Yes")]

    def __init__(self, question: str, explained: str, *, yes: str, no: str = "No", harmless: bool = False) -> None:
        super().__init__()
        self._question, self._explained, self._yes, self._no = question, explained, yes, no
        self._harmless = harmless

    def compose(self) -> ComposeResult:
        with Box(("y", self._yes), ("Esc", self._no)):
            yield Static(Content(self._question), classes="title")
            yield Static(Content(self._explained))
            with Horizontal(classes="buttons"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", variant="primary" if self._harmless else "error", compact=True)

    def on_mount(self) -> None:
        self.query_one("#yes" if self._harmless else "#no").focus()

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class Field(NamedTuple):
    """One line of a form; `kind`: text, integer, password (of several in one form, all must be equal) or choice."""

    name: str
    label: str
    value: Any = ""
    kind: str = "text"
    choices: tuple[str, ...] = ()
    help: str = ""


class Form(ModalScreen[dict[str, Any] | None]):
    """Its fields as they were filled in, or None when it was left.

    explained: what it is about.   problem: why it is asked again.   leave: the word on the button that leaves it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Leave")]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        done: str,
        explained: str = "",
        problem: str = "",
        leave: str = "Leave",
    ) -> None:
        super().__init__()
        self._title, self._fields, self._done, self._leave = title, fields, done, leave
        self._explained, self._problem = explained, problem

    def compose(self) -> ComposeResult:
        with Box(("Tab", "Next"), ("Enter", self._done), ("Esc", self._leave)):
            yield Static(Content(self._title), classes="title")
            if self._explained:
                yield Static(Content(self._explained))
            yield Static(Content(self._problem), id="problem")
            with VerticalScroll(classes="fields", can_focus=False):
                for field in self._fields:
                    yield Label(Content(field.label))
                    if field.kind == "choice":
                        options = [(choice, choice) for choice in field.choices]
                        yield Select(options, value=field.value, allow_blank=False, compact=True, id=field.name)
                    else:
                        yield Input(
                            str(field.value),
                            type="integer" if field.kind == "integer" else "text",
                            password=field.kind == "password",
                            compact=True,
                            id=field.name,
                        )
                    if field.help:
                        yield Static(Content(field.help), classes="help")
            with Horizontal(classes="buttons"):
                yield Button(self._leave, id="leave", compact=True)
                yield Button(self._done, id="done", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(f"#{self._fields[0].name}").focus()
        self._object(self._problem)

    def _object(self, problem: str) -> None:
        shown = self.query_one("#problem", Static)
        shown.update(Content(problem))
        shown.display = bool(problem)

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
        values: dict[str, Any] = {}
        for field in self._fields:
            if field.kind == "choice":
                values[field.name] = self.query_one(f"#{field.name}", Select).value
            else:
                text = self.query_one(f"#{field.name}", Input).value
                if field.kind == "integer":
                    if not text.lstrip("-").isdigit():
                        self._object(f"{field.label}: a whole number is needed.")
                        return
                    values[field.name] = int(text)
                else:
                    values[field.name] = text
        secrets = [values[field.name] for field in self._fields if field.kind == "password"]
        if len(set(secrets)) > 1:
            self._object("The two passwords are not the same.")
            return
        self.dismiss(values)


class Paper(ModalScreen[None]):
    """Text to read or copy, until a key is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Close"),
        ("enter", "dismiss(None)", "Close"),
        ("question_mark", "dismiss(None)", "Close"),
        ("q", "dismiss(None)", "Close"),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Box(("Esc", "Close")):
            yield Static(Content(self._title), classes="title")
            with VerticalScroll(classes="text"):
                yield Static(self._text, id="paper")
