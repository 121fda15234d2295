"""The embedding step: one vector for a picture, three for a video, kept for each model by itself."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from appliance.errors import ComputeError, ModelUnavailableError
from appliance.library import image_index
from appliance.media.values import PREVIEW_PX
from appliance.steps.embedding import Embedded, EmbeddingStep, enough_px
from ml.base import ModelFile
from tests.appliance.pictures import write_jpegs
from tests.appliance.steps.models import ColourTower

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]
    Look = Callable[[], Awaitable[dict[str, dict[str, Any]]]]
    Choose = Callable[..., Awaitable[None]]


def plain(colour: str, size: tuple[int, int] = (640, 480)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "JPEG", quality=95)
    return data.getvalue()


async def files(home: Home) -> dict[str, uuid.UUID]:
    return {row["filename"]: row["id"] for row in await home.db.fetch('SELECT "id", "filename" FROM "stored_file"')}


async def vectors(home: Home, name: str) -> list[list[float]]:
    found = await image_index.vectors_of(home.db, (await files(home))[name])
    return [np.frombuffer(vector, "<f4").tolist() for vector in found]


async def test_every_picture_has_the_vector_of_its_colours(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "red.jpg").write_bytes(plain("red"))
    (photos / "olive.jpg").write_bytes(plain("#808000", (3000, 2000)))
    (photos / "torn.jpg").write_bytes(plain("blue")[:300])
    await choose(embedding_model="colours")
    await scan()
    items = await look()
    assert (items["embedding"]["done"], items["embedding"]["skipped"]) == (2, 1)
    assert await vectors(home, "red.jpg") == [pytest.approx([1, 0, 0], abs=0.03)]
    assert await vectors(home, "olive.jpg") == [pytest.approx([0.5**0.5, 0.5**0.5, 0], abs=0.03)]
    assert await vectors(home, "torn.jpg") == []


def write_clip(path: Path, *colours: str) -> None:
    """One second of each; with stripes, because a frame of one colour says nothing."""
    parts = []
    for number, name in enumerate(colours):
        striped = Image.new("RGB", (320, 240), name)
        for x in range(0, 320, 40):
            striped.paste("black", (x, 0, x + 8, 240))
        still = path.parent.parent / f"{number}.png"
        striped.save(still)
        parts += ["-loop", "1", "-t", "1", "-r", "10", "-i", str(still)]
    joined = ["-filter_complex", f"concat=n={len(colours)}:v=1", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *parts, *joined], check=True)


async def test_a_video_has_three(home: Home, photos: Path, scan: Scan, look: Look, choose: Choose) -> None:
    write_clip(photos / "clip.mp4", "red", "lime", "blue")
    await choose(embedding_model="colours")
    await scan()
    await look()
    found = await vectors(home, "clip.mp4")
    assert [int(np.argmax(vector)) for vector in found] == [0, 1, 2]
    assert ColourTower.looks == [3]


async def test_off_and_a_model_that_is_not_here_are_told_and_hold_up_nobody(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await choose(embedding_model="off", tagging_model="painter")
    items = await look()
    assert (items["embedding"]["waits"], items["embedding"]["pending"]) == ("Embedding is off", 3)
    assert items["tags"]["done"] == 3
    absent = msgspec.structs.replace(ColourTower.spec, files=(ModelFile("weights.onnx"),), needs_download=True)
    monkeypatch.setattr(ColourTower, "spec", absent)
    await choose(embedding_model="colours")
    items = await look()
    assert items["embedding"]["waits"] == "The model colours is not here: homeroll models pull colours"
    assert ColourTower.looks == []


async def test_a_model_that_does_not_fit_is_told_with_the_numbers(
    home: Home, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ColourTower, "spec", msgspec.structs.replace(ColourTower.spec, memory_mb=99_999))
    await choose(embedding_model="colours")
    assert "99999 MB" in await EmbeddingStep().hindrance(home)


async def test_another_model_and_back_computes_nothing_twice(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    write_jpegs(photos, 6)
    await choose(embedding_model="colours")
    await scan()
    await look()
    first = await vectors(home, "0001.jpg")
    await choose(embedding_model="other-colours")
    await look()
    assert await vectors(home, "0001.jpg") == [first[0][::-1]]
    assert len(ColourTower.looks) == 12
    for name in ("colours", "other-colours", "colours"):
        await choose(embedding_model=name)
        assert (await look())["embedding"]["done"] == 6
    assert len(ColourTower.looks) == 12
    assert await vectors(home, "0001.jpg") == first


async def test_a_model_changed_in_the_meantime_is_not_the_files_fault(home: Home, choose: Choose) -> None:
    await choose(embedding_model="colours")
    step = EmbeddingStep()
    await step.prepare(home, {}, Embedded("colours", "1", []))
    for model, version in (("colours", "2"), ("other-colours", "1")):
        with pytest.raises(ComputeError):
            await step.prepare(home, {}, Embedded(model, version, []))
    await choose(embedding_model="off")
    with pytest.raises(ComputeError):
        await step.prepare(home, {}, Embedded("colours", "1", []))
    with pytest.raises(ModelUnavailableError):
        await step.arguments(home, {})


async def test_a_file_with_other_bytes_is_looked_at_again(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "a.jpg").write_bytes(plain("red"))
    await choose(embedding_model="colours")
    await scan()
    await look()
    (photos / "a.jpg").write_bytes(plain("blue", (641, 480)))
    await scan()
    assert await vectors(home, "a.jpg") == []
    await look()
    assert await vectors(home, "a.jpg") == [pytest.approx([0, 0, 1], abs=0.03)]


def test_a_picture_is_decoded_no_larger_than_models_look() -> None:
    assert enough_px((4000, 3000)) == 512
    assert enough_px((3000, 3000)) == 384
    assert enough_px((30_000, 800)) == PREVIEW_PX
    assert enough_px((0, 0)) > 0
