"""kill -9 at any moment of grouping: started again, it ends with the people that an undisturbed run finds."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from appliance.daemon import open_home
from appliance.db.engine import sqlite_vec_path
from appliance.db.tables import Face, StoredFile
from appliance.files import TEMPORARY_PREFIX
from appliance.library import decisions, face_index, libraries
from appliance.library.viewers import LOCAL_ADMIN
from appliance.paths import DataPaths
from appliance.values import new_id, now
from tests.resilience.grouping import settings
from tests.resilience.lives import Lives

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

KILLS = int(os.environ.get("TEST_KILLS", "20"))
FACES, PEOPLE = 900, 30


async def make_faces(data: Path) -> None:
    """Two or three faces on a photo; two of the first person's are confirmed, one of hers was rejected."""
    chance = np.random.default_rng(3)
    centres = chance.normal(size=(PEOPLE, 128))
    centres /= 1.6 * np.linalg.norm(centres, axis=1, keepdims=True)
    ids: dict[int, list[uuid.UUID]] = {}
    async with open_home(settings(data)) as home:
        library = await libraries.add_library(home.db, name="photos", root=str(data.parent))
        engine = await face_index.engine_in_use(home.db)
        moment = now()
        files: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        while len(rows) < FACES:
            file = new_id()
            files.append(
                {
                    "id": file,
                    "filename": f"{len(files)}.jpg",
                    "kind": "photo",
                    "mime_type": "image/jpeg",
                    "library": library["id"],
                    "content": f"{len(files)}.jpg",
                    "content_sha": file.hex * 2,
                    "local_start": "2024-05-01T12:00:00.000",
                    "created": moment,
                    "modified": moment,
                }
            )
            for place, who in enumerate(chance.choice(PEOPLE, size=int(chance.integers(2, 4)), replace=False).tolist()):
                vector = centres[who] + chance.normal(scale=0.025, size=128)
                face = new_id()
                ids.setdefault(who, []).append(face)
                rows.append(
                    {
                        "id": face,
                        "file": file,
                        "x": 0.1 + 0.3 * place,
                        "y": 0.2,
                        "width": 0.2,
                        "height": 0.3,
                        "score": 0.9,
                        "quality": 0.5,
                        "usable": True,
                        "embedding": vector.astype("<f4").tobytes(),
                        "engine": engine.name,
                        "engine_version": engine.version,
                        "created": moment,
                        "modified": moment,
                    }
                )
        async with home.db.write():
            await home.db.insert(StoredFile, files)
            await home.db.insert(Face, rows)
            await face_index.keep_vectors(home.db, [row["id"] for row in rows])
            await face_index.note_change(home.db)
        await decisions.say_who(home.db, home.bus, LOCAL_ADMIN, ids[0][:2], name="Anna")
        anna = (await home.db.fetch('SELECT "id" FROM "person"'))[0]["id"]
        await decisions.say_who_not(home.db, home.bus, LOCAL_ADMIN, [ids[0][2]], anna)


def outcome(data: Path) -> dict[str, Any]:
    """Who is together, under which name, and everything that must agree with that."""
    connection = sqlite3.connect(DataPaths(data).database)
    connection.enable_load_extension(True)
    connection.load_extension(str(sqlite_vec_path()))
    try:
        groups: dict[str, set[str]] = {}
        for face, person in connection.execute('SELECT "id", "person" FROM "face" WHERE "person" IS NOT NULL'):
            groups.setdefault(person, set()).add(face)
        names = dict(connection.execute('SELECT "id", "name" FROM "person"'))
        assert set(names) == set(groups), "somebody is on no photo"
        counted = dict(connection.execute('SELECT "person", sum("faces") FROM "person_count" GROUP BY 1'))
        assert counted == {person: len(faces) for person, faces in groups.items()}
        vectors = {face for (face,) in connection.execute('SELECT "face" FROM "face_vectors"')}
        assert vectors == {face for (face,) in connection.execute('SELECT "id" FROM "face"')}
        unfinished = connection.execute(
            """SELECT (SELECT "changes" > "grouped" FROM "face_index"),
                      (SELECT count(*) FROM "face_cell" WHERE "leaving"),
                      (SELECT count(*) FROM "face_vectors" WHERE "cell" NOT IN (SELECT "id" FROM "face_cell"))"""
        ).fetchone()
        assert unfinished == (0, 0, 0)
        return {
            "people": {frozenset(faces): names[person] for person, faces in groups.items()},
            "decisions": list(connection.execute('SELECT "id", "confirmed", "removed" FROM "face" ORDER BY 1')),
            "temporary": [path.name for path in data.rglob(f"{TEMPORARY_PREFIX}*")],
        }
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_grouping_that_is_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    await make_faces(tmp_path / "faces")
    await asyncio.to_thread(kill_again_and_again, tmp_path)


def kill_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(20_24)
    with Lives("tests.resilience.grouping") as lives:

        def begin(data: Path) -> None:
            lives.begin(str(data))
            assert lives.line() == "GROUPING"

        whole = tmp_path / "undisturbed"
        shutil.copytree(tmp_path / "faces", whole)
        begin(whole)
        began = time.monotonic()
        assert lives.ended()
        duration = time.monotonic() - began
        expected = outcome(whole)
        assert len(expected["people"]) == PEOPLE
        assert list(expected["people"].values()).count("Anna") == 1

        kills = rounds = 0
        data = tmp_path / "killed"
        while kills < KILLS:
            if not data.exists():
                shutil.copytree(tmp_path / "faces", data)
                rounds += 1
            begin(data)
            if not lives.ended(within_s=chance.uniform(0.0, 1.5 * duration)) and lives.kill():
                kills += 1
            else:
                assert outcome(data) == expected
                shutil.rmtree(data)
        if data.exists():
            begin(data)
            assert lives.ended()
            assert outcome(data) == expected
        lives.assert_no_orphans()
    print(f"{kills} kills over {rounds} groupings; an undisturbed one took {duration:.1f} s")  # noqa: T201 - shown with -s
