"""The real MobileNetV2 from its file to what search and the viewer show, in the models' own process."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.importing.scan import scan_library
from appliance.library import image_index, libraries, model_tags
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps.runner import Runner
from ml.embedders.mobilenet import IMAGENET
from tests.appliance.steps.conftest import STEPS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from appliance.home import Home

pytestmark = [pytest.mark.corpus, pytest.mark.model, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent
PICTURES = 30


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    real = Path(os.environ.get("HOMEROLL_TEST_MODELS") or REPOSITORY.parent / "shared" / "models") / "tags"
    if not real.is_dir():
        pytest.skip(f"no model files in {real}")
    async with open_home(Settings(data=tmp_path / "data", compute="child", compute_workers=1)) as opened:
        folder = opened.paths.models / IMAGENET.name
        folder.mkdir(parents=True)
        for file in IMAGENET.files:
            shutil.copy(real / file.name, folder / file.name)
        yield opened


async def test_labelled_pictures_are_tagged_with_their_labels_and_found_by_likeness(
    home: Home, photos: Path, corpus: Path
) -> None:
    with (corpus / "retrieval.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if "/imagenet/" in row["path"]][:PICTURES]
    for row in rows:
        shutil.copy(corpus / row["path"], photos / Path(row["path"]).name)
    await change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "imagenet", "tagging_model": "imagenet"})
    await image_index.prepare(home.db)
    await model_tags.prepare(home.db)
    library = await libraries.add_library(home.db, name="photos", root=str(photos))
    await scan_library(home, library)
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        async with asyncio.timeout(200):
            while any(item["pending"] or item["running"] for item in await runner.progress()):  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.1)
        assert [item["done"] for item in await runner.progress()] == [PICTURES] * len(STEPS)
    finally:
        await runner.stop()
    found = await home.db.fetch(
        """SELECT f."filename", t."name" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
           JOIN "stored_file" f ON f."id" = ft."file" WHERE ft."source" = 'model:imagenet'"""
    )
    words: dict[str, set[str]] = {}
    for row in found:
        words.setdefault(row["filename"], set()).add(row["name"])
    right = [row["text"].split(",")[0] in words.get(Path(row["path"]).name, set()) for row in rows]
    assert sum(right) / len(right) >= 0.85
    files = await home.db.fetch('SELECT "id" FROM "stored_file"')
    for row in files[:5]:
        (vector,) = await image_index.vectors_of(home.db, row["id"])
        assert np.linalg.norm(np.frombuffer(vector, "<f4")) == pytest.approx(1, abs=1e-4)
        nearest = await image_index.nearest(home.db, vector, condition="1", arguments=[], count=3)
        assert nearest[0][0] == row["id"]
