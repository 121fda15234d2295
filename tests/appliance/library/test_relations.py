"""Files that belong together, and what becomes of the pair when one of them goes."""

from __future__ import annotations

import csv
import json
import shutil
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.importing.scan import scan_library
from appliance.library import intake, libraries, relations
from appliance.library.relations import BURST, LIVE_VIDEO, RAW_OF, SIDECAR_OF, Entry, find_relations
from appliance.values import new_id
from tests.appliance.pictures import jpeg, write_jpegs

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import RunSteps, Scan

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def entry(name: str, kind: str = "photo", *, folder: str = "", seconds: float | None = 0.0, **more: Any) -> Entry:
    start = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Entry(id=new_id(), folder=folder, name=name, kind=kind, start=start, **more)


def named(entries: list[Entry]) -> set[tuple[str, str, str]]:
    names = {one.id: one.name for one in entries}
    return {(names[one.file], one.role, names[one.related]) for one in find_relations(entries)}


def test_a_raw_belongs_to_the_photo_of_its_name_taken_at_its_time() -> None:
    assert named([entry("a.DNG", "raw"), entry("A.jpg")]) == {("a.DNG", RAW_OF, "A.jpg")}
    assert named([entry("a.dng", "raw", seconds=60), entry("a.jpg")]) == set()
    assert named([entry("a.dng", "raw", seconds=None), entry("a.jpg")]) == {("a.dng", RAW_OF, "a.jpg")}
    far = entry("a.dng", "raw", seconds=7200, local=NOON.replace(tzinfo=None))
    assert named([far, entry("a.jpg", local=NOON.replace(tzinfo=None))]) == {("a.dng", RAW_OF, "a.jpg")}, "zone unknown"
    assert named([entry("a.dng", "raw", folder="x"), entry("a.jpg", folder="y")]) == set()
    raw, cover = "PXL_20230609_123456789.RAW-02.ORIGINAL.dng", "PXL_20230609_123456789.RAW-01.COVER.jpg"
    assert named([entry(raw, "raw"), entry(cover)]) == {(raw, RAW_OF, cover)}
    assert named([entry(raw, "raw"), entry("PXL_20230609_123456790.RAW-01.COVER.jpg")]) == set()


def test_a_short_video_of_the_same_name_and_time_is_a_live_photo() -> None:
    still = entry("a.heic")
    assert named([still, entry("a.mov", "video", seconds=2, duration_s=3.0)]) == {("a.mov", LIVE_VIDEO, "a.heic")}
    assert named([still, entry("a.mov", "video", seconds=2, duration_s=30.0)]) == set()
    assert named([still, entry("a.mov", "video", seconds=600, duration_s=3.0)]) == set()
    assert named([still, entry("a.mov", "video", seconds=None, duration_s=3.0)]) == set()


def test_an_identifier_decides_whatever_the_names_are() -> None:
    still = entry("a.heic", content_identifier="one", folder="x")
    video = entry("b.mov", "video", seconds=900, duration_s=60.0, content_identifier="one", folder="y")
    assert named([still, video]) == {("b.mov", LIVE_VIDEO, "a.heic")}
    other = entry("a.mov", "video", duration_s=2.0, content_identifier="two", folder="x")
    assert named([still, other]) == set()


def test_every_frame_of_a_burst_belongs_to_its_first() -> None:
    frames = [entry(f"{n}.jpg", seconds=10 - n, burst_id="B") for n in range(3)]
    assert named(frames) == {("0.jpg", BURST, "2.jpg"), ("1.jpg", BURST, "2.jpg")}


def test_a_sidecar_of_the_whole_name_comes_before_one_of_the_stem() -> None:
    photo, raw = entry("a.jpg"), entry("a.dng", "raw", seconds=99)
    own, shared = entry("A.JPG.xmp", "sidecar"), entry("a.xmp", "sidecar")
    assert named([photo, raw, shared]) == {("a.xmp", SIDECAR_OF, "a.jpg"), ("a.xmp", SIDECAR_OF, "a.dng")}
    assert named([photo, raw, shared, own]) == {("A.JPG.xmp", SIDECAR_OF, "a.jpg"), ("a.xmp", SIDECAR_OF, "a.dng")}
    edits = entry("a.AAE", "sidecar")
    assert ("a.AAE", SIDECAR_OF, "a.jpg") in named([photo, own, edits]), "another kind of sidecar is no rival"
    assert named([entry("a.txt", "other"), shared]) == set()


async def pairs(home: Home) -> set[tuple[str, str, str]]:
    rows = await home.db.fetch(
        """SELECT a."content" AS one, r."role", b."content" AS two FROM "related_file" r
           JOIN "stored_file" a ON a."id" = r."file" JOIN "stored_file" b ON b."id" = r."related" """
    )
    return {(row["one"], row["role"], row["two"]) for row in rows}


async def shown(home: Home) -> set[str]:
    rows = await home.db.fetch('SELECT "content" FROM "stored_file" WHERE "listed"')
    counted = await home.db.value('SELECT sum("files") FROM "month_count"')
    assert (counted or 0) == len(rows)
    return {row["content"] for row in rows}


async def relate_everything(home: Home) -> set[Any]:
    library = await home.db.value('SELECT "id" FROM "library"')
    folders = [row["folder"] for row in await home.db.fetch('SELECT DISTINCT "folder" FROM "file_path"')]
    async with home.db.write():
        return await relations.relate(home.db, library, folders)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


@pytest.mark.corpus
async def test_live_photos_of_the_corpus_are_pairs_and_others_of_the_same_name_are_not(
    home: Home, photos: Path, scan: Scan, corpus: Path
) -> None:
    shutil.copytree(corpus / "live", photos / "live", copy_function=shutil.copyfile)
    await scan()
    with (corpus / "live.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = {(row["path"], LIVE_VIDEO, row["pair"]) for row in rows if row["kind"] == "live_photo_video"}
    assert {pair for pair in await pairs(home) if pair[1] == LIVE_VIDEO} == expected
    offsets = await home.db.fetch('SELECT "content", "motion_offset" FROM "stored_file"')
    stated = {row["path"]: int(row["embedded_video_offset"]) for row in rows if row["embedded_video_offset"]}
    assert {row["content"]: row["motion_offset"] for row in offsets if row["motion_offset"] is not None} == stated
    visible = await shown(home)
    assert not visible & {video for video, _, _ in expected}
    assert {"live/IMG_1234.jpg", "live/IMG_1234.mp4"} <= visible

    before = await home.db.fetch('SELECT * FROM "related_file" ORDER BY "id"')
    assert await relate_everything(home) == set()
    assert await home.db.fetch('SELECT * FROM "related_file" ORDER BY "id"') == before


@pytest.mark.corpus
async def test_the_half_that_is_left_of_a_live_photo_is_shown_again(
    home: Home, photos: Path, scan: Scan, corpus: Path
) -> None:
    write_jpegs(photos / "more", 10)
    copy(corpus / "live/IMG_7943.HEIC", photos / "stills/IMG_7943.HEIC")
    copy(corpus / "live/IMG_7943_HEVC.MOV", photos / "films/IMG_7943_HEVC.MOV")
    await scan()
    pair = ("films/IMG_7943_HEVC.MOV", LIVE_VIDEO, "stills/IMG_7943.HEIC")
    assert await pairs(home) == {pair}
    assert pair[0] not in await shown(home)

    for path in (pair[2], pair[0]):
        (photos / path).rename(photos.parent / "away")
        assert (await scan()).missing == 1
        assert await pairs(home) == set()
        assert {name for name in (pair[0], pair[2]) if name != path} <= await shown(home)
        (photos.parent / "away").rename(photos / path)
        await scan()
        assert await pairs(home) == {pair}
        assert pair[0] not in await shown(home)


@pytest.mark.corpus
async def test_raw_and_jpeg_are_one_on_the_timeline_and_moving_or_copying_one_is_understood(
    home: Home, photos: Path, scan: Scan, corpus: Path
) -> None:
    raw = sorted((corpus / "formats" / "raw").glob("*.dng"))[0]
    write_jpegs(photos / "more", 10)
    copy(raw, photos / "a/IMG.dng")
    await scan()
    start = await home.db.fetch_one("""SELECT "local_start" FROM "stored_file" WHERE "content" = 'a/IMG.dng'""")
    assert start is not None
    taken = start["local_start"][:19].replace("-", ":").replace("T", " ")
    (photos / "a/IMG.jpg").write_bytes(jpeg(500, taken=taken))
    await scan()
    pair = ("a/IMG.dng", RAW_OF, "a/IMG.jpg")
    assert await pairs(home) == {pair}
    assert "a/IMG.dng" not in await shown(home)

    copy(photos / "a/IMG.dng", photos / "backup/IMG.dng")
    await scan()
    assert await pairs(home) == {pair}, "a copy elsewhere takes nothing from the pair"
    assert "a/IMG.dng" not in await shown(home)
    (photos / "backup/IMG.dng").unlink()
    await scan()
    assert await pairs(home) == {pair}

    (photos / "b").mkdir()
    (photos / "a/IMG.dng").rename(photos / "b/IMG.dng")
    await scan()
    assert await pairs(home) == set()
    assert "b/IMG.dng" in await shown(home)
    (photos / "a/IMG.jpg").rename(photos / "b/IMG.jpg")
    await scan()
    assert await pairs(home) == {("b/IMG.dng", RAW_OF, "b/IMG.jpg")}
    (photos / "b").rename(photos / "c")
    await scan()
    assert await pairs(home) == {("c/IMG.dng", RAW_OF, "c/IMG.jpg")}
    assert "c/IMG.dng" not in await shown(home)


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="{rating}"><dc:subject><rdf:Bag><rdf:li>{word}</rdf:li></rdf:Bag></dc:subject></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


async def said(home: Home, content: str) -> tuple[int | None, list[str]]:
    """Rating and words that files gave."""
    return await said_by(home, await home.db.value('SELECT "id" FROM "stored_file" WHERE "content" = ?', [content]))


async def said_by(home: Home, file: uuid.UUID) -> tuple[int | None, list[str]]:
    rating = await home.db.value('SELECT "rating" FROM "stored_file" WHERE "id" = ?', [str(file)])
    words = await home.db.fetch(
        """SELECT t."name" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
           WHERE ft."file" = ? AND ft."source" = 'exif' ORDER BY t."name" """,
        [str(file)],
    )
    return rating, [word["name"] for word in words]


async def test_a_sidecar_that_comes_changes_and_goes_is_read_again_each_time(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos / "trip", 10)
    sidecar = photos / "trip/0003.xmp"

    async def look() -> tuple[int | None, list[str]]:
        await scan()
        await run_steps()
        return await said(home, "trip/0003.jpg")

    assert await look() == (None, [])
    sidecar.write_text(XMP.format(rating=3, word="sea"))
    assert await look() == (3, ["sea"])
    sidecar.write_text(XMP.format(rating=4, word="beach"))
    assert await look() == (4, ["beach"])
    (photos / "trip/0003.jpg.xmp").write_text(XMP.format(rating=1, word="own"))
    assert await look() == (1, ["own"]), "the sidecar of the whole name comes first"
    (photos / "trip/0003.jpg.xmp").unlink()
    assert await look() == (4, ["beach"])
    sidecar.unlink()
    assert await look() == (None, [])
    assert await pairs(home) == set()
    unfinished = await home.db.value(
        """SELECT count(*) FROM "file_step" WHERE "step" IN ('metadata', 'renditions') AND "status" <> 'done'"""
    )
    assert unfinished == 0


async def test_a_persons_rating_stays_when_a_sidecar_says_otherwise(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    write_jpegs(photos, 1)
    (photos / "0000.xmp").write_text(XMP.format(rating=3, word="sea"))
    await scan()
    file = await home.db.value("""SELECT "id" FROM "stored_file" WHERE "kind" = 'photo'""")
    async with home.db.write():
        await intake.update(home.db, file, {"rating": 5})
    for rating, word in ((1, "one"), (2, "two")):
        (photos / "0000.xmp").write_text(XMP.format(rating=rating, word=word))
        await scan()
        await run_steps()
        assert await said(home, "0000.jpg") == (5, [word])


async def test_sidecars_with_the_same_bytes_serve_every_photo_they_lie_beside(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    for folder in ("a", "b"):
        write_jpegs(photos / folder, 2, first=ord(folder))
    text = XMP.format(rating=2, word="same")
    for sidecar in ("a/0097.xmp", "a/0098.jpg.xmp", "b/0098.xmp", "b/0099.xmp"):
        (photos / sidecar).write_text(text)
    await scan()
    names = ("a/0097.jpg", "a/0098.jpg", "b/0099.jpg")  # b/0098.jpg has the bytes of a/0098.jpg
    for _ in range(2):
        assert [await said(home, name) for name in names] == [(2, ["same"])] * 3
        assert (
            await home.db.value("""SELECT count(*) FROM "file_step"
                                      WHERE "step" = 'metadata' AND "status" <> 'done'""")
            == 0
        )
        async with home.db.write():
            await home.db.fetch("""UPDATE "file_step" SET "status" = 'pending' WHERE "step" = 'metadata'""")
        await run_steps()
        await relate_everything(home)
    (photos / "b/0099.xmp").unlink()
    await scan()
    await run_steps()
    assert await said(home, "b/0099.jpg") == (None, [])
    assert await said(home, "a/0097.jpg") == (2, ["same"])


@pytest.mark.parametrize("content", [b"", b" " * (2 << 20)], ids=["empty", "absurdly large"])
async def test_a_useless_sidecar_is_not_asked_about_again_and_again(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps, content: bytes
) -> None:
    write_jpegs(photos, 2)
    for name in ("0000.xmp", "0001.xmp"):
        (photos / name).write_bytes(content + (name.encode() if content else b""))
    await scan()
    await run_steps()
    attempts = await home.db.fetch('SELECT "file", "attempts" FROM "file_step" ORDER BY "id"')
    await relate_everything(home)
    await run_steps()
    assert await home.db.fetch('SELECT "file", "attempts" FROM "file_step" ORDER BY "id"') == attempts


@pytest.mark.corpus
async def test_sidecars_of_the_corpus_add_what_their_photos_lack(
    home: Home, photos: Path, run_steps: RunSteps, corpus: Path
) -> None:
    """Each in a folder and a library of its own: some of the photos have the same bytes."""
    checked = 0
    for expected_in in sorted((corpus / "sidecars").glob("*.json")):
        expected = json.loads(expected_in.read_text())
        parts = [path for path in (corpus / "sidecars").glob(f"{expected_in.stem}.*") if path != expected_in]
        media = [path.name for path in parts if path.suffix.lower() in (".jpg", ".mp4")]
        if len(media) != 1 or not ({"rating", "keywords"} & expected.keys()):
            continue
        root = photos / expected_in.stem
        for part in parts:
            copy(part, root / part.name)
        library = await libraries.add_library(home.db, name=root.name, root=str(root))
        await scan_library(home, library)
        await run_steps()
        file = await home.db.value(
            """SELECT "id" FROM "stored_file" WHERE "library" = ? AND "kind" <> 'sidecar'""", [library["id"]]
        )
        rating, words = await said_by(home, file)
        if expected.get("rating"):
            assert rating == expected["rating"], media
        assert set(expected.get("keywords", ())) <= set(words), media
        checked += 1
    assert checked >= 5


async def test_a_folder_of_very_many_is_paired_like_any_other_and_beside_the_loop(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()

    def noted(entries: list[Entry]) -> set[relations.Relation]:
        threads.add(threading.get_ident())
        return find_relations(entries)

    monkeypatch.setattr(relations, "MANY", 0)
    monkeypatch.setattr(relations, "find_relations", noted)
    write_jpegs(photos, 3)
    (photos / "0001.jpg.xmp").write_bytes(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>")
    await scan()
    rows = await home.db.fetch('SELECT "role" FROM "related_file"')
    assert [row["role"] for row in rows] == [SIDECAR_OF]
    assert threads
    assert threading.get_ident() not in threads
