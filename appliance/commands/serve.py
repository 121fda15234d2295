"""`homeroll serve`: the service in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import DatabaseDamagedError, InvalidInputError
from appliance.lock import NOT_FOR_EVERYONE

if TYPE_CHECKING:
    import argparse

    from appliance.console import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on; 127.0.0.1 keeps it to this machine")
    parser.add_argument("--port", type=int, metavar="N", help="port of the page and the API (8420)")
    parser.add_argument(
        "--library",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="add this folder of photos if it is new",
    )


def run(context: Context) -> int:
    args = context.args
    settings = context.settings(host=args.host, port=args.port)
    folders = [folder_of_photos(path, settings.data) for path in args.library]

    import asyncio
    import os

    import uvloop

    from appliance.config import supervision
    from appliance.daemon import serve
    from appliance.notify import Supervisor

    os.umask(NOT_FOR_EVERYONE)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, folders=folders))
    except DatabaseDamagedError as error:
        Supervisor(supervision()).refusing(f"{error.message}.  {error.hint}")
        raise
    return 0


def folder_of_photos(path: Path, data: Path) -> Path:
    """Absolute; refused before anything starts where it cannot be one."""
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise InvalidInputError(f"{path} is not a folder", hint="Check the name; quote it if it holds spaces.")
    if data.resolve().is_relative_to(folder):
        raise InvalidInputError(
            f"The data directory {data} lies inside the photos in {folder}", hint="Choose another one: --data DIR"
        )
    return folder
