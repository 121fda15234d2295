"""`homeroll tui`: the dashboard on this terminal, for the service here or one elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.config import Settings, api_key
from appliance.errors import ConfigError
from appliance.paths import DataPaths

if TYPE_CHECKING:
    from appliance.console import Context
    from appliance.parser import Parser
    from tui.app import Dashboard

UNIT_FOLDERS = ("/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system")
UNIT = "homeroll.service"


def arguments(parser: Parser) -> None:
    from tui.terminal import PICTURES

    parser.add_argument(
        "--pictures",
        choices=PICTURES,
        default=PICTURES[0],
        help="how pictures are drawn: by the terminal's own protocol, in half-blocks, or not at all",
    )
    parser.epilog = "`homeroll` alone opens it too.  Keys stand in the last line; ? explains a screen; q leaves."


def run(context: Context) -> int:
    from tui.terminal import find

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("The dashboard needs a terminal", hint="`homeroll status` prints how it is going.")
    app = dashboard(context)
    app.terminal = find(context.args.pictures, os.environ, sys.stdin.fileno(), sys.stdout.fileno())
    app.run()
    if app.return_value is not None:
        raise app.return_value
    return app.return_code or 0


def dashboard(context: Context) -> Dashboard:
    """The dashboard for what the command line names; nothing is asked before it runs."""
    from tui.access import refusal
    from tui.app import Dashboard
    from tui.client import Address
    from tui.journal import JOURNAL
    from tui.service import Starter

    if context.url:
        key = api_key()
        if not key:
            raise ConfigError("--url needs a key", hint="Put one in HOMEROLL_KEY; `homeroll key create` makes it.")
        if not context.url.startswith(("http://", "https://")):
            raise ConfigError(f"{context.url} is no address", hint="It looks like http://homeroll.local:8420")
        return Dashboard(Address(url=context.url, key=key), starter=Starter(), page=(context.url,))
    settings = context.settings()
    if refused := refusal(settings.data):
        raise refused
    installed = settings.data == Settings().data and _is_installed(UNIT_FOLDERS)
    words = start_words(root=os.geteuid() == 0, sudo=shutil.which("sudo") is not None) if installed else ()
    typed = "sudo systemctl start homeroll" if installed else f"homeroll serve --data {settings.data}"
    return Dashboard(
        Address(socket=DataPaths(settings.data).admin_socket),
        starter=Starter(words=words, typed=typed, asks="sudo" in words),
        page=_pages(settings),
        port=0 if _is_local(settings) else settings.port,
        data=str(settings.data),
        journal=JOURNAL if installed else (),
    )


def _is_installed(unit_folders: tuple[str, ...]) -> bool:
    return any((Path(folder) / UNIT).is_file() for folder in unit_folders)


def start_words(*, root: bool, sudo: bool) -> tuple[str, ...]:
    """What starts the installed service; nothing where only somebody else can."""
    if root:
        return ("systemctl", "start", "homeroll")
    return ("sudo", "systemctl", "start", "homeroll") if sudo else ()


def _pages(settings: Settings) -> tuple[str, ...]:
    """Where browsers find it, as far as its settings say."""
    if _is_local(settings):
        return (f"http://{settings.host}:{settings.port} (this machine only)",)
    return (f"http://homeroll.local:{settings.port}",) if settings.mdns else ()


def _is_local(settings: Settings) -> bool:
    return settings.host.startswith("127.") or settings.host in ("localhost", "::1")
