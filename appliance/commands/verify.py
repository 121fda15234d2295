"""`homeroll verify`: read originals again, say what the disk has lost, and heal it from the backup when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.client import ask
from appliance.console import moment, plural, size
from appliance.errors import ConflictError

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

COLUMNS: tuple[Column, ...] = (
    ("VERDICT", lambda item: item["verdict"]),
    ("LIBRARY", lambda item: item["library"]),
    ("FILE", lambda item: item["path"]),
    ("FOUND", lambda item: moment(item["checked"])),
    ("WHY", lambda item: item["why"]),
)


def arguments(parser: Parser) -> None:
    parser.add_argument("--heal", action="store_true", help="replace damaged files by their copies in the backup")
    parser.add_argument("--no-scrub", action="store_true", help="only say what is known already")
    parser.add_argument("--all", action="store_true", help="every original, without the nightly budget")


def run(context: Context) -> int:
    return ask(context, _verify)


async def _verify(context: Context, api: Api) -> int:
    if not context.args.no_scrub:
        with context.console.progress() as progress:
            done = await api.run_job("scrub_originals", progress, everything=context.args.all)
        context.console.say(f"{plural(done['checked'], 'original')} ({size(done['bytes'])}) read again.")
    damaged = (await api.get("/integrity"))["items"]
    if context.args.heal:
        for item in damaged:
            name = f"{item['library']}/{item['path']}"
            try:
                await api.post(f"/integrity/{item['path_id']}/heal")
            except ConflictError as error:  # this one; the others may have a sound copy
                context.console.say(f"Not healed: {name}: {error.message}.  {error.hint}")
            else:
                context.console.say(f"Healed: {name}")
        damaged = (await api.get("/integrity"))["items"]
    context.console.table(damaged, COLUMNS, empty="Every original that was read is as it was.")
    return 1 if damaged else 0
