"""The command line's parser: options that every verb takes, verbs that load when used, and the nearest word."""

from __future__ import annotations

import argparse
import difflib
import importlib
from pathlib import Path
from typing import Any, NoReturn

USAGE = 2


class Parser(argparse.ArgumentParser):
    """`module`, where set, is imported on first use and adds its own arguments."""

    module: str = ""
    _actions_here: argparse._SubParsersAction[Parser] | None = None

    def verb(self, name: str, help: str, *, module: str) -> None:  # noqa: A002 - argparse's own word
        self._sub("COMMAND", "commands", name, help).module = module

    def action(self, name: str, run: object, help: str) -> Parser:  # noqa: A002 - argparse's own word
        """One of a verb's actions (`homeroll key list`); `run` is kept in `args.action`."""
        parser = self._sub("ACTION", "actions", name, help)
        parser.set_defaults(action=run)
        return parser

    def default_action(self, run: object) -> None:
        """What the verb does when no action is named."""
        assert self._actions_here is not None, "add the actions first"
        self._actions_here.required = False
        self.set_defaults(action=run)

    def _sub(self, metavar: str, title: str, name: str, text: str) -> Parser:
        if self._actions_here is None:
            self._actions_here = self.add_subparsers(metavar=metavar, title=title, required=True, parser_class=Parser)
        return self._actions_here.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common_options()]
        )

    def load(self) -> None:
        """Import the verb's module and let it add its arguments; twice is once."""
        if self.module:
            module, self.module = importlib.import_module(self.module), ""
            self.set_defaults(run=module.run, verb=module.__name__.rpartition(".")[2])
            module.arguments(self)

    def loaded(self) -> Parser:
        """Itself with every verb's arguments known, as a completion script needs it."""
        self.load()
        for parser in self._actions_here.choices.values() if self._actions_here else ():
            parser.loaded()
        return self

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.load()
        namespace, left = super().parse_known_args(args, namespace)
        if left:  # here, where it is known what could have been meant
            self.error(self._unknown(left[0]))
        return namespace, left

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word!r} is one word too many"
        options = [option for option in self._option_string_actions if option.startswith("--")]
        nearest = difflib.get_close_matches(word.partition("=")[0], options, n=1)
        return f"there is no option {word}" + (f"; did you mean {nearest[0]}?" if nearest else "")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        nearest = difflib.get_close_matches(str(value), known, n=1)
        advice = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
        what = str(action.metavar or action.option_strings[0]).lower()
        raise argparse.ArgumentError(None, f"there is no {what} {value!r}; {advice}")

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}\n  `{self.prog} --help` shows how it goes.\n")


def common_options() -> Parser:
    """Options that may stand before or after a verb; unset ones leave no trace, so that either place counts."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("everywhere")
    folders(group.add_argument("--data", type=Path, metavar="DIR", help="the data directory"))
    group.add_argument("--url", metavar="URL", help="ask a service elsewhere over HTTP, with the key in HOMEROLL_KEY")
    group.add_argument("--json", action="store_true", help="print data as JSON")
    group.add_argument("--debug", action="store_true", help="show where an error came from")
    return common


def folders(argument: argparse.Action) -> None:
    """Let the shell complete this argument with directories (shtab's own words for it, without importing it here)."""
    argument.complete = {"bash": "_shtab_compgen_dirs", "zsh": "_files -/"}  # type: ignore[attr-defined]  # shtab reads it
