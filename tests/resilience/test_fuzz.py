"""Two thousand files made bad on purpose, with good ones between them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.appliance.pictures import write_jpegs
from tests.conftest import CORPUS
from tests.resilience.bad_files import assert_each_is_shown_or_explained, import_folder
from tests.resilience.fuzz import write_mutants
from tests.resilience.outcome import assert_nothing_is_left_over, originals

if TYPE_CHECKING:
    from pathlib import Path

MUTANTS = int(os.environ.get("TEST_MUTANTS", "2000"))
SEED = int(os.environ.get("TEST_SEED", "1"))
#: What reads the files themselves; faces and words are looked for on the previews that this made.
READING = ("metadata", "renditions")
#: One mutant in so many is looked at by every step.
LOOKED_AT = 10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_mutants_are_shown_or_explained_and_the_good_files_are_all_there(tmp_path: Path) -> None:
    check_mutants(tmp_path, MUTANTS - MUTANTS // LOOKED_AT, *READING, seed=SEED)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_mutants_that_every_step_looks_at(tmp_path: Path) -> None:
    check_mutants(tmp_path, MUTANTS // LOOKED_AT, seed=SEED + 1)


def check_mutants(folder: Path, count: int, *steps: str, seed: int) -> None:
    library, data = folder / "photos", folder / "data"
    corpus = CORPUS if CORPUS.is_dir() else None
    write_mutants(library, count=count, videos=count // 20, seed=seed, corpus=corpus)
    for number in range(min(20, max(1, count // 100))):
        write_jpegs(library / f"{number:02}", 1, first=number)
    before = originals(library)
    imported = import_folder(data, library, *steps, limit_s=800)
    assert_nothing_is_left_over(data)
    assert originals(library) == before
    assert len(imported.results) == len(before)
    assert_each_is_shown_or_explained(imported)
    good = [result for path, result in imported.results.items() if "mutant" not in path]
    assert good
    assert all(result.shown and not result.reasons for result in good)
    shown = sum(result.shown for result in imported.results.values())
    print(  # noqa: T201 - shown with -s
        f"{len(before)} files, {shown} shown, {len(before) - shown} failed, {imported.seconds:.0f} s, "
        f"{imported.most_memory_mb:.0f} MB at most, slowest {max(r.seconds for r in imported.results.values()):.1f} s"
    )
