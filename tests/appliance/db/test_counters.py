"""Counters kept by triggers always equal the GROUP BY they stand for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from appliance.db.engine import Database
from appliance.db.migrations import migrate
from appliance.db.tables import FileStep, Library, StoredFile, User
from appliance.library.intake import update
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator
    from pathlib import Path

MONTHS = ("", "2023-01-31T23:59:59.000", "2023-02-01T00:00:00.000", "2024-05-01T12:00:00.000")
STATUSES = ("pending", "running", "done", "skipped", "failed", "ignored")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "test.db", tmp_path / "thumbnails.db")
    await database.open()
    await migrate(database)
    yield database
    await database.close()


class Walk:
    """Random inserts, updates and deletes, by a seed."""

    def __init__(self, db: Database, seed: int) -> None:
        self._db, self._random = db, random.Random(seed)
        self._library, self._users = new_id(), [new_id(), new_id()]
        self._files: list[uuid.UUID] = []

    async def begin(self) -> None:
        async with self._db.write():
            moment = {"created": now(), "modified": now()}
            await self._db.insert(
                User,
                [{"id": user, "username": str(user), "name": "", "role": "user", **moment} for user in self._users],
            )
            await self._db.insert(Library, [{"id": self._library, "name": "x", "root": "/x", **moment}])

    def _marks(self) -> dict[str, Any]:
        pick = self._random.choice
        return {
            "kind": pick(("photo", "photo", "video", "raw", "sidecar", "other")),
            "local_start": pick(MONTHS),
            "user": pick((None, *self._users)),
            "hidden": pick((False,) * 8 + (True,)),
            "archived": pick((False,) * 8 + (True,)),
            "unshowable": pick((False,) * 8 + (True,)),
            "trashed_at": pick((None,) * 8 + (now(),)),
            "missing_since": pick((None,) * 8 + (now(),)),
            "part_of": pick((None,) * 8 + tuple(self._files[:2])),
        }

    async def step(self) -> None:
        act = self._random.random()
        async with self._db.write():
            if act < 0.4 or not self._files:
                await self._insert()
            elif act < 0.85:
                marks = self._marks()
                chosen = self._random.sample(sorted(marks), self._random.randint(1, len(marks)))
                await update(self._db, self._random.choice(self._files), {name: marks[name] for name in chosen})
                await self._db.fetch(
                    'UPDATE "file_step" SET "status" = ? WHERE "file" = ?',
                    [self._random.choice(STATUSES), str(self._random.choice(self._files))],
                )
            elif act < 0.98:
                file = self._files.pop(self._random.randrange(len(self._files)))
                await self._db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(file)])
            else:
                await self._db.fetch('UPDATE "stored_file" SET "user" = ?, "archived" = 0', [str(self._users[0])])

    async def _insert(self) -> None:
        file = new_id()
        moment = {"created": now(), "modified": now()}
        await self._db.insert(
            StoredFile,
            [
                {
                    "id": file,
                    "library": self._library,
                    "content": str(file),
                    "content_sha": "",
                    **moment,
                    **self._marks(),
                }
            ],
        )
        steps = self._random.sample(("metadata", "renditions", "faces"), self._random.randint(0, 3))
        await self._db.insert(
            FileStep,
            [
                {
                    "id": new_id(),
                    "file": file,
                    "step": step,
                    "version": "1",
                    "status": self._random.choice(STATUSES),
                    "modified": now(),
                }
                for step in steps
            ],
        )
        self._files.append(file)


async def differences(db: Database) -> list[dict[str, Any]]:
    return await db.fetch(
        """
        WITH months AS (SELECT ifnull("user", '') AS owner, substr("local_start", 1, 7) AS month, count(*) AS files
                        FROM "stored_file" WHERE "listed" GROUP BY 1, 2),
             steps AS (SELECT "step", "status", count(*) AS files FROM "file_step" GROUP BY 1, 2),
             month_counts AS (SELECT "owner", "month", "files" FROM "month_count"),
             step_counts AS (SELECT "step", "status", "files" FROM "step_count" WHERE "files" <> 0)
        SELECT 'month', * FROM (SELECT * FROM months EXCEPT SELECT * FROM month_counts)
        UNION ALL SELECT 'month too many', * FROM (SELECT * FROM month_counts EXCEPT SELECT * FROM months)
        UNION ALL SELECT 'step', * FROM (SELECT * FROM steps EXCEPT SELECT * FROM step_counts)
        UNION ALL SELECT 'step too many', * FROM (SELECT * FROM step_counts EXCEPT SELECT * FROM steps)
        """
    )


@pytest.mark.parametrize("seed", range(6))
async def test_counters_equal_the_group_by_after_any_history(db: Database, seed: int) -> None:
    walk = Walk(db, seed)
    await walk.begin()
    listed = 0
    for _ in range(120):
        await walk.step()
        assert await differences(db) == []
        listed += await db.value('SELECT ifnull(sum("files"), 0) FROM "month_count"')
    assert await db.value('SELECT count(*) FROM "stored_file"') > 5
    assert listed > 20

    async with db.write():
        await db.fetch('DELETE FROM "library"')
    assert await differences(db) == []
    assert await db.value('SELECT count(*) FROM "month_count"') == 0
    assert not await db.value('SELECT sum("files") FROM "step_count"')
