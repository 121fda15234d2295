"""Registries are read top to bottom and hold everything: no file beside them is forgotten, no name is there twice."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

from appliance.config import Settings
from appliance.jobs import registry as jobs_registry
from appliance.steps import registry as steps_registry
from tests.appliance.steps.steps import Sayer

REPOSITORY = Path(__file__).resolve().parent.parent
#: Files that hold no member of the registry beside them.
MACHINERY = {
    "appliance/steps": {"base", "outcomes", "pictures", "registry", "runner"},
    "appliance/jobs": {"base", "registry", "schedule"},
}


@pytest.mark.parametrize(
    ("folder", "members"), [("appliance/steps", steps_registry.STEPS), ("appliance/jobs", jobs_registry.JOBS)]
)
def test_every_file_is_listed_and_named_after_what_it_holds(folder: str, members: tuple[Any, ...]) -> None:
    files = {path.stem for path in (REPOSITORY / folder).glob("*.py")} - {"__init__"} - MACHINERY[folder]
    listed = {type(member).__module__.rpartition(".")[2]: member.name for member in members}
    assert set(listed) == files
    assert all(stem == name for stem, name in listed.items())


def test_the_registries_pass_their_own_check() -> None:
    steps_registry.check(steps_registry.STEPS)
    jobs_registry.check(jobs_registry.JOBS)


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two steps are called tags"):
        steps_registry.check((Sayer("tags"), Sayer("tags")))
    with pytest.raises(ValueError, match="two jobs are called empty_trash"):
        jobs_registry.check((*jobs_registry.JOBS, jobs_registry.JOBS[1]))


def test_a_need_that_does_not_come_before_is_refused() -> None:
    with pytest.raises(ValueError, match="step tags needs faces"):
        steps_registry.check((Sayer("tags", needs=("faces",)), Sayer("faces")))


@pytest.mark.parametrize("step", steps_registry.STEPS, ids=lambda step: step.name)
def test_what_a_step_computes_can_be_sent_to_another_process(step: Any) -> None:
    module = importlib.import_module(step.run.__module__)
    assert getattr(module, step.run.__qualname__) is step.run
    assert step.version
    assert step.kinds
    assert step.timeout_s > 0


@pytest.mark.parametrize("job", jobs_registry.JOBS, ids=lambda job: job.name)
def test_a_job_says_what_it_is_and_can_be_run_without_arguments(job: Any) -> None:
    assert job.title
    interval = job.interval_s(Settings())
    assert interval is None or interval > 0
    _, _, *optional = inspect.signature(job.run).parameters.values()
    assert all(parameter.default is not parameter.empty for parameter in optional)
