"""Groups anew: which ids stay, and that doing it around a few files is the same as doing it for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library.duplicate_groups import Change, State, in_parts, read_state, regroup_around, regrouped
from tests.appliance.alike import Shelf, encoded, scene

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home


def state(
    pairs: list[tuple[str, str]], groups: dict[str, set[str]], apart: list[tuple[str, str]] | None = None
) -> State:
    return State("copy", [(one, other, 0) for one, other in pairs], apart or [], groups)


def test_an_id_stays_while_nobody_joins() -> None:
    assert regrouped(state([("a", "b")], {"g": {"a", "b"}})) == Change([], [], [])
    assert regrouped(state([("a", "b")], {"g": {"a", "b", "c"}})) == Change([], [("g", "c")], [])


def test_whoever_joins_makes_another_group() -> None:
    assert regrouped(state([("a", "b"), ("b", "c")], {"g": {"a", "b"}})) == Change(["g"], [], [["a", "b", "c"]])
    merged = regrouped(state([("a", "b"), ("b", "c"), ("c", "d")], {"g": {"a", "b"}, "h": {"c", "d"}}))
    assert merged == Change(["g", "h"], [], [["a", "b", "c", "d"]])


def test_a_group_that_falls_apart_leaves_its_id_to_one_part_only() -> None:
    change = regrouped(state([("a", "b"), ("c", "d")], {"g": {"a", "b", "c", "d"}}))
    assert change == Change([], [("g", "c"), ("g", "d")], [["c", "d"]])
    assert regrouped(state([], {"g": {"a", "b"}})) == Change(["g"], [], [])
    assert regrouped(state([("a", "b")], {"g": {"a", "b"}}, apart=[("b", "a")])) == Change(["g"], [], [])


def test_parts_are_the_whole() -> None:
    change = Change([str(n) for n in range(450)], [(str(n), "f") for n in range(250)], [["a", "b"]] * 201)
    parts = in_parts(change)
    assert len(parts) == 3 + 2 + 2
    assert [group for part in parts for group in part.gone] == change.gone
    assert [pair for part in parts for pair in part.left] == change.left
    assert [files for part in parts for files in part.new] == change.new


async def test_around_a_few_files_nothing_changes_that_the_whole_library_would_not(home: Home, tmp_path: Path) -> None:
    shelf = await Shelf.create(home, tmp_path / "photos")
    for number in range(4):
        for quality in (20, 50, 80):
            await shelf.add(encoded(scene(number), quality=quality))
    await shelf.find()
    before = await shelf.groups()
    async with home.db.write():
        await regroup_around(home.db, shelf.added[:1])
        assert regrouped(await read_state(home.db, "copy")) == Change([], [], [])
    assert await shelf.groups() == before
    assert len(before) == 4
