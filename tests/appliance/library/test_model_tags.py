"""What models said, side by side: written, replaced, planned for; nothing else is touched by it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.library import in_use, model_tags
from appliance.library.model_tags import TaggingModel, keep, note, prepare
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from ml.base import TagScore
from tests.appliance.pictures import write_jpegs
from tests.appliance.steps.models import TAGGERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]

PAINTER, DECORATOR = TaggingModel("painter", "1"), TaggingModel("decorator", "1")


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.TAGGERS", TAGGERS)


@pytest.fixture
async def rows(home: Home, photos: Path, scan: Scan) -> list[Row]:
    """Three registered files, each due for the step."""
    write_jpegs(photos, 3)
    await scan()
    return await home.db.fetch('SELECT "id", "content_sha" FROM "stored_file" ORDER BY "filename"')


async def tell(home: Home, row: Row, model: TaggingModel, *said: TagScore) -> None:
    async with home.db.write():
        await keep(home.db, row, model, said)


async def kept(home: Home, row: Row) -> Any:
    text = await home.db.value('SELECT "captions_json" FROM "photo_caption" WHERE "file" = ?', [str(row["id"])])
    return msgspec.json.decode(text)


async def words(home: Home, row: Row, model: TaggingModel) -> dict[str, float]:
    found = await home.db.fetch(
        """SELECT t."name", ft."score" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
           WHERE ft."file" = ? AND ft."source" = ?""",
        [str(row["id"]), model.source],
    )
    return {row["name"]: row["score"] for row in found}


async def statuses(home: Home) -> list[str]:
    found = await home.db.fetch(
        """SELECT s."status" FROM "file_step" s JOIN "stored_file" f ON f."id" = s."file"
           WHERE s."step" = 'tags' ORDER BY f."filename" """
    )
    return [row["status"] for row in found]


async def set_status(home: Home, row: Row, status: str, error: str = "") -> None:
    await home.db.fetch(
        """UPDATE "file_step" SET "status" = ?, "error" = ? WHERE "step" = 'tags' AND "file" = ?""",
        [status, error, str(row["id"])],
    )


async def test_models_speak_side_by_side_and_each_replaces_only_itself(home: Home, rows: list[Row]) -> None:
    row = rows[0]
    await tell(home, row, PAINTER, TagScore("red", 0.9), TagScore("sky", 0.5, "scene"))
    await tell(home, row, DECORATOR, TagScore("sofa", 0.7))
    async with home.db.write():
        await note(home.db, row["id"], "im2txt", {"version": "1", "caption": 'a "red" sofa'})
    await tell(home, row, PAINTER, TagScore("blue", 0.8), TagScore("indoor", 0.6, "environment"))
    said = await kept(home, row)
    assert said["painter"] == {
        "version": "1",
        "content": row["content_sha"],
        "tags": [["blue", 0.8], ["indoor", 0.6, "environment"]],
        "environment": "indoor",
    }
    assert said["decorator"]["tags"] == [["sofa", 0.7]]
    assert said["im2txt"] == {"version": "1", "caption": 'a "red" sofa'}
    assert await words(home, row, PAINTER) == {"blue": 0.8, "indoor": 0.6}
    assert await words(home, row, DECORATOR) == {"sofa": 0.7}


async def test_a_word_said_twice_is_one_tag_with_its_best_score(home: Home, rows: list[Row]) -> None:
    await tell(home, rows[0], PAINTER, TagScore("trees", 0.4, "attribute"), TagScore("trees", 0.6, "scene"))
    assert await words(home, rows[0], PAINTER) == {"trees": 0.6}
    await tell(home, rows[0], PAINTER, TagScore("trees", 0.5, "scene"))
    assert await words(home, rows[0], PAINTER) == {"trees": 0.5}


async def test_nothing_to_say_is_an_answer(home: Home, rows: list[Row]) -> None:
    await tell(home, rows[0], PAINTER, TagScore("red", 0.9))
    await tell(home, rows[0], PAINTER)
    assert (await kept(home, rows[0]))["painter"]["tags"] == []
    assert await words(home, rows[0], PAINTER) == {}


@pytest.mark.parametrize("name", ["siglip2-fp32", "clip-vit-b-32", "o'model", "a.b"])
async def test_names_of_models_are_only_names(home: Home, rows: list[Row], name: str) -> None:
    for version in ("1", "2"):
        await tell(home, rows[0], TaggingModel(name, version), TagScore("red", 0.9))
    assert list(await kept(home, rows[0])) == [name]
    assert (await kept(home, rows[0]))[name]["version"] == "2"


async def test_planning_knows_what_was_said_of_the_present_content(home: Home, rows: list[Row]) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "decorator"})
    await prepare(home.db)
    await tell(home, rows[0], PAINTER, TagScore("red", 0.9))
    await tell(home, rows[1], PAINTER, TagScore("red", 0.9))
    await home.db.fetch('UPDATE "stored_file" SET "content_sha" = ? WHERE "id" = ?', ["f" * 64, str(rows[1]["id"])])
    for row in rows:
        await set_status(home, row, "done")
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "painter"})
    assert await prepare(home.db)
    assert await statuses(home) == ["done", "pending", "pending"]


async def test_planning_happens_once_and_leaves_failures_of_the_same_model_alone(home: Home, rows: list[Row]) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "painter"})
    assert await prepare(home.db)
    await set_status(home, rows[0], "failed", "It cannot be looked at.")
    await set_status(home, rows[1], "skipped", "There is no picture to look at")
    assert not await prepare(home.db)
    assert await statuses(home) == ["failed", "skipped", "pending"]
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "decorator"})
    await in_use.prepare(home.db)
    assert await statuses(home) == ["pending", "skipped", "pending"]


async def test_off_plans_and_forgets_nothing(home: Home, rows: list[Row]) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "painter"})
    await prepare(home.db)
    await tell(home, rows[0], PAINTER, TagScore("red", 0.9))
    await set_status(home, rows[0], "done")
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "off"})
    assert not await prepare(home.db)
    assert await model_tags.model_in_use(home.db) is None
    assert await statuses(home) == ["done", "pending", "pending"]
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "painter"})
    assert not await prepare(home.db)


async def test_a_model_that_is_gone_tags_nothing_and_is_told(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "painter"})
    monkeypatch.setattr("ml.registry.TAGGERS", TAGGERS[1:])
    with caplog.at_level(logging.WARNING):
        assert await model_tags.model_in_use(home.db) is None
    assert "tagging_model=painter is not known any more" in caplog.text
