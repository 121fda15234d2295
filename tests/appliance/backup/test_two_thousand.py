"""2,000 files of a family, ten bits that turned: all found and named, healed where a sound copy is, and the day after.

In the originals five files have rotted, in the backup four copies and the newest snapshot; one of the files in both.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance import cli
from appliance.backup.snapshots import list_snapshots, take_snapshot
from appliance.config import Settings
from appliance.daemon import open_home
from appliance.errors import ConflictError, StorageError
from appliance.importing import guests
from appliance.importing.healing import heal
from appliance.importing.scan import scan_library
from appliance.importing.uploads import Uploads
from appliance.jobs.back_up import STATE as LAST_BACKUP
from appliance.jobs.back_up import BackUp
from appliance.jobs.base import Progress
from appliance.jobs.group_events import GroupEvents
from appliance.jobs.index_text import IndexText
from appliance.jobs.restore_drill import STATE as LAST_DRILL
from appliance.jobs.restore_drill import RestoreDrill
from appliance.jobs.scrub_originals import ScrubOriginals
from appliance.library import albums, checks, edits, kept, keys, libraries, sessions, share_links, trash, users
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.protection.clock import STATE as CLOCK
from tests.appliance.people import Album
from tests.appliance.pictures import jpeg
from tests.fakes import FakeFaceEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FILES, FOLDERS = 2000, 40
#: Written after the snapshot was taken: what the backup itself, the rehearsal and the clock had to say.
LATER = (LAST_BACKUP, LAST_DRILL, CLOCK)
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass
class Family:
    """What was there, what has rotted, and what each look at it said."""

    data: Path
    photos: Path
    disk: Path
    rotten: set[str] = field(default_factory=set)
    rotten_copies: set[str] = field(default_factory=set)
    rotten_snapshot: str = ""
    both: str = ""
    scrubbed: set[str] = field(default_factory=set)
    drilled: list[str] = field(default_factory=list)
    not_healed: list[str] = field(default_factory=list)
    second: dict[str, Any] = field(default_factory=dict)
    drilled_again: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)

    @property
    def copies(self) -> Path:
        """The copy of the library."""
        for one in json.loads((self.disk / "libraries.json").read_text()):
            if one["name"] == "Family":
                return self.disk / "originals" / str(one["id"])
        raise AssertionError


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
    folder = tmp_path_factory.mktemp("family")
    family = Family(folder / "data", folder / "photos", folder / "disk")
    family.disk.mkdir()
    for number in range(FILES):
        place = family.photos / f"{2000 + number % FOLDERS}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:04}.jpg").write_bytes(
            jpeg(number, size=(16, 12), taken=f"2024:05:{number % 28 + 1:02} 12:00:00")
        )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine,))
        asyncio.run(live(family))
        yield family


async def live(family: Family) -> None:
    settings = Settings(data=family.data, compute="inline", compute_workers=2)
    async with open_home(settings) as home:
        await furnish(home, family)
        await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(family.disk)})
        (family.disk / "homeroll-backup.json").write_text(mark(await kept.appliance_id(home.db)))
        yesterday = datetime.now(UTC) - timedelta(days=1)
        await home.compute.run(take_snapshot, home.paths.database, family.disk / "database", yesterday)
        await BackUp().run(home, Progress(lambda: None))
        family.before = files_in(family.photos)
        rot(family)
        await ScrubOriginals().run(home, Progress(lambda: None), everything=True)
        damaged = (await checks.problems(home.db, LOCAL_ADMIN))["items"]
        family.scrubbed = {row["path"] for row in damaged}
        family.drilled = await problems_of_a_drill(home)
        for row in damaged:
            try:
                await heal(home, LOCAL_ADMIN, row["path_id"])
            except ConflictError as error:
                family.not_healed.append(f"{row['path']}: {error.message}")
        await asyncio.sleep(1.1)  # snapshots are named by the second; of one day the newest is kept
        family.second = await BackUp().run(home, Progress(lambda: None))
        family.drilled_again = await problems_of_a_drill(home)
    family.rows, family.after = rows_of(family.data), files_in(family.photos)


def mark(appliance: str) -> str:
    """As the first backup of yesterday left it."""
    return json.dumps({"appliance": appliance, "created": "2026-01-01T00:00:00Z"})


async def problems_of_a_drill(home: Home) -> list[str]:
    with pytest.raises(StorageError, match="would lose"):
        await RestoreDrill().run(home, Progress(lambda: None), everything=True)
    told = await kept.remembered(home.db, LAST_DRILL)
    assert len(told["problems"]) == told["failed"]
    return list(told["problems"])


async def furnish(home: Home, family: Family) -> None:
    """Everything that people and the jobs say of photos."""
    db, bus = home.db, home.bus
    library = await libraries.add_library(db, name="Family", root=str(family.photos))
    assert (await scan_library(home, library)).added == FILES
    anna = await users.add_user(db, LOCAL_ADMIN, username="anna", password="long enough", role="admin")
    ben = await users.add_user(db, LOCAL_ADMIN, username="ben", password="long enough")
    viewer = Viewer(user_id=anna["id"], is_admin=True)
    await keys.add_key(db, LOCAL_ADMIN, user_id=anna["id"], name="phone", scopes=("all",))
    await sessions.open_session(db, anna["id"], device="a browser", days=30)
    for number in range(5):
        home.paths.incoming.mkdir(exist_ok=True)
        (home.paths.incoming / "one").write_bytes(jpeg(5000 + number))
        await Uploads(home).land(home.paths.incoming / "one", user=ben["id"], filename=f"upload {number}.jpg")
    ids = [row["id"] for row in await db.fetch('SELECT "id" FROM "stored_file" WHERE "user" IS NULL ORDER BY "id"')]
    people = Album(
        home, library["id"], on={file: ("anna", "bruno") if n % 2 else ("anna",) for n, file in enumerate(ids[:40])}
    )
    for file in people.on:
        await people.look_again(file)
    await people.cluster()
    await people.change(await people.person("anna"), name="Ada")
    await edits.edit_files(home, viewer, ids[:300], edits.Edit(add_tags=["beach"], rating=4))
    await edits.edit_files(
        home, viewer, ids[100:110], edits.Edit(location=edits.Location(latitude=38.7, longitude=-9.1))
    )
    album = await albums.add_album(db, viewer, name="Summer")
    await albums.change_files(db, viewer, album["id"], ids[:200])
    await albums.let_in(db, viewer, album["id"], {ben["id"]: "viewer"})
    await trash.trash_files(db, bus, viewer, ids[-3:])
    await GroupEvents().run(home, Progress(lambda: None))
    await IndexText().run(home, Progress(lambda: None))
    link = await share_links.add_link(db, viewer, {"album": album["id"], "allow_upload": True})
    opened = await share_links.find_link(db, link["token"], None)
    for number in range(2):
        (home.paths.incoming / "sent").write_bytes(jpeg(6000 + number))
        await guests.receive(home, opened, home.paths.incoming / "sent", filename="from uncle.jpg", guest="Uncle")


def rot(family: Family) -> None:
    """Turn ten bits, as a disk does: size and time stay."""
    chance = random.Random(7)
    names = chance.sample(sorted(family.before), 8)
    family.rotten, family.rotten_copies, family.both = set(names[:5]), set(names[4:]), names[4]
    snapshot, _ = list_snapshots(family.disk / "database")
    family.rotten_snapshot = snapshot.name
    turned = [family.photos / name for name in family.rotten] + [family.copies / name for name in family.rotten_copies]
    turned.append(family.disk / "database" / snapshot.name)
    assert len(turned) == 10
    for path in turned:
        data, stat = bytearray(path.read_bytes()), path.stat()
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def files_in(folder: Path) -> dict[str, str]:
    """path -> SHA-256, worked out here."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(data: Path) -> Rows:
    """Every row of every table, what virtual tables are made of included."""
    with contextlib.closing(sqlite3.connect(f"file:{data / 'homeroll.db'}?mode=ro", uri=True)) as db:
        tables = [
            name
            for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not (sql or "").startswith("CREATE VIRTUAL")
        ]
        found = {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}
        names = [column[1] for column in db.execute("PRAGMA table_info(kept_state)")]
    found["kept_state"] = [row for row in found["kept_state"] if row[names.index("name")] not in LATER]
    return found


def test_all_ten_are_found_and_named(family: Family) -> None:
    assert family.scrubbed == family.rotten
    named = {line.partition(":")[0].removeprefix("Family/") for line in family.drilled}
    assert named == family.rotten_copies | {f"database/{family.rotten_snapshot}"}
    assert len(family.scrubbed) + len(family.drilled) == 10


def test_what_has_a_sound_copy_is_healed_in_both_directions_and_the_rest_is_named(family: Family) -> None:
    assert {name for name, sha256 in family.after.items() if sha256 != family.before[name]} == {family.both}
    assert family.not_healed == [f"{family.both}: The backup has no sound copy of this file"]
    assert (family.second["copied"], family.second["changed"]) == (3, 1)
    copies = files_in(family.copies)
    assert {name for name in family.before if copies[name] != family.before[name]} == {family.both}
    assert [line.partition(":")[0] for line in family.drilled_again] == [f"Family/{family.both}"]
    assert family.rotten_snapshot not in {one.name for one in list_snapshots(family.disk / "database")}


def test_a_restore_onto_an_empty_machine_is_the_same_library_row_by_row(
    family: Family, capsys: pytest.CaptureFixture[str]
) -> None:
    aside = family.data.parent / "aside"
    aside.mkdir()
    for lost in (family.data, family.photos):
        lost.rename(aside / lost.name)
    try:
        assert cli.main(["restore", str(family.disk), "--data", str(family.data), "--json"]) == 1
        told = json.loads(capsys.readouterr().out)
        assert told["files"] == FILES - 1 + 5 + 2
        assert [problem.partition(":")[0] for problem in told["problems"]] == [f"Family/{family.both}"]
        restored = files_in(family.photos)
        assert restored == {name: sha256 for name, sha256 in family.before.items() if name != family.both}
        for folder in ("uploads", "quarantine", "versions"):
            assert files_in(family.data / folder) == files_in(aside / "data" / folder), folder
        assert len(files_in(family.data / "quarantine")) == 2
        found = rows_of(family.data)
        assert found.keys() == family.rows.keys()
        for table, rows in family.rows.items():
            assert found[table] == rows, table
        filled = {table for table, rows in found.items() if rows}
        assert filled >= {
            *("stored_file", "file_path", "library", "account", "api_key", "session", "journal", "site_setting"),
            *("face", "person", "tag", "file_tag", "album", "album_file", "album_member", "share_link", "guest_upload"),
            *("event", "file_event", "file_text_content", "file_check", "file_step", "month_count", "file_change"),
        }
    finally:
        for lost in (family.data, family.photos):
            shutil.rmtree(lost, ignore_errors=True)
            (aside / lost.name).rename(lost)


def test_photos_and_names_are_had_by_hand_without_homeroll(family: Family, tmp_path: Path) -> None:
    """With what every Linux has, as the README in the backup says."""

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command], cwd=family.disk / "originals", capture_output=True, text=True, check=False
        )

    checked = shell("sha256sum --quiet -c *.sha256")
    assert (checked.returncode, checked.stdout) == (1, f"{family.copies.name}/{family.both}: FAILED\n")
    assert shell(f"cp -a {family.copies.name}/. {tmp_path / 'photos'}").returncode == 0
    found = files_in(tmp_path / "photos")
    assert {name for name in found if found[name] != family.before[name]} == {family.both}
    assert found.keys() == family.before.keys()
    newest = list_snapshots(family.disk / "database")[0]
    assert datetime.now(UTC) > newest.taken
    (tmp_path / "names.db").write_bytes(gzip.decompress((family.disk / "database" / newest.name).read_bytes()))
    with contextlib.closing(sqlite3.connect(tmp_path / "names.db")) as db:
        assert db.execute('SELECT count(*) FROM "stored_file"').fetchone() == (FILES + 5,)
        assert ("Ada",) in db.execute('SELECT "name" FROM "person"').fetchall()
