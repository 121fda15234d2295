"""What needs no service: words, disks, what a message changes, who may not come in."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message_pump import MessagePump

import tui
from appliance.access import not_allowed
from appliance.values import now
from tui.access import refusal
from tui.glance import state
from tui.house import House
from tui.machine import slowed
from tui.pictures import half_blocks
from tui.words import bar, clean, curve, cut, graph, result, size, span

if TYPE_CHECKING:
    from pathlib import Path


def test_values_are_written_short() -> None:
    assert [span(seconds) for seconds in (5, 100, 7300, 200_000)] == ["5 s", "2 min", "2 h 2 min", "2 days"]
    assert [size(number) for number in (5, 1500, 123_456_789, 2.5e12)] == ["5 B", "1.5 KB", "123 MB", "2.5 TB"]
    assert bar(0.5, 4) == "━━──"
    assert curve([0, 1, 4, 8]) == " ▁▄█"
    assert curve([0.5], most=1.0) == "▄"
    assert curve([]) == ""
    assert graph([0, 1, 2, 4], 2) == ["   █", " ▄██"]
    assert graph([0.001], 2, most=1.0) == [" ", "▁"]
    assert [cut("siglip2", width) for width in (7, 6, 0)] == ["siglip2", "sigli…", ""]
    assert result({"found": 6, "added": 0, "note": ""}) == "6 found"


def test_a_file_name_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2J\nb") == "a [2J b"


def test_what_is_longer_than_its_column_goes_on_below_its_beginning() -> None:
    house = House()
    house.learn("timeline", {"total": 5, "months": []})
    disk = {"holds": ["data", "Holidays"], "mount": "/mnt/photos", "free_bytes": 1, "total_bytes": 2, "days_left": 0.6}
    house.learn("growth", {"disks": [disk], "files_added": 2, "since": (now() - timedelta(days=3)).isoformat()})
    lines = Content.assemble(*state(house, (), 50)).plain.splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[:2] == ["Photos     5 photos and videos", "           2 of them came in the last 3 days"]
    assert lines[2:5] == [
        "Disk       ━━━━━───── 1 B free of 2 B, /mnt/photos",
        "           (data, Holidays)",
        "           full in 1 day at the present rate",
    ]


def test_messages_change_what_is_known_without_asking() -> None:
    house = House()
    house.learn("jobs", {"items": [{"name": "scan", "status": "idle"}]})
    assert house.told("JobProgress", {"name": "scan", "status": "running", "done": 3}) == ({"jobs"}, set())
    assert house.one("jobs", "name", "scan") == {"name": "scan", "status": "running", "done": 3}
    house.learn("libraries", {"items": [{"id": "1", "status": "ready"}]})
    house.told("LibraryChanged", {"id": "1", "status": "removed"})
    assert house.items("libraries") == []
    assert house.told("SomethingOfALaterVersion", {}) == (set(), set())


def test_a_pi_says_what_slows_it_down(tmp_path: Path) -> None:
    file = tmp_path / "get_throttled"
    file.write_text("50005\n")
    assert slowed(file) == "too little voltage, throttled"
    file.write_text("10000\n")
    assert slowed(file) == "earlier: too little voltage"
    file.write_text("0\n")
    assert slowed(file) == ""
    assert slowed(tmp_path / "no Pi") == ""


def test_what_is_no_picture_is_drawn_as_nothing() -> None:
    assert half_blocks(b"no picture", 10, 5).plain == ""


def test_a_closed_data_directory_names_the_group_to_join_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o750)
    message = not_allowed(data).message
    root = data.stat().st_gid == 0  # nobody is told to join that one
    assert ("use sudo" if root else f"join the group {data.group()} (sudo usermod") in message
    assert ("usermod" in message) != root
    assert "\n" not in message
    data.chmod(0o700)
    assert "sudo -u" in not_allowed(data).message


def test_a_data_directory_without_a_service_is_no_refusal(tmp_path: Path) -> None:
    assert refusal(tmp_path) is None
    assert refusal(tmp_path / "gone") is None


def test_no_screen_or_widget_hides_what_textual_keeps_under_the_same_name() -> None:
    """Such as `_name` and `_running`: nothing complains, and something else breaks."""
    kept = {"_css_type_name", "_css_type_names", "_decorated_handlers", "_merged_bindings"}
    kept |= {"_inherit_bindings", "_inherit_css", "_inherit_component_classes", "_reactives", "_computes"}
    kept |= {"_handle_exception"}  # on purpose: see there
    for ours in _textual_classes():
        for theirs in ours.__mro__[1:]:
            if theirs.__module__.startswith("textual."):
                both = _names_of(ours) & _names_of(theirs)
                hidden = {name for name in both if name.startswith("_") and not name.startswith("__")}
                assert hidden - kept == set(), f"{ours.__name__} hides what {theirs.__name__} has"


def _textual_classes() -> list[type]:
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(tui.__path__, "tui.")]
    return [
        one
        for module in modules
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__ and issubclass(one, MessagePump)
    ]


@cache
def _names_of(one: type) -> set[str]:
    """What the class defines, and what its methods assign to `self`."""
    return set(vars(one)) | set(re.findall(r"self\.(\w+)(?::[^=\n]+)? = ", inspect.getsource(one)))
