"""Landing an upload: names, promises, and what is left when it goes wrong."""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from appliance.errors import DiskFullError, InvalidInputError, StorageError, UnsupportedFormatError
from appliance.files import sync_folder
from appliance.importing import uploads as landing
from appliance.importing import versions
from appliance.importing.scan import scan_library
from appliance.importing.uploads import Uploads, clean_label, safe_name
from appliance.jobs.base import Progress
from appliance.jobs.tidy_data import TidyData
from appliance.library import files, intake, libraries, uploads, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer

if TYPE_CHECKING:
    from appliance.home import Home


@given(st.text())
def test_any_text_becomes_a_name_that_every_file_system_takes(text: str) -> None:
    label = clean_label(text)
    assert label
    assert label.isprintable()
    assert "/" not in label
    name = safe_name(label)
    assert name not in ("", ".", "..")
    assert not name.startswith((".", "-"))
    assert len(name.encode()) <= landing.MAX_NAME_BYTES
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name.isprintable()
    assert os.path.basename(name) == name  # noqa: PTH119 - the plain rule of the operating system is what is tested


@given(st.text(min_size=1, max_size=400))
def test_the_ending_survives(stem: str) -> None:
    assert safe_name(clean_label(f"{stem}.jpg")).endswith(".jpg") or not clean_label(f"{stem}.jpg").strip(". ")[:-3]


@pytest.fixture
async def anna(home: Home) -> uuid.UUID:
    row = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
    user_id: uuid.UUID = row["id"]
    return user_id


def incoming(service: Uploads, colour: str = "red") -> Path:
    path = service.new_incoming()
    Image.new("RGB", (40, 30), colour).save(path, "JPEG")
    return path


async def test_an_answer_comes_after_file_folder_and_database_are_on_the_disk(
    home: Home, anna: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real_fsync, real_folder = os.fsync, sync_folder
    real_rename, real_checkpoint = type(home.paths.root).rename, type(home.db).make_durable

    def fsync(fd: int) -> None:
        done.append("file" if "incoming" in os.readlink(f"/proc/self/fd/{fd}") else "other")  # noqa: PTH115 - of an fd
        real_fsync(fd)

    def rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return real_rename(self, target)

    def folder(path: Path) -> None:
        done.append("folder")
        real_folder(path)

    async def checkpoint(self: object) -> None:
        done.append("database")
        await real_checkpoint(home.db)

    service = Uploads(home)
    path = incoming(service)
    await service.land(incoming(service, "blue"), user=anna, filename="first.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        patch.setattr(type(path), "rename", rename)
        patch.setattr("appliance.importing.uploads.sync_folder", folder)
        patch.setattr(type(home.db), "make_durable", checkpoint)
        landed = await service.land(path, user=anna, filename="a.jpg")
    assert landed.status == "created"
    order = [step for step in done if step != "other"]
    assert order[0] == "file"
    assert order[1] == "rename"
    assert "folder" in order[2:-1]
    assert order[-1] == "database"


async def test_what_cannot_be_registered_now_can_be_landed_later(
    home: Home, anna: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Uploads(home)
    path = incoming(service)
    before = path.read_bytes()

    async def full(*args: object, **kwargs: object) -> None:
        raise DiskFullError("full")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "register", full)
        with pytest.raises(DiskFullError):
            await service.land(path, user=anna, filename="a.jpg")
    assert path.read_bytes() == before
    assert [one for one in home.paths.uploads.rglob("*") if one.is_file()] == []
    landed = await service.land(path, user=anna, filename="a.jpg")
    assert landed.status == "created"
    assert not path.exists()


async def test_what_is_not_kept_is_gone(home: Home, anna: uuid.UUID) -> None:
    service = Uploads(home)
    for content, error in ((b"", InvalidInputError), (b"MZ\x90\x00 program", UnsupportedFormatError)):
        path = service.new_incoming()
        path.write_bytes(content)
        with pytest.raises(error):
            await service.land(path, user=anna, filename="x.bin")
        assert not path.exists()


async def test_the_folder_follows_the_day_it_was_taken(home: Home, anna: uuid.UUID) -> None:
    service = Uploads(home)
    path = service.new_incoming()
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:07:04 10:00:00"
    Image.new("RGB", (40, 30)).save(path, "JPEG", exif=exif)
    landed = await service.land(path, user=anna, filename="a.jpg")
    content = await home.db.value('SELECT "content" FROM "stored_file" WHERE "id" = ?', [landed.id])
    assert content == "2019/07/a.jpg"


async def test_tidying_spares_what_is_on_its_way(home: Home, anna: uuid.UUID) -> None:
    service = Uploads(home)
    upload = await uploads.add_upload(home.db, anna, filename="a.jpg", size_bytes=10, metadata={})
    for name in (str(upload.id), "form", "old-form"):
        (home.paths.incoming / name).write_bytes(b"x")
    os.utime(home.paths.incoming / "old-form", (0, 0))
    assert await service.tidy() == 1
    assert await service.tidy(older_than_s=0) == 1
    assert [path.name for path in home.paths.incoming.iterdir()] == [str(upload.id)]


async def test_a_file_whose_landing_was_cut_off_before_its_row_lands_in_its_place_and_not_beside_it(
    home: Home, anna: uuid.UUID
) -> None:
    service = Uploads(home)
    first = await service.land(incoming(service), user=anna, filename="one.jpg")
    (kept,) = [path for path in home.paths.uploads.rglob("*") if path.is_file()]
    async with home.db.write():  # as a kill between the two leaves it
        await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(first.id)])
    again = await service.land(incoming(service), user=anna, filename="one.jpg")
    assert again.status == "created"
    assert [path for path in home.paths.uploads.rglob("*") if path.is_file()] == [kept]
    assert list(home.paths.incoming.iterdir()) == []


@pytest.mark.parametrize(("where", "during"), [(libraries, "uploads_library"), (Uploads, "_is_whole")])
async def test_a_scan_that_finds_what_a_kill_left_while_it_is_sent_again_makes_no_second_copy(
    home: Home, anna: uuid.UUID, monkeypatch: pytest.MonkeyPatch, where: object, during: str
) -> None:
    service = Uploads(home)
    first = await service.land(incoming(service), user=anna, filename="one.jpg")
    (kept,) = [path for path in home.paths.uploads.rglob("*") if path.is_file()]
    async with home.db.write():
        await home.db.fetch('DELETE FROM "stored_file" WHERE "id" = ?', [str(first.id)])
    library = await libraries.uploads_library(home.db, home.paths, anna)
    real = getattr(where, during)

    async def with_a_scan(*args: Any, **kwargs: Any) -> Any:
        answer = await real(*args, **kwargs)
        await scan_library(home, await libraries.get_library(home.db, uuid.UUID(str(library["id"]))))
        return answer

    monkeypatch.setattr(where, during, with_a_scan)
    again = await service.land(incoming(service), user=anna, filename="one.jpg")
    assert [path for path in home.paths.uploads.rglob("*") if path.is_file()] == [kept]
    rows = await home.db.fetch('SELECT "id" FROM "stored_file"')
    assert [str(row["id"]) for row in rows] == [str(again.id)]


async def test_an_upload_takes_no_name_of_a_picture_that_is_away_at_the_moment(home: Home, anna: uuid.UUID) -> None:
    """It would become that picture: its faces, its albums, what people said of it."""
    service = Uploads(home)
    first = await service.land(incoming(service), user=anna, filename="one.jpg")
    (kept,) = [path for path in home.paths.uploads.rglob("*") if path.is_file()]
    async with home.db.write():
        await home.db.fetch('UPDATE "stored_file" SET "description" = ?', ["our red house"])
    away = kept.parent.parent / "away.jpg"
    kept.rename(away)  # by hand, over the network; nobody has looked since
    second = await service.land(incoming(service, "blue"), user=anna, filename="one.jpg")
    assert second.id != first.id
    library = await libraries.uploads_library(home.db, home.paths, anna)
    await scan_library(home, library)
    rows = await home.db.fetch('SELECT "id", "description" FROM "stored_file" ORDER BY "id"')
    assert {(row["id"], row["description"]) for row in rows} == {(first.id, "our red house"), (second.id, "")}


async def test_what_an_upload_was_is_found_again_after_a_kill_in_the_moment_of_replacing_it(
    home: Home, anna: uuid.UUID
) -> None:
    service = Uploads(home)
    landed = await service.land(incoming(service), user=anna, filename="one.jpg")
    viewer = Viewer(user_id=anna)
    original = await files.get_original(home.db, viewer, landed.id)
    path = Path(original.root, original.content)
    was = path.read_bytes()
    name = landing.version_name(original)
    await asyncio.to_thread(landing._swap, incoming(service, "blue"), path, home.paths.versions / name)  # and the kill
    await scan_library(home, await libraries.uploads_library(home.db, home.paths, anna))
    assert [one["kept"] for one in await versions.list_versions(home, viewer, landed.id)] == [True, False]
    (home.paths.versions / "notes.txt").write_bytes(b"somebody's own")
    assert (await TidyData().run(home, Progress(lambda: None)))["versions"] == 1
    _, old = await versions.list_versions(home, viewer, landed.id)
    assert old["kept"]
    kept, _ = await versions.kept_content(home, viewer, landed.id, old["id"])
    assert kept.read_bytes() == was
    assert (await TidyData().run(home, Progress(lambda: None)))["versions"] == 0


async def test_nothing_lands_behind_a_link_where_no_scan_and_no_page_would_find_it(
    home: Home, anna: uuid.UUID, tmp_path: Path
) -> None:
    service = Uploads(home)
    await service.land(incoming(service), user=anna, filename="one.jpg")
    (kept,) = [path for path in home.paths.uploads.rglob("*") if path.is_file()]
    year, elsewhere = kept.parent.parent, tmp_path / "a larger disk"
    year.rename(elsewhere)
    year.symlink_to(elsewhere)
    path = incoming(service, "blue")
    with pytest.raises(StorageError, match="link"):
        await service.land(path, user=anna, filename="two.jpg")
    assert path.exists()
    assert [one.name for one in elsewhere.rglob("*") if one.is_file()] == ["one.jpg"]
