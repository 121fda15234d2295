"""Journal, trash, https, accounts that are locked: how the house is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.content import Content

from tests.e2e.pictures import make_photos
from tests.e2e.service import running_service
from tests.tui.conftest import PASSWORD, settle
from tests.tui.seen import WIDE, ask, dashboard, wait_for_work, watching
from tui.screens.https import described

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

END = "2027-05-01T00:00:00+00:00"
CERTIFICATE = {"names": ["homeroll.local", "192.168.1.20"], "start": END, "end": END, "fingerprint": "AB:CD"}
TOLD: dict[str, Any] = {
    "on": True, "given": False, "port": 8443, "plain_port": 8420, "https_only": False, "certificate": CERTIFICATE,
    "authority": CERTIFICATE | {"names": []}, "left_out": ["photos.example"], "problem": "", "hint": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "Pictures"
    make_photos(folder, 6)
    return folder


@pytest.fixture(scope="module")
def house(pictures: Path) -> Iterator[Path]:
    """The data directory of a service with those photos, for every test here."""
    with running_service(pictures.parent / "data") as service:
        settle(service.data)
        ask(service.data, "POST", "/libraries", {"root": str(pictures), "name": "Holidays"})
        wait_for_work(service.data)
        yield service.data


async def test_what_was_put_away_is_seen_taken_out_and_deleted_for_good(house: Path, pictures: Path) -> None:
    files = {file["filename"]: file["id"] for file in ask(house, "GET", "/files?limit=9")["items"]}
    for number in range(3):
        ask(house, "DELETE", f"/files/{files[f'IMG_000{number}.jpg']}")
    async with watching(dashboard(house), WIDE) as seen:
        await seen.open("trash")
        await seen.see("IMG_0002.jpg", "3 files here", "▀")
        await seen.press("r")
        await seen.see("IMG_0002.jpg is back", "2 files here")
        await seen.press("d")
        await seen.see("Delete IMG_0001.jpg for good?", "Only a backup")
        await seen.press("enter")  # no
        await seen.press("d")
        await seen.see("for good?")
        await seen.press("y")
        await seen.see("1 file here")
        await seen.press("a")
        await seen.see("Take 1 file out of the trash?")
        await seen.press("y")
        await seen.see("The trash is empty")
        assert "Delete for good" not in seen.text.splitlines()[-1]
    assert sorted(path.name for path in pictures.glob("IMG*")) == [f"IMG_000{number}.jpg" for number in (0, 2, 3, 4, 5)]


async def test_the_journal_says_who_did_what_and_takes_it_back(house: Path) -> None:
    photo = next(file["id"] for file in ask(house, "GET", "/files?limit=9")["items"] if file["kind"] == "photo")
    ask(house, "POST", "/files/edit", {"ids": [photo], "changes": {"rating": 4}})
    async with watching(dashboard(house), WIDE) as seen:
        await seen.open("journal")
        await seen.see("the admin here", "change setting", "change files", "can be undone")
        await seen.press("slash", *"setting", "escape")
        await seen.miss("change files")
        await seen.press("slash", "ctrl+a", "ctrl+k", *"files", "escape")
        await seen.see("change files")
        await seen.press("u")
        await seen.see("Take back “change files”?")
        await seen.press("y")
        await seen.see("taken back")
    assert ask(house, "GET", f"/files/{photo}")["rating"] is None


async def test_an_account_is_locked_and_a_library_given_to_somebody(house: Path, tmp_path: Path) -> None:
    ask(house, "POST", "/users", {"username": "bruno", "name": "Bruno", "role": "user", "password": PASSWORD})
    async with watching(dashboard(house)) as seen:
        await seen.press("2")
        await seen.see("Holidays")
        await seen.until(lambda: len(seen.app.house.items("users")) == 2, "who there is")
        await seen.press("a")
        await seen.see("Whose photos are in it", "everybody's")
        await seen.type(str(tmp_path))
        seen.app.screen.query_one("#owner").focus()
        await seen.press("enter", "down", "down", "enter")
        await seen.see("bruno")
        await seen.press("tab", "tab", "enter")
        await seen.until(lambda: len(ask(house, "GET", "/libraries")["items"]) == 2, "it is added")
        await seen.see(f"{tmp_path.name[:15]}…")  # in the list: the message that it is scanned names it whole
        await seen.press("down")
        await seen.see("Bruno's own")
        await seen.open("users")
        await seen.see("bruno")
        await seen.press("down", "x")
        await seen.see("Lock bruno?")
        await seen.press("y")
        await seen.see("Locked: nobody can log in")
        await seen.press("x")
        await seen.miss("Locked: nobody")
        await seen.open("https")
        await seen.see("It is off")
        await seen.press("o")
        await seen.until(lambda: ask(house, "GET", "/tls")["on"], "it is on")
        await seen.miss("It is off")
        await seen.press("o")
        await seen.see("Switch https off?")
        await seen.press("y")
        await seen.see("It is off")
    library = next(one for one in ask(house, "GET", "/libraries")["items"] if one["root"] == str(tmp_path))
    users = {user["username"]: user for user in ask(house, "GET", "/users")["items"]}
    assert library["user"] == users["bruno"]["id"]
    assert users["bruno"]["disabled"] is False


def test_https_is_told_in_words() -> None:
    text = Content.assemble(*described(TOLD)).plain
    assert "port 8443; plain HTTP on port 8420" in text
    assert "homeroll.local, 192.168.1.20" in text
    assert "Left out    photos.example" in text
    given = Content.assemble(*described(TOLD | {"given": True, "authority": None, "problem": "It ended", "hint": "x"}))
    assert "given by files" in given.plain
    assert "It ended. x" in given.plain
    assert described({}) == []
