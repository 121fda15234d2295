"""`homeroll drill`: rehearse a restore: part of the backup is brought back beside the data, compared, thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.client import ask
from appliance.console import plural, size
from appliance.errors import HomerollError

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser


def arguments(parser: Parser) -> None:
    parser.add_argument("--all", action="store_true", help="every file of the backup, not only a sample of 200")


def run(context: Context) -> int:
    return ask(context, _drill)


async def _drill(context: Context, api: Api) -> int:
    try:
        with context.console.progress() as progress:
            result = await api.run_job("restore_drill", progress, everything=context.args.all)
    except HomerollError:
        last = (await api.get("/integrity"))["last_drill"] or {}
        for problem in last.get("problems", ()):
            context.console.say(problem)
        raise
    if "skipped" in result:
        context.console.data(result, str(result["skipped"]))
        return 1
    told = f"{plural(result['files'], 'file')} ({size(result['bytes'])}) of {result['rows']:,} came back as they were"
    context.console.data(result, f"{told}, and the snapshot {result['snapshot']} opens.")
    return 0
