"""`homeroll restore`: make an empty machine the one that was backed up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.console import plural
from appliance.parser import folders

if TYPE_CHECKING:
    from appliance.console import Context
    from appliance.parser import Parser


def arguments(parser: Parser) -> None:
    folders(parser.add_argument("folder", metavar="BACKUP", help="the folder that `homeroll backup --to` wrote"))
    folders(
        parser.add_argument(
            "--libraries-in", metavar="DIR", help="put libraries below DIR, each by its name, not where they were"
        )
    )


def run(context: Context) -> int:
    from appliance.backup.folder import BackupFolder
    from appliance.backup.restore import plan, restore
    from appliance.lock import DataLock
    from appliance.paths import DataPaths

    console, settings = context.console, context.settings()
    backup = BackupFolder(Path(context.args.folder).expanduser().absolute())
    elsewhere = context.args.libraries_in
    paths = DataPaths(settings.data.resolve())
    snapshot, places = plan(backup, paths, libraries_in=Path(elsewhere).expanduser().absolute() if elsewhere else None)
    console.say(
        f"From {backup.root}: {plural(snapshot.rows.get('stored_file', 0), 'file')}, as of {snapshot.taken:%F %R}"
    )
    for place in places:
        console.say(f"  {place.name} -> {place.root}{' (what is there is kept)' if place.kept else ''}")
    paths.create()
    with DataLock(paths, command="restore"), console.progress() as progress:
        result = restore(
            backup, paths, snapshot, places, lambda done, total: progress.update("restore", done=done, total=total)
        )
    for problem in result.problems:
        console.say(problem)
    told = (
        f"{plural(result.files, 'file')} restored, {result.there:,} were there, {len(result.problems):,} could not be."
    )
    console.data(msgspec.to_builtins(result), f"{told}  Start Homeroll: it looks through the libraries by itself.")
    return 1 if result.problems else 0
