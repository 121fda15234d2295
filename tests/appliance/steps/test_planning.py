"""The plan is made complete when steps come or change, and is not looked through in every start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import steps as plan
from appliance.values import StepSpec
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home


def step(name: str, version: str = "1") -> StepSpec:
    return StepSpec(name=name, version=version, kinds=frozenset({"photo"}))


async def planned(home: Home, name: str) -> int:
    found: int = await home.db.value('SELECT count(*) FROM "file_step" WHERE "step" = ?', [name])
    return found


async def test_a_file_that_was_absent_when_a_step_came_gets_it_when_it_is_back(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]]
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await home.db.fetch(
        """UPDATE "stored_file" SET "missing_since" = '2026-11-01T00:00:00+00:00' WHERE "filename" = '0000.jpg'"""
    )
    steps = [step("new")]
    await plan.reconcile(home.db, steps)
    assert await planned(home, "new") == 1
    await home.db.fetch('UPDATE "stored_file" SET "missing_since" = NULL')
    await plan.reconcile(home.db, steps)
    assert await planned(home, "new") == 2


async def test_a_start_with_the_same_steps_looks_at_no_file_and_another_version_at_all(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]]
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await plan.reconcile(home.db, [step("new")])
    await home.db.fetch("""DELETE FROM "file_step" WHERE "step" = 'new'""")
    await plan.reconcile(home.db, [step("new")])
    assert await planned(home, "new") == 0
    await plan.reconcile(home.db, [step("new", "2")])
    assert await planned(home, "new") == 2
