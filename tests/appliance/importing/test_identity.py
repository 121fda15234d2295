"""Renamed, moved, copied, changed: whose bytes they are decides which stored file it is."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import ConflictError, NotFoundError
from appliance.importing.ingest import examine, sighting
from appliance.library import intake, libraries, tags
from appliance.values import new_id, now
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import RunSteps, Scan


async def stored(home: Home) -> dict[str, dict[str, Any]]:
    """content -> stored file, of those that are not missing."""
    rows = await home.db.fetch('SELECT * FROM "stored_file" WHERE "missing_since" IS NULL')
    return {row["content"]: row for row in rows}


async def ids(home: Home) -> dict[str, uuid.UUID]:
    return {content: row["id"] for content, row in (await stored(home)).items()}


async def paths_of(home: Home, file: uuid.UUID) -> list[str]:
    rows = await home.db.fetch(
        'SELECT "folder", "name" FROM "file_path" WHERE "file" = ? ORDER BY "folder", "name"', [str(file)]
    )
    return [intake.join(row["folder"], row["name"]) for row in rows]


async def statuses(home: Home, file: uuid.UUID) -> dict[str, str]:
    rows = await home.db.fetch('SELECT "step", "status" FROM "file_step" WHERE "file" = ?', [str(file)])
    return {row["step"]: row["status"] for row in rows}


async def mark(home: Home, file: uuid.UUID) -> None:
    """What a person says about a file."""
    async with home.db.write():
        await intake.update(home.db, file, {"favourite": True, "rating": 5, "description": "by hand"})
        await tags.set_tags(home.db, file, ["ours"], source="manual")


async def has_marks(home: Home, file: uuid.UUID) -> bool:
    row = await home.db.fetch_one(
        """SELECT "favourite", "rating", "description", (
               SELECT group_concat(t."name") FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
               WHERE ft."file" = f."id" AND ft."source" = 'manual') AS tags
           FROM "stored_file" f WHERE f."id" = ?""",
        [str(file)],
    )
    assert row is not None
    return (row["favourite"], row["rating"], row["description"], row["tags"]) == (True, 5, "by hand", "ours")


async def test_200_files_renamed_and_moved_between_folders_keep_their_ids(home: Home, photos: Path, scan: Scan) -> None:
    for number in range(10):
        write_jpegs(photos / f"folder {number}", 25, first=number * 25)
    assert (await scan()).added == 250
    before = await ids(home)
    marked = before["folder 0/0000.jpg"]
    await mark(home, marked)

    new_place: dict[str, str] = {}
    for number in range(2):  # whole folders renamed, one of them into a new parent
        target = photos / ("renamed" if number else "2024/deeper/down")
        target.parent.mkdir(parents=True, exist_ok=True)
        (photos / f"folder {number}").rename(target)
        for index in range(number * 25, number * 25 + 25):
            new_place[f"folder {number}/{index:04}.jpg"] = f"{target.relative_to(photos)}/{index:04}.jpg"
    for index in range(50, 100):  # files into a folder that exists
        (photos / f"folder {index // 25}" / f"{index:04}.jpg").rename(photos / "folder 9" / f"{index:04}.jpg")
        new_place[f"folder {index // 25}/{index:04}.jpg"] = f"folder 9/{index:04}.jpg"
    for index in range(100, 200):  # new names in place
        folder = f"folder {index // 25}"
        (photos / folder / f"{index:04}.jpg").rename(photos / folder / f"Summer {index}.jpeg")
        new_place[f"{folder}/{index:04}.jpg"] = f"{folder}/Summer {index}.jpeg"
    result = await scan()

    assert len(new_place) == 200
    assert (result.moved, result.missing, result.added, result.changed) == (200, 0, 0, 0)
    assert await ids(home) == {new_place.get(content, content): file for content, file in before.items()}
    assert await has_marks(home, marked)
    assert all(row["filename"] == content.rpartition("/")[2] for content, row in (await stored(home)).items())
    assert (await scan()).moved == 0


async def test_two_files_that_swap_names_swap_nothing_else(home: Home, photos: Path, scan: Scan) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    (photos / "b.jpg").write_bytes(jpeg(2, size=(80, 60)))
    await scan()
    before = await ids(home)
    await mark(home, before["a.jpg"])

    (photos / "a.jpg").rename(photos / "t.jpg")
    (photos / "b.jpg").rename(photos / "a.jpg")
    (photos / "t.jpg").rename(photos / "b.jpg")
    result = await scan()

    assert await ids(home) == {"a.jpg": before["b.jpg"], "b.jpg": before["a.jpg"]}
    assert await has_marks(home, before["a.jpg"])
    assert (result.moved, result.missing, result.added, result.changed) == (2, 0, 0, 0)


async def test_a_ring_of_twenty_renames_across_batches_keeps_every_id(home: Home, photos: Path, scan: Scan) -> None:
    paths = [photos / f"{number:02}.jpg" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg(number, size=(40 + number, 30)))
    await scan()
    before = await ids(home)

    paths[-1].rename(photos / "t.jpg")
    for number in reversed(range(19)):
        paths[number].rename(paths[number + 1])
    (photos / "t.jpg").rename(paths[0])
    result = await scan()

    assert await ids(home) == {f"{(number + 1) % 20:02}.jpg": before[f"{number:02}.jpg"] for number in range(20)}
    assert (result.moved, result.missing, result.added, result.changed) == (20, 0, 0, 0)


@pytest.mark.parametrize("length", [2, 3, 30])
async def test_names_that_rotate_like_logs_hand_on_their_identity_and_the_newest_is_new(
    home: Home, photos: Path, scan: Scan, length: int
) -> None:
    paths = [photos / f"{number:02}.jpg" for number in range(length)]
    for number, path in enumerate(paths[:-1]):
        path.write_bytes(jpeg(number, size=(40 + number, 30)))
    await scan()
    before = await ids(home)

    for number in reversed(range(length - 1)):
        paths[number].rename(paths[number + 1])
    paths[0].write_bytes(jpeg(99))
    result = await scan()

    after = await ids(home)
    assert {name: after[name] for name in after if name != "00.jpg"} == {
        f"{number + 1:02}.jpg": before[f"{number:02}.jpg"] for number in range(length - 1)
    }
    assert after["00.jpg"] not in before.values()
    assert (result.added, result.changed, result.moved, result.missing) == (1, 0, length - 1, 0)
    assert await home.db.value('SELECT count(*) FROM "file_version"') == 0


async def test_a_file_moved_and_edited_is_another_file_and_the_old_one_is_missing(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 10)
    await scan()
    before = await ids(home)
    (photos / "0003.jpg").unlink()
    (photos / "edited.jpg").write_bytes(jpeg(333))
    result = await scan()

    assert (result.added, result.missing, result.moved) == (1, 1, 0)
    assert before["0003.jpg"] not in (await ids(home)).values()
    assert await home.db.value('SELECT "missing_since" FROM "stored_file" WHERE "id" = ?', [str(before["0003.jpg"])])


async def test_a_name_that_changes_only_in_case_is_a_move(home: Home, photos: Path, scan: Scan) -> None:
    (photos / "img.jpg").write_bytes(jpeg(1))
    (photos / "holiday").mkdir()
    (photos / "holiday" / "sea.jpg").write_bytes(jpeg(2))
    await scan()
    before = await ids(home)
    (photos / "img.jpg").rename(photos / "IMG.JPG")
    (photos / "holiday").rename(photos / "Holiday")
    result = await scan()

    assert await ids(home) == {"IMG.JPG": before["img.jpg"], "Holiday/sea.jpg": before["holiday/sea.jpg"]}
    assert (result.moved, result.missing, result.added) == (2, 0, 0)


async def test_an_exact_duplicate_is_one_row_that_knows_all_its_paths(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 5)
    for name in ("z.jpg", "copies/0000.jpg", "a/b/c.jpg"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(jpeg(0))
    result = await scan()

    assert (result.found, result.added) == (8, 5)
    file = (await ids(home))["0000.jpg"]
    assert await paths_of(home, file) == ["0000.jpg", "z.jpg", "a/b/c.jpg", "copies/0000.jpg"]

    (photos / "0000.jpg").unlink()
    result = await scan()
    assert (result.missing, result.moved, result.added) == (0, 0, 0)
    assert (await ids(home))["z.jpg"] == file, "it lives on at the first of its other paths"
    assert await paths_of(home, file) == ["z.jpg", "a/b/c.jpg", "copies/0000.jpg"]

    for name in ("z.jpg", "copies/0000.jpg", "a/b/c.jpg"):
        (photos / name).unlink()
    result = await scan()
    assert (result.missing, result.moved, result.frozen) == (1, 0, "")
    assert await paths_of(home, file) == []


async def test_the_path_of_a_duplicate_does_not_depend_on_the_order_on_disk(home: Home, photos: Path) -> None:
    chosen = set()
    for turn, names in enumerate((["b/x.jpg", "a/y.jpg", "c.jpg"], ["c.jpg", "a/y.jpg", "b/x.jpg"])):
        root = photos / str(turn)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(jpeg(1))
        await scan_of(home, root)
        library = await home.db.value('SELECT "id" FROM "library" WHERE "root" = ?', [str(root)])
        chosen.add(await home.db.value('SELECT "content" FROM "stored_file" WHERE "library" = ?', [str(library)]))
    assert chosen == {"c.jpg"}


async def scan_of(home: Home, root: Path) -> Any:
    from appliance.importing.scan import scan_library

    library = await home.db.value('SELECT "id" FROM "library" WHERE "root" = ?', [str(root)])
    if library is None:
        library = (await libraries.add_library(home.db, name=root.name, root=str(root)))["id"]
    return await scan_library(home, await libraries.get_library(home.db, library))


async def test_the_same_bytes_in_two_libraries_are_two_files(home: Home, photos: Path) -> None:
    for name in ("one", "two"):
        write_jpegs(photos / name, 3)
        assert (await scan_of(home, photos / name)).added == 3
    assert await home.db.value('SELECT count(*) FROM "stored_file"') == 6
    assert await home.db.value('SELECT count(DISTINCT "content_sha") FROM "stored_file"') == 3


async def test_empty_files_are_told_apart_by_their_paths(home: Home, photos: Path, scan: Scan) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (photos / name).touch()
    result = await scan()
    assert (result.added, result.failed) == (3, 3)
    before = await ids(home)
    assert len(set(before.values())) == 3

    os.utime(photos / "a.jpg", (5, 5))
    (photos / "b.jpg").write_bytes(jpeg(1))
    result = await scan()
    assert (result.added, result.changed, result.missing) == (0, 1, 0)
    assert await ids(home) == before, "the one that was filled is the same file"
    assert (await statuses(home, before["b.jpg"]))["metadata"] == "done"
    assert (await statuses(home, before["a.jpg"]))["metadata"] == "failed"
    assert (await scan()).changed == 0


async def test_a_file_changed_in_place_keeps_its_id_and_its_old_hash_and_is_worked_on_anew(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos, 3)
    await scan()
    await run_steps()
    old = (await stored(home))["0001.jpg"]
    await mark(home, old["id"])

    (photos / "0001.jpg").write_bytes(jpeg(500, size=(90, 30), taken="2021:02:03 04:05:06"))
    result = await scan()

    new = (await stored(home))["0001.jpg"]
    assert (result.changed, result.added, result.missing) == (1, 0, 0)
    assert new["id"] == old["id"]
    assert new["content_sha"] != old["content_sha"]
    assert new["local_start"].startswith("2021-02-03")
    assert (new["thumbhash"], (new["width"], new["height"])) == (None, (90, 30))
    versions = await home.db.fetch('SELECT * FROM "file_version"')
    assert [(row["file"], row["content_sha"], row["content_sha1"], row["kept_as"]) for row in versions] == [
        (old["id"], old["content_sha"], old["content_sha1"], None)
    ]
    assert set((await statuses(home, old["id"])).items()) >= {("metadata", "done"), ("renditions", "pending")}
    assert await has_marks(home, old["id"]), "the picture's own description is not the person's"
    await run_steps()
    assert (await stored(home))["0001.jpg"]["thumbhash"]


async def test_what_only_the_file_said_follows_the_file(home: Home, photos: Path, scan: Scan) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    await scan()
    assert (await stored(home))["a.jpg"]["description"] == "picture 1"
    (photos / "a.jpg").write_bytes(jpeg(2))
    await scan()
    assert (await stored(home))["a.jpg"]["description"] == "picture 2"


async def test_a_file_touched_but_not_changed_stays_as_it_is(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos, 2)
    await scan()
    await run_steps()
    before = await stored(home)
    os.utime(photos / "0000.jpg", (1_000_000_000, 1_000_000_000))
    result = await scan()
    assert (result.changed, result.added, result.moved) == (0, 0, 0)
    assert await stored(home) == before
    assert (await scan()).found == 2


async def test_a_duplicate_edited_at_one_of_its_paths_is_a_new_file_there(home: Home, photos: Path, scan: Scan) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    (photos / "b.jpg").write_bytes(jpeg(1))
    await scan()
    file = (await ids(home))["a.jpg"]
    (photos / "a.jpg").write_bytes(jpeg(2, size=(50, 50)))
    result = await scan()

    after = await ids(home)
    assert after["b.jpg"] == file
    assert (result.added, result.changed, result.missing) == (1, 0, 0)
    assert await home.db.value('SELECT count(*) FROM "file_version"') == 0
    assert await paths_of(home, file) == ["b.jpg"]


async def test_a_path_that_takes_over_another_files_bytes_is_one_more_path_of_it(
    home: Home, photos: Path, scan: Scan
) -> None:
    for number in range(10):
        (photos / f"{number}.jpg").write_bytes(jpeg(number, size=(40 + number, 30)))
    await scan()
    before = await ids(home)
    (photos / "1.jpg").write_bytes((photos / "2.jpg").read_bytes())
    result = await scan()

    assert await paths_of(home, before["2.jpg"]) == ["1.jpg", "2.jpg"]
    assert (result.missing, result.added, result.changed) == (1, 0, 0)
    assert await home.db.value('SELECT "missing_since" FROM "stored_file" WHERE "id" = ?', [str(before["1.jpg"])])


async def test_a_file_that_comes_back_gets_its_id_back_and_its_work_goes_on(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos, 10)
    await scan()
    file = (await ids(home))["0004.jpg"]
    await mark(home, file)
    away = photos.parent / "away.jpg"
    (photos / "0004.jpg").rename(away)
    assert (await scan()).missing == 1
    assert set((await statuses(home, file)).items()) >= {("metadata", "done"), ("renditions", "skipped")}
    assert await home.db.value('SELECT sum("files") FROM "month_count"') == 9

    (photos / "returned").mkdir()
    away.rename(photos / "returned" / "again.jpg")
    result = await scan()

    assert (result.added, result.missing, result.moved) == (0, 0, 0)
    assert (await ids(home))["returned/again.jpg"] == file
    assert await has_marks(home, file)
    assert set((await statuses(home, file)).items()) >= {("metadata", "done"), ("renditions", "pending")}
    assert await home.db.value('SELECT sum("files") FROM "month_count"') == 10
    await run_steps()
    assert (await stored(home))["returned/again.jpg"]["thumbhash"]


async def replace(home: Home, photos: Path, name: str, file: uuid.UUID) -> None:
    seen = sighting("", name, await asyncio.to_thread(examine, photos / name))
    async with home.db.write(durable=True):
        await intake.replace_content(home.db, file=file, sighting=seen, kept_as="2024/old", steps=home.steps)


async def test_replaced_content_of_an_upload_names_where_the_old_bytes_are_kept(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 2)
    await scan()
    before = (await stored(home))["0000.jpg"]
    await mark(home, before["id"])
    (photos / "0000.jpg").write_bytes(jpeg(77))
    await replace(home, photos, "0000.jpg", before["id"])

    (version,) = await home.db.fetch('SELECT * FROM "file_version"')
    assert (version["file"], version["content_sha"], version["kept_as"]) == (
        before["id"],
        before["content_sha"],
        "2024/old",
    )
    assert await has_marks(home, before["id"])
    result = await scan()
    assert (result.changed, result.added) == (0, 0), "the scan finds what it expects"


async def test_replacing_refuses_bytes_of_another_file_and_files_it_does_not_know(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 2)
    await scan()
    files = await ids(home)
    with pytest.raises(NotFoundError):
        await replace(home, photos, "0000.jpg", new_id())
    with pytest.raises(ConflictError, match="in the library already"):
        await replace(home, photos, "0001.jpg", files["0000.jpg"])
    assert await home.db.value('SELECT count(*) FROM "file_version"') == 0


async def test_a_trashed_picture_that_somebody_copies_into_the_folder_again_is_wanted(
    home: Home, photos: Path, scan: Scan
) -> None:
    """In the trash it would be deleted at both of its places."""
    write_jpegs(photos, 12)
    await scan()
    async with home.db.write():
        await home.db.fetch('UPDATE "stored_file" SET "trashed_at" = ? WHERE "filename" < ?', [now(), "0004.jpg"])
    (photos / "again").mkdir()
    (photos / "again" / "0000.jpg").write_bytes((photos / "0000.jpg").read_bytes())  # somebody wants it
    (photos / "0001.jpg").rename(photos / "again" / "0001.jpg")  # somebody tidies up
    await scan(folders=["again"])
    away = (photos / "0002.jpg").rename(photos.with_name("away.jpg"))  # a disk that comes and goes
    await scan()
    away.rename(photos / "0002.jpg")
    await scan()
    rows = await home.db.fetch('SELECT "filename" FROM "stored_file" WHERE "trashed_at" IS NOT NULL ORDER BY 1')
    assert [row["filename"] for row in rows] == ["0001.jpg", "0002.jpg", "0003.jpg"]


async def test_a_second_place_of_a_replaced_file_shows_what_it_holds(home: Home, photos: Path, scan: Scan) -> None:
    """Taken for the new bytes, it would be called rotten, and healed over."""
    old, new = jpeg(1), jpeg(2)
    (photos / "a.jpg").write_bytes(old)
    (photos / "b.jpg").write_bytes(old)
    await scan()
    file = (await ids(home))["a.jpg"]
    (photos / "a.jpg").write_bytes(new)
    seen = sighting("", "a.jpg", await asyncio.to_thread(examine, photos / "a.jpg"))
    async with home.db.write():
        await intake.replace_content(home.db, file=file, sighting=seen, kept_as="kept", steps=home.steps)
    await scan()
    rows = await stored(home)
    assert {path: row["content_sha"] for path, row in rows.items()} == {
        "a.jpg": hashlib.sha256(new).hexdigest(),
        "b.jpg": hashlib.sha256(old).hexdigest(),
    }
    assert rows["a.jpg"]["id"] == file
