"""What a command says and where: data to stdout, narration to stderr, JSON when asked; and what it was asked for.

Nothing here is specific to one command, and nothing heavy is imported: rich only when a progress bar is drawn.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from appliance.errors import ConfigError, HomerollError, InvalidInputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from appliance.config import Settings

    #: A table's heading and what stands below it for one item.
    Column = tuple[str, Callable[[Mapping[str, Any]], object]]

RED, DIM, PLAIN = "\x1b[31m", "\x1b[2m", "\x1b[0m"


class Console:
    """One command's mouth.  `as_json`: data is printed as one JSON value; narration is the same either way."""

    def __init__(self, *, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr

    @property
    def on_terminal(self) -> bool:
        return self.err.isatty()

    def say(self, text: str) -> None:
        """Narration, for a person; scripts never see it."""
        self.err.write(printable(text) + "\n")
        self.err.flush()

    def data(self, value: object, text: str | Callable[[], str]) -> None:
        """The answer: `value` as JSON, or `text` for a person."""
        if self.as_json:
            shown = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        else:
            shown = printable(text if isinstance(text, str) else text())
        try:
            self.out.write(shown + "\n")
            self.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            why = f"The answer could not be written: {error.strerror}"
            raise HomerollError(why, hint="Whatever was asked for is done; see to where the output goes.") from error

    def table(self, items: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, empty: str) -> None:
        """`items` as they are in JSON, else as aligned columns; `empty` is narrated when there are none."""
        if self.as_json or items:
            self.data(list(items), lambda: self.aligned(items, columns))
        else:
            self.say(empty)

    def aligned(self, items: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
        rows = [[title for title, _ in columns]]
        rows += [[one_line(value(item)) for _, value in columns] for item in items]
        widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def problem(self, error: HomerollError) -> None:
        """An error's message, and below it what to do."""
        from appliance.config import wants_colour

        red, dim, plain = (RED, DIM, PLAIN) if self.on_terminal and wants_colour() else ("", "", "")
        self.err.write(f"{red}homeroll: {printable(error.message)}{plain}\n")
        if error.hint:
            self.err.write(f"{dim}  {printable(error.hint)}{plain}\n")
        self.err.flush()

    async def confirm(self, question: str, *, yes: bool) -> bool:
        """Ask before something that cannot be undone; without a terminal only `--yes` answers."""
        if yes:
            return True
        if not (sys.stdin.isatty() and self.on_terminal):
            raise InvalidInputError(f"{question} Nobody is there to ask.", hint="Say --yes to do it unasked.")
        self.err.write(f"{printable(question)} [y/N] ")
        self.err.flush()
        return (await _typed_line(sys.stdin)).strip().lower() in {"y", "yes"}

    def secret(self, prompt: str) -> str:
        """A password: typed twice and unseen on a terminal, else one line of stdin.

        Only outside the event loop: inside, Ctrl-C would wait until something is typed.
        """
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        import getpass

        first = getpass.getpass(f"{prompt}: ", stream=self.err)
        if getpass.getpass("Once more: ", stream=self.err) != first:
            raise InvalidInputError("The two are not the same", hint="Try again; nothing was changed.")
        return first

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress]:
        """Bars on a terminal, silence elsewhere."""
        if not self.on_terminal:
            yield Progress()
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with RichProgress(*columns, console=RichConsole(file=self.err), transient=True) as bars:
            tasks: dict[str, Any] = {}

            def draw(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(printable(name), total=total or None)
                bars.update(tasks[name], completed=done, total=total or None)

            yield Progress(draw)


async def _typed_line(stream: TextIO) -> str:
    """A line from a terminal, waited for in the event loop, so that Ctrl-C ends the wait."""
    import asyncio

    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(stream, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(stream)
    return stream.readline()


class Progress:
    """Where long work reports to; the default draws nothing."""

    def __init__(self, draw: Callable[[str, int, int], None] | None = None) -> None:
        self._draw = draw

    def update(self, name: str, *, done: int, total: int) -> None:
        if self._draw is not None:
            self._draw(name, done, total)


class Context:
    """What one run of a command was given."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self.args = args
        self.console = console

    @property
    def url(self) -> str | None:
        """Where a service elsewhere answers, when one was named."""
        return getattr(self.args, "url", None)

    def settings(self, *, needs_data: bool = True, **flags: object) -> Settings:
        return self.trace(needs_data=needs_data, **flags)[0]

    def trace(self, *, needs_data: bool = True, **flags: object) -> tuple[Settings, dict[str, str]]:
        """Settings and where they came from.

        needs_data: raise ConfigError where nothing says which data directory is meant and none is installed.
        """
        from appliance.config import find_data, trace_settings

        flag: Path | None = getattr(self.args, "data", None)
        found = flag or find_data()
        given = found.expanduser().absolute() if found else None
        settings, origins = trace_settings(flags=flags | {"data": given})
        if given is not None and flag is None:
            named = found is not None and found.name == ".homeroll" and found.parent == Path.cwd()
            origins["data"] = "found in this folder" if named else "HOMEROLL_DATA"
        if needs_data and "data" not in origins and not is_there(settings.data):
            raise ConfigError(
                "Which data directory? None was named and there is none here",
                hint=f"Say --data DIR or set HOMEROLL_DATA; an installed service keeps its own in {settings.data}.",
            )
        return settings, origins


def is_there(path: Path) -> bool:
    """Whether a directory exists, one we may not look into included."""
    try:
        return path.is_dir()
    except PermissionError:
        return True


def account(uid: int) -> str:
    """An account's name, or its number where it has none; both are what chown takes."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def sudo_as(uid: int) -> str:
    name = account(uid)
    return f"sudo -u '#{uid}'" if name == str(uid) else f"sudo -u {name}"


def printable(text: str) -> str:
    """Without the control characters that a file's name could steer a terminal with."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def one_line(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "-"
    return " ".join(printable(str(value)).split()) or "-"


def moment(text: str | None) -> str:
    """An ISO-8601 time of the API in this machine's zone, to the minute."""
    from datetime import datetime

    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M") if text else "never"


def span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(number: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def plural(number: int, noun: str) -> str:
    """`number` of them: "1 library", "1,200 libraries"."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}s"


def lines(pairs: Iterable[tuple[str, str]]) -> str:
    """`name  text` with the texts below each other."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    return "\n".join(f"{name.ljust(width)}  {text}".rstrip() for name, text in pairs)
