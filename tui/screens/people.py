"""People: who is on the photos, and naming the groups that nobody has named yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Horizontal

from tui.screens.base import ListScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.dialogs import Field, Form
from tui.widgets.listing import Column, Listing
from tui.widgets.pair import NO, YES, Pair, ordered
from tui.widgets.picture import Picture
from tui.words import clean, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

MARKS = (("favourite", "favourite"), ("hidden", "hidden"), ("ignored", "stranger"), ("private", "private"))


def _name(person: dict[str, Any]) -> tuple[str, str]:
    return (person["name"], "bold") if person["name"] else ("not named", "italic")


def _key(pair: dict[str, Any]) -> str:
    return " ".join(sorted((pair["person"]["id"], pair["other"]["id"])))


class PeopleScreen(ListScreen):
    NAME = "people"
    TITLE = "People"
    SOURCES = ("people", "groups", "pairs")
    EMPTY = "Nobody was found yet: faces are looked for when photos are imported."
    HELP = """Who is on the photos. Groups of faces form by themselves; give one a name and it holds for ever, also for
        photos that are added later. A name that somebody already has makes the two one. `x` marks a stranger: not asked
        about again. `s` asks about pairs who may be the same person. `u` takes the last change back. The face is
        drawn by the terminal where it can do that, else with half-blocks: a larger window shows more of it then."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("n", "name_chosen", "Name"),
        ("s", "same", "Same?"),
        ("t", "only_unnamed", "Unnamed"),
        ("x", "ignore_chosen", "Stranger"),
        ("h", "hide_chosen", "Hide"),
        ("u", "undo", "Undo"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Name", _name),
        Column("Faces", lambda person: f"{person['faces']:,}", 7, right=True),
        Column("", lambda person: ", ".join(word for mark, word in MARKS if person[mark]), 18),
    )
    undo: str = ""
    unnamed = False
    unsure: frozenset[str] = frozenset()  # pairs that are not asked about again while the dashboard runs

    def body(self) -> ComposeResult:
        with Horizontal(id="sides"):
            yield Listing(self.COLUMNS, key=self.KEY, id="list")
            yield Picture(id="picture")
        yield Calm(id="details")

    @property
    def source(self) -> str:
        return "groups" if self.unnamed else "people"

    def items(self) -> list[dict[str, Any]]:
        return [item for item in super().items() if not (self.unnamed and item["ignored"])]

    def details(self, item: dict[str, Any]) -> list[Part]:
        self.query_one(Picture).show(item["thumbnail_url"])
        more = f"; {self.house.total(self.source):,} in all"
        pairs = len(self.pairs)
        asks = f"{plural(pairs, 'pair')} may be one person each: s asks" if pairs else ""
        born = f", born {item['birthday']}" if item.get("birthday") else ""
        who = clean(item["name"]) or "A group that nobody has named"
        return [(who, "bold"), f"{born}, on {plural(item['faces'], 'photo')}", (f"{more}\n", "$foreground-muted"), asks]

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """Those that nobody has answered yet, the surest first."""
        return [pair for pair in self.house.items("pairs") if _key(pair) not in self.unsure]

    def action_same(self) -> None:
        pairs = self.pairs
        if pairs:
            one, other = ordered(pairs[0])
            self.app.push_screen(Pair(one, other, len(pairs)), lambda answer: self._answered(pairs[0], answer))

    def _answered(self, pair: dict[str, Any], answer: str | None) -> None:
        if answer is None:
            return
        self.unsure |= {_key(pair)}  # answered here, whatever the service still says of it
        one, other = ordered(pair)
        name = one["name"] or "one group"
        if answer == YES:
            self._act("POST", "/people/merge", {"into": one["id"], "people": [other["id"]]}, f"Both are {name} now")
        elif answer == NO:
            self._act("POST", "/people/apart", {"person": one["id"], "other": other["id"]}, "Two people, for good")
        self.redraw()
        self.action_same()

    def action_only_unnamed(self) -> None:
        self.unnamed = not self.unnamed
        self.redraw()

    def action_name_chosen(self) -> None:
        if item := self.chosen:
            fields = (Field("name", "Name", item["name"]),)
            form = Form("Who is this?", fields, done="Name")
            self.app.push_screen(form, lambda wanted: self._named(item, wanted))

    def on_data_table_row_selected(self) -> None:
        self.action_name_chosen()

    def _named(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        name = wanted["name"].strip() if wanted else ""
        if not name or name == item["name"]:
            return
        same = next((one for one in self.house.items("people") if one["name"].casefold() == name.casefold()), None)
        if same is None or same["id"] == item["id"]:
            self._change(item, {"name": name}, f"Named {name}")
            return
        self.confirm(
            f"There is already a {same['name']}, on {plural(same['faces'], 'photo')}.",
            "Are these the same person? With yes, both become one; u takes it back.",
            yes="Yes, one person",
            then=lambda: self._act(
                "POST", "/people/merge", {"into": same["id"], "people": [item["id"]]}, f"Both are {same['name']} now"
            ),
        )

    def action_ignore_chosen(self) -> None:
        if item := self.chosen:
            said = "Not asked about again" if not item["ignored"] else "No stranger any more"
            self._change(item, {"ignored": not item["ignored"]}, said)

    def action_hide_chosen(self) -> None:
        if item := self.chosen:
            self._change(item, {"hidden": not item["hidden"]}, "Shown again" if item["hidden"] else "Hidden")

    def action_undo(self) -> None:
        if self.undo:
            entry, self.undo = self.undo, ""
            self.unsure = frozenset()
            self.desk.act("POST", f"/journal/{entry}/undo", said="Taken back", sources=self.SOURCES)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return bool(self.undo)
        if action == "same":
            return self.is_mounted and bool(self.pairs)
        return super().check_action(action, parameters)

    def _change(self, item: dict[str, Any], change: dict[str, Any], said: str) -> None:
        self._act("PATCH", f"/people/{item['id']}", change, said)

    def _act(self, method: str, path: str, body: dict[str, Any], said: str) -> None:
        self.desk.act(method, path, body, said=said, sources=self.SOURCES, then=self._changed)

    def _changed(self, answer: dict[str, Any]) -> None:
        self.undo = answer["undo"] or ""
        self.tell_keys()
