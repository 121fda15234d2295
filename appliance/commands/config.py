"""`homeroll config`: every setting with its value and origin; `config set` for what may change while it runs."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.client import ask, service_answers
from appliance.config import Settings, help_texts
from appliance.console import lines, one_line
from appliance.errors import NotFoundError

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser

FIXED = "homeroll.toml, HOMEROLL_* and flags: read when the service starts"
SITE = "Site settings: change them with `homeroll config set NAME VALUE`"


def arguments(parser: Parser) -> None:
    parser.action("show", _show, "print every setting; the same as no action")
    change = parser.action("set", _set, "change a site setting, for good and at once")
    change.add_argument("name")
    change.add_argument("value")
    parser.default_action(_show)


def run(context: Context) -> int:
    if context.args.action is _set or service_answers(context, needs_data=False):
        return ask(context, context.args.action)
    context.console.say("No service is running: its site settings are not shown.")
    _print(context, [])
    return 0


async def _show(context: Context, api: Api) -> int:
    _print(context, (await api.get("/settings"))["items"])
    return 0


async def _set(context: Context, api: Api) -> int:
    name = context.args.name
    known = {item["name"]: item for item in (await api.get("/settings"))["items"]}
    if name not in known:
        raise _not_a_site_setting(name, list(known))
    items = (await api.patch("/settings", {name: _typed(context.args.value, like=known[name]["value"])}))["items"]
    item = next(item for item in items if item["name"] == name)
    context.console.data(item, f"{name} is now {one_line(item['value'])}")
    return 0


def _typed(text: str, *, like: object) -> object:
    """Words stay words; where the setting holds a number, a yes or no, or a list, the text is read as JSON."""
    if isinstance(like, str):
        return text
    words = {"yes": True, "on": True, "no": False, "off": False, "": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text  # the service says what it expects


def _not_a_site_setting(name: str, known: list[str]) -> NotFoundError:
    if name in (field.name for field in msgspec.structs.fields(Settings)):
        hint = f"Write it into homeroll.toml in the data directory, or set HOMEROLL_{name.upper()}; then restart."
        return NotFoundError(f"{name} is read when the service starts", hint=hint)
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}"
    return NotFoundError(f"There is no site setting {name!r}", hint=hint)


def _print(context: Context, site: list[dict[str, Any]]) -> None:
    fixed = [] if context.url else _fixed(context)
    items = [{**item, "kind": "fixed"} for item in fixed]
    items += [
        {**item, "kind": "site", "origin": "default" if item["value"] == item["default"] else "set by an admin"}
        for item in site
    ]
    context.console.data(items, lambda: "\n\n".join(_section(title, part) for title, part in _parts(fixed, site)))


def _fixed(context: Context) -> list[dict[str, Any]]:
    settings, origins = context.trace(needs_data=False)
    texts = help_texts()
    return [
        {
            "name": field.name,
            "value": msgspec.to_builtins(getattr(settings, field.name), enc_hook=str),
            "default": msgspec.to_builtins(field.default, enc_hook=str),
            "origin": origins.get(field.name, "default"),
            "help": texts.get(field.name, ""),
        }
        for field in msgspec.structs.fields(Settings)
    ]


def _parts(fixed: list[dict[str, Any]], site: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(title, items) for title, items in ((FIXED, fixed), (SITE, site)) if items]


def _section(title: str, items: list[dict[str, Any]]) -> str:
    pairs: list[tuple[str, str]] = []
    for item in items:
        choices = f" ({' | '.join(map(str, item['choices']))})" if item.get("choices") else ""
        origin = item.get("origin", "")
        where = f"   [{origin}]" if origin not in {"", "default"} else ""
        pairs += [(item["name"], f"{one_line(item['value'])}{where}"), ("", f"  {item['help']}{choices}")]
    return f"{title}\n\n{lines(pairs)}"
