"""Every screen as a picture, some in the light theme too, compared with the one that somebody looked at:
`pytest tests/tui/test_snapshots.py --snapshot-update` writes them anew, into tests/tui/snapshots; any browser shows
them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.image import SVGImageSnapshotExtension

from tests.e2e.pictures import make_photos
from tests.e2e.service import Service, running_service
from tests.tui.conftest import settle
from tests.tui.seen import NARROW, WIDE, Seen, ask, wait_for_work, watching
from tests.tui.still import furnish, still
from tui.app import SCREENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syrupy.assertion import SnapshotAssertion
    from syrupy.location import PyTestLocation

#: Of the SVG that Textual writes: the frame of a window, fonts from the network, what follows from the rest.
SUPERFLUOUS = re.compile(
    r"""<!--.*?-->|@font-face\s*{.*?}|\.terminal-\d+-title\s*{.*?}|<defs>.*?</defs>|<circle[^>]*>
      |<text\ class="terminal-\d+-title".*?</text>|\ (?:clip-path|textLength|shape-rendering)="[^"]*"
      |<text[^>]*>(?:&\#160;|\s)*</text>""",
    re.DOTALL | re.VERBOSE,
)
LIGHT = "textual-light"
#: A list, a text, a form above a list: what there is of colours.
IN_LIGHT = ("overview", "libraries", "requests")
FIELD = re.compile(r'\s*<rect fill="(#\w+)" x=')


class Compact(SVGImageSnapshotExtension):
    """One file for each screen and size, beside the tests."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(Path(test_location.filepath).parent / "snapshots" / test_location.basename)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service with a little of everything, and where its photos lie."""
    folder = tmp_path_factory.mktemp("world")
    photos = folder / "Pictures"
    make_photos(photos, 6)
    (photos / "broken.jpg").write_bytes(b"no picture")
    with running_service(folder / "data") as service:
        settle(service.data)
        ask(service.data, "POST", "/libraries", {"root": str(photos), "name": "Holidays"})
        wait_for_work(service.data)
        furnish(service)
        yield service, photos


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "200x60"])
async def test_every_screen_looks_as_it_did(
    size: tuple[int, int], world: tuple[Service, Path], snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, photos = world
    seen_now = {}
    async with watching(still(service.data, photos, monkeypatch), size) as seen:
        await seen.see("Logged in", "Holidays: 7 files", "full in 41 days")
        for screen in SCREENS:
            await seen.open(screen.NAME)
            await settled(seen)
            assert "q Quit" in seen.text, "every key of the last line is seen"
            seen_now[screen.NAME] = compact(seen.app.export_screenshot(title=""))
        seen.app.theme = LIGHT
        for name in IN_LIGHT:
            await seen.open(name)
            await settled(seen)
            seen_now[f"{name}-light"] = compact(seen.app.export_screenshot(title=""))

    def differing() -> list[str]:
        return [name for name, svg in seen_now.items() if snapshot(name=name, extension_class=Compact) != svg]

    assert await asyncio.to_thread(differing) == [], "look at them, and if they are right: pytest --snapshot-update"


async def settled(seen: Seen) -> None:
    """Until everything that this screen asks for is known and drawn."""
    app = seen.app
    if app.current_mode == "search":
        await seen.press(*"lisbon", "enter")
        await seen.see("IMG_0000.jpg")
    if app.current_mode == "log":
        await seen.see("step=metadata failed")
    drawn = app.drawn
    assert drawn is not None
    await seen.until(lambda: {*drawn.SOURCES} <= {*app.house.known, *app.house.refused}, "its sources are known")
    if app.current_mode in ("people", "search", "trash"):
        await seen.see("▀")
    if app.current_mode == "updates":
        await seen.see("git pull")
    await seen.pilot.pause(0.05)


def compact(svg: str) -> str:
    """What is seen, one element to a line; the commonest background is that of the whole."""
    lines = re.sub(r"terminal-\d+-", "", SUPERFLUOUS.sub("", svg)).replace("><", ">\n<").splitlines()
    ground, _ = Counter(found[1] for line in lines if (found := FIELD.match(line))).most_common(1)[0]
    kept = [line.strip() for line in lines if not ((found := FIELD.match(line)) and found[1] == ground)]
    return "\n".join(line for line in kept if line).replace('fill="#292929" stroke', f'fill="{ground}" stroke') + "\n"
