"""Which folders may be a library."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.library import libraries, users
from appliance.library.viewers import LOCAL_ADMIN
from appliance.paths import BACKUP_MARK, DataPaths
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import Scan


async def test_a_folder_inside_or_around_another_library_is_refused(home: Home, photos: Path) -> None:
    (photos / "a" / "b").mkdir(parents=True)
    (photos / "a2").mkdir()
    (photos / "link").symlink_to(photos / "a" / "b")
    await libraries.add_library(home.db, name="", root=str(photos / "a"))
    for root in (photos / "a", photos / "a" / "b", photos, photos / "link", photos / "a2" / ".." / "a"):
        with pytest.raises(ConflictError, match="overlaps"):
            await libraries.add_library(home.db, name="x", root=str(root))
    added = await libraries.add_library(home.db, name="", root=str(photos / "a2"))
    assert (added["name"], added["status"], added["files"]) == ("a2", "ready", 0)


@pytest.mark.parametrize("root", ["relative/folder", "/no/such/folder", "/etc/hostname"])
async def test_what_is_no_readable_folder_is_refused_with_a_hint(home: Home, root: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await libraries.add_library(home.db, name="x", root=root)
    assert caught.value.hint


async def test_what_homeroll_keeps_itself_is_no_library(home: Home, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (disk / "originals" / "x").mkdir(parents=True)
    (disk / BACKUP_MARK).write_text("{}")
    ours = (disk, disk / "originals" / "x", home.paths.root, home.paths.versions, home.paths.uploads)
    for root in ours:
        with pytest.raises(ConflictError, match="keeps itself"):
            await libraries.add_library(home.db, name="x", root=str(root))
    anna = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
    assert (await libraries.uploads_library(home.db, home.paths, anna["id"]))["kind"] == "uploads"


async def test_uploads_in_a_hidden_folder_below_a_library_are_taken(home: Home, photos: Path) -> None:
    """As by `cd ~/Pictures; homeroll serve ~/Pictures --data .homeroll`."""
    await libraries.add_library(home.db, name="", root=str(photos))
    paths = DataPaths(photos / "homeroll" / ".homeroll")
    await asyncio.to_thread(paths.create)
    anna = await users.add_user(home.db, LOCAL_ADMIN, username="anna", password="long enough")
    uploads = await libraries.uploads_library(home.db, paths, anna["id"])
    assert uploads["root"] == str(paths.uploads / str(anna["id"]))


async def test_removing_a_library_forgets_its_files_and_touches_none(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    library = await home.db.value('SELECT "id" FROM "library"')
    await libraries.remove_library(home.db, library)
    for table in ("stored_file", "file_path", "file_step", "month_count"):
        assert await home.db.value(f'SELECT count(*) FROM "{table}"') == 0
    assert len(list(photos.iterdir())) == 3
    with pytest.raises(NotFoundError):
        await libraries.get_library(home.db, library)


async def test_names_can_be_changed_but_not_to_nothing(home: Home, photos: Path) -> None:
    library = uuid.UUID((await libraries.add_library(home.db, name="Old", root=str(photos)))["id"])
    assert (await libraries.rename_library(home.db, library, " New "))["name"] == "New"
    with pytest.raises(InvalidInputError):
        await libraries.rename_library(home.db, library, "  ")
    with pytest.raises(NotFoundError):
        await libraries.accept_missing(home.db, uuid.uuid4())
