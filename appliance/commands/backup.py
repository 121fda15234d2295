"""`homeroll backup`: a snapshot of the database and, when a folder is set, a copy of everything, now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import plural
from appliance.parser import folders

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Context
    from appliance.parser import Parser


def arguments(parser: Parser) -> None:
    folders(parser.add_argument("--to", metavar="DIR", help="copy everything there, now and every night from now on"))


def run(context: Context) -> int:
    return ask(context, _back_up)


async def _back_up(context: Context, api: Api) -> int:
    if context.args.to:
        await api.patch("/settings", {"backup_folder": str(Path(context.args.to).expanduser().absolute())})
    with context.console.progress() as progress:
        result = await api.run_job("back_up", progress)
    context.console.data(result, lambda: _sentence(result))
    return 0


def _sentence(result: dict[str, Any]) -> str:
    told = f"Snapshot {result.get('snapshot')}."
    if "copied" not in result:
        return f"{told}  Photos are not copied: name a folder on another disk with --to DIR."
    told += f"  {plural(result['copied'], 'file')} copied, {result['same']:,} there already."
    for what, words in (
        ("changed", "changed since the last scan"),
        ("missing", "gone since the last scan"),
        ("unreadable", "unreadable"),
    ):
        if result[what]:
            told += f"  {result[what]:,} {words}."
    return told
