"""The first start in the terminal: the first account, a folder, models, when to work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tui.conftest import PASSWORD
from tests.tui.seen import ask, dashboard, watching

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_first_start_makes_an_account_a_library_and_a_schedule(fresh: Path, photos: Path) -> None:
    async with watching(dashboard(fresh)) as seen:
        await seen.see("Welcome to Homeroll")
        await seen.press("enter")
        await seen.see("1 of 4")
        await seen.press(*"Anna", "tab")
        await seen.type("anna")
        await seen.press("tab", *"short", "tab", *"short", "enter")
        await seen.see("1 of 4", "8 characters")
        await seen.press("tab", "tab", *PASSWORD, "tab", *PASSWORD, "tab")
        await seen.type("The Smiths")
        await seen.press("enter")
        await seen.see("2 of 4")
        await seen.type("/nowhere")
        await seen.press("enter")
        await seen.see("2 of 4", "/nowhere")
        await seen.type(str(photos))
        await seen.press("enter")
        await seen.see("3 of 4", "fetched from the internet")
        await seen.press("tab", "tab", "enter")
        await seen.see("4 of 4")
        await seen.press("tab", *"/media/backup", "enter")
        await seen.see("That is all")
        await seen.press("enter")
        await seen.see("6 photos and videos")
        await seen.miss("no password of their own")
        await seen.see(" The Smiths ")
    assert ask(fresh, "GET", "/server")["setup_required"] is False
    assert [(user["username"], user["name"]) for user in ask(fresh, "GET", "/users")["items"]] == [("anna", "Anna")]
    settings = {item["name"]: item["value"] for item in ask(fresh, "GET", "/settings")["items"]}
    assert settings["backup_folder"] == "/media/backup"
    assert all(model["pull"] is None for model in ask(fresh, "GET", "/models")["items"])


async def test_who_puts_it_off_is_not_asked_again_and_finds_it_in_the_palette(fresh: Path) -> None:
    async with watching(dashboard(fresh)) as seen:
        await seen.see("Welcome to Homeroll")
        await seen.press("escape")
        await seen.see("no password of their own")
        await seen.press("f5")
        await seen.pilot.pause(2)
        assert "Welcome" not in seen.text
        await seen.press("ctrl+p")
        await seen.pilot.pause()
        await seen.press(*"first steps")
        await seen.see("Go through the first start again")
        await seen.press("enter")
        await seen.see("Welcome to Homeroll")
