"""People and search: naming a group, one person of two, taking it back; the picture beside the list."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from appliance.paths import DataPaths
from tests.tui.seen import WIDE, ask, dashboard, wait_for_work, watching

if TYPE_CHECKING:
    from pathlib import Path


def groups(data: Path, *names: str) -> None:
    """Somebody on one photo each; "" for a group that nobody has named."""
    files = [file for file in ask(data, "GET", "/files?limit=9")["items"] if file["filename"].startswith("IMG_")]
    for number, name in enumerate(names):
        body = {"file": files[number]["id"], "box": [0.3, 0.2, 0.3, 0.4], "name": name or f"Group {number}"}
        face = ask(data, "POST", "/faces", body)["face"]
        if not name:
            ask(data, "PATCH", f"/people/{face['person']['id']}", {"name": ""})


def suggest(data: Path, name: str, other: str) -> None:
    """As if the last grouping had thought that each with the name `other` may be `name`."""
    people = ask(data, "GET", "/people")["items"]
    pairs = [(two, one) for one in people for two in people if (one["name"], two["name"]) == (name, other)]
    with contextlib.closing(sqlite3.connect(DataPaths(data).database)) as connection, connection:
        for number, (group, known) in enumerate(pairs):
            connection.execute(
                "INSERT INTO person_suggestion (id, face, person, other, confidence) VALUES (?, ?, ?, ?, ?)",
                (str(uuid.uuid4()), group["cover_face"], group["id"], known["id"], 0.9 - number / 10),
            )


def named(data: Path) -> list[tuple[str, int]]:
    people: list[dict[str, Any]] = ask(data, "GET", "/people")["items"]
    return sorted((one["name"], one["faces"]) for one in people)


async def test_a_group_is_named_and_that_is_taken_back(library: Path) -> None:
    groups(library, "")
    async with watching(dashboard(library)) as seen:
        await seen.press("5")
        await seen.see("not named", "▀")  # half-blocks: the face is drawn
        await seen.press("enter")
        await seen.see("Who is this?")
        await seen.type("Grandma")
        await seen.press("enter")
        await seen.until(lambda: named(library) == [("Grandma", 1)], "she is named")
        await seen.see("Undo")
        await seen.press("u")
        await seen.until(lambda: named(library) == [("", 1)], "taken back")


async def test_a_name_that_somebody_has_makes_the_two_one_after_a_question(library: Path) -> None:
    groups(library, "Anna", "")
    async with watching(dashboard(library)) as seen:
        await seen.press("5")
        await seen.see("Anna", "not named")
        await seen.press("t")
        await seen.miss("Anna")
        await seen.press("n")
        await seen.see("Who is this?")
        await seen.type("anna")
        await seen.press("enter")
        await seen.see("already a Anna")
        await seen.press("y")
        await seen.until(lambda: named(library) == [("Anna", 2)], "they are one")


async def test_who_may_be_one_person_is_asked_and_answered_by_a_key(library: Path) -> None:
    groups(library, "Anna", "", "")
    wait_for_work(library)
    suggest(library, "Anna", "")
    async with watching(dashboard(library), WIDE) as seen:
        await seen.press("5")
        await seen.see("2 pairs may be one person")
        await seen.press("s")
        await seen.see("Are these the same person?", "2 to answer", "Anna, on 1 photo", "No name yet", "▀")
        await seen.press("y")
        await seen.see("Both are Anna now", "1 to answer")
        await seen.press("n")
        await seen.until(lambda: named(library) == [("", 1), ("Anna", 2)], "one is her, one is not")
        await seen.see("Two people, for good")
        await seen.press("s")
        assert "Are these the same person?" not in seen.text
        await seen.until(lambda: ask(library, "GET", "/people/suggestions")["items"] == [], "answered for good")


async def test_a_stranger_is_not_asked_about_again(library: Path) -> None:
    groups(library, "")
    async with watching(dashboard(library)) as seen:
        await seen.press("5", "t")
        await seen.see("not named")
        await seen.press("x")
        await seen.miss("not named")
    assert ask(library, "GET", "/people?ignored=true")["total"] == 1


async def test_a_search_says_what_was_found_why_and_shows_it(library: Path) -> None:
    async with watching(dashboard(library), WIDE) as seen:
        await seen.press("6", *"lisbon", "enter")
        await seen.see("IMG_0000.jpg", "place", "6 photos found for lisbon", "▀")
        await seen.press("slash")
        await seen.type("place:oslo")
        await seen.press("enter")
        await seen.see("Nothing was found for place:oslo")
