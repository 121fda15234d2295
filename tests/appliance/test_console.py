"""What a person sees, and what a script gets."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from appliance.console import Console, moment, plural, size, span
from appliance.errors import HomerollError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_json_goes_to_stdout_and_narration_never_does() -> None:
    console = Console(as_json=True, out=io.StringIO(), err=io.StringIO())
    console.say("working")
    console.data({"name": "Çelik"}, "text")
    assert isinstance(console.out, io.StringIO)
    assert console.out.getvalue() == '{\n  "name": "Çelik"\n}\n'


def test_an_error_is_coloured_on_a_terminal_only() -> None:
    for stream, coloured in ((Terminal(), True), (io.StringIO(), False)):
        Console(err=stream).problem(HomerollError("It broke\x1b[2J", hint="Mend it"))
        assert ("\x1b[31m" in stream.getvalue()) == coloured
        assert "\x1b[2J" not in stream.getvalue()


def test_who_wants_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    Console(err=stream).problem(HomerollError("It broke", hint="Mend it"))
    assert stream.getvalue() == "homeroll: It broke\n  Mend it\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A real terminal as stdin; what is written to this descriptor is typed into it."""
    keyboard, line = os.openpty()
    with os.fdopen(line) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keyboard
    os.close(keyboard)


@pytest.mark.parametrize(
    ("typed", "meant"), [("y\n", True), ("YES\n", True), ("\n", False), ("no\n", False), ("\x04", False)]
)
async def test_a_question_is_answered_no_unless_yes_is_typed(typed: str, meant: bool, terminal: int) -> None:
    os.write(terminal, typed.encode())
    assert await Console(err=Terminal()).confirm("Sure?", yes=False) == meant


async def test_a_question_nobody_answers_can_be_cancelled(terminal: int) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(Console(err=Terminal()).confirm("Sure?", yes=False), timeout=0.1)


def test_two_different_passwords_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    typed = iter(["one horse", "two horses", "same horse", "same horse"])
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: next(typed))
    with pytest.raises(InvalidInputError, match="not the same"):
        Console(err=Terminal()).secret("Password")
    assert Console(err=Terminal()).secret("Password") == "same horse"


def test_numbers_are_written_for_people() -> None:
    assert [size(number) for number in (0, 999, 1_500, 2_340_000, 5e12)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "2.34 MB",
        "5 TB",
    ]
    assert [span(seconds) for seconds in (None, 0.4, 61, 3_720)] == ["-", "0 s", "1 min 1 s", "1 h 2 min"]
    assert [plural(1, "file"), plural(1_200, "library"), plural(0, "day")] == ["1 file", "1,200 libraries", "0 days"]
    assert moment(None) == "never"
