"""A small disk fills up while the library works on it: said clearly, nothing lost, and on it goes by itself."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import shutil
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.config import Settings
from appliance.daemon import open_home, open_house
from appliance.db import migrations
from appliance.errors import DiskFullError, StorageError
from appliance.jobs.back_up import BackUp
from appliance.jobs.base import Progress
from appliance.library import libraries
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps import runner as runner_module
from tests.appliance.pictures import jpeg, write_jpegs
from tests.web.conftest import Service, assert_error, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

DISK_MB, RESERVE_MB = 24, 4
TUS = {"tus-resumable": "1.0.0"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An ext4 of 24 MB in a file."""
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(DISK_MB << 20)
    folder.mkdir()
    made = subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], capture_output=True, check=False)
    if made.returncode == 0:
        made = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Filler:
    """A file that takes the room, and gives it back."""

    def __init__(self, disk: Path) -> None:
        self._disk, self._file = disk, disk / "filler"

    def leave(self, kilobytes: int) -> None:
        self.free()
        size = shutil.disk_usage(self._disk).free - (kilobytes << 10)
        with self._file.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            file.write(bytes(max(0, size)))
            while not kilobytes:  # to the last byte
                file.write(bytes(512))

    def free(self) -> None:
        self._file.unlink(missing_ok=True)


@pytest.fixture
def settings(disk: Path) -> Settings:
    return Settings(
        data=disk / "data",
        host="127.0.0.1",
        compute="inline",
        compute_workers=2,
        watch=False,
        scan_interval_min=0,
        reserve_mb=RESERVE_MB,
    )


@pytest.fixture
async def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.1)
    async with open_house(settings) as house, serving(house.app) as url:
        await change_settings(house.home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})
        yield Service(house, url)


@pytest.fixture
async def anna(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    key = await service.key(await service.person("anna", role="admin"))
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=30) as client:
        yield client


def photo(number: int, size: int = 200_000) -> bytes:
    return jpeg(number) + bytes([number % 256]) * size


async def post(client: httpx.AsyncClient, number: int, size: int = 200_000) -> httpx.Response:
    return await client.post("/files", files={"file": (f"{number}.jpg", photo(number, size))})


async def health(client: httpx.AsyncClient) -> dict[str, str]:
    told = (await client.get("/health")).json()
    return {reason["part"]: reason["message"] for reason in told["reasons"]}


async def content_is(client: httpx.AsyncClient, numbers: list[int]) -> None:
    """Each of these photos is there, byte for byte, and the service's own account agrees."""
    items = (await client.get("/files?limit=200")).json()["items"]
    found = set()
    for item in items:
        content = (await client.get(f"/files/{item['id']}/content")).content
        assert hashlib.sha256(content).hexdigest() == item["content_sha"]
        found.add(item["content_sha"])
    assert found == {hashlib.sha256(photo(number)).hexdigest() for number in numbers}


async def until_done(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            items = (await client.get("/steps")).json()["items"]
            if not any(item["running"] or (item["pending"] and not item["waits"]) for item in items):
                return
            await asyncio.sleep(0.1)


async def test_forms_are_refused_with_507_before_the_reserve_is_touched_and_taken_again_after(
    disk: Path, service: Service, anna: httpx.AsyncClient
) -> None:
    kept = []
    for number in range(200):
        answer = await post(anna, number)
        if answer.status_code != 201:
            break
        kept.append(number)
        await until_done(anna)
    body = assert_error(answer, 507, "disk_full")
    assert "MB are free" in body["message"]
    assert "Free some space" in body["hint"]
    assert 10 < len(kept) < 100
    assert shutil.disk_usage(disk).free >= (RESERVE_MB - 1) << 20, "only rows and renditions took from it"
    assert_error(await post(anna, 201, size=8 << 20), 507, "disk_full")
    assert list(service.house.home.paths.incoming.iterdir()) == []
    await content_is(anna, kept)

    ids = [item["id"] for item in (await anna.get("/files?limit=5")).json()["items"]]
    for file in ids:
        assert (await anna.delete(f"/files/{file}")).status_code in (200, 204)
    await service.house.scheduler.run("empty_trash", everything=True)
    await service.house.scheduler.wait("empty_trash")
    assert (await post(anna, 201)).status_code == 201


async def test_a_resumable_upload_waits_for_room_and_goes_on_where_it_was(
    disk: Path, service: Service, anna: httpx.AsyncClient
) -> None:
    filler, data = Filler(disk), photo(1, 3 << 20)
    name = base64.b64encode(b"1.jpg").decode()
    announced = TUS | {"upload-length": str(len(data)), "upload-metadata": f"filename {name}"}
    filler.leave((RESERVE_MB << 10) + 1000)
    assert_error(await anna.post("/uploads", headers=announced), 507, "disk_full")
    filler.free()
    url = (await anna.post("/uploads", headers=announced)).headers["location"].removeprefix("/api/v1")

    async def send(offset: int, part: bytes) -> httpx.Response:
        headers = TUS | {"content-type": "application/offset+octet-stream", "upload-offset": str(offset)}
        return await anna.patch(url, content=part, headers=headers)

    assert (await send(0, data[: 1 << 20])).status_code == 204
    filler.leave((RESERVE_MB << 10) + 1000)
    assert_error(await send(1 << 20, data[1 << 20 :]), 507, "disk_full")
    assert (await anna.head(url, headers=TUS)).headers["upload-offset"] == str(1 << 20)
    assert shutil.disk_usage(disk).free >= (RESERVE_MB << 20) - (1 << 20)
    filler.free()
    done = await send(1 << 20, data[1 << 20 :])
    assert done.status_code == 204
    content = (await anna.get(f"/files/{done.headers['homeroll-file']}/content")).content
    assert content == data


async def test_an_upload_that_fits_is_taken_although_it_is_larger_than_half_of_the_room(
    disk: Path, service: Service, anna: httpx.AsyncClient
) -> None:
    room = shutil.disk_usage(disk).free - (RESERVE_MB << 20)
    size = int(room * 0.8)
    name = base64.b64encode(b"long.jpg").decode()
    headers = TUS | {"upload-length": str(size), "upload-metadata": f"filename {name}"}
    url = (await anna.post("/uploads", headers=headers)).headers["location"].removeprefix("/api/v1")
    data = jpeg(3) + bytes(size - len(jpeg(3)))
    headers = TUS | {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    assert (await anna.patch(url, content=data, headers=headers)).status_code == 204


async def test_an_import_and_its_renditions_wait_for_room_and_go_on_by_themselves(
    disk: Path, service: Service, anna: httpx.AsyncClient, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    write_jpegs(photos, 30, size=(1600, 1200))
    filler, home = Filler(disk), service.house.home
    filler.leave((RESERVE_MB << 10) - 500)
    library = await libraries.add_library(home.db, name="photos", root=str(photos))
    await service.house.scheduler.run("scan_libraries", library=library["id"])
    await service.house.scheduler.wait("scan_libraries")
    async with asyncio.timeout(60):
        while not service.house.runner.storage_problem:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    told = await health(anna)
    assert "MB are free" in told["disk"]
    assert "MB are free" in told["steps"]
    assert (await anna.get("/timeline")).status_code == 200, "what is there is shown"
    filler.leave(0)  # and now somebody else takes the reserve, too
    assert (await anna.get("/timeline")).status_code == 200
    filler.free()
    await until_done(anna)
    failed = (await anna.get("/failures")).json()["total"]
    assert failed == 0
    assert await home.db.value('SELECT count(*) FROM "stored_file"') == 30
    assert await home.db.value("SELECT count(*) FROM thumbs.thumbnail") == 30
    assert await health(anna) == {}


async def test_a_disk_that_is_full_to_the_last_byte_still_shows_pictures_and_lets_people_in(
    disk: Path, service: Service, anna: httpx.AsyncClient
) -> None:
    assert (await post(anna, 1)).status_code == 201
    await until_done(anna)
    async with service.house.home.db.write():
        await service.house.home.db.fetch('UPDATE "api_key" SET "last_used" = NULL')  # it would be noted now
    Filler(disk).leave(0)
    (item,) = (await anna.get("/files")).json()["items"]
    for what in ("content", "thumbnail", "preview"):
        assert (await anna.get(f"/files/{item['id']}/{what}")).status_code == 200
    assert_error(await post(anna, 2), 507, "disk_full")


async def test_a_backup_that_does_not_fit_says_so_leaves_nothing_half_and_is_made_when_it_fits(
    disk: Path, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "data", compute="inline", compute_workers=1, reserve_mb=RESERVE_MB)
    photos = tmp_path / "photos"
    write_jpegs(photos, 10, size=(800, 600))
    for path in photos.iterdir():
        path.write_bytes(path.read_bytes() + bytes(800_000))
    filler = Filler(disk)
    (disk / "copy").mkdir()
    async with open_house(settings) as house:
        home = house.home
        library = await libraries.add_library(home.db, name="photos", root=str(photos))
        await house.scheduler.run("scan_libraries", library=library["id"])
        await house.scheduler.wait("scan_libraries")
        await change_settings(home.db, LOCAL_ADMIN, {"backup_folder": str(disk / "copy")})
        filler.leave((RESERVE_MB + 5) << 10)
        with pytest.raises(StorageError) as caught:
            await BackUp().run(home, Progress(lambda: None))
        assert "MB" in caught.value.message
        assert caught.value.hint
        assert [path.name for path in disk.rglob(".part-*")] == []
        originals = {path.name: path.read_bytes() for path in photos.iterdir()}
        assert all(originals[path.name] == path.read_bytes() for path in (disk / "copy").rglob("*.jpg"))
        filler.free()
        result = await BackUp().run(home, Progress(lambda: None))
        assert result["copied"] + result["same"] == 10
        copies = {path.name: path.read_bytes() for path in (disk / "copy").rglob("*.jpg")}
        assert copies == originals


async def test_a_migration_without_room_changes_nothing_and_runs_at_the_next_start(
    settings: Settings, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrations.MIGRATIONS
    async with open_home(settings) as home:
        rows = await home.db.fetch('SELECT "name" FROM "migration" ORDER BY "name"')
    # A migration that writes more than there is room for.
    module = types.ModuleType("much")
    vars(module).update(ID="9999-much", forwards=_much)
    monkeypatch.setitem(sys.modules, "appliance.db.piccolo_migrations.much", module)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*everything, "much"))
    filler = Filler(disk)
    filler.leave(3000)
    with pytest.raises(DiskFullError) as caught:
        async with open_home(settings):
            pass
    assert caught.value.hint
    monkeypatch.setattr(migrations, "MIGRATIONS", everything)
    async with open_home(settings) as home:
        assert await home.db.fetch('SELECT "name" FROM "migration" ORDER BY "name"') == rows
        assert await home.db.value("SELECT count(*) FROM sqlite_master WHERE name = 'much'") == 0
    filler.free()
    monkeypatch.setattr(migrations, "MIGRATIONS", (*everything, "much"))
    async with open_home(settings) as home:
        assert await home.db.value('SELECT count(*) FROM "much"') == 1500


async def _much() -> Any:
    from piccolo.apps.migrations.auto.migration_manager import MigrationManager

    from appliance.db.tables import User

    manager = MigrationManager(migration_id="9999-much", app_name=migrations.APP, description="")

    async def fill() -> None:
        await User.raw('CREATE TABLE "much" ("a" BLOB)')
        await User.raw(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1500)"
            ' INSERT INTO "much" SELECT randomblob(4000) FROM n'
        )

    manager.add_raw(fill)
    return manager
