"""What a scan concludes when files or whole disks are not there, and that it never writes to originals."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from appliance.errors import ComputeUnavailableError
from appliance.importing import ingest
from appliance.importing import scan as scanning
from appliance.importing.walk import walk
from appliance.jobs.base import Progress
from appliance.jobs.scan_libraries import ScanLibraries
from appliance.library import libraries
from appliance.media.hashes import hash_file
from appliance.media.metadata import read_metadata
from appliance.messages import LibraryChanged
from appliance.values import now
from tests.appliance.pictures import jpeg, png, write_jpegs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.home import Home
    from appliance.importing.walk import Folder
    from appliance.media.values import FileHashes, MediaMetadata
    from tests.appliance.conftest import RunSteps, Scan


async def library_of(home: Home) -> dict[str, Any]:
    library_id = await home.db.value('SELECT "id" FROM "library"')
    return await libraries.get_library(home.db, library_id)


async def marked_missing(home: Home) -> int:
    found: int = await home.db.value(
        """SELECT count(*) FROM "stored_file" WHERE "missing_since" IS NOT NULL OR "trashed_at" IS NOT NULL"""
    )
    return found


def away(photos: Path) -> Path:
    return photos.with_name("elsewhere")


def rename_away(photos: Path) -> None:
    photos.rename(away(photos))


def empty(photos: Path) -> None:
    rename_away(photos)
    photos.mkdir()


def replace_by_a_file(photos: Path) -> None:
    rename_away(photos)
    photos.write_text("no folder")


def replace_by_other_photos(photos: Path) -> None:
    rename_away(photos)
    write_jpegs(photos, 3, first=900)


def lose_a_third(photos: Path) -> None:
    shutil.copytree(photos, away(photos))
    for path in sorted(photos.iterdir())[:10]:
        path.unlink()


def put_back(photos: Path) -> None:
    if photos.is_dir():
        shutil.rmtree(photos)
    else:
        photos.unlink(missing_ok=True)
    away(photos).rename(photos)


@pytest.mark.parametrize(
    ("accident", "reason"),
    [
        (rename_away, "is not there"),
        (empty, "30 of 30 files are gone at once"),
        (replace_by_a_file, "is not there"),
        (replace_by_other_photos, "30 of 33 files are gone at once"),
        (lose_a_third, "10 of 30 files are gone at once"),
    ],
)
async def test_files_that_vanish_together_freeze_the_library_and_come_back_as_they_were(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, accident: Callable[[Path], None], reason: str
) -> None:
    write_jpegs(photos, 30)
    await scan()
    await run_steps()
    before = await home.db.fetch('SELECT "id", "content" FROM "stored_file" ORDER BY "content"')
    await asyncio.to_thread(accident, photos)

    for _ in range(2):
        result = await scan()
        library = await library_of(home)
        assert library["status"] == "frozen"
        assert reason in library["reason"]
        assert library["hint"]
        assert (result.missing, result.moved) == (0, 0)
        assert reason in result.frozen
        assert await marked_missing(home) == 0
        assert await home.db.value('SELECT sum("files") FROM "month_count"') >= 30

    await asyncio.to_thread(put_back, photos)
    result = await scan()
    library = await library_of(home)
    assert (library["status"], library["reason"], library["hint"]) == ("ready", "", "")
    assert (result.found, result.added, result.changed, result.frozen) == (30, 0, 0, "")
    after = await home.db.fetch(
        """SELECT "id", "content" FROM "stored_file" WHERE "missing_since" IS NULL ORDER BY "content" """
    )
    assert after == before
    assert await home.db.value("""SELECT count(*) FROM "file_step" WHERE "status" = 'done'""") >= 60


async def test_exactly_a_fifth_may_go_and_one_more_may_not(home: Home, photos: Path, scan: Scan) -> None:
    paths = write_jpegs(photos, 20)
    await scan()
    for path in paths[:4]:
        path.unlink()
    assert (await scan()).missing == 4
    assert (await library_of(home))["status"] == "ready"

    for path in paths[4:8]:  # 4 of the 16 that are left
        path.unlink()
    result = await scan()
    assert (result.missing, result.frozen) == (0, "4 of 16 files are gone at once")


async def test_when_a_person_accepts_that_files_are_gone_the_next_scan_marks_them_missing(
    home: Home, photos: Path, scan: Scan
) -> None:
    paths = write_jpegs(photos, 10)
    (photos / "sub").mkdir()
    await scan()
    for path in paths[:6]:
        path.unlink()
    assert (await scan()).frozen
    library = await library_of(home)
    accepted = await libraries.accept_missing(home.db, await home.db.value('SELECT "id" FROM "library"'))
    assert accepted["status"] == "ready"

    assert (await scan(["sub"])).missing == 0, "a look at another folder does not use the answer up"
    result = await scan()
    library = await library_of(home)
    assert (result.missing, library["status"], library["reason"]) == (6, "ready", "")
    assert (library["files"], library["missing"]) == (4, 6)
    assert await home.db.value('SELECT count(*) FROM "stored_file" WHERE "trashed_at" IS NOT NULL') == 0

    for path in paths[1:3]:
        path.unlink(missing_ok=True)
    paths[8].unlink()
    paths[9].unlink()
    assert (await scan()).frozen, "the answer was for that once"


async def test_an_accepted_library_whose_disk_is_gone_freezes_all_the_same(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 5)
    await scan()
    rename_away(photos)
    await scan()
    await libraries.accept_missing(home.db, await home.db.value('SELECT "id" FROM "library"'))
    assert "is not there" in (await scan()).frozen
    assert await marked_missing(home) == 0


async def test_a_frozen_library_takes_new_files_but_only_a_whole_scan_thaws_it(
    home: Home, photos: Path, scan: Scan
) -> None:
    paths = write_jpegs(photos, 10)
    write_jpegs(photos / "sub", 1, first=50)
    await scan()
    for path in paths[:5]:
        path.unlink()
    await scan()
    write_jpegs(photos / "sub", 1, first=60)
    (photos / "sub" / "0050.jpg").unlink()
    result = await scan(["sub"])
    assert (result.added, result.missing) == (1, 0)
    assert (await library_of(home))["status"] == "frozen"


async def test_a_root_that_may_not_be_read_is_told_as_that(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: for root, who runs this test, every folder can be read."""
    write_jpegs(photos, 5)
    await scan()

    def refuse(root: str) -> Any:
        return PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "_identity", refuse)
        await scan()
    library = await library_of(home)
    assert (library["status"], library["reason"]) == ("frozen", f"The folder {photos} may not be read")
    assert "permission" in library["hint"]
    assert await marked_missing(home) == 0
    await scan()
    assert (await library_of(home))["status"] == "ready"


async def test_a_folder_that_cannot_be_listed_loses_nothing_and_is_named(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos / "broken" / "below", 2)
    write_jpegs(photos / "whole", 20, first=50)
    await scan()

    def failing_walk(root: str, start: str = "") -> Iterator[Folder]:
        for folder in walk(root, start):
            if folder.path == "broken":
                folder.files, folder.error = {}, "Input/output error"
            if not folder.path.startswith("broken/"):
                yield folder

    shutil.move(photos / "broken" / "below" / "0000.jpg", photos.parent / "out.jpg")
    with monkeypatch.context() as patched:
        patched.setattr(scanning, "walk", failing_walk)
        result = await scan()
    library = await library_of(home)
    assert (result.missing, result.frozen) == (0, "")
    assert library["reason"] == "The folder broken cannot be read: Input/output error"
    assert (await scan()).missing == 1
    assert (await library_of(home))["reason"] == ""


async def test_a_disk_that_goes_between_the_walk_and_its_conclusion_freezes_the_library(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 5)
    write_jpegs(photos / "sub", 1, first=50)
    await scan()

    def unmounting_walk(root: str, start: str = "") -> Iterator[Folder]:
        for folder in walk(root, start):
            if folder.path == "sub":
                empty(photos)  # another folder is at the root's place now
            else:
                yield folder

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "walk", unmounting_walk)
        result = await scan()
    assert "went away during the scan" in result.frozen
    assert await marked_missing(home) == 0
    put_back(photos)
    assert (await scan()).missing == 0
    assert (await library_of(home))["status"] == "ready"


async def test_files_that_the_walk_missed_but_that_are_there_are_not_missing(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 20)
    await scan()

    def forgetful_walk(root: str, start: str = "") -> Iterator[Folder]:
        for folder in walk(root, start):
            folder.files.pop("0003.jpg", None)
            yield folder

    monkeypatch.setattr(scanning, "walk", forgetful_walk)
    result = await scan()
    assert (result.missing, result.moved, result.frozen) == (0, 0, "")
    assert await marked_missing(home) == 0


UNMOUNT_MID_SCAN = """
import asyncio, subprocess, sys
from pathlib import Path
from appliance.importing import scan as scanning
from tests.appliance.importing.mounted import opened, report

async def main(data: Path, root: Path) -> None:
    async with opened(data, root) as (home, scan):
        await scan()
        real = scanning._really_gone
        def unmount_first(*args):
            subprocess.run(["umount", "-l", str(root)], check=True)
            return real(*args)
        scanning._really_gone = unmount_first
        (root / "0000.jpg").unlink()
        await scan()
        await report(home)
        scanning._really_gone = real
        subprocess.run(["mount", "--bind", str(data / "kept"), str(root)], check=True)
        await scan()
        await report(home)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def in_mount_namespace(script: str, *arguments: str | Path) -> list[str]:
    """Run a shell script with mounts of its own, and give its lines; skips where that is not allowed."""
    if os.geteuid() != 0 or not Path("/usr/bin/unshare").exists():
        pytest.skip("mounting needs root and unshare")
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"mounting is not allowed here: {probe.stderr.decode().strip()}")
    done = subprocess.run(
        ["unshare", "-m", "bash", "-euc", script, "bash", sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
        env={**os.environ, "PYTHONPATH": "."},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_real_file_system_unmounted_during_the_scan_freezes_the_library_until_it_is_back(tmp_path: Path) -> None:
    data, root = tmp_path / "data", tmp_path / "photos"
    for folder in (data / "kept", root):
        folder.mkdir(parents=True)
    write_jpegs(data / "kept", 10)
    script = 'mount -t tmpfs none "$3"; cp "$2"/kept/* "$3"; exec "$1" -c "$4" "$2" "$3"'
    frozen, back = in_mount_namespace(script, data, root, UNMOUNT_MID_SCAN)
    assert frozen == f"frozen 10 present 0 missing: The disk below {root} went away during the scan"
    assert back == "ready 10 present 0 missing: "


READ_ONLY_IMPORT = """
import asyncio, sys
from pathlib import Path
from tests.appliance.importing.mounted import opened, report, run_all_steps

async def main(data: Path, root: Path) -> None:
    try:
        (root / "probe").touch()
        print("writable")
    except OSError:
        print("read-only")
    async with opened(data, root) as (home, scan):
        await scan()
        await run_all_steps(home)
        await report(home)
        print(await home.db.value('SELECT count(*) FROM stored_file WHERE thumbhash IS NOT NULL'))

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def fingerprints(root: Path) -> dict[str, tuple[str, int, int]]:
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_ctime_ns,
        )
        for path in sorted(root.rglob("*"))
    }


def test_a_library_on_a_read_only_mount_is_imported_whole_and_nothing_is_written(tmp_path: Path) -> None:
    data, originals, root = tmp_path / "data", tmp_path / "originals", tmp_path / "photos"
    for folder in (data, root):
        folder.mkdir()
    write_jpegs(originals / "a", 6)
    (originals / "b.png").write_bytes(png(3))
    before = fingerprints(originals)
    script = 'mount --bind "$5" "$3"; mount -o remount,ro,bind "$3"; exec "$1" -c "$4" "$2" "$3"'
    lines = in_mount_namespace(script, data, root, READ_ONLY_IMPORT, originals)
    assert lines == ["read-only", "ready 7 present 0 missing: ", "7"]
    assert fingerprints(originals) == before


async def test_scans_and_steps_leave_originals_exactly_as_they_were(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos / "a", 8)
    (photos / "b.png").write_bytes(png(3))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    before = await asyncio.to_thread(fingerprints, photos)
    for _ in range(2):
        await scan()
        await run_steps()
    assert await asyncio.to_thread(fingerprints, photos) == before


async def test_a_file_that_is_still_being_written_is_looked_at_again_soon(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    growing, whole = photos / "growing.jpg", jpeg(70) + bytes(4000)
    growing.write_bytes(whole[:2000])
    looks: list[Path] = []

    def hash_while_growing(path: Path) -> Any:
        if path == growing and len(looks) < 2:
            looks.append(path)
            growing.write_bytes(whole[: 2000 + 2000 * len(looks)])
        return hash_file(path)

    monkeypatch.setattr(ingest, "hash_file", hash_while_growing)
    monkeypatch.setattr(scanning, "SETTLE_AFTER_S", (0.05, 0.05, 0.05))
    result = await scan()
    assert (result.added, result.unsettled, result.missing) == (3, 0, 0)
    sha = await home.db.value("""SELECT "content_sha" FROM "stored_file" WHERE "content" = 'growing.jpg'""")
    assert sha == hashlib.sha256(await asyncio.to_thread(growing.read_bytes)).hexdigest()
    assert await home.db.value('SELECT count(*) FROM "file_version"') == 0


async def test_a_file_that_never_settles_is_left_to_the_next_scan(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    restless = photos / "0001.jpg"

    def hash_while_growing(path: Path) -> Any:
        if path == restless:
            with path.open("ab") as file:
                file.write(b"more")
        return hash_file(path)

    monkeypatch.setattr(scanning, "SETTLE_AFTER_S", (0.01,))
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "hash_file", hash_while_growing)
        result = await scan()
    assert (result.added, result.unsettled) == (1, 1)
    result = await scan()
    assert (result.added, result.unsettled) == (1, 0)


async def test_a_scan_of_some_folders_looks_nowhere_else(home: Home, photos: Path, scan: Scan) -> None:
    for first, name in enumerate(("a", "a/deep", "b", "a-b")):
        write_jpegs(photos / name, 4, first=first * 10)
    await scan()
    for name in ("a/deep/0010.jpg", "b/0020.jpg"):
        (photos / name).unlink()
    write_jpegs(photos / "a-b", 1, first=90)
    result = await scan(["a"])
    assert (result.found, result.missing, result.added) == (7, 1, 0)
    result = await scan(["a-b", "b", "notes.txt", "never/was"])
    assert (result.found, result.missing, result.added) == (8, 1, 1)
    assert (await library_of(home))["reason"] == ""


async def test_listeners_hear_that_a_library_froze_and_why(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    rename_away(photos)
    heard: list[LibraryChanged] = []

    async def listen() -> None:
        async for message in home.bus.listen():
            if isinstance(message, LibraryChanged):
                heard.append(message)
                return

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await scan()
    await asyncio.wait_for(listener, 60)
    assert heard[0].item["status"] == "frozen"
    assert "is not there" in heard[0].item["reason"]


async def test_listeners_hear_that_a_library_is_looked_through_how_far_and_that_it_is_ready(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "TELL_EVERY_S", 0.0)
    write_jpegs(photos, 20)
    heard: list[tuple[str, int]] = []

    async def listen() -> None:
        async for message in home.bus.listen():
            if isinstance(message, LibraryChanged):
                heard.append((message.item["status"], message.item["files"]))

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await scan()
    await scan([""])  # a look at what changed is too short to be told
    await asyncio.sleep(0.1)
    listener.cancel()
    assert heard[0] == ("scanning", 0)
    assert {status for status, _ in heard[:-2]} == {"scanning"}
    assert any(0 < files < 20 for _, files in heard[:-2])
    assert heard[-2:] == [("ready", 20), ("ready", 20)]


async def test_a_scan_that_fails_leaves_no_library_that_seems_to_be_looked_through(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 1)

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(scanning, "walk", broken)
    with pytest.raises(RuntimeError, match="broken"):
        await scan()
    assert home.scanning == set()


async def test_a_scan_that_was_killed_after_registering_still_settles_everything(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos / "old", 12)
    await scan()
    before = await home.db.fetch('SELECT "id" FROM "stored_file" ORDER BY "id"')
    (photos / "old").rename(photos / "new")

    class KilledError(Exception):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "_really_gone", killed)
        with pytest.raises(KilledError):
            await scan()
    result = await scan()
    assert (result.added, result.missing, result.frozen) == (0, 0, "")
    assert await home.db.fetch('SELECT "id" FROM "stored_file" ORDER BY "id"') == before
    folders = await home.db.fetch('SELECT DISTINCT "folder" FROM "file_path"')
    assert [row["folder"] for row in folders] == ["new"]
    contents = await home.db.fetch('SELECT "content" FROM "stored_file"')
    assert all(row["content"].startswith("new/") for row in contents)


async def test_metadata_that_no_column_holds_costs_its_own_file_only(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (photos / f"{number}.jpg").write_bytes(jpeg(number))

    def hostile(path: Path, **arguments: Any) -> MediaMetadata:
        metadata = read_metadata(path, **arguments)
        return msgspec.structs.replace(metadata, motion_video_offset=1 << 70) if path.name == "1.jpg" else metadata

    monkeypatch.setattr("appliance.media.metadata.read_metadata", hostile)
    result = await scan()
    assert (result.found, result.added) == (3, 3)
    rows = await home.db.fetch(
        """SELECT f."filename", s."status" FROM "stored_file" f JOIN "file_step" s ON s."file" = f."id"
           WHERE s."step" = 'metadata' ORDER BY 1"""
    )
    assert [(row["filename"], row["status"]) for row in rows] == [
        ("0.jpg", "done"),
        ("1.jpg", "failed"),
        ("2.jpg", "done"),
    ]


async def test_a_file_whose_time_is_in_no_calendar_costs_nobody_the_scan(
    photos: Path, home: Home, scan: Scan, run_steps: RunSteps
) -> None:
    odd = photos / "odd.png"
    odd.write_bytes(png(1))
    write_jpegs(photos, 2)
    os.utime(odd, (13_569_465_600, 13_569_465_600))  # 2400
    assert (await scan()).added == 3
    await run_steps()
    rows = await home.db.fetch('SELECT "filename", "start", "thumbhash" IS NOT NULL AS shown FROM "stored_file"')
    assert all(row["shown"] for row in rows)
    assert abs(next(row["start"] for row in rows if row["filename"] == "odd.png") - now()) < timedelta(hours=1)
    again = await scan()
    assert (again.changed, again.added, again.missing) == (0, 0, 0)


async def test_a_file_that_makes_its_reader_stumble_is_one_row_with_a_reason(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 3)

    def stumble(path: Path, **arguments: Any) -> MediaMetadata:
        if path.name == "0001.jpg":
            raise ValueError("year is out of range")
        return read_metadata(path, **arguments)

    monkeypatch.setattr("appliance.media.metadata.read_metadata", stumble)
    assert (await scan()).added == 3
    rows = await home.db.fetch("""SELECT "error" FROM "file_step" WHERE "status" = 'failed'""")
    assert [row["error"] for row in rows] == ["Something unexpected went wrong with this file"]


async def test_no_file_is_blamed_for_a_machine_that_can_start_no_process(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 3)

    async def unavailable(*_: object, **__: object) -> None:
        raise ComputeUnavailableError("No process can be started")

    with monkeypatch.context() as patched:
        patched.setattr(home.compute, "run", unavailable)
        with pytest.raises(ComputeUnavailableError):
            await scan()
    assert (await scan()).added == 3
    assert await home.db.value("""SELECT count(*) FROM "file_step" WHERE "status" = 'failed'""") == 0


def test_the_larger_a_film_the_longer_its_reading_may_take() -> None:
    short, long = (ingest.Wanted(path=Path("film.mp4"), size_bytes=size) for size in (0, 4 << 30))
    assert ingest.patience_s([long]) - ingest.patience_s([short]) >= 3600


async def test_a_sidecar_that_came_later_does_not_have_a_whole_film_read_again(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 1)
    await scan()
    (photos / "0000.xmp").write_bytes(
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    await scan()
    hashed: list[Path] = []

    def hash_noted(path: Path) -> FileHashes:
        hashed.append(path)
        return hash_file(path)

    monkeypatch.setattr(ingest, "hash_file", hash_noted)
    await run_steps()
    assert await home.db.value("""SELECT "rating" FROM "stored_file" WHERE "kind" = 'photo'""") == 4
    assert hashed == []


class _RemovesTheLibrary:
    """Somebody does, as soon as the first files are registered."""

    def __init__(self, home: Home, library: dict[str, Any]) -> None:
        self._home, self._id = home, uuid.UUID(library["id"])

    def update(self, done: int, total: int) -> None:
        pass

    async def check_in(self) -> None:
        if await libraries.is_known(self._home.db, self._id):
            await libraries.remove_library(self._home.db, self._id)


async def test_a_library_that_is_removed_while_it_is_looked_through_is_no_failure(home: Home, photos: Path) -> None:
    write_jpegs(photos, 40)
    library = await libraries.add_library(home.db, name="photos", root=str(photos))
    result = await scanning.scan_library(home, library, progress=_RemovesTheLibrary(home, library))
    assert result.found == 0
    for table in ("stored_file", "file_path", "file_step"):
        assert await home.db.value(f'SELECT count(*) FROM "{table}"') == 0
    assert home.scanning == set()


async def test_what_ails_one_library_does_not_keep_the_next_one_from_being_looked_through(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "good"):
        write_jpegs(tmp_path / name, 2, first=len(name))
        await libraries.add_library(home.db, name=name, root=str(tmp_path / name))

    def broken(root: str, start: str = "") -> Iterator[Folder]:
        if root.endswith("bad"):
            raise RuntimeError("broken")
        return walk(root, start)

    monkeypatch.setattr(scanning, "walk", broken)
    with pytest.raises(RuntimeError, match="broken"):
        await ScanLibraries().run(home, Progress(lambda: None))
    rows = await home.db.fetch('SELECT DISTINCT l."name" FROM "stored_file" f JOIN "library" l ON l."id" = f."library"')
    assert [row["name"] for row in rows] == ["good"]


async def test_a_name_written_in_other_letters_is_a_rename_where_the_disk_knows_no_difference(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As sticks from Windows and disks of Macs do it: any way of writing a name finds the file, one is listed."""
    write_jpegs(photos / "Trip", 2)
    await scan()
    before = {row["filename"]: row["id"] for row in await home.db.fetch('SELECT * FROM "stored_file"')}
    (photos / "Trip" / "0001.jpg").rename(photos / "Trip" / "0001.JPG")
    (photos / "Trip").rename(photos / "trip")
    real = os.lstat

    def careless(path: str) -> os.stat_result:
        return real(path.replace("/Trip/", "/trip/").replace("0001.jpg", "0001.JPG"))

    monkeypatch.setattr(os, "lstat", careless)
    result = await scan()
    monkeypatch.undo()
    assert (result.added, result.moved, result.missing) == (0, 2, 0)
    rows = await home.db.fetch('SELECT "id", "content" FROM "stored_file" ORDER BY "content"')
    assert [(row["content"], row["id"]) for row in rows] == [
        ("trip/0000.jpg", before["0000.jpg"]),
        ("trip/0001.JPG", before["0001.jpg"]),
    ]
    assert await home.db.value('SELECT count(*) FROM "file_path"') == 2
