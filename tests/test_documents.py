"""What the documents name is there: links, files, commands with their options, recipes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.cli import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.parser import Parser

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FOLDERS = ("appliance", "web", "ml", "tui", "tests", "tools", "benchmarks", "docs", "systemd")
#: Where short names of files begin, such as `library/albums.py` or `js/app.js`.
SHORT = (
    ROOT,
    *(ROOT / name for name in FOLDERS),
    ROOT / "web/static",
    ROOT / "web/static/js",
    ROOT / "appliance/library",
)
ENDINGS = ("py", "md", "sh", "js", "css", "service")


def quoted(text: str) -> Iterator[str]:
    """Everything between backticks, and every line of a block of commands."""
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    for block in re.findall(r"```(?:sh)?\n(.*?)```", text, flags=re.DOTALL):
        yield from block.splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []
    names = set(quoted(text))
    assert sorted(name for name in names if is_path(name) and not is_there(name)) == []
    recipes = set(
        re.findall(r"^([a-z][a-z0-9-]*)(?: [^:\n]*)?:(?!=)", (ROOT / "justfile").read_text(), flags=re.MULTILINE)
    )
    assert {found[1] for name in names if (found := re.match(r"just ([a-z0-9-]+)", name))} <= recipes
    parser = build_parser().loaded()
    assert [line for name in names if (line := wrong(parser, name))] == []


def is_path(name: str) -> bool:
    """Such as `tests/guards.py` or `docs/decisions/`; not one with a hole, nor a file on somebody's machine."""
    first, _, rest = name.partition("/")
    if not rest or not re.fullmatch(r"[\w./-]+", name):
        return False
    return name.rpartition(".")[2] in ENDINGS if "." in name else first in FOLDERS


def is_there(name: str) -> bool:
    """Modules may be named without their ending."""
    return any((folder / word).exists() for folder in SHORT for word in (name, f"{name}.py"))


def wrong(parser: Parser, line: str) -> str:
    """The first word of a command in which the command line knows no verb, action or option of that name."""
    found = re.match(r"(?:\$ )?(?:sudo )?(?:HOMEROLL_\w+=\S+ )?homeroll ([a-z-].*)", line.partition("#")[0])
    if not found:
        return ""
    words = iter(words_of(found[1]))
    for word in words:
        actions = parser._actions_here.choices if parser._actions_here else {}
        option = parser._option_string_actions.get(word.partition("=")[0])
        if word in actions:
            parser = actions[word]
        elif option is None and (word.startswith("--") or (actions and re.fullmatch(r"[a-z-]+", word))):
            return line
        elif option is not None and option.nargs is None and "=" not in word:
            next(words, "")  # its value
    return ""


def words_of(command: str) -> list[str]:
    """Up to where prose or another command begins."""
    try:
        words = shlex.split(re.split(r"[|>;<]|&&|: |  ", command)[0])
    except ValueError:
        words = command.split()
    return [word.strip("[].,") for word in words]
