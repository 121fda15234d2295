"""A disk that the kernel makes read-only because it fails: said in health, and everything that was there is shown."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from appliance.config import Settings
from appliance.daemon import open_house
from appliance.errors import HomerollError
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps import runner as runner_module
from tests.appliance.pictures import jpeg
from tests.web.conftest import Service, assert_error, serving, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FailingDisk:
    """An ext4 in a file that becomes read-only as one does whose disk gives errors, and is mended by hand."""

    def __init__(self, tmp_path: Path) -> None:
        self.image, self.folder = tmp_path / "disk.img", tmp_path / "disk"
        self.folder.mkdir()
        with self.image.open("wb") as file:
            file.truncate(48 << 20)
        self._run("mkfs.ext4", "-q", "-F", str(self.image))
        self._loop = self._run("losetup", "-f", "--show", str(self.image)).strip()
        self.mount()

    def _run(self, *command: str) -> str:
        try:
            return subprocess.run(command, capture_output=True, check=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk can be made to fail here: {command[0]}: {error}")

    def mount(self) -> None:
        self._run("mount", "-o", "errors=remount-ro", self._loop, str(self.folder))

    def fail(self) -> None:
        name = self._loop.rpartition("/")[2]
        self._run("sh", "-c", f"echo test > /sys/fs/ext4/{name}/trigger_fs_error")

    def mend(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
        subprocess.run(["e2fsck", "-p", "-f", self._loop], capture_output=True, check=False)
        self.mount()

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False)
        subprocess.run(["losetup", "-d", self._loop], check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FailingDisk]:
    failing = FailingDisk(tmp_path)
    try:
        yield failing
    finally:
        failing.close()


async def shown(client: httpx.AsyncClient) -> None:
    (item,) = (await client.get("/files")).json()["items"]
    for what in ("content", "thumbnail", "preview"):
        answer = await client.get(f"/files/{item['id']}/{what}")
        assert answer.status_code == 200, (what, answer.text)
    assert (await client.get("/timeline")).status_code == 200
    assert (await client.get("/search?q=2024")).status_code == 200


async def test_a_disk_that_became_read_only_is_told_shows_what_is_on_it_and_works_again_when_it_is_mended(
    disk: FailingDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.1)
    settings = Settings(
        data=disk.folder / "data", host="127.0.0.1", compute="inline", compute_workers=1, watch=False, reserve_mb=1
    )
    async with open_house(settings) as house, serving(house.app) as url:
        service = Service(house, url)
        await change_settings(house.home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})
        key = await service.key(await service.person("anna", role="admin"))
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers={"x-api-key": key}, timeout=30) as client:
            await upload(client, jpeg(1, size=(400, 300)))
            async with asyncio.timeout(60):
                while await house.home.db.value("SELECT count(*) FROM thumbs.thumbnail") < 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with house.home.db.write():
                await house.home.db.fetch('UPDATE "api_key" SET "last_used" = NULL')  # it would be noted now
            await asyncio.to_thread(disk.fail)

            await shown(client)
            health = (await client.get("/health")).json()
            assert health["status"] == "failing"
            told = {reason["part"]: reason for reason in health["reasons"]}
            assert "read-only" in told["disk"]["message"]
            assert "dmesg" in told["disk"]["hint"]
            answer = await client.post("/files", files={"file": ("2.jpg", jpeg(2))})
            assert_error(answer, 503, "read_only")
            answer = await client.post("/albums", json={"name": "Summer"})
            assert_error(answer, 503)
            assert answer.json()["code"] in ("read_only", "storage")
            await shown(client)
            async with asyncio.timeout(60):
                house.runner.wake()
                while "read-only" not in house.runner.storage_problem:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.05)
    with pytest.raises(HomerollError, match=r"read-only|may not be written"):
        async with open_house(settings):
            pass
    await asyncio.to_thread(disk.mend)
    headers = {"x-api-key": key}
    async with (
        open_house(settings) as house,
        serving(house.app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=30) as client,
    ):
        # What the failing disk had not kept is made again.
        (item,) = (await client.get("/files")).json()["items"]
        async with asyncio.timeout(60):
            for what in ("thumbnail", "preview"):
                while (await client.get(f"/files/{item['id']}/{what}")).status_code == 404:  # noqa: ASYNC110 - polled
                    await asyncio.sleep(0.05)
        await shown(client)
        assert (await client.post("/files", files={"file": ("2.jpg", jpeg(2))})).status_code == 201
        assert (await client.get("/health")).json()["status"] == "ok"
