"""What every screen has: the lines at the top, the notice, the keys, help; and the shape most have, a list and details.

A screen draws what the desk's house knows (`redraw`) and asks the desk to act; it never asks the service itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input

from tui.attention import points
from tui.widgets.calm import Calm
from tui.widgets.dialogs import Paper, Question
from tui.widgets.listing import Column, Listing
from tui.widgets.notice import Notice
from tui.widgets.top import Choice, Top
from tui.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tui.desk import Desk
    from tui.house import House

Part = Content | str | tuple[str, str]

EVERYWHERE = (
    ("↑ ↓ PgUp", "Move"),
    ("Tab", "To the next part"),
    ("1 - 9, 0", "Another screen"),
    ("g, q", "All screens; quit"),
    ("Ctrl+P", "Find anything by its name"),
)


class HomerollScreen(Screen[None]):
    """NAME is its address, TITLE what it is called.

    SOURCES are asked for when it is opened, SELDOM every half minute while it is shown: what no message tells.
    MACHINE: whether it shows figures of this machine.
    """

    NAME: ClassVar[str] = ""
    SOURCES: ClassVar[tuple[str, ...]] = ()
    SELDOM: ClassVar[tuple[str, ...]] = ()
    MACHINE: ClassVar[bool] = False
    _usable: Sequence[bool | None] = ()
    HELP = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("question_mark", "explain", "Help"),
        Binding("f5", "again", "Ask again", show=False),
    ]

    @property
    def desk(self) -> Desk:
        return cast("Desk", self.app)

    @property
    def house(self) -> House:
        return self.desk.house

    def compose(self) -> ComposeResult:
        yield Top()
        names = [(name, str(cast("Any", screen).TITLE)) for name, screen in self.app.MODES.items()]
        yield Choice(names, self.NAME)
        yield Notice()
        yield from self.body()
        yield Footer(show_command_palette=False, compact=True)

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw what the house knows."""
        raise NotImplementedError

    def tell_state(self) -> None:
        known = self.house.known
        self.query_one(Top).tell(
            name=clean(known.get("server", {}).get("name", "Homeroll")),
            address=str(self.desk.client.address),
            version=known.get("server", {}).get("version", ""),
            health=known.get("health", {}).get("status"),
            points=len(points(self.house)),
            reachable=self.desk.lost is None,
        )
        self.query_one(Notice).tell(
            self.desk.lost,
            self.desk.starter,
            local=self.desk.client.address.socket is not None,
            differs=self.desk.differs,
        )
        self.tell_keys()

    def tell_keys(self) -> None:
        """Draw the last line again if other keys apply than before."""
        actions = [binding[1] if isinstance(binding, tuple) else binding.action for binding in self.BINDINGS]
        usable = [self.check_action(action, ()) for action in actions]
        usable.append(self.app.check_action("start_service", ()))
        if usable != self._usable:
            self._usable = usable
            self.refresh_bindings()

    def on_screen_resume(self) -> None:
        self.desk.ask_for(self.SOURCES)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if self.is_attached:
            self.tell_state()
            self.redraw()

    def confirm(
        self, question: str, explained: str, *, yes: str, then: Callable[[], None], harmless: bool = False
    ) -> None:
        def answered(agreed: bool | None) -> None:
            if agreed:
                then()

        self.app.push_screen(Question(question, explained, yes=yes, harmless=harmless), answered)

    def action_again(self) -> None:
        self.desk.ask_for(self.SOURCES)

    def action_explain(self) -> None:
        lines = [f"{' '.join(self.HELP.split())}\n"]
        # The screen's own first, those that do not apply just now included.
        for binding in (*Binding.make_bindings(type(self).BINDINGS), *Binding.make_bindings(HomerollScreen.BINDINGS)):
            lines.append(f"{self.app.get_key_display(binding):>12}  {binding.description}")
        lines += ["", *(f"{keys:>12}  {what}" for keys, what in EVERYWHERE)]
        self.app.push_screen(Paper(f"{self.TITLE}: help", Content("\n".join(lines))))


class ListScreen(HomerollScreen):
    """A list, and below it everything about the chosen item.  KEY: the field, or fields, that tell items apart."""

    COLUMNS: ClassVar[Sequence[Column]] = ()
    KEY: ClassVar[str] = "id"
    EMPTY: ClassVar[str] = "There is nothing here."

    def body(self) -> ComposeResult:
        yield Listing(self.COLUMNS, key=self.KEY, id="list")
        yield Calm(id="details")

    @property
    def listing(self) -> Listing:
        return self.query_one("#list", Listing)

    @property
    def details_line(self) -> Calm:
        return self.query_one("#details", Calm)

    @property
    def chosen(self) -> dict[str, Any] | None:
        return self.listing.chosen

    def items(self) -> list[dict[str, Any]]:
        return self.house.items(self.source)

    def details(self, item: dict[str, Any]) -> list[Part]:
        raise NotImplementedError

    def redraw(self) -> None:
        self.listing.show(self.items())
        self._tell_details()

    @on(DataTable.RowHighlighted)
    def _tell_details(self) -> None:
        item = self.chosen
        refused = self.house.refused.get(self.source)
        parts: list[Part] = []
        if refused:
            parts = [(f"{clean(refused.message)}.", "$text-error"), f" {clean(refused.hint)}\n"]
        if item is not None:
            parts += self.details(item)
        elif not refused:
            parts += self.nothing()
        self.details_line.update(Content.assemble(*parts))
        self.tell_keys()

    def nothing(self) -> list[Part]:
        """Said where nothing is chosen: because there is nothing, or not yet."""
        return [(self.EMPTY if self.source in self.house.known else "…", "$foreground-muted")]

    @property
    def source(self) -> str:
        """Where the list comes from; "" for one of its own."""
        return self.SOURCES[0] if self.SOURCES else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions on an item need one: their names end in `_chosen`."""
        if action.endswith("_chosen") and self.is_mounted:
            item = self.chosen
            return item is not None and self.applies(action.removesuffix("_chosen"), item)
        return True

    def applies(self, action: str, item: dict[str, Any]) -> bool:
        """Whether `action` makes sense for `item`; its key is not shown where it does not."""
        return True


class FilteredScreen(ListScreen):
    """A list that keeps only what holds a word, typed above it.  Its BINDINGS name the keys of `filter` and `look`."""

    wanted = ""

    def body(self) -> ComposeResult:
        yield Input(placeholder="filter", compact=True, id="query")
        yield from super().body()

    def on_mount(self) -> None:
        self.listing.focus()

    def every(self) -> list[dict[str, Any]]:
        """What is filtered."""
        return super().items()

    def words(self, item: dict[str, Any]) -> str:
        """Where the word is looked for, whatever its case."""
        raise NotImplementedError

    def items(self) -> list[dict[str, Any]]:
        return [item for item in self.every() if self.wanted in self.words(item).casefold()]

    def action_filter(self) -> None:
        self.query_one("#query").focus()

    def action_look(self) -> None:
        self.listing.focus()

    @on(Input.Changed, "#query")
    def _filter(self, event: Input.Changed) -> None:
        self.wanted = event.value.strip().casefold()
        self.redraw()
