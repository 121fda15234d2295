"""`homeroll config`: every setting with its value and origin; `config set` for what may change while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.client import ask, service_answers
from appliance.console import lines, one_line

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
    if context.args.action is _set or service_answers(context):
        return ask(context, context.args.action)
    context.console.say("No service is running: its site settings are not shown.")
    _print(context, [])
    return 0


async def _show(context: Context, api: Api) -> int:
    _print(context, (await api.get("/settings"))["items"])
    return 0


async def _set(context: Context, api: Api) -> int:
    name, value = context.args.name, context.args.value
    items = (await api.patch("/settings", {name: value}))["items"]
    item = next((item for item in items if item["name"] == name), {"name": name, "value": value})
    context.console.data(item, f"{name} is now {one_line(item['value'])}")
    return 0


def _print(context: Context, site: list[dict[str, Any]]) -> None:
    fixed = [] if context.url else _fixed(context)
    items = [{**item, "kind": "fixed"} for item in fixed]
    items += [
        {**item, "kind": "site", "origin": "default" if item["value"] == item["default"] else "set by an admin"}
        for item in site
    ]
    context.console.data(items, lambda: "\n\n".join(_section(title, part) for title, part in _parts(fixed, site)))


def _fixed(context: Context) -> list[dict[str, Any]]:
    import msgspec

    from appliance.config import Settings, help_texts

    settings, origins = context.trace()
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
