"""Copies and sequences among real pictures: labelled ones, and hundreds of others that must not be joined with them."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import itertools
import os
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.library import image_index, settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.media.metadata import read_metadata
from appliance.media.renditions import render
from ml import registry
from ml.base import Runtime
from ml.embedders.mobilenet import ImagenetEmbedder
from tests.appliance.alike import Shelf

if TYPE_CHECKING:
    import uuid

    from appliance.home import Home

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent
#: Pictures of retrieval/ that stand in for the rest of a library.
OTHERS = 150


@pytest.fixture
def models() -> Path:
    folder = Path(os.environ.get("HOMEROLL_TEST_MODELS") or REPOSITORY.parent / "shared" / "models") / "tags"
    if not folder.is_dir():
        pytest.skip(f"no model files in {folder}")
    return folder


def labelled(corpus: Path) -> dict[Path, str]:
    """Path -> cluster."""
    with (corpus / "duplicates.csv").open(newline="") as file:
        clusters = {corpus / row["path"]: row["cluster"] for row in csv.DictReader(file)}
    others = sorted((corpus / "retrieval").rglob("*.jp*g"))
    return clusters | {path: str(path) for path in others[:: max(1, len(others) // OTHERS)]}


async def fill(shelf: Shelf, corpus: Path) -> dict[Path, uuid.UUID]:
    """Files as scanning, metadata and renditions leave them; one for each content, whatever its paths."""
    by_sha: dict[str, uuid.UUID] = {}
    files = {}
    for path in labelled(corpus):
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        if sha not in by_sha:
            found = await asyncio.to_thread(read_metadata, path, filename=path.name, file_modified=datetime.now(UTC))
            made = await asyncio.to_thread(
                render, path, kind=found.kind, mime_type=found.mime_type, orientation=found.orientation
            )
            by_sha[sha] = await shelf.add(
                made.thumbnail_webp,
                str(path.relative_to(corpus)),
                taken=found.start if found.date_source not in ("file", "filename") else None,
                sha=sha,
                width=made.width,
                height=made.height,
                size_bytes=path.stat().st_size,
            )
        files[path] = by_sha[sha]
    return files


def measure(
    groups: set[frozenset[uuid.UUID]], files: dict[Path, uuid.UUID], clusters: dict[Path, str], wanted: set[str]
) -> tuple[float, float]:
    """Precision and recall of pairs; right are pairs of one cluster, wanted the pairs of these clusters."""
    group_of = {file: number for number, group in enumerate(groups) for file in group}
    right = wrong = missed = 0
    for one, other in itertools.combinations(files, 2):
        mine, theirs = files[one], files[other]
        joined = mine == theirs or group_of.get(mine, -1) == group_of.get(theirs, -2)
        if clusters[one] == clusters[other] and clusters[one] in wanted:
            right, missed = right + joined, missed + (not joined)
        else:
            wrong += joined and clusters[one] != clusters[other]
    return right / max(1, right + wrong), right / (right + missed)


async def test_copies_of_the_corpus_are_found_by_their_looks_alone(home: Home, tmp_path: Path, corpus: Path) -> None:
    """Measured: precision 1.000, recall 1.000 (blurred, sharpened, squeezed, turned, mirrored, re-encoded)."""
    shelf = await Shelf.create(home, tmp_path / "photos")
    files, clusters = await fill(shelf, corpus), labelled(corpus)
    await shelf.find()
    precision, recall = measure(await shelf.sets(), files, clusters, {"bridge", "pxl_063121958", "img_4120"})
    assert precision >= 0.98
    assert recall >= 0.97
    distinct = {file for path, file in files.items() if clusters[path].startswith("single_")}
    assert not distinct & set().union(*await shelf.sets(), *await shelf.sets(kind="sequence"))


@pytest.mark.slow
@pytest.mark.model
async def test_the_sequence_of_the_corpus_is_found_with_embeddings_and_no_copy_is_lost(
    home: Home, tmp_path: Path, corpus: Path, models: Path
) -> None:
    """Measured: precision 1.000, recall 1.000 for both, with the real MobileNetV2."""
    shelf = await Shelf.create(home, tmp_path / "photos")
    await settings.change_settings(home.db, LOCAL_ADMIN, {"embedding_model": "imagenet"})
    await image_index.prepare(home.db)
    files, clusters = await fill(shelf, corpus), labelled(corpus)
    spec = registry.embedder("imagenet").spec
    vectors = await asyncio.to_thread(embedded, dict(zip(files.values(), files, strict=True)), models)
    for file, vector in vectors.items():
        async with home.db.write():
            await image_index.keep(home.db, file, spec.name, spec.version, [vector])
    await shelf.find()
    precision, recall = measure(await shelf.sets(kind="sequence"), files, clusters, {"lund_walk"})
    assert precision >= 0.95
    assert recall >= 0.95
    precision, recall = measure(await shelf.sets(), files, clusters, {"bridge", "pxl_063121958", "img_4120"})
    assert precision >= 0.98
    assert recall >= 0.97


def embedded(paths: dict[uuid.UUID, Path], models: Path) -> dict[uuid.UUID, bytes]:
    from appliance.media.pixels import decode_upright

    embedder = ImagenetEmbedder()
    embedder.load(Runtime(models_dir=models))
    vectors = {}
    for file, path in paths.items():
        found = read_metadata(path, filename=path.name, file_modified=datetime.now(UTC))
        picture = decode_upright(
            path, kind=found.kind, mime_type=found.mime_type, orientation=found.orientation, max_side=512
        )
        (vector,) = embedder.embed_images([picture])
        vectors[file] = struct.pack(f"<{len(vector)}f", *vector.tolist())
    return vectors
