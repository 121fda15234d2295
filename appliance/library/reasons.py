"""Why a file was found: the words of its texts that the query's words matched, and what its operators named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import matching, text_index
from appliance.library.query import fold

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.conditions import Plan
    from appliance.library.query import Word

MEANING = {"kind": "meaning", "text": ""}
#: Column of the text index -> what such a reason is called; in the order in which reasons are told.
KINDS = {
    "people": "person",
    "albums": "album",
    "tags": "tag",
    "description": "description",
    "place": "place",
    "caption": "caption",
    "ocr": "text",
    "date": "date",
    "name": "name",
    "folder": "name",
    "camera": "camera",
}
#: Operators whose match is told like a word's: operator -> column.
NAMED = {"place": "place", "camera": "camera", "name": "name", "folder": "folder", "text": "ocr", "caption": "caption"}
MOST_REASONS = 6
MOST_CHARACTERS = 80

Reason = dict[str, str]


async def why(db: Database, plan: Plan, shown: Mapping[uuid.UUID, Row]) -> dict[uuid.UUID, list[Reason]]:
    """Reasons for each of these files, which the viewer sees as `shown` (see `files.get_files`)."""
    texts = await text_index.texts_of(db, list(shown))
    return {file: _of_file(plan, row, texts.get(file, {})) for file, row in shown.items()}


def _of_file(plan: Plan, row: Row, texts: Mapping[str, Any]) -> list[Reason]:
    lines = {column: [line for line in (texts.get(column) or "").split("\n") if line] for column in KINDS}
    # Those that only the viewer may know stand in the index in a form that is not for people.
    people = [face["person"]["name"] for face in row["faces"] if face["person"] and face["person"]["name"]]
    lines["people"] = list(dict.fromkeys(people))
    lines["albums"] = list(dict.fromkeys([*lines["albums"], *(album["name"] for album in row["albums"])]))
    found: list[Reason] = []
    for word in matching.telling(plan.said):
        found += _of_word(word, lines)
    for time in plan.times:
        told = [_of_word(word, lines) for word in time.said]
        found += [reason for reasons in told for reason in reasons] if all(told) else _of_operator("date", "", lines)
    for one in plan.understood:
        if one.known and not one.negated:
            found += _of_operator(one.kind, one.value, lines)
    return list({(reason["kind"], reason["text"]): reason for reason in found}.values())[:MOST_REASONS]


def _of_word(word: Word, lines: Mapping[str, list[str]]) -> list[Reason]:
    """The best column that holds it."""
    for column, kind in KINDS.items():
        for line in lines[column]:
            if _holds(line, matching.forms(word.value, exact=word.quoted)):
                return [_reason(kind, line, word.value)]
            if column == "date" and not word.quoted and matching.month_named(word.value) in line.split(" "):
                return [_reason(kind, line, word.value)]
    return []


def _of_operator(kind: str, value: str, lines: Mapping[str, list[str]]) -> list[Reason]:
    column = {"person": "people", "tag": "tags", "album": "albums"}.get(kind) or NAMED.get(kind)
    if column is None:
        return [_reason("date", lines["date"][0], value)] if kind in ("year", "month", "date") and lines["date"] else []
    return [
        _reason(KINDS[column], line, one)
        for one in value.split(",")
        for line in lines[column]
        if _holds(line, matching.column_forms(one))
    ][:2]


def _holds(line: str, forms: Sequence[tuple[str, bool]]) -> bool:
    """As the index matches: a form's words one after another, the last of them as a beginning where it may be one."""
    words = [fold(word) for word in text_index.words(line)]
    for form, as_prefix in forms:
        wanted = [fold(word) for word in text_index.words(form)]
        for start in range(len(words) - len(wanted) + 1):
            *first, last = words[start : start + len(wanted)] or [""]
            if first == wanted[:-1] and wanted and (last.startswith(wanted[-1]) if as_prefix else last == wanted[-1]):
                return True
    return False


def _reason(kind: str, line: str, value: str) -> Reason:
    """A long line is cut around what was found in it."""
    if len(line) > MOST_CHARACTERS:
        at = max(0, fold(line).find(fold(value)) - MOST_CHARACTERS // 3)
        line = ("…" if at else "") + line[at : at + MOST_CHARACTERS].strip() + "…"
    return {"kind": kind, "text": line}
