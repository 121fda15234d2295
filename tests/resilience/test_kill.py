"""kill -9 at any moment of an import: started again, it ends with what an undisturbed one ends with."""

from __future__ import annotations

import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.resilience.lives import Lives
from tests.resilience.outcome import assert_nothing_is_left_over, originals, outcome
from tests.resilience.photos import make_folder

if TYPE_CHECKING:
    from pathlib import Path

STEPS = ("metadata", "renditions")
KILLS = int(os.environ.get("TEST_KILLS", "100"))
#: The latest kill, as a part of what an undisturbed import takes: what was done before a kill is not done again.
LATEST_KILL = 0.2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_that_is_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    library = tmp_path / "photos"
    make_folder(library)
    before = originals(library)
    assert len(before) >= 300
    undisturbed = tmp_path / "undisturbed"
    with Lives("tests.resilience.service") as lives:
        lives.begin(str(undisturbed), str(library), *STEPS)
        began = time.monotonic()
        assert lives.ended()
        undisturbed_s = time.monotonic() - began
        expected = outcome(undisturbed)
        assert_nothing_is_left_over(undisturbed)

        chance = random.Random(20_24)
        kills = rounds = 0
        data = tmp_path / "killed"
        latest_s = undisturbed_s * LATEST_KILL
        while kills < KILLS:
            lives.begin(str(data), str(library), *STEPS)
            if not lives.ended(within_s=chance.uniform(0.0, latest_s)) and lives.kill():
                kills += 1
                latest_s *= 1.02  # however little of it one life gets done, some round ends
            else:
                rounds += 1
                latest_s = undisturbed_s * LATEST_KILL
                lives.assert_no_orphans()
                check(data, expected)
                shutil.rmtree(data)
        lives.begin(str(data), str(library), *STEPS)
        assert lives.ended()
        lives.assert_no_orphans()
    check(data, expected)
    assert originals(library) == before
    print(f"{kills} kills over {rounds + 1} imports; an undisturbed one took {undisturbed_s:.1f} s")  # noqa: T201 - shown with -s


def check(data: Path, expected: dict[str, object]) -> None:
    found = outcome(data)
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differs"
    assert_nothing_is_left_over(data)
