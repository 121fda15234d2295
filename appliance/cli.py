"""The command `homeroll`: COMMANDS, and the one place where errors become exit codes.

Each verb is `commands/<verb>.py` with `arguments(parser)` and `run(context) -> exit code`; a verb's module is imported
only when it is used, so that `homeroll --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from appliance.console import Console, Context
from appliance.errors import DatabaseDamagedError, HomerollError
from appliance.parser import Parser, common_options

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, FAILED, INTERRUPTED = 0, 1, 130
#: Doing it again cannot help, a person must: systemd/homeroll.service does not restart after it.
DAMAGED = 3


class Command(NamedTuple):
    name: str
    help: str


COMMANDS: tuple[Command, ...] = (
    Command("serve", "run the service: the page, the API and all that happens by itself"),
    Command("tui", "the dashboard, in this terminal"),
    Command("status", "how it is going, at a glance"),
    Command("scan", "look for new, changed and moved files in the libraries"),
    Command("search", "find photos by what is on them, who, where and when"),
    Command("library", "folders of photos: add, list, rename, remove, accept-missing"),
    Command("faces", "people on the photos: cluster, list, name, merge, undo"),
    Command("models", "what looks at the photos: list, pull, add, verify, remove"),
    Command("backup", "a snapshot of the database, and a copy of everything on another disk"),
    Command("restore", "make an empty machine the one that was backed up"),
    Command("caption", "have a model write captions: of some files, or of all that have none"),
    Command("drill", "rehearse a restore: does the backup bring the photos back?"),
    Command("verify", "read originals again and say what the disk has lost; --heal from the backup"),
    Command("user", "who may log in: add, list, password, role, remove"),
    Command("key", "keys for programs: create, list, revoke"),
    Command("tls", "https with a certificate of one's own: on, off, status, renew"),
    Command("config", "every setting, its value, where it came from; change site settings"),
    Command("doctor", "check this machine and the data, and say how to mend them"),
    Command("completion", "print completion for your shell"),
)

#: Any of these, and somebody said what they want.
VERBS = {command.name for command in COMMANDS} | {"-h", "--help", "--version"}

EPILOG = """\
Without a command it opens the dashboard on a terminal, and prints `status` elsewhere.
Data is printed to stdout and narration to stderr. Exit codes: 0 done, 1 failed, 2 not understood,
3 the database is damaged.
Without --data: $HOMEROLL_DATA, else .homeroll in this folder, else the installed service's.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code and raises nothing but SystemExit for --help and usage errors.

    Without a command it is the dashboard on a terminal, and `status` where its output goes elsewhere.
    """
    _have_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    if not VERBS.intersection(words):
        words.append(_unasked())
    console = Console()
    try:
        args = build_parser().parse_args(words)  # loads the verb, which takes a moment that Ctrl-C may fall into
        console.as_json = getattr(args, "json", False)
        code: int = args.run(Context(args, console))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`homeroll key list | head -1`); Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the edge where errors become exit codes
        _explain(console, error, debug="--debug" in words)
        return DAMAGED if isinstance(error, DatabaseDamagedError) else FAILED
    return code


def _have_streams() -> None:
    """Where one was closed, what is said goes nowhere; its number must not become that of a database or a socket."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
            if nowhere != number:
                os.close(nowhere)


def _unasked() -> str:
    return "tui" if sys.stdin.isatty() and sys.stdout.isatty() else "status"


def _explain(console: Console, error: Exception, *, debug: bool) -> None:
    """Message and hint; the traceback too, for whoever asked for it."""
    from appliance.config import wants_debugging

    if debug or wants_debugging():
        import traceback

        console.err.write("".join(traceback.format_exception(error)))
    if not isinstance(error, HomerollError):
        message = f"Something went wrong that should not: {type(error).__name__}: {error}"
        error = HomerollError(message, hint="The same command with --debug shows where; please report it.")
    console.problem(error)


def build_parser() -> Parser:
    """The whole command line; what a verb understands is added when the verb is used."""
    parser = Parser(
        prog="homeroll",
        description="A family's photo library, kept at home.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common_options()],
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    for command in COMMANDS:
        parser.verb(command.name, command.help, module=f"appliance.commands.{command.name}")
    parser.set_defaults(whole=parser)
    return parser


class Version(argparse.Action):
    """Looks the version up only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from importlib import metadata

        try:
            version = metadata.version("homeroll")
        except metadata.PackageNotFoundError:
            version = "of a checkout that was not installed"
        parser.exit(OK, f"homeroll {version}\n")


if __name__ == "__main__":
    sys.exit(main())
