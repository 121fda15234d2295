"""The corpus of broken files: the service lives, each is shown or explained, and the good ones are all there."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

import pytest

from appliance.importing.walk import walk
from tests.appliance.pictures import write_jpegs
from tests.resilience.bad_files import assert_each_is_shown_or_explained, import_folder
from tests.resilience.outcome import assert_nothing_is_left_over, originals

if TYPE_CHECKING:
    from pathlib import Path

#: Pillow "decodes" these, but all there is of the picture is its first lines.
NOTHING_TO_SEE = ["broken/exif/broken_orientation_exif2.jpg"]


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_broken_files_cost_nobody_but_themselves(corpus: Path, tmp_path: Path) -> None:
    library = tmp_path / "photos"
    shutil.copytree(corpus / "broken", library / "broken")
    write_jpegs(library / "broken" / "fuzz", 15)
    write_jpegs(library / "good", 15, first=15)
    before = originals(library)
    imported = import_folder(tmp_path / "data", library, limit_s=300)
    assert_nothing_is_left_over(tmp_path / "data")
    assert originals(library) == before

    considered = {
        f"{folder.path}/{name}" if folder.path else name for folder in walk(str(library)) for name in folder.files
    }
    assert set(imported.results) == considered
    assert_each_is_shown_or_explained(imported)
    good = [path for path in imported.results if path.rpartition("/")[2][:4].isdigit() and path.endswith(".jpg")]
    assert sum(imported.results[path].shown for path in good) >= 30

    with (corpus / "broken.csv").open() as file:
        decodable = {row["path"] for row in csv.DictReader(file) if row["pillow_13_result"].startswith("decodes")}
    lost = sorted(path for path in decodable & set(imported.results) if not imported.results[path].shown)
    assert lost == NOTHING_TO_SEE
    shown = sorted(path for path, result in imported.results.items() if path.startswith("broken/") and result.shown)
    failed = sorted(path for path, result in imported.results.items() if result.status == "failed")
    for path in failed:
        print(f"failed: {path}: {imported.results[path].reasons}")  # noqa: T201 - shown with -s
    for path in shown:
        if path not in decodable:
            print(f"shown though Pillow refuses it: {path}")  # noqa: T201 - shown with -s
    print(  # noqa: T201 - shown with -s
        f"{len(shown)} shown, {len(failed)} failed, {imported.seconds:.0f} s, {imported.most_memory_mb:.0f} MB at most"
    )
