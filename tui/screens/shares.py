"""Shares: links for those who do not live here, when they end, who looks, and taking one back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content

from appliance.values import now
from tui.phone import code_for
from tui.screens.base import ListScreen, Part
from tui.widgets.dialogs import Field, Form, Paper
from tui.widgets.listing import Column
from tui.words import clean, plural, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

NEVER, KEEP = "never", "as it is"
#: How long from now; the words are what is chosen from.
ENDS = {"in a day": 1, "in a week": 7, "in a month": 30, "in a year": 365}
FLAGS = (
    ("allow_download", "originals can be downloaded"),
    ("show_location", "places are shown"),
    ("show_metadata", "dates and cameras are shown"),
    ("allow_upload", "guests may add photos"),
)


def _end(share: dict[str, Any]) -> tuple[str, str]:
    if share["expired"]:
        return "over", "red"
    return (when(share["expires"]), "") if share["expires"] else (NEVER, "yellow")


def _name(share: dict[str, Any]) -> str:
    return share["name"] or f"({share['kind']})"


class SharesScreen(ListScreen):
    NAME = "shares"
    TITLE = "Shares"
    SOURCES = ("shares",)
    SELDOM = ("shares",)
    EMPTY = "No link was made: who has an album, a person or some photos open in the browser can share them there."
    HELP = """Links that show something to whoever has them, without an account. They are made in the browser; here
        they are seen, shown as a code for a phone, given an end or a password, and taken back. One without an end is
        marked: it opens for ever. What is revoked opens nothing at once."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("c", "code_chosen", "Address"),
        ("e", "end_chosen", "End"),
        ("p", "password_chosen", "Password"),
        ("d", "revoke_chosen", "Revoke"),
    ]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("Link", _name),
        Column("Shows", lambda share: share["kind"], 9),
        Column("Views", lambda share: f"{share['views']:,}", 6, right=True),
        Column("Last view", lambda share: when(share["last_viewed"]), 11),
        Column("Password", lambda share: "yes" if share["has_password"] else "-", 8),
        Column("Ends", _end, 11),
        Column("Made", lambda share: when(share["created"]), 11, wide_only=True),
    )

    def details(self, item: dict[str, Any]) -> list[Part]:
        may = [word for flag, word in FLAGS if item[flag]]
        parts: list[Part] = [(clean(_name(item)), "bold"), f"  {clean(self._address(item))}\n"]
        parts.append(f"{'; '.join(may).capitalize() or 'Only looking'}.\n")
        if item["waiting"]:
            sent = f"{plural(item['waiting'], 'photo')} from guests to be looked at, in the browser.\n"
            parts.append((sent, "$text-warning"))
        return parts

    def _address(self, item: dict[str, Any]) -> str:
        return f"{self.desk.phone_address}{item['path']}"

    def action_code_chosen(self) -> None:
        if item := self.chosen:
            address = self._address(item)
            code = code_for(address if "://" in address else "", told=False)
            opened = Content("It opens from this machine only: the setting `host` says who else may come in.")
            self.app.push_screen(Paper(clean(address), code if code.plain else opened))

    def action_end_chosen(self) -> None:
        if item := self.chosen:
            at_present = f"At present: {_end(item)[0]}."
            choices = (KEEP, *ENDS, NEVER)
            fields = (Field("end", "It ends", KEEP, "choice", choices, at_present),)
            form = Form(f"When does {clean(_name(item))} end?", fields, done="Set it")
            self.app.push_screen(form, lambda wanted: self._set_end(item, wanted))

    def _set_end(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        end = wanted["end"] if wanted else KEEP
        if end != KEEP:
            moment = now().astimezone(UTC) + timedelta(days=ENDS[end]) if end in ENDS else None
            self._change(item, {"expires": _iso(moment)}, f"It ends {end}" if moment else "It has no end")

    def action_password_chosen(self) -> None:
        if item := self.chosen:
            fields = (
                Field("password", "Password", kind="password"),
                Field("again", "The same once more", kind="password", help="Empty: none is asked for."),
            )
            form = Form(f"A password for {clean(_name(item))}", fields, done="Set it")
            self.app.push_screen(form, lambda wanted: self._set_password(item, wanted))

    def _set_password(self, item: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        if wanted:
            word = wanted["password"]
            self._change(item, {"password": word or None}, "It asks for a password" if word else "It asks for nothing")

    def action_revoke_chosen(self) -> None:
        if item := self.chosen:
            path, said = f"/shares/{item['id']}", f"{clean(_name(item))} opens nothing any more"
            self.confirm(
                f"Revoke {clean(_name(item))}?",
                f"Whoever has the link is shut out at once; {plural(item['views'], 'view')} so far.",
                yes="Revoke",
                then=lambda: self.desk.act("DELETE", path, said=said, sources=self.SOURCES),
            )

    def _change(self, item: dict[str, Any], change: dict[str, Any], said: str) -> None:
        self.desk.act("PATCH", f"/shares/{item['id']}", change, said=said, sources=self.SOURCES)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
