"""The tags step: every model's words side by side, those of the one in use shown, and a person's above all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.errors import ComputeError, ModelUnavailableError
from appliance.library import files as library_files
from appliance.library import tagging, tags
from appliance.library.model_tags import TaggingModel
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps.tags import Tagged, TagsStep, merged
from ml.base import ModelFile, TagScore
from tests.appliance.pictures import write_jpegs
from tests.appliance.steps.models import ColourTower, Painter
from tests.appliance.steps.test_embedding import files, plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]
    Look = Callable[[], Awaitable[dict[str, dict[str, Any]]]]
    Choose = Callable[..., Awaitable[None]]


async def shown(home: Home, name: str) -> list[tuple[str, str]]:
    file = await library_files.get_file(home.db, LOCAL_ADMIN, (await files(home))[name])
    return [(tag["name"], tag["source"]) for tag in file["tags"]]


async def said(home: Home, name: str) -> Any:
    text = await home.db.value(
        'SELECT "captions_json" FROM "photo_caption" WHERE "file" = ?', [str((await files(home))[name])]
    )
    return msgspec.json.decode(text)


async def test_what_the_model_says_is_kept_and_shown_with_its_score(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "olive.jpg").write_bytes(plain("#b0a000"))
    (photos / "torn.jpg").write_bytes(plain("red")[:300])
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    items = await look()
    assert (items["tags"]["done"], items["tags"]["skipped"]) == (1, 1)
    assert set(await shown(home, "olive.jpg")) == {
        ("red", "model:painter"),
        ("green", "model:painter"),
        ("outdoor", "model:painter"),
    }
    entry = (await said(home, "olive.jpg"))["painter"]
    assert entry["version"] == "1"
    assert entry["environment"] == "outdoor"
    assert [tag[0] for tag in entry["tags"]] == ["red", "green", "outdoor"]
    assert entry["tags"][2] == ["outdoor", 0.9, "environment"]
    file = await library_files.get_file(home.db, LOCAL_ADMIN, (await files(home))["olive.jpg"])
    scores = {tag["name"]: tag["score"] for tag in file["tags"]}
    assert scores == {"red": pytest.approx(0.74, abs=0.03), "green": pytest.approx(0.67, abs=0.03), "outdoor": 0.9}


async def test_a_tagger_of_vectors_reads_what_the_embedding_step_stored(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    write_jpegs(photos, 5)
    await choose(embedding_model="colours", tagging_model="reader")
    await scan()
    assert (await look())["tags"]["done"] == 5
    assert len(ColourTower.looks) == 5
    assert Painter.looks == ["reader"] * 5


async def test_without_a_stored_vector_it_is_made_once_for_the_tags(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "red.jpg").write_bytes(plain("red"))
    await choose(embedding_model="other-colours", tagging_model="reader")
    await scan()
    await look()
    assert await shown(home, "red.jpg") == [("red", "model:reader")]
    await choose(embedding_model="off", tagging_model="reader")
    (photos / "blue.jpg").write_bytes(plain("blue"))
    await scan()
    await look()
    assert await shown(home, "blue.jpg") == [("blue", "model:reader")]


async def test_switching_the_model_shows_its_words_and_looks_only_once(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "red.jpg").write_bytes(plain("red"))
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    await choose(tagging_model="decorator")
    assert await shown(home, "red.jpg") == []
    await look()
    assert await shown(home, "red.jpg") == [("a red thing", "model:decorator")]
    await choose(tagging_model="painter")
    assert ("red", "model:painter") in await shown(home, "red.jpg")
    assert (await look())["tags"]["done"] == 1
    await choose(tagging_model="off")
    assert (await look())["tags"]["waits"] == "Tagging is off"
    assert await shown(home, "red.jpg") == []
    await choose(tagging_model="decorator")
    await look()
    assert Painter.looks == ["painter", "decorator"]
    assert set(await said(home, "red.jpg")) == {"painter", "decorator"}


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_switching_back_and_forth_on_a_thousand_files_looks_at_nothing_twice(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    write_jpegs(photos, 1000, size=(16, 12))
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    await choose(tagging_model="decorator")
    await look()
    assert len(Painter.looks) == 2000
    before = await said(home, "0500.jpg")
    for name in ("painter", "decorator", "painter"):
        await choose(tagging_model=name)
        items = await look()
        assert (items["tags"]["done"], items["tags"]["pending"]) == (1000, 0)
    assert len(Painter.looks) == 2000
    assert await said(home, "0500.jpg") == before


async def test_files_that_came_while_another_model_was_in_use_are_due(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    write_jpegs(photos, 3)
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    await choose(tagging_model="decorator")
    write_jpegs(photos, 2, first=3)
    await scan()
    await look()
    assert Painter.looks.count("decorator") == 5
    await choose(tagging_model="painter")
    await look()
    assert Painter.looks.count("painter") == 5


async def test_another_version_of_the_model_looks_again(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    monkeypatch.setattr(Painter, "spec", msgspec.structs.replace(Painter.spec, version="2"))
    await choose(tagging_model="painter")
    await look()
    assert len(Painter.looks) == 4
    assert (await said(home, "0000.jpg"))["painter"]["version"] == "2"


async def test_a_file_with_other_bytes_is_looked_at_again_whatever_is_chosen_meanwhile(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "a.jpg").write_bytes(plain("red"))
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    (photos / "a.jpg").write_bytes(plain("blue", (641, 480)))
    await scan()
    await choose(tagging_model="decorator")
    await choose(tagging_model="painter")
    await look()
    names = {name for name, source in await shown(home, "a.jpg") if source == "model:painter"}
    assert names == {"blue", "outdoor"}


async def test_a_failure_of_one_model_is_tried_by_another_and_not_again_by_itself(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "red.jpg").write_bytes(plain("red"))
    monkeypatch.setattr(Painter, "refuses", "red")
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    assert (await look())["tags"]["failed"] == 1
    await choose(tagging_model="painter")
    await look()
    assert Painter.looks == ["painter"]
    await choose(tagging_model="decorator")
    assert (await look())["tags"]["done"] == 1


async def test_a_persons_and_the_files_tags_are_never_touched(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose
) -> None:
    (photos / "red.jpg").write_bytes(plain("red"))
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    file = (await files(home))["red.jpg"]
    await tagging.set_by_hand(home.db, home.bus, LOCAL_ADMIN, file, ["holiday", "red"])
    async with home.db.write():
        await tags.set_tags(home.db, file, ["sunset", "outdoor"], source="exif")
    for model in ("painter", "decorator", "painter"):
        await choose(tagging_model=model)
        await look()
        found = set(await shown(home, "red.jpg"))
        assert {("holiday", "manual"), ("red", "manual"), ("sunset", "exif"), ("outdoor", "exif")} <= found
    assert ("red", "model:painter") in found


async def test_a_tag_that_a_person_took_away_never_comes_back(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "olive.jpg").write_bytes(plain("#b0a000"))
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    await look()
    await tagging.reject(home.db, home.bus, LOCAL_ADMIN, (await files(home))["olive.jpg"], "green")
    assert "green" not in dict(await shown(home, "olive.jpg"))
    monkeypatch.setattr(Painter, "spec", msgspec.structs.replace(Painter.spec, version="2"))
    for model in ("painter", "decorator", "painter", "reader"):
        await choose(tagging_model=model)
        await look()
        assert "green" not in dict(await shown(home, "olive.jpg"))
    assert "red" in dict(await shown(home, "olive.jpg"))


async def test_a_model_that_is_not_here_is_told_by_name(
    home: Home, photos: Path, scan: Scan, look: Look, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    absent = msgspec.structs.replace(Painter.spec, files=(ModelFile("weights.onnx"),), needs_download=True)
    monkeypatch.setattr(Painter, "spec", absent)
    await choose(tagging_model="painter", embedding_model="off")
    await scan()
    items = await look()
    assert items["tags"]["waits"] == "The model painter is not here: homeroll models pull painter"
    assert items["tags"]["pending"] == 2


async def test_a_tagger_of_vectors_waits_for_the_model_it_reads(
    home: Home, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    await choose(tagging_model="reader")
    assert await TagsStep().hindrance(home) == ""
    absent = msgspec.structs.replace(ColourTower.spec, files=(ModelFile("weights.onnx"),), needs_download=True)
    monkeypatch.setattr(ColourTower, "spec", absent)
    assert await TagsStep().hindrance(home) == "The model colours is not here: homeroll models pull colours"


async def test_a_model_changed_in_the_meantime_is_not_the_files_fault(home: Home, choose: Choose) -> None:
    await choose(tagging_model="painter")
    step = TagsStep()
    await step.prepare(home, {}, Tagged(TaggingModel("painter", "1"), []))
    with pytest.raises(ComputeError):
        await step.prepare(home, {}, Tagged(TaggingModel("painter", "2"), []))
    await choose(tagging_model="off")
    with pytest.raises(ModelUnavailableError):
        await step.arguments(home, {})


def test_frames_of_a_video_speak_together() -> None:
    first = [
        TagScore("kitchen", 0.5, "scene"),
        TagScore("warm", 0.4, "attribute"),
        TagScore("indoor", 0.7, "environment"),
    ]
    second = [
        TagScore("kitchen", 0.6, "scene"),
        TagScore("dry", 0.9, "attribute"),
        TagScore("outdoor", 0.6, "environment"),
    ]
    third = [
        TagScore("garden", 0.9, "scene"),
        TagScore("warm", 0.8, "attribute"),
        TagScore("outdoor", 0.8, "environment"),
    ]
    assert merged([first, second, third]) == [third[0], second[1], third[2]]
    assert merged([first]) == first
    assert merged([[], []]) == []
    two = [[TagScore("cat", 0.5), TagScore("sofa", 0.3)], [TagScore("dog", 0.4), TagScore("cat", 0.2)]]
    assert merged(two) == [TagScore("cat", 0.5), TagScore("dog", 0.4)]
