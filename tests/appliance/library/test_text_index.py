"""Whatever is searched and whoever writes it, the index hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import DiskFullError
from appliance.jobs.base import Progress
from appliance.jobs.index_text import IndexText
from appliance.library import albums, search, settings, tags, text_index
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import new_id, now
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home


@pytest.fixture
async def findable(home: Home, tmp_path: Path) -> Findable:
    return await Findable.create(home, tmp_path)


async def stale(home: Home) -> set[uuid.UUID]:
    return {row["file"] for row in await home.db.fetch('SELECT "file" FROM "text_stale"')}


async def write(home: Home, sql: str, *arguments: object) -> None:
    async with home.db.write():
        await home.db.fetch(sql, arguments)


async def test_each_change_of_what_is_searched_makes_the_file_stale_and_others_do_not(
    home: Home, findable: Findable
) -> None:
    person = await findable.person("Anna")
    file = await findable.file("a/b.jpg", people=[person], tag=["beach"], caption="a dog", text="INVOICE")
    other = await findable.file("c.jpg")
    album = await albums.add_album(home.db, LOCAL_ADMIN, name="Summer")
    await albums.change_files(home.db, LOCAL_ADMIN, album["id"], [file])
    key, db = str(file), home.db
    moment = now()
    event = str(new_id())
    await write(home, 'INSERT INTO "event" ("id", "name", "start") VALUES (?, ?, ?)', event, "Wedding", moment)
    changes: list[tuple[str, tuple[object, ...]]] = [
        ('UPDATE "stored_file" SET "description" = ? WHERE "id" = ?', ("said", key)),
        ('UPDATE "stored_file" SET "title" = ? WHERE "id" = ?', ("called", key)),
        ('UPDATE "stored_file" SET "filename" = ? WHERE "id" = ?', ("new.jpg", key)),
        ('UPDATE "stored_file" SET "content" = ? WHERE "id" = ?', ("x/new.jpg", key)),
        ('UPDATE "stored_file" SET "place" = ? WHERE "id" = ?', ('{"city": "Oslo"}', key)),
        ('UPDATE "stored_file" SET "metadata" = ? WHERE "id" = ?', ('{"camera_model": "X"}', key)),
        ('UPDATE "stored_file" SET "local_start" = ? WHERE "id" = ?', ("2020-01-01T00:00:00", key)),
        (
            """INSERT INTO "file_path" ("id", "library", "file", "folder", "name") VALUES (?, ?, ?, 'y', 'z.jpg')""",
            (str(new_id()), str(findable.library), key),
        ),
        ('UPDATE "file_path" SET "folder" = ? WHERE "file" = ?', ("w", key)),
        ('DELETE FROM "file_path" WHERE "file" = ?', (key,)),
        ('UPDATE "tag" SET "name" = ? WHERE "name" = ?', ("sea", "beach")),
        ('DELETE FROM "file_tag" WHERE "file" = ?', (key,)),
        ('UPDATE "person" SET "name" = ? WHERE "id" = ?', ("Anne", str(person))),
        ('UPDATE "person" SET "ignored" = 1 WHERE "id" = ?', (str(person),)),
        ('UPDATE "face" SET "removed" = 1 WHERE "file" = ?', (key,)),
        ('DELETE FROM "person" WHERE "id" = ?', (str(person),)),
        ('UPDATE "photo_caption" SET "captions_json" = ? WHERE "file" = ?', ('{"im2txt": {"caption": "a cat"}}', key)),
        ('DELETE FROM "photo_caption" WHERE "file" = ?', (key,)),
        ('UPDATE "photo_text" SET "text" = ? WHERE "file" = ?', ("RECEIPT", key)),
        ('DELETE FROM "photo_text" WHERE "file" = ?', (key,)),
        ('UPDATE "album" SET "name" = ? WHERE "id" = ?', ("Winter", str(album["id"]))),
        ('DELETE FROM "album" WHERE "id" = ?', (str(album["id"]),)),
        ('INSERT INTO "file_event" ("id", "file", "event") VALUES (?, ?, ?)', (str(new_id()), key, event)),
        ('UPDATE "event" SET "name" = ? WHERE "id" = ?', ("Party", event)),
        ('DELETE FROM "event" WHERE "id" = ?', (event,)),
    ]
    for sql, arguments in changes:
        await text_index.refresh(db)
        assert await stale(home) == set()
        await write(home, sql, *arguments)
        assert await stale(home) == {file}, sql
    await text_index.refresh(db)
    for column, value in (("rating", 5), ("favourite", 1), ("thumbhash", "x"), ("hidden", 1)):
        await write(home, f'UPDATE "stored_file" SET "{column}" = ? WHERE "id" = ?', value, str(other))
        assert await stale(home) == set(), column


async def test_a_file_that_goes_leaves_nothing_in_the_index(home: Home, findable: Findable) -> None:
    person = await findable.person("Anna")
    for _ in range(3):
        await findable.file("beach.jpg", tag=["beach"], people=[person], text="INVOICE", caption="a dog")
    await text_index.refresh(home.db)
    await write(home, 'DELETE FROM "library" WHERE "id" = ?', str(findable.library))
    await text_index.refresh(home.db)
    for table in ("file_text", "file_text_row", "text_stale", "file_tag"):
        assert await home.db.value(f'SELECT count(*) FROM "{table}"') == 0, table
    assert await home.db.value('SELECT sum("files") FROM "tag_count"') == 0


async def test_another_tagging_model_changes_the_words_that_are_found(home: Home, findable: Findable) -> None:
    file = await findable.file()
    async with home.db.write():
        await tags.set_tags(home.db, file, ["valley"], source="model:siglip2")
        await tags.set_tags(home.db, file, ["canyon"], source="model:joytag")

    async def finds(word: str) -> bool:
        by_word = (await search.search(home, LOCAL_ADMIN, word)).total
        assert by_word == (await search.search(home, LOCAL_ADMIN, f"tag:{word}")).total
        counted = {row["name"] for row in await tags.count_tags(home.db, LOCAL_ADMIN)}
        assert (word in counted) == (by_word == 1)
        return by_word == 1

    assert (await finds("valley"), await finds("canyon")) == (True, False)
    await settings.change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "joytag"})
    assert (await finds("valley"), await finds("canyon")) == (False, True)
    await settings.change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "off"})
    assert (await finds("valley"), await finds("canyon")) == (False, False)
    await settings.change_settings(home.db, LOCAL_ADMIN, {"tagging_model": None})
    assert (await finds("valley"), await finds("canyon")) == (True, False)


async def test_the_job_indexes_everything_and_a_search_only_a_little(
    home: Home, findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_index, "FEW", 3)
    for _ in range(5):
        await findable.file("beach.jpg", tag=["beach"])
    answer = await search.search(home, LOCAL_ADMIN, "beach")
    assert (answer.total, answer.complete) == (0, False)
    told: list[int] = []
    progress = Progress(lambda: told.append(progress.done))
    assert await IndexText().run(home, progress) == {"files": 5}
    assert told == [5]
    answer = await search.search(home, LOCAL_ADMIN, "beach")
    assert (answer.total, answer.complete) == (5, True)


async def test_counts_of_tags_are_those_of_a_scan_after_every_kind_of_change(home: Home, findable: Findable) -> None:
    async def check() -> None:
        counted = {row["name"]: row["count"] for row in await tags.count_tags(home.db, LOCAL_ADMIN)}
        rows = await home.db.fetch(
            f"""SELECT t."name", count(DISTINCT ft."file") AS "count" FROM "file_tag" ft
                JOIN "tag" t ON t."id" = ft."tag" JOIN "stored_file" f ON f."id" = ft."file"
                WHERE f."searchable" AND {tags.shown("ft")} GROUP BY 1"""
        )
        scanned: dict[str, Any] = {row["name"]: row["count"] for row in rows}
        assert counted == scanned

    one, two = await findable.file(tag=["beach", "sea"]), await findable.file(tag=["beach"], archived=True)
    await check()
    async with home.db.write():
        for source in ("exif", "model:siglip2", "model:joytag"):
            await tags.set_tags(home.db, one, ["beach", "sand"], source=source)
            await tags.set_tags(home.db, two, ["sand", "sea"], source=source)
    await check()
    for sql in (
        """UPDATE "stored_file" SET "hidden" = 1 WHERE "id" = ?""",
        """DELETE FROM "file_tag" WHERE "file" = ? AND "source" = 'exif'""",
        """UPDATE "stored_file" SET "hidden" = 0 WHERE "id" = ?""",
        """UPDATE "file_tag" SET "source" = 'model:places365' WHERE "file" = ? AND "source" = 'model:siglip2'""",
        """DELETE FROM "file_tag" WHERE "file" = ? AND "source" = 'manual'""",
        """DELETE FROM "stored_file" WHERE "id" = ?""",
    ):
        await write(home, sql, str(one))
        await check()
    await settings.change_settings(home.db, LOCAL_ADMIN, {"tagging_model": "joytag"})
    await check()
    await write(home, """DELETE FROM "tag" WHERE "name" = 'sand'""")
    await check()


async def test_a_full_disk_does_not_keep_anybody_from_searching(
    home: Home, findable: Findable, monkeypatch: pytest.MonkeyPatch
) -> None:
    await findable.file("beach.jpg")
    assert (await search.search(home, LOCAL_ADMIN, "beach")).total == 1
    await findable.file("beach.jpg")

    async def full(*_: object) -> None:
        raise DiskFullError("The disk that holds the database is full")

    monkeypatch.setattr(home.db, "execute_many", full)
    answer = await search.search(home, LOCAL_ADMIN, "beach")
    assert (answer.total, answer.complete) == (1, False)
