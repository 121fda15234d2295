"""An upload that was acknowledged survives a power cut at any moment after its answer, whole; none is half there.

The service runs with every write recorded (`power.py`).  Its life is then played back, cut off at every answer and at
random moments between, with all that was not synced lost, or lost by lot.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from appliance.paths import DataPaths
from tests.appliance.pictures import jpeg
from tests.resilience.power import Disk, Event, build, read_events
from tests.resilience.served import Served, prepared, serving

if TYPE_CHECKING:
    import httpx

UPLOADS = int(os.environ.get("TEST_UPLOADS", "200"))
RESUMABLE_EVERY = 3
BY_LOT = 60  # cuts after which unsynced writes survive by lot
STARTED = 3  # of those, how often the whole service is started on what is left
TUS = {"tus-resumable": "1.0.0"}


class Asked(NamedTuple):
    """One request, in the order of the answers: the content it promised to keep, or ""."""

    promised: str


def photo(number: int) -> bytes:
    return jpeg(number, size=(320, 240)) + random.Random(number).randbytes(30_000)


def upload(client: httpx.Client, number: int, asked: list[Asked]) -> None:
    data = photo(number)
    sha = hashlib.sha256(data).hexdigest()
    if number % RESUMABLE_EVERY:
        answer = client.post("/files", files={"file": (f"{number}.jpg", data)})
        assert answer.status_code == 201, answer.text
        asked.append(Asked(sha))
        return
    name = base64.b64encode(f"{number}.jpg".encode()).decode()
    headers = TUS | {"upload-length": str(len(data)), "upload-metadata": f"filename {name}"}
    answer = client.post("/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    asked.append(Asked(""))
    url = answer.headers["location"].removeprefix("/api/v1")
    half = len(data) // 2
    for offset, part, promised in ((0, data[:half], ""), (half, data[half:], sha)):
        headers = TUS | {"content-type": "application/offset+octet-stream", "upload-offset": str(offset)}
        answer = client.patch(url, content=part, headers=headers)
        assert answer.status_code == 204, answer.text
        asked.append(Asked(promised))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Disk, list[Event], list[Asked], str]:
    """(data directory, its disk as it was before, everything that was done, what was asked, the key)"""
    folder = tmp_path_factory.mktemp("power")
    try:
        library = build(folder)
    except FileNotFoundError as error:
        pytest.skip(f"{error}: nothing can be recorded")
    data, log = folder / "data", folder / "record"
    asked: list[Asked] = []
    key = prepared(data)
    with serving(data, key):
        pass  # so that every folder is there and the database is at rest
    disk = Disk(data)
    environ = {"LD_PRELOAD": str(library), "RECORD_LOG": str(log), "RECORD_ROOT": str(data)}
    with serving(data, key, environ=environ) as service:
        for number in range(UPLOADS):
            upload(service.client, number, asked)
        service.kill()
    return data, disk, list(read_events(log)), asked, key


def check(left: Path, data: Path, promised: set[str], known: set[str]) -> int:
    """Nothing that was promised is missing, nothing is half there; returns how many uploads survived."""
    paths = DataPaths(left)
    with sqlite3.connect(paths.database) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        rows = db.execute(
            """SELECT f."content_sha", l."root", f."content" FROM "stored_file" f
               JOIN "library" l ON l."id" = f."library" """
        ).fetchall()
    db.close()
    registered = set()
    for sha, root, content in rows:
        path = left / Path(root, content).relative_to(data)
        assert path.is_file(), f"{content} is registered and gone"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha, f"{content} is not whole"
        registered.add(sha)
    assert promised <= registered, f"{len(promised - registered)} acknowledged uploads are lost"
    for path in paths.uploads.rglob("*"):
        assert not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() in known, f"{path} is half there"
    return len(registered)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_acknowledged_upload_survives_a_power_cut_at_any_moment(
    recorded: tuple[Path, Disk, list[Event], list[Asked], str], tmp_path: Path
) -> None:
    data, disk, events, asked, key = recorded
    known = {hashlib.sha256(photo(number)).hexdigest() for number in range(UPLOADS)}
    answers = [number for number, event in enumerate(events) if event.kind == "a"]
    assert len(answers) == len(asked)
    chance = random.Random(5)
    lots = set(chance.sample(range(len(events)), BY_LOT))
    started = set(chance.sample(sorted(lots), STARTED))
    promised, answered, cuts = set[str](), 0, 0
    left = tmp_path / "left"
    for number, event in enumerate(events):
        disk.play(event)
        by_lot = number in lots
        if event.kind == "a":
            promised |= {asked[answered].promised} - {""}
            answered += 1
        if event.kind != "a" and not by_lot:
            continue
        disk.survivors(left, chance if by_lot else None)
        survived = check(left, data, promised, known)
        assert survived <= len(promised) + 1
        cuts += 1
        if number in started:
            start_on(left, data, key, promised)
        shutil.rmtree(left)
    assert len(promised) == UPLOADS
    print(f"{cuts} power cuts, {len(events)} events, {UPLOADS} uploads")  # noqa: T201 - shown with -s


def start_on(left: Path, data: Path, key: str, promised: set[str]) -> None:
    """The service itself, on what is left: it starts, and shows every upload that it promised."""
    aside = data.with_name("aside")
    data.rename(aside)
    shutil.copytree(left, data)
    try:
        with serving(data, key) as service:
            shown = {sha for sha in promised if content_of(service, sha) == sha}
        assert shown == promised
    finally:
        shutil.rmtree(data)
        aside.rename(data)


def content_of(service: Served, sha: str) -> str:
    db = sqlite3.connect(f"file:{service.data}/homeroll.db?mode=ro", uri=True)
    row = db.execute('SELECT "id" FROM "stored_file" WHERE "content_sha" = ?', [sha]).fetchone()
    db.close()
    return hashlib.sha256(service.client.get(f"/files/{row[0]}/content").content).hexdigest() if row else ""
