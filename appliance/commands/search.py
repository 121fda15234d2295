"""`homeroll search`: what a query finds, from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.client import ask
from appliance.console import plural

if TYPE_CHECKING:
    from appliance.client import Api
    from appliance.console import Column, Context
    from appliance.parser import Parser

COLUMNS: tuple[Column, ...] = (
    ("SCORE", lambda item: f"{item['score']:.2f}"),
    ("TAKEN", lambda item: (item["file"]["start"] or "")[:10]),
    ("FILE", lambda item: item["file"]["content"]),
    ("WHY", lambda item: ", ".join(_reason(reason) for reason in item["why"])),
    ("ID", lambda item: item["file"]["id"]),
)


def arguments(parser: Parser) -> None:
    parser.epilog = 'What is not wanted begins with a minus: quote the query ("beach -tag:dog"), or write -- before it.'
    parser.add_argument("query", metavar="QUERY", nargs="+", help="words, and person:, place:, tag:, year: and so on")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="print at most so many (default: 20)")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="leave out so many of the best")


def run(context: Context) -> int:
    return ask(context, _search)


async def _search(context: Context, api: Api) -> int:
    args = context.args
    found = await api.get("/search", q=_query(args.query), limit=args.limit, offset=args.offset)
    console = context.console
    items: list[dict[str, Any]] = found["items"]
    if console.as_json or items:
        console.data(found, lambda: console.aligned(items, COLUMNS))
    shown = f", {len(items)} of them shown" if 0 < len(items) < found["total"] else ""
    console.say(f"{plural(found['total'], 'file')} found{shown}." if found["total"] else "Nothing was found.")
    for hint in dict.fromkeys((found["hint"], found["meaning"]["hint"])):
        if hint:
            console.say(hint)
    return 0


def _query(words: list[str]) -> str:
    """Arguments with spaces in them were quoted for the shell: they are phrases here too, also behind an operator."""
    return words[0] if len(words) == 1 else " ".join(_phrase(word) for word in words)


def _phrase(word: str) -> str:
    operator, colon, value = word.partition(":")
    if " " not in word or '"' in word:
        return word
    return f'{operator}:"{value}"' if colon and operator.isalpha() else f'"{word}"'


def _reason(reason: dict[str, str]) -> str:
    return f"{reason['kind']} {reason['text']}".strip()
