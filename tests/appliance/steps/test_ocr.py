"""The ocr step: what stands on a photo is kept with its boxes, and found by its words."""

from __future__ import annotations

import asyncio
import csv
import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import NotFoundError
from appliance.library import photo_text, text_index
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from appliance.values import new_id
from ml.base import TextLine
from ml.readers.rapid import RapidReader
from tests.appliance.pictures import jpeg
from tests.fakes import FakeTextReader

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home

    Scan = Callable[[], Awaitable[Any]]
    RunSteps = Callable[[], Awaitable[list[dict[str, Any]]]]

BOX = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.2), (0.1, 0.2))
LINES = [TextLine("CORNER BAKERY", BOX, 0.98), TextLine("Total  7.05", BOX, 0.91)]


async def files(home: Home) -> dict[str, uuid.UUID]:
    return {row["filename"]: row["id"] for row in await home.db.fetch('SELECT "id", "filename" FROM "stored_file"')}


async def status(home: Home) -> dict[str, tuple[str, str]]:
    rows = await home.db.fetch(
        """SELECT f."filename", s."status", s."error" FROM "file_step" s JOIN "stored_file" f ON f."id" = s."file"
           WHERE s."step" = 'ocr'"""
    )
    return {row["filename"]: (row["status"], row["error"]) for row in rows}


async def found_by(home: Home, word: str) -> list[str]:
    """Names of the files whose OCR text holds the word, as the search index finds them."""
    while await text_index.refresh(home.db):
        pass
    rows = await home.db.fetch(
        """SELECT f."filename" FROM "file_text" t JOIN "file_text_row" r ON r."id" = t.rowid
           JOIN "stored_file" f ON f."id" = r."file" WHERE t."file_text" MATCH ? ORDER BY f."filename" """,
        [f'"ocr" : "{word}"'],
    )
    return [row["filename"] for row in rows]


async def test_lines_are_kept_with_their_boxes_and_found_by_their_words(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "receipt.jpg").write_bytes(jpeg(1))
    monkeypatch.setattr(FakeTextReader, "lines", LINES)
    await scan()
    await run_steps()
    file = (await files(home))["receipt.jpg"]
    assert await photo_text.text_of(home.db, LOCAL_ADMIN, file) == photo_text.PhotoText("rapidocr", LINES)
    row = await home.db.fetch_one('SELECT "text", "version" FROM "photo_text"')
    assert row == {"text": "CORNER BAKERY\nTotal  7.05", "version": "1"}
    assert await found_by(home, "bakery") == ["receipt.jpg"]


async def test_a_photo_without_text_is_done_and_leaves_no_row(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    (photos / "beach.jpg").write_bytes(jpeg(1))
    await scan()
    await run_steps()
    assert await status(home) == {"beach.jpg": ("done", "")}
    assert await home.db.value('SELECT count(*) FROM "photo_text"') == 0
    file = (await files(home))["beach.jpg"]
    assert await photo_text.text_of(home.db, LOCAL_ADMIN, file) == photo_text.PhotoText("", [])


async def test_a_changed_photo_forgets_what_stood_on_it(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photos / "sign.jpg"
    path.write_bytes(jpeg(1))
    monkeypatch.setattr(FakeTextReader, "lines", LINES)
    await scan()
    await run_steps()
    assert await found_by(home, "bakery") == ["sign.jpg"]
    path.write_bytes(jpeg(2, size=(80, 60)))
    monkeypatch.setattr(FakeTextReader, "lines", [])
    await scan()
    await run_steps()
    assert await home.db.value('SELECT count(*) FROM "photo_text"') == 0
    assert await found_by(home, "bakery") == []


async def test_a_file_of_which_no_picture_can_be_made_is_skipped(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    (photos / "torn.jpg").write_bytes(jpeg(1)[:200])
    await scan()
    await run_steps()
    assert await status(home) == {"torn.jpg": ("skipped", "There is no picture to look at")}


async def test_reading_can_be_switched_off_and_on_again(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "receipt.jpg").write_bytes(jpeg(1))
    monkeypatch.setattr(FakeTextReader, "lines", LINES)
    await change_settings(home.db, LOCAL_ADMIN, {"text_reader": "off"})
    await scan()
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        async with asyncio.timeout(60):
            while (item := await ocr_item(runner))["waits"] == "" or await others_left(runner):  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.02)
        assert item["waits"] == "Reading text is off"
        assert await status(home) == {"receipt.jpg": ("pending", "")}
        await change_settings(home.db, LOCAL_ADMIN, {"text_reader": None})
        runner.reconsider()
        async with asyncio.timeout(60):
            while (await ocr_item(runner))["done"] == 0:  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.02)
    finally:
        await runner.stop()
    assert await found_by(home, "bakery") == ["receipt.jpg"]


async def ocr_item(runner: Runner) -> dict[str, Any]:
    return next(item for item in await runner.progress() if item["name"] == "ocr")


async def others_left(runner: Runner) -> bool:
    items = await runner.progress()
    return any(item["pending"] or item["running"] for item in items if not item["waits"])


async def test_text_is_seen_by_those_who_see_the_photo(home: Home, photos: Path, scan: Scan) -> None:
    (photos / "receipt.jpg").write_bytes(jpeg(1))
    await scan()
    file = (await files(home))["receipt.jpg"]
    reader = await photo_text.reader_in_use(home.db)
    assert reader is not None
    async with home.db.write():
        await photo_text.keep(home.db, file, reader, LINES)
    stranger, owner = (Viewer(user_id=new_id(), is_admin=False) for _ in range(2))
    assert (await photo_text.text_of(home.db, stranger, file)).lines == LINES
    assert owner.user_id is not None
    async with home.db.write():
        await add_user(home, owner.user_id)
        await home.db.fetch('UPDATE "stored_file" SET "user" = ? WHERE "id" = ?', [owner.user_id, file])
    assert (await photo_text.text_of(home.db, owner, file)).lines == LINES
    with pytest.raises(NotFoundError):
        await photo_text.text_of(home.db, stranger, file)


async def test_small_print_is_read_in_the_original_and_not_in_the_preview(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def read(self: FakeTextReader, image: Any) -> list[TextLine]:
        sizes.append(image.shape[:2])
        return []

    monkeypatch.setattr(FakeTextReader, "max_side", 2000)
    monkeypatch.setattr(FakeTextReader, "read", read)
    (photos / "large.jpg").write_bytes(jpeg(1, size=(3000, 1500)))
    await scan()
    await run_steps()
    assert sizes == [(1000, 2000)]


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_receipts_are_found_by_their_rare_words(
    home: Home, photos: Path, corpus: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every word of six letters or more that stands on one receipt only, as far as the source says."""
    monkeypatch.setattr("ml.registry.TEXT_READERS", (RapidReader,))
    words: dict[str, set[str]] = {}
    with (corpus / "ocr.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folder, _, name = row["path"].rpartition("/")
            if folder == "ocr/receipts":
                shutil.copy(corpus / row["path"], photos / name)
                words[name] = set(re.findall(r"[A-Z]{6,}", row["text"].replace("\\n", "\n")))
    await scan()
    runner = Runner(home, STEPS)
    await runner.start()
    try:
        async with asyncio.timeout(300):  # two seconds each, on a machine that does nothing else
            while (await ocr_item(runner))["done"] < len(words):  # noqa: ASYNC110 - polled, as clients do
                await asyncio.sleep(0.1)
    finally:
        await runner.stop()
    seen = Counter(word for said in words.values() for word in said)
    found = {
        name: [name in await found_by(home, word) for word in said if seen[word] == 1] for name, said in words.items()
    }
    assert len(found) == 8
    assert all(any(hits) for hits in found.values()), found
    assert sum(map(sum, found.values())) / sum(map(len, found.values())) > 0.8, found


async def add_user(home: Home, user: uuid.UUID) -> None:
    await home.db.fetch('INSERT INTO "account" ("id", "username", "role") VALUES (?, ?, ?)', [user, str(user), "user"])
