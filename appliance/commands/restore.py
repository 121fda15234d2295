"""`homeroll restore`: make an empty machine the one that was backed up, or put a snapshot in the place of a damaged
database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from appliance.console import plural
from appliance.errors import InvalidInputError
from appliance.parser import folders

if TYPE_CHECKING:
    from appliance.console import Context
    from appliance.parser import Parser


def arguments(parser: Parser) -> None:
    folders(
        parser.add_argument("folder", metavar="BACKUP", nargs="?", help="the folder that `homeroll backup --to` wrote")
    )
    folders(
        parser.add_argument(
            "--libraries-in", metavar="DIR", help="put libraries below DIR, each by its name, not where they were"
        )
    )
    parser.add_argument(
        "--database",
        action="store_true",
        help="only the database: its newest sound snapshot takes its place; without BACKUP, one of this machine's own",
    )
    parser.add_argument("--snapshot", metavar="NAME", help="with --database: this one, not the newest")


def run(context: Context) -> int:
    if context.args.database:
        return _database(context)
    if context.args.folder is None or context.args.snapshot is not None:
        raise InvalidInputError(
            "Restore from which backup?",
            hint="homeroll restore BACKUP, or `homeroll restore --database` where only the database is damaged.",
        )
    return _everything(context)


def _database(context: Context) -> int:
    from appliance.backup.database import put_back
    from appliance.backup.folder import BackupFolder
    from appliance.lock import DataLock
    from appliance.paths import DataPaths
    from appliance.values import now

    settings, backup = context.settings(), context.args.folder
    paths = DataPaths(settings.data.resolve())
    folder = BackupFolder(Path(backup).expanduser().absolute()).database if backup else paths.backups
    with DataLock(paths, command="restore"):
        done = put_back(paths, folder, now(), name=context.args.snapshot or "")
        if paths.refused():
            paths.suspect.write_text("")  # looked at closely all the same, by the next start
    for name in done.bad:
        context.console.say(f"{name} is not sound; an older one was taken")
    kept = f"  What was there before is kept in {done.aside}." if done.aside else ""
    told = f"The database is that of {done.taken:%F %R} UTC, with {plural(done.files, 'file')}.{kept}"
    context.console.data(msgspec.to_builtins(done), f"{told}  Start Homeroll: what was added since is found again.")
    return 0


def _everything(context: Context) -> int:
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
        result = restore(backup, paths, places, lambda done, total: progress.update("restore", done=done, total=total))
    for name in result.bad:
        console.say(f"{name} is not sound; an older one was taken")
    for problem in result.problems:
        console.say(problem)
    told = (
        f"{plural(result.files, 'file')} restored, {result.there:,} were there, {len(result.problems):,} could not be."
    )
    console.data(msgspec.to_builtins(result), f"{told}  Start Homeroll: it looks through the libraries by itself.")
    return 1 if result.problems else 0
