"""Are these the same person?  Two faces side by side, and one key to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.widgets.box import Box
from tui.widgets.picture import Picture
from tui.words import clean, plural

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    Person = dict[str, Any]

YES, NO, LATER = "yes", "no", "later"


def ordered(pair: dict[str, Any]) -> tuple[Person, Person]:
    """Who stays, and who becomes that one: whoever has a name stays, else the one on more photos."""
    one, other = pair["person"], pair["other"]
    both_or_none = bool(one["name"]) == bool(other["name"])
    stays = one["faces"] >= other["faces"] if both_or_none else bool(one["name"])
    return (one, other) if stays else (other, one)


class Pair(ModalScreen[str | None]):
    """YES, NO, LATER (somebody is not sure), or None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "Leave"),
        ("y", f"dismiss('{YES}')", "The same"),
        ("n", f"dismiss('{NO}')", "Two people"),
        ("s", f"dismiss('{LATER}')", "Not sure"),
    ]

    def __init__(self, one: Person, other: Person, left: int) -> None:
        """left: how many pairs are to be answered, this one included."""
        super().__init__()
        self._people = (one, other)
        self._left = left

    def compose(self) -> ComposeResult:
        with Box(("Esc", "Leave")):
            yield Static(Content(f"Are these the same person?  ({self._left} to answer)"), classes="title")
            with Horizontal(classes="pair"):
                for place, person in zip(("one", "other"), self._people, strict=True):
                    with Vertical():
                        yield Static(_told(person))
                        yield Picture(id=place)
            with Horizontal(classes="buttons"):
                yield Button("s  Not sure", id=LATER, compact=True)
                yield Button("n  Two people", id=NO, compact=True)
                yield Button("y  The same", id=YES, variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(f"#{LATER}").focus()
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        for place, person in zip(("one", "other"), self._people, strict=True):
            self.query_one(f"#{place}", Picture).show(person["thumbnail_url"])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)


def _told(person: Person) -> Content:
    return Content.assemble(
        (clean(person["name"]) or "No name yet", "bold"), f", on {plural(person['faces'], 'photo')}"
    )
