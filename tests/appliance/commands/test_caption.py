"""`homeroll caption`: some files or all, with the model's words or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.values import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll

ONE, OTHER = str(new_id()), str(new_id())


def state(status: str, **rest: str) -> dict[str, Any]:
    return {"status": status, "model": "im2txt", "text": "", "error": "", "hint": "", **rest}


@pytest.fixture
def told(homeroll: FakeHomeroll, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set what becomes of each file at the second look."""
    states: dict[str, dict[str, Any]] = {}

    def on_files(method: str, item_id: str, verb: str, body: Any) -> tuple[int, Any]:
        assert verb == "caption"
        return (202, state("pending")) if method == "POST" else (200, states[item_id])

    monkeypatch.setattr(homeroll, "on_files", on_files, raising=False)
    monkeypatch.setattr("appliance.commands.caption.POLL_S", 0)
    return lambda **found: states.update(found)


def test_files_are_described_and_their_captions_printed(run: Run, told: Callable[..., None]) -> None:
    told(**{ONE: state("done", text="a dog on a sofa"), OTHER: state("done", text="two cats")})
    ran = run("caption", ONE, OTHER)
    assert ran.code == 0
    assert [line.split("  ")[0] for line in ran.out.splitlines()] == ["CAPTION", "a dog on a sofa", "two cats"]
    assert [item["text"] for item in run("caption", ONE, OTHER, "--json").json] == ["a dog on a sofa", "two cats"]


def test_another_model_may_be_named(run: Run, told: Callable[..., None], homeroll: FakeHomeroll) -> None:
    told(**{ONE: state("done", text="a dog")})
    assert run("caption", ONE, "--model", "blip").code == 0
    assert ("POST", f"/files/{ONE}/caption", {"model": "blip"}) in homeroll.asked


def test_a_file_that_fails_is_told_and_the_exit_code_says_so(run: Run, told: Callable[..., None]) -> None:
    told(**{ONE: state("failed", error="It is speechless.")})
    ran = run("caption", ONE)
    assert ran.code == 1
    assert "It is speechless." in ran.out


def test_it_does_not_wait_in_vain(run: Run, told: Callable[..., None], homeroll: FakeHomeroll) -> None:
    told(**{ONE: state("pending")})
    homeroll.paused = True
    ran = run("caption", ONE)
    assert ran.code == 1
    assert "must wait: work on files is paused" in ran.err
    assert run("caption", ONE, "--no-wait").code == 0


def test_all_is_a_job(run: Run, homeroll: FakeHomeroll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.commands.caption.POLL_S", 0)
    job = homeroll.job
    monkeypatch.setattr(homeroll, "job", lambda: job() | {"name": "write_captions"})
    homeroll.results = [{"asked": 12, "failed": 1}]
    ran = run("caption", "--all")
    assert ran.code == 0
    assert ran.out == "12 files looked at, 1 of them have none\n"
    assert ("POST", "/jobs/write_captions/run", {}) in homeroll.asked
    homeroll.error = "The model im2txt is not here."
    assert "not here" in run("caption", "--all").err


@pytest.mark.parametrize("words", [(), (ONE, "--all"), ("--all", "--model", "blip")])
def test_what_makes_no_sense_is_refused(run: Run, homeroll: FakeHomeroll, words: tuple[str, ...]) -> None:
    assert run("caption", *words).code == 1
    assert homeroll.asked == []


def test_what_can_be_no_file_is_not_asked_for(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("caption", "999")
    assert (ran.code, homeroll.asked) == (1, [])
    assert "There is no file '999'" in ran.err
