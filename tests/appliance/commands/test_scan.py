"""`homeroll scan`: the numbers scripts rely on, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import library, step

if TYPE_CHECKING:
    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll

RESULT = {"found": 10, "added": 4, "changed": 1, "moved": 2, "missing": 3}


def test_scan_waits_for_the_job_and_every_step_and_prints_the_numbers(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.results = [RESULT]
    homeroll.steps = [
        step("metadata", done=9, failed=1),
        step("renditions", pending=9, failed=1),
        step("tags", pending=8),
    ]
    ran = run("scan", "--wait", "--json")
    assert ran.code == 0, ran.err
    assert list(ran.json) == ["found", "added", "changed", "moved", "missing", "failed", "seconds"]
    assert ran.json | {"seconds": 0} == RESULT | {"failed": 2, "seconds": 0}
    assert ran.err == ""
    assert [item["pending"] for item in homeroll.steps] == [0, 0, 0]


def test_a_step_that_waits_for_a_model_is_not_waited_for_but_told(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.results = [RESULT]
    homeroll.steps = [step("metadata", done=9), step("tags", pending=8, waits="The model siglip2 is not here")]
    ran = run("scan", "--wait", "--json")
    assert (ran.code, ran.json["failed"]) == (0, 0)
    assert "tags is left to do: The model siglip2 is not here" in ran.err


def test_scan_until_a_step_does_not_wait_for_later_ones(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.results = [RESULT]
    homeroll.steps = [step("metadata"), step("renditions"), step("tags", pending=8, failed=5)]
    assert run("scan", "--wait", "--until", "renditions", "--json").json["failed"] == 0
    assert [asked[1] for asked in homeroll.asked].count("/steps") == 2  # names, then one look


def test_a_scan_that_was_running_is_waited_for_and_another_one_follows(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.results = [RESULT, {"found": 11, "added": 1, "changed": 0, "moved": 0, "missing": 2}]
    homeroll.start()
    ran = run("scan", "--wait", "--json")
    assert homeroll.runs == 2
    assert {name: ran.json[name] for name in RESULT} == {
        "found": 11,
        "added": 5,
        "changed": 1,
        "moved": 2,
        "missing": 2,
    }


def test_scan_without_wait_only_starts_it(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("scan", "--json")
    assert ran.json == {"started": "scan_libraries"}
    assert homeroll.asked == [("POST", "/jobs/scan_libraries/run", {})]


def test_scan_of_one_library_asks_for_that_one_by_name(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.libraries = [library(id="l7", name="Family", root="/photos")]
    homeroll.results = [RESULT]
    assert run("scan", "--wait", "--library", "Family").code == 0
    assert ("POST", "/libraries/l7/scan", {}) in homeroll.asked


def test_a_person_gets_a_sentence_and_hears_of_frozen_libraries(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.libraries = [library(id="l7", name="Family", root="/photos", status="frozen", reason="The root is empty.")]
    homeroll.results = [RESULT]
    ran = run("scan", "--wait")
    assert ran.out.startswith("10 files found: 4 added, 1 changed, 2 moved, 3 missing, 0 failed, in ")
    assert ran.err == "Family is frozen: The root is empty. Is the disk mounted?\n"


@pytest.mark.parametrize("words", [("--until", "rendition"), ("--library", "Famly")])
def test_a_name_that_does_not_exist_is_refused_before_anything_starts(
    run: Run, homeroll: FakeHomeroll, words: tuple[str, ...]
) -> None:
    homeroll.libraries = [library(id="l7", name="Family", root="/photos")]
    ran = run("scan", "--wait", *words)
    assert ran.code == 1
    assert "rendition" in ran.err or "Did you mean Family?" in ran.err
    assert not [asked for asked in homeroll.asked if asked[0] == "POST"]


def test_paused_work_ends_the_wait_with_a_hint(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.results = [RESULT]
    homeroll.paused = True
    homeroll.steps = [step("metadata", pending=1)]
    ran = run("scan", "--wait", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "paused" in ran.err


def test_a_scan_that_fails_says_why_and_exits_1(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.error = "the database is full"
    ran = run("scan", "--wait", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "the database is full" in ran.err
