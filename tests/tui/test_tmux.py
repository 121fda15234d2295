"""A session on a real terminal, as an admin has it over SSH: tmux sends the keys and says what is on the screen."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.service import REPOSITORY, running_service
from tests.hub import COMMIT, Hub
from tests.tui.conftest import PASSWORD
from tests.tui.seen import PATIENCE_S, ask, wait_for_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAUSE_S = 0.4  # a dialog is seen a moment before it has the keys
PROBE = "¤"
SEEN = 12  # characters: of a long path only the end is in its field
NO_MODELS = {"find_faces": "off", "text_reader": "off"}  # the import is watched, not what models make of it
TMUX = shutil.which("tmux")
pytestmark = [
    pytest.mark.skipif(TMUX is None, reason="no tmux here: apt install tmux"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, size: tuple[int, int], term: str) -> None:
        self._words = [TMUX or "tmux", "-S", str(folder / "t"), "-f", "/dev/null"]
        self.size, self._term, self._folder = size, term, folder

    def open(self, *command: str) -> None:
        columns, lines = map(str, self.size)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        }
        shell = f"cd {REPOSITORY} && TERM={self._term} {' '.join(command)}; echo LEFT WITH $?; exec sh"
        words = [*self._words, "new-session", "-d", "-x", columns, "-y", lines, shell]
        subprocess.run(words, env=environment, check=True, timeout=60)

    def tmux(self, *words: str) -> str:
        return subprocess.run([*self._words, *words], capture_output=True, text=True, check=True, timeout=60).stdout

    def press(self, *keys: str) -> None:
        for key in keys:
            time.sleep(PAUSE_S)
            self.tmux("send-keys", key)

    def leave(self, title: str) -> None:
        """Close the dialog that is called so; it is seen a moment before it has the keys, however long that is."""
        self.see(title)
        for _ in range(6):
            self.press("Escape")
            if self._soon(lambda: title not in self.text, 10.0):
                return
        raise AssertionError(f"{title} does not go:\n{self.text}")

    def type(self, text: str, *, shown: str = "", times: int = 1) -> None:
        """Into the field that gets the focus, in place of what it holds, until its end is seen, or `shown` so many
        times.  A letter of no word goes first, until it is seen: keys sent before there is a field are lost."""
        mark = shown[:1] or PROBE
        before = self.text.count(mark)
        for _ in range(20):
            self.tmux("send-keys", "-l", PROBE)
            if self._soon(lambda: self.text.count(mark) > before, 0.5):
                break
        self.tmux("send-keys", "C-a", "C-k")
        # Letters go straight into the field, other keys a longer way: those that follow at once would be taken, too.
        self.until(lambda: self.text.count(mark) <= before, "the field is not emptied")
        self.tmux("send-keys", "-l", text)
        self.until(lambda: self.text.count(shown or text[-SEEN:]) >= times, f"{text} is not taken")

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def see(self, *words: str) -> None:
        self.until(lambda: all(word in self.text for word in words), f"not seen: {words}")

    def shows(self, word: str) -> bool:
        """Now, or within a moment."""
        return self._soon(lambda: word in self.text, 3.0)

    def _soon(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 2 * PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what}; what is shown:\n{self.text}"
            time.sleep(0.05)


@contextlib.contextmanager
def terminal(folder: Path, size: tuple[int, int], term: str = "xterm-256color") -> Iterator[Terminal]:
    it = Terminal(folder, size, term)
    try:
        yield it
    finally:
        subprocess.run([*it._words, "kill-server"], check=False, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("size", "term"), [((80, 24), "xterm-16color"), ((200, 60), "xterm-256color")], ids=["80x24", "200x60"]
)
def test_a_session_from_the_first_start_to_a_backup(
    size: tuple[int, int], term: str, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    copies.mkdir()
    with Hub() as hub, contextlib.ExitStack() as stack:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        _publish(hub)
        stack.enter_context(running_service(data))
        ask(data, "PATCH", "/settings", NO_MODELS)
        screen = stack.enter_context(terminal(tmp_path, size, term))
        screen.open(sys.executable, "-m", "appliance.cli", "--data", str(data), "tui")
        _first_start(screen, photos)
        _import(screen, data)
        _name_a_face(screen, data)
        _pull(screen, data)
        _back_up(screen, data, copies)
        screen.press("q")
        screen.see("LEFT WITH 0")


def _first_start(screen: Terminal, photos: Path) -> None:
    screen.see("Welcome to Homeroll")
    screen.press("Enter")
    screen.see("1 of 4")
    screen.type("Anna")
    screen.press("Tab", "Tab")
    screen.type(PASSWORD, shown="•" * len(PASSWORD))
    screen.press("Tab")
    screen.type(PASSWORD, shown="•" * len(PASSWORD), times=2)
    screen.press("Enter")
    for title in ("2 of 4", "3 of 4", "4 of 4", "That is all"):
        screen.leave(title)
    screen.press("2")
    screen.see("There is no library yet")
    screen.press("a")
    screen.see("Add a folder of photos")
    screen.type(str(photos))
    screen.press("Enter")


def _import(screen: Terminal, data: Path) -> None:
    screen.see("ready")
    screen.press("1")
    screen.see("6 photos and videos")
    screen.press("4")
    screen.see("broken.jpg")


def _name_a_face(screen: Terminal, data: Path) -> None:
    wait_for_work(data)
    files = ask(data, "GET", "/files?limit=9")["items"]
    photo = next(file["id"] for file in files if file["filename"].startswith("IMG_"))
    face = ask(data, "POST", "/faces", {"file": photo, "box": [0.3, 0.2, 0.3, 0.4], "name": "Somebody"})
    ask(data, "PATCH", f"/people/{face['face']['person']['id']}", {"name": ""})
    screen.press("5")
    screen.see("not named", "▀")
    screen.press("n")
    screen.see("Who is this?")
    screen.type("Grandma")
    screen.press("Enter")
    screen.see("Grandma", "Named Grandma")


def _pull(screen: Terminal, data: Path) -> None:
    screen.press("7")
    screen.see("Licence", "SigLIP 2")
    screen.press("Down")
    while not screen.shows("siglip2"):
        screen.press("Down")
    screen.press("p")
    screen.see("from the internet")
    screen.press("Enter")
    screen.until(lambda: _is_here(data, "siglip2"), "it is fetched")
    screen.see("in use")


def _is_here(data: Path, model: str) -> bool:
    return any(item["installed"] for item in ask(data, "GET", "/models")["items"] if item["name"] == model)


def _back_up(screen: Terminal, data: Path, copies: Path) -> None:
    screen.press("9")
    screen.see("Rehearsal of a restore")
    screen.press("f")
    screen.see("Where shall the copy go?")
    screen.type(str(copies))
    screen.press("Enter")
    screen.see("Every night, to")
    screen.press("b")
    screen.see("copied")
    screen.press("r")
    screen.see("everything came back")
    assert list(copies.rglob("IMG_0000.jpg"))


def _publish(hub: Hub) -> None:
    from ml import registry

    spec = registry.model("siglip2")
    hub.commits[spec.revision] = COMMIT
    for file in spec.files:
        hub.publish(spec.source, file.name, bytes(2_000_000), revision=spec.revision)
