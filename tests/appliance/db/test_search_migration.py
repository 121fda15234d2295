"""A library from before there was search is searched like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.db import migrations
from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "test.db", tmp_path / "thumbnails.db")
    await database.open()
    yield database
    await database.close()


async def test_files_that_were_there_before_are_found_counted_and_to_be_indexed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = migrations.MIGRATIONS[: migrations.MIGRATIONS.index("m2026_11_21_search")]
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", before)
        await migrate(db)
    library, owner, tag, moment = str(new_id()), str(new_id()), str(new_id()), now()
    shown, hidden = str(new_id()), str(new_id())
    async with db.write():
        await db.fetch("""INSERT INTO "library" ("id", "name", "root") VALUES (?, 'photos', '/photos')""", [library])
        await db.fetch("""INSERT INTO "account" ("id", "username") VALUES (?, 'anna')""", [owner])
        await db.fetch("""INSERT INTO "tag" ("id", "name") VALUES (?, 'beach')""", [tag])
        for file, is_hidden in ((shown, False), (hidden, True)):
            await db.fetch(
                """INSERT INTO "stored_file" ("id", "library", "user", "kind", "local_start", "rating", "latitude",
                   "hidden", "content_sha", "size_bytes", "start")
                   VALUES (?, ?, ?, 'photo', '2019-07-01T10:00:00', 4, 38.7, ?, ?, 1, ?)""",
                [file, library, owner, is_hidden, file, moment],
            )
            for source in ("exif", "manual", "model:siglip2", "model:joytag"):
                await db.fetch(
                    'INSERT INTO "file_tag" ("id", "file", "tag", "source") VALUES (?, ?, ?, ?)',
                    [str(new_id()), file, tag, source],
                )
    await migrate(db)
    async with db.write():  # a reader may not have noticed yet that the schema has changed
        rows = {str(row["file"]): row for row in await db.fetch('SELECT * FROM "file_text_row"')}
        stale = {str(row["file"]) for row in await db.fetch('SELECT "file" FROM "text_stale"')}
        counts = await db.fetch('SELECT "tag", "owner", "files" FROM "tag_count"')
    assert set(rows) == stale == {shown, hidden}
    row = rows[shown]
    assert (row["owner"], row["shown"], row["local_start"]) == (owner, 1, "2019-07-01T10:00:00")
    assert (row["kind"], row["rating"], row["located"], row["favourite"]) == ("photo", 4, 1, 0)
    assert not rows[hidden]["shown"]
    assert [(str(count["tag"]), count["owner"], count["files"]) for count in counts] == [(tag, owner, 1)]
