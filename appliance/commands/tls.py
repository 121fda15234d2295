"""`homeroll tls`: https with a certificate of one's own, for a home that has no name on the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import lines, moment

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser

EPILOG = "Phones and computers are told once to trust it: the page /trust says how. Plain HTTP goes on beside it."
ANEW = "Every phone must install the new one before it trusts this Homeroll again. Make another authority?"


def arguments(parser: Parser) -> None:
    parser.epilog = EPILOG
    on = parser.action("on", _on, "serve https, too; a certificate authority for this home is made the first time")
    on.add_argument(
        "--new-authority", action="store_true", help="make another one: after its key was stolen, or it ended"
    )
    on.add_argument("--yes", action="store_true", help="do not ask")
    parser.action("off", _off, "plain HTTP only; certificates are kept for the next time")
    parser.action("status", _status, "names, end and fingerprint; the same as no action")
    parser.action("renew", _renew, "make a new certificate now; it happens by itself when it is time")
    parser.default_action(_status)


def run(context: Context) -> int:
    return ask(context, context.args.action)


async def _on(context: Context, api: Api) -> int:
    anew = context.args.new_authority
    if anew and not await context.console.confirm(ANEW, yes=context.args.yes):
        return 1
    state = await api.post("/tls/on", {"new_authority": anew})
    code = _print(context, state)
    if state["port"]:
        context.console.say(
            f"Now tell phones and computers: open http://{_host(state)}:{state['plain_port']}/trust there"
        )
        context.console.say("and follow the steps. The authority's SHA-256 above is the one to compare.")
    elif not state["problem"]:
        context.console.say("It is served as soon as the service runs: `homeroll serve`.")
    return code


async def _off(context: Context, api: Api) -> int:
    return _print(context, await api.post("/tls/off"))


async def _renew(context: Context, api: Api) -> int:
    return _print(context, await api.post("/tls/renew"))


async def _status(context: Context, api: Api) -> int:
    return _print(context, await api.get("/tls"))


def _print(context: Context, state: dict[str, Any]) -> int:
    context.console.data(state, lambda: _text(state))
    return 1 if state["problem"] else 0


def _text(state: dict[str, Any]) -> str:
    pairs = [("https", _served(state))]
    if state["problem"]:
        pairs.append(("Problem", f"{state['problem']}. {state['hint']}".replace("..", ".").rstrip()))
    certificate, authority = state["certificate"], state["authority"]
    if certificate:
        pairs.append(("Certificate", f"from {'given files' if state['given'] else 'our own authority'}"))
        pairs += [("  names", ", ".join(certificate["names"])), ("  ends", moment(certificate["end"]))]
        pairs.append(("  SHA-256", certificate["fingerprint"]))
    if authority:
        pairs += [("Authority", "what phones install, from the page /trust"), ("  ends", moment(authority["end"]))]
        pairs.append(("  SHA-256", authority["fingerprint"]))
    if state["left_out"]:
        pairs.append(("Left out", f"{', '.join(state['left_out'])}: our authority may vouch for a home only"))
    return lines(pairs)


def _served(state: dict[str, Any]) -> str:
    if not state["on"]:
        return "off"
    if not state["port"]:
        return "on, but not served just now"
    only = ", and browsers are sent there (https_only)" if state["https_only"] else ""
    return f"https://{_host(state)}:{state['port']}{only}"


def _host(state: dict[str, Any]) -> str:
    names = state["certificate"]["names"] if state["certificate"] else []
    return str(next((name for name in ("homeroll.local", *names) if name in names), "homeroll.local"))
