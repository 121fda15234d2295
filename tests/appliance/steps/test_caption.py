"""Captions: written when somebody asks, side by side, never in the place of a person's words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import InvalidInputError, ModelOutputError, ModelUnavailableError, NotFoundError
from appliance.library import caption_requests, captions, edits, files, model_tags, text_index
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from appliance.values import new_id
from tests.appliance.captioners import CAPTIONERS, AbsentCaptioner, ColourCaptioner
from tests.appliance.pictures import jpeg

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]
    RunSteps = Callable[[], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
def captioners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.CAPTIONERS", CAPTIONERS)
    monkeypatch.setattr(ColourCaptioner, "looked", 0)


@pytest.fixture
async def photo(home: Home, photos: Path, scan: Scan, run_steps: RunSteps) -> uuid.UUID:
    """A green one, with all steps done that are done by themselves."""
    (photos / "green.jpg").write_bytes(jpeg(1))
    await scan()
    await run_steps()
    file: uuid.UUID = await home.db.value('SELECT "id" FROM "stored_file"')
    return file


@pytest.fixture
async def runner(home: Home, photo: uuid.UUID) -> AsyncIterator[Runner]:
    made = Runner(home, STEPS)
    await made.start()
    yield made
    await made.stop()


async def shown(home: Home, file: uuid.UUID) -> list[dict[str, Any]]:
    captions: list[dict[str, Any]] = (await files.get_file(home.db, LOCAL_ADMIN, file))["captions"]
    return captions


async def finished(home: Home, file: uuid.UUID, model: str | None = None) -> caption_requests.CaptionState:
    async with asyncio.timeout(60):
        while (state := await caption_requests.state_of(home.db, LOCAL_ADMIN, file, model=model)).status == "pending":  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.02)
    return state


async def test_nothing_is_described_until_somebody_asks(home: Home, photo: uuid.UUID) -> None:
    assert await home.db.value("""SELECT count(*) FROM "file_step" WHERE "step" = 'caption'""") == 0
    assert await shown(home, photo) == []
    assert (await caption_requests.state_of(home.db, LOCAL_ADMIN, photo)).status == ""
    assert ColourCaptioner.looked == 0


async def test_a_caption_is_written_shown_and_found(home: Home, photo: uuid.UUID, runner: Runner) -> None:
    asked = await caption_requests.request(home, LOCAL_ADMIN, photo)
    assert (asked.status, asked.model) == ("pending", "im2txt")
    done = await finished(home, photo)
    assert (done.status, done.text) == ("done", "a green picture")
    assert await shown(home, photo) == [{"source": "model:im2txt", "text": "a green picture"}]
    while await text_index.refresh(home.db):
        pass
    (texts,) = (await text_index.texts_of(home.db, [photo])).values()
    assert texts["caption"] == "a green picture"


async def test_models_write_side_by_side_and_none_twice(home: Home, photo: uuid.UUID, runner: Runner) -> None:
    for model in ("im2txt", "blip"):
        await caption_requests.request(home, LOCAL_ADMIN, photo, model=model)
        await finished(home, photo, model)
    assert await shown(home, photo) == [
        {"source": "model:blip", "text": "perhaps a green picture"},
        {"source": "model:im2txt", "text": "a green picture"},
    ]
    looked = ColourCaptioner.looked
    for asked in (None, "im2txt", "blip"):
        assert (await caption_requests.request(home, LOCAL_ADMIN, photo, model=asked)).status == "done"
    assert ColourCaptioner.looked == looked
    await change_settings(home.db, LOCAL_ADMIN, {"captioning_model": "blip"})
    assert (await caption_requests.request(home, LOCAL_ADMIN, photo)).text == "perhaps a green picture"


async def test_what_a_person_and_tagging_models_said_stays(home: Home, photo: uuid.UUID, runner: Runner) -> None:
    await edits.change_file(home.db, home.bus, LOCAL_ADMIN, photo, {"description": "Our meadow"})
    async with home.db.write():
        await model_tags.note(home.db, photo, "joytag", {"version": "1", "tags": [["grass", 0.9]]})
    await caption_requests.request(home, LOCAL_ADMIN, photo)
    await finished(home, photo)
    item = await files.get_file(home.db, LOCAL_ADMIN, photo)
    assert item["description"] == "Our meadow"
    assert item["captions"] == [{"source": "model:im2txt", "text": "a green picture"}]
    assert await home.db.value("""SELECT "captions_json" ->> '$.joytag.tags[0][0]' FROM "photo_caption" """) == "grass"


async def test_a_changed_photo_has_no_caption_until_it_is_asked_for_again(
    home: Home, photo: uuid.UUID, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    await caption_requests.request(home, LOCAL_ADMIN, photo)
    await run_steps()
    assert len(await shown(home, photo)) == 1
    (photos / "green.jpg").write_bytes(jpeg(7, size=(80, 60)))
    await scan()
    await run_steps()
    assert await shown(home, photo) == []
    assert (await caption_requests.state_of(home.db, LOCAL_ADMIN, photo)).status == ""
    await caption_requests.request(home, LOCAL_ADMIN, photo)
    await run_steps()
    assert len(await shown(home, photo)) == 1


async def test_a_model_that_is_not_here_is_refused_with_what_to_do(home: Home, photo: uuid.UUID) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        await caption_requests.request(home, LOCAL_ADMIN, photo, model="absent")
    assert caught.value.hint == "Fetch it: homeroll models pull absent"
    with pytest.raises(InvalidInputError, match="poet"):
        await caption_requests.request(home, LOCAL_ADMIN, photo, model="poet")
    assert await home.db.value('SELECT count(*) FROM "photo_caption"') == 0


async def test_the_step_waits_only_when_no_model_can_be_used(
    home: Home, photo: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = next(step for step in STEPS if step.name == captions.CAPTION_STEP)
    await change_settings(home.db, LOCAL_ADMIN, {"captioning_model": "absent"})
    assert await step.hindrance(home) == ""
    monkeypatch.setattr("ml.registry.CAPTIONERS", (AbsentCaptioner,))
    assert await step.hindrance(home) == "The model absent is not here. Fetch it: homeroll models pull absent"


async def test_a_failure_is_told_and_may_be_tried_again(
    home: Home, photo: uuid.UUID, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ColourCaptioner, "error", ModelOutputError("im2txt", "It is speechless."))
    await caption_requests.request(home, LOCAL_ADMIN, photo)
    failed = await finished(home, photo)
    assert (failed.status, failed.error) == ("failed", "It is speechless.")
    monkeypatch.setattr(ColourCaptioner, "error", None)
    assert (await caption_requests.request(home, LOCAL_ADMIN, photo)).status == "pending"
    assert (await finished(home, photo)).text == "a green picture"


async def test_nobody_asks_for_what_they_cannot_see(home: Home, photo: uuid.UUID) -> None:
    with pytest.raises(NotFoundError):
        await caption_requests.request(home, LOCAL_ADMIN, new_id())
    stranger = Viewer(user_id=new_id())
    async with home.db.write():
        owner = new_id()
        await home.db.fetch(
            'INSERT INTO "account" ("id", "username", "role") VALUES (?, ?, ?)', [owner, "anna", "user"]
        )
        await home.db.fetch('UPDATE "stored_file" SET "user" = ? WHERE "id" = ?', [owner, photo])
    with pytest.raises(NotFoundError):
        await caption_requests.request(home, stranger, photo)
    assert (await caption_requests.request(home, Viewer(user_id=owner), photo)).status == "pending"
