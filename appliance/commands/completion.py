"""`homeroll completion`: a completion script for the shell, made by shtab."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.console import Context
    from appliance.parser import Parser

HOW = {
    "bash": "homeroll completion bash > ~/.local/share/bash-completion/completions/homeroll",
    "zsh": "homeroll completion zsh > a folder of your $fpath, as _homeroll",
}


def arguments(parser: Parser) -> None:
    parser.add_argument("shell", choices=tuple(HOW), metavar="SHELL", help="bash or zsh")
    parser.epilog = f"For bash: {HOW['bash']}"


def run(context: Context) -> int:
    import shtab

    console = context.console
    script = shtab.complete(context.args.whole.loaded(), shell=context.args.shell)
    console.data({"shell": context.args.shell, "script": script}, script)
    if console.out.isatty():
        console.say(f"To keep it: {HOW[context.args.shell]}")
    return 0
