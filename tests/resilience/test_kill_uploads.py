"""kill -9 in the middle of uploads, again and again: what was acknowledged is there, whole; nothing is half there."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from appliance.paths import DataPaths
from tests.appliance.pictures import jpeg
from tests.resilience.served import Served, prepared, serving

if TYPE_CHECKING:
    from pathlib import Path

UPLOADS = int(os.environ.get("TEST_UPLOADS", "200"))
MOST_IN_A_LIFE, LATEST_KILL_S = 20, 0.1  # an upload takes some 30 ms


def photo(number: int) -> bytes:
    return jpeg(number, size=(320, 240)) + random.Random(number).randbytes(60_000)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_acknowledged_upload_is_lost_to_a_kill_and_none_is_half_there(tmp_path: Path) -> None:
    data, chance = tmp_path / "data", random.Random(7)
    key = prepared(data)
    acknowledged: dict[str, str] = {}  # SHA-256 -> id
    number = kills = 0
    while len(acknowledged) < UPLOADS:
        service = Served(data, key)
        killer = threading.Timer(chance.uniform(0.0, LATEST_KILL_S), service.process.kill)
        begins_at = len(acknowledged) + chance.randrange(MOST_IN_A_LIFE)
        try:
            while len(acknowledged) < UPLOADS:
                if len(acknowledged) == begins_at:
                    killer.start()
                content = photo(number)
                answer = service.client.post("/files", files={"file": (f"{number}.jpg", content)})
                assert answer.status_code == 201, answer.text
                (item,) = answer.json()["items"]
                sha = hashlib.sha256(content).hexdigest()
                assert item["file"]["content_sha"] == sha
                acknowledged[sha] = item["file"]["id"]
                number += 1
        except httpx.TransportError:
            kills += 1  # the one that was on its way is sent again, as a phone does
        finally:
            killer.cancel()
            service.kill()
    known = {hashlib.sha256(photo(one)).hexdigest() for one in range(number + 1)}
    with serving(data, key) as last:
        for sha, file in acknowledged.items():
            content = last.client.get(f"/files/{file}/content").content
            assert hashlib.sha256(content).hexdigest() == sha
    paths = DataPaths(data)
    on_disk = [path for path in paths.uploads.rglob("*") if path.is_file()]
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in on_disk} <= known
    assert len(on_disk) == len({hashlib.sha256(path.read_bytes()).hexdigest() for path in on_disk})
    assert list(paths.incoming.iterdir()) == []
    db = sqlite3.connect(paths.database)
    assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    assert {sha for (sha,) in db.execute('SELECT "content_sha" FROM "stored_file"')} >= set(acknowledged)
    db.close()
    assert kills >= UPLOADS // MOST_IN_A_LIFE
    print(f"{kills} kills, {len(acknowledged)} acknowledged")  # noqa: T201 - shown with -s
