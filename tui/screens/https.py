"""https: whether it is on, with which certificate, what phones have to install; switching and renewing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content

from tui.phone import code_for
from tui.screens.base import HomerollScreen, Part
from tui.widgets.calm import Calm
from tui.widgets.dialogs import Paper
from tui.words import clean, when

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

TRUST = "/trust"


class HttpsScreen(HomerollScreen):
    NAME = "https"
    TITLE = "https"
    SOURCES = ("tls",)
    HELP = """Whether browsers can come by https, and with which certificate. `o` switches it on with a certificate of
        Homeroll's own, and off again; addresses by plain HTTP go on. Each phone has to be told once to trust it: `w`
        shows the code of the page that explains how. `r` makes a new certificate, with which phones go on; a new
        authority, which every phone has to install anew, is `homeroll tls on --new-authority`."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("o", "switch", "On or off"),
        ("r", "renew", "Renew"),
        ("w", "trust", "For phones"),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(id="overview"):
            yield Calm(id="https")

    @property
    def known(self) -> dict[str, Any]:
        told: dict[str, Any] = self.house.known.get("tls", {})
        return told

    def redraw(self) -> None:
        refused = self.house.refused.get("tls")
        parts: list[Part] = [(f"{clean(refused.message)}. {clean(refused.hint)}", "$text-error")] if refused else []
        self.query_one("#https", Calm).update(Content.assemble(*parts, *described(self.known)).rstrip())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "switch":
            return bool(self.known) and not self.known["given"]
        if action == "renew":
            return bool(self.known) and self.known["on"] and not self.known["given"]
        if action == "trust":
            return bool(self.known.get("authority") and self._trust)
        return super().check_action(action, parameters)

    @property
    def _trust(self) -> str:
        """By plain HTTP: whoever opens it trusts nothing yet."""
        address = self.desk.phone_address
        return address + TRUST if address.startswith("http://") else ""

    def action_switch(self) -> None:
        if self.known["on"]:
            self.confirm(
                "Switch https off?",
                "Who came by https comes by plain HTTP from now on. Certificates are kept for the next time.",
                yes="Switch off",
                then=lambda: self._act("off", None, "https is off"),
            )
        else:
            self._act("on", {}, "https is on")

    def action_renew(self) -> None:
        self._act("renew", None, "A new certificate is served")

    def action_trust(self) -> None:
        self.app.push_screen(Paper(self._trust, code_for(self._trust, told=False)))

    def _act(self, verb: str, body: object, said: str) -> None:
        self.desk.act("POST", f"/tls/{verb}", body, said=said, sources=("tls", "settings", "health"))


def described(told: dict[str, Any]) -> list[Part]:
    """As GET /tls answers; nothing while that is not known."""
    if not told:
        return []
    parts: list[Part] = [("https\n", "bold")]
    if told["problem"]:
        parts.append((f"{clean(told['problem'])}. {clean(told['hint'])}\n", "$text-error"))
    if not told["on"]:
        return [*parts, "It is off: browsers come by plain HTTP, on this network only. o switches it on.\n"]
    port = f"port {told['port']}" if told["port"] else "starting …"
    only = ", and plain HTTP leads to it" if told["https_only"] else f"; plain HTTP on port {told['plain_port']}"
    parts += [_line("On", f"{port}{only}")]
    for title, name in (("Certificate", "certificate"), ("Authority", "authority")):
        if known := told[name]:
            whose = ", given by files" if told["given"] and name == "certificate" else ""
            parts += [("\n" + title + "\n", "bold"), _line("Ends", f"{when(known['end'])}{whose}")]
            parts.append(_line("For", ", ".join(map(clean, known["names"]))) if known["names"] else "")
            parts.append(_line("SHA-256", clean(known["fingerprint"])))
    if told["left_out"]:
        parts.append((_line("Left out", ", ".join(map(clean, told["left_out"]))), "$text-warning"))
    return parts


def _line(label: str, text: str) -> str:
    return f"{label:<12}{text}\n"
