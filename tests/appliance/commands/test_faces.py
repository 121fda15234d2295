"""`homeroll faces`: what it asks and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import missing, page

if TYPE_CHECKING:
    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll


def person(id: str, name: str, faces: int) -> dict[str, Any]:  # noqa: A002 - the API's own word
    marks = {"favourite": name == "Anna", "hidden": False, "ignored": False, "private": False}
    return {"id": id, "name": name, "faces": faces, "birthday": None} | marks


class People:
    """The API's people, as far as the command uses them."""

    def __init__(self) -> None:
        self.people = [person("p1", "Anna", 1200), person("p2", "", 7), person("p3", "Ben", 3), person("p4", "ben", 2)]

    def answer(self, method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            named = body.get("named")
            hidden = "hidden" in body or "ignored" in body
            return 200, page(
                [one for one in self.people if not hidden and named in (None, "true" if one["name"] else "false")]
            )
        if item_id == "merge":
            into = next(one for one in self.people if one["id"] == body["into"])
            return 200, {"person": into, "undo": "j2"}
        changed = next((one for one in self.people if one["id"] == item_id), None)
        if changed is None:
            return missing(item_id)
        return 200, {"person": changed | body, "undo": "j1"}


@pytest.fixture
def people(homeroll: FakeHomeroll, monkeypatch: pytest.MonkeyPatch) -> People:
    found = People()
    monkeypatch.setattr(homeroll, "on_people", found.answer, raising=False)
    monkeypatch.setattr("appliance.commands.faces.POLL_S", 0)
    return found


def test_everyone_is_listed(run: Run, people: People) -> None:
    out = run("faces", "list").out
    assert "p1  Anna  1,200" in out
    assert "favourite" in out
    assert "p2  -     7" in out
    assert [one["id"] for one in run("faces", "list", "--json").json] == ["p1", "p2", "p3", "p4"]
    assert [one["id"] for one in run("faces", "list", "--unnamed", "--json").json] == ["p2"]


def test_a_group_is_named_by_its_id_and_how_to_undo_it_is_told(
    run: Run, people: People, homeroll: FakeHomeroll
) -> None:
    ran = run("faces", "name", "p2", "Carla")
    assert (ran.code, ran.out) == (0, "p2 is called Carla\n")
    assert "homeroll faces undo j1" in ran.err
    assert homeroll.asked[-1] == ("PATCH", "/people/p2", {"name": "Carla"})


def test_people_are_merged_by_name(run: Run, people: People, homeroll: FakeHomeroll) -> None:
    ran = run("faces", "merge", "anna", "p2", "p3")
    assert (ran.code, ran.out) == (0, "Anna: 1,200 faces\n")
    assert homeroll.asked[-1] == ("POST", "/people/merge", {"into": "p1", "people": ["p2", "p3"]})
    assert run("faces", "merge", "Anna", "p2", "--json").json["undo"] == "j2"


def test_a_name_that_two_have_or_nobody_is_refused_with_what_to_do(run: Run, people: People) -> None:
    ran = run("faces", "name", "Ben", "Benjamin")
    assert ran.code == 1
    assert "2 people are called 'Ben'" in ran.err
    assert "p3, p4" in ran.err
    ran = run("faces", "name", "Zoe", "Zora")
    assert ran.code == 1
    assert "There is no person 'Zoe'" in ran.err


def test_grouping_is_started_and_waited_for(run: Run, people: People, homeroll: FakeHomeroll) -> None:
    homeroll.results = [{"faces": 12, "moved": 5, "made": 2, "dissolved": 1}]
    job = homeroll.job
    homeroll.job = lambda: job() | {"name": "cluster_faces"}  # type: ignore[method-assign]  # the only job there is
    ran = run("faces", "cluster")
    assert (ran.code, ran.out) == (0, "12 faces: 5 moved, 2 groups made, 1 dissolved\n")
    assert ("POST", "/jobs/cluster_faces/run", {}) in homeroll.asked
    homeroll.error = "The disk is full"
    ran = run("faces", "cluster")
    assert ran.code == 1
    assert "The disk is full" in ran.err
