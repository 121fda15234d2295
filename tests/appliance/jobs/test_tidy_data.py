"""Tidying: what nothing refers to goes, once it is old enough not to belong to work in hand; everything else stays."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from appliance.backup.database import note_put_back
from appliance.files import TEMPORARY_PREFIX
from appliance.jobs.base import Progress
from appliance.jobs.tidy_data import SETTLED_S, TidyData
from appliance.library import uploads, users
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import now
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home


def make(path: Path, *, age_s: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left over")
    moment = now().timestamp() - age_s
    os.utime(path, (moment, moment))
    return path


async def tidy(home: Home) -> dict[str, Any]:
    return await TidyData().run(home, Progress(lambda: None))


async def test_orphans_and_leftovers_go_and_what_is_used_or_young_stays(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], run_steps: Callable[..., Awaitable[Any]]
) -> None:
    write_jpegs(photos, 12)
    await scan()
    await run_steps()
    old, young = SETTLED_S + 60, 1.0
    used = sorted(path for path in home.paths.previews.rglob("*") if path.is_file())
    for path in used:
        os.utime(path, (0, 0))
    orphan = make(home.paths.preview("ab" + "0" * 62), age_s=old)
    fresh = make(home.paths.preview("cd" + "0" * 62), age_s=young)
    temporary = make(home.paths.previews / f"{TEMPORARY_PREFIX}old", age_s=old)
    in_hand = make(home.paths.previews / f"{TEMPORARY_PREFIX}new", age_s=young)
    async with home.db.write():
        await home.db.fetch("INSERT INTO thumbs.thumbnail (content_sha, webp) VALUES ('gone', x'00')")
    result = await tidy(home)
    assert (result["previews"], result["temporaries"], result["thumbnails"]) == (1, 1, 1)
    assert not orphan.exists()
    assert not temporary.exists()
    assert fresh.exists()
    assert in_hand.exists()
    assert len(used) == 12
    assert all(path.exists() for path in used)
    assert await home.db.value("SELECT count(*) FROM thumbs.thumbnail") == 12


async def test_expired_uploads_go_and_those_on_their_way_stay(home: Home) -> None:
    person = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="correct horse", name="Anna")
    kept = await uploads.add_upload(home.db, person["id"], filename="a.jpg", size_bytes=9, metadata={})
    expired = await uploads.add_upload(home.db, person["id"], filename="b.jpg", size_bytes=9, metadata={})
    async with home.db.write():
        await home.db.fetch(
            'UPDATE "upload" SET "expires" = ? WHERE "id" = ?', [now() - timedelta(days=1), str(expired.id)]
        )
    days = 3 * 24 * 3600.0
    stays = make(home.paths.incoming / str(kept.id), age_s=days)
    goes = make(home.paths.incoming / str(expired.id), age_s=days)
    crashed = make(home.paths.incoming / "left-by-a-crash", age_s=days)
    being_sent = make(home.paths.incoming / "multipart", age_s=5)
    assert (await tidy(home))["uploads"] == 2
    assert stays.exists()
    assert being_sent.exists()
    assert not goes.exists()
    assert not crashed.exists()
    assert await uploads.open_ids(home.db) == {kept.id}


async def test_what_guests_sent_after_the_day_of_a_database_that_was_put_back_is_spared(home: Home) -> None:
    sent = make(home.paths.quarantine / "sent-after-that-snapshot", age_s=2 * 24 * 3600.0)
    await asyncio.to_thread(note_put_back, home.paths, now() - timedelta(days=1))
    orphan = make(home.paths.quarantine / "of-somebody-who-is-gone", age_s=3 * 3600.0)
    assert (await tidy(home))["quarantine"] == 1
    assert sent.exists()
    assert not orphan.exists()
