"""What a walk sees and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from appliance.importing.walk import leads_to_ignored, walk
from appliance.paths import BACKUP_MARK

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import Scan


def seen(root: Path, start: str = "") -> dict[str, list[str]]:
    return {folder.path: list(folder.files) for folder in walk(str(root), start)}


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode(errors="surrogateescape"))


def test_folders_and_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("b/2.jpg", "b/1.jpg", "a/z/q.png", "a/x.mov", "c.heic", "B/3.jpg")))
    assert seen(tmp_path) == {"": ["c.heic"], "B": ["3.jpg"], "a": ["x.mov"], "a/z": ["q.png"], "b": ["1.jpg", "2.jpg"]}
    assert list(seen(tmp_path)) == ["", "B", "a", "a/z", "b"]


def test_hidden_names_and_folders_of_other_programs_are_left_out(tmp_path: Path) -> None:
    touch(
        tmp_path / ".hidden.jpg",
        tmp_path / "._resource.jpg",
        tmp_path / ".trash/a.jpg",
        tmp_path / "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
        tmp_path / "#recycle/b.jpg",
        tmp_path / "$RECYCLE.BIN/c.jpg",
        tmp_path / "trip/@eaDir/d.jpg",
        tmp_path / "trip/e.jpg",
        tmp_path / "notes.txt",
        tmp_path / "IMG.jpg~",
    )
    assert seen(tmp_path) == {"": [], "trip": ["e.jpg"]}
    for start in (".trash", "@eaDir", "@eaDir/a.jpg", "trip/@eaDir"):
        assert seen(tmp_path, start) == {start: []}, "also when something changed there"


def test_what_homeroll_keeps_itself_is_no_part_of_a_library_around_it(tmp_path: Path) -> None:
    """Its copies, found as pictures, would be duplicates of which one is kept, and copied again each night."""
    touch(
        tmp_path / "a.jpg", tmp_path / "usb/backup/originals/x/a.jpg", tmp_path / "usb/backup/removed/2026-01-01/b.jpg"
    )
    touch(tmp_path / "usb/backup" / BACKUP_MARK, tmp_path / "usb/c.jpg")
    touch(tmp_path / "data/homeroll.db", tmp_path / "data/incoming/.keep", tmp_path / "data/versions/d.jpg")
    touch(tmp_path / "notes/homeroll.db", tmp_path / "notes/e.jpg", tmp_path / "notes/originals/f.jpg")
    assert {path: files for path, files in seen(tmp_path).items() if files} == {
        "": ["a.jpg"],
        "usb": ["c.jpg"],
        "notes": ["e.jpg"],
        "notes/originals": ["f.jpg"],
    }
    for start in ("usb/backup", "usb/backup/originals/x", "data/versions"):
        assert seen(tmp_path, start) == {start: []}, "also when something changed there"


def test_links_are_not_followed_whatever_they_lead_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(root / "a.jpg", outside / "secret.jpg", outside / "deep" / "secret.jpg")
    (root / "link.jpg").symlink_to(outside / "secret.jpg")
    (root / "inside.jpg").symlink_to(root / "a.jpg")
    (root / "dangling.jpg").symlink_to(root / "nothing")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    assert seen(root) == {"": ["a.jpg"]}
    for start in ("folder", "folder/deep", "loop"):
        assert seen(root, start) == {start: []}, "also when a change is told below it"


def test_what_is_no_regular_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    touch(tmp_path / "folder.jpg" / "inside.jpg")
    assert seen(tmp_path) == {"": [], "folder.jpg": ["inside.jpg"]}


def test_names_that_are_no_text_are_counted_and_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "good.jpg", tmp_path / "fold" / "x.jpg")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")  # noqa: PTH102 - a Path cannot be made of such bytes
    for name in (b"/caf\xe9.jpg", b"/\xff\xfe.png", b"/caf\xe9/inside.jpg"):
        with open(os.fsencode(tmp_path) + name, "wb") as file:  # noqa: PTH123 - a Path cannot be made of such bytes
            file.write(b"x")
    folders = {folder.path: folder for folder in walk(str(tmp_path))}
    assert list(folders[""].files) == ["good.jpg"]
    assert folders[""].unnameable == 3
    assert set(folders) == {"", "fold"}


async def test_the_family_is_told_how_many_names_were_left_out(home: Home, photos: Path, scan: Scan) -> None:
    touch(photos / "good.jpg")
    for number in range(3):
        with open(os.fsencode(photos) + b"/caf\xe9%d.jpg" % number, "wb") as file:  # noqa: PTH123, ASYNC230 - as above
            file.write(b"x")
    result = await scan()
    assert (result.unnameable, result.found, result.added) == (3, 1, 1)
    library = await home.db.fetch_one('SELECT "status", "reason", "hint" FROM "library"')
    assert library is not None
    assert library["status"] == "ready"
    assert library["reason"].startswith("3 names are not valid UTF-8")
    assert "convmv" in library["hint"]


def test_a_very_deep_folder_is_walked_and_one_beyond_the_systems_limit_is_an_error_of_its_own(tmp_path: Path) -> None:
    room = 4096 - len(str(tmp_path)) - 200
    deep = "/".join(["a folder of fifty characters, give or take a few.."] * (room // 52))
    touch(tmp_path / deep / "bottom.jpg")
    assert seen(tmp_path)[deep] == ["bottom.jpg"]

    below = os.open(tmp_path / deep, os.O_RDONLY)
    try:
        for part in (b"x" * 250, b"y" * 250):
            os.mkdir(part, dir_fd=below)
            deeper = os.open(part, os.O_RDONLY, dir_fd=below)
            os.close(below)
            below = deeper
    finally:
        os.close(below)
    folders = list(walk(str(tmp_path)))
    assert [folder.error for folder in folders if folder.error] == ["File name too long"]
    assert any(folder.path == deep and folder.files for folder in folders)


def test_a_file_that_goes_while_its_folder_is_listed_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg")
    real = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self._entry, self.name = entry, entry.name

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            return self._entry.is_dir(follow_symlinks=follow_symlinks)

        def is_file(self, *, follow_symlinks: bool) -> bool:
            return self._entry.is_file(follow_symlinks=follow_symlinks)

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            if self.name == "b.jpg":
                raise FileNotFoundError
            return self._entry.stat(follow_symlinks=follow_symlinks)

    class Listing:
        def __init__(self, path: str) -> None:
            self._entries = real(path)

        def __enter__(self) -> Any:
            return (Entry(entry) for entry in self._entries)

        def __exit__(self, *_: object) -> None:
            self._entries.close()

    monkeypatch.setattr("appliance.importing.walk.os.scandir", Listing)
    (folder,) = walk(str(tmp_path))
    assert (list(folder.files), folder.gone) == (["a.jpg", "c.jpg"], False)


@pytest.mark.parametrize("start", ["nothing", "a.jpg"])
def test_a_start_that_is_no_folder_any_more_is_gone(tmp_path: Path, start: str) -> None:
    touch(tmp_path / "a.jpg")
    (folder,) = walk(str(tmp_path), start)
    assert (folder.gone, folder.error, folder.files) == (True, "", {})


@pytest.mark.corpus
async def test_every_awkward_name_is_imported_under_exactly_that_name(
    home: Home, photos: Path, scan: Scan, corpus: Path
) -> None:
    source = corpus / "names"
    shutil.copytree(source, photos, dirs_exist_ok=True, copy_function=shutil.copyfile)
    hard = json.loads((source / "hard_names.json").read_text())
    picture = (source / "UPPER.JPG").read_bytes()
    for number, name in enumerate(hard):
        (photos / name).write_bytes(picture + bytes([number]))
    result = await scan()

    rows = await home.db.fetch('SELECT "folder", "name" FROM "file_path"')
    expected = {
        str(path.relative_to(photos))
        for path in photos.rglob("*")
        if path.is_file() and path.suffix.lower() in (".jpg", ".jpeg") and not path.name.startswith(".")
    }
    assert {f"{row['folder']}/{row['name']}".lstrip("/") for row in rows} == expected
    assert set(hard) - {row["name"] for row in rows} == {".hidden.jpg", "IMG_0001.jpg~"}
    assert (result.unreadable, result.failed, result.missing) == (0, 0, 0)
    again = await scan()
    assert (again.found, again.added, again.changed, again.missing) == (len(expected), 0, 0, 0)


def test_bins_and_previews_of_other_machines_are_no_pictures_of_the_family(tmp_path: Path) -> None:
    apple, lightroom = "Photos Library.photoslibrary", "Catalog/Catalog Smart Previews.lrdata"
    touch(
        *(tmp_path / "nas" / name / "a.jpg" for name in ("@Recycle", "RECYCLER", "LOST.DIR", "Network Trash Folder")),
        tmp_path / "__MACOSX/b.jpg",
        tmp_path / lightroom / "5/c.dng",
        tmp_path / apple / "originals/A/d.heic",
        tmp_path / apple / "resources/derivatives/A/d.jpeg",
        tmp_path / "Old.aplibrary/Masters/2010/e.jpg",
        tmp_path / "Old.aplibrary/Thumbnails/2010/e.jpg",
        tmp_path / "resources/f.jpg",
    )
    pictures = [f"{folder}/{name}" for folder, names in seen(tmp_path).items() for name in names]
    assert pictures == ["Old.aplibrary/Masters/2010/e.jpg", f"{apple}/originals/A/d.heic", "resources/f.jpg"]
    assert seen(tmp_path, f"{apple}/resources/derivatives") == {f"{apple}/resources/derivatives": []}
    assert seen(tmp_path / apple) == {"": [], "originals": [], "originals/A": ["d.heic"]}, (
        "as a library of its own, too"
    )
    assert not leads_to_ignored("/photos", (apple, "originals", "A", "d.heic"))
    assert leads_to_ignored("/photos", (apple, "resources", "d.jpeg"))


def test_a_way_that_the_system_cannot_follow_is_an_error_and_not_a_loss(tmp_path: Path) -> None:
    """Permission is refused on the way, or here, for whoever runs the tests as root: no such name can be."""
    (folder,) = walk(str(tmp_path), f"{'x' * 300}/below")
    assert (folder.error, folder.gone) == ("File name too long", False)
