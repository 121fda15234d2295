"""Pulling a model: a real process, a real server and its faults; nothing half-installed, nothing fetched twice."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from ml import pull, store
from ml.base import ModelFile
from ml.hub import BLOCK_BYTES
from ml.runtime import installed
from tests.hub import Hub
from tests.ml.fetching import REPOSITORY, fetch, finish, kill_at, parts, spec, start, tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 3 << 20
WEIGHTS = os.urandom(SIZE)
OTHER = os.urandom(SIZE)
WORDS = b"cat\ndog\n"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        running.publish("family/tiny", "model.onnx", WEIGHTS)
        running.publish("family/tiny", "words/tags.txt", WORDS)
        yield running


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def pinned(data: bytes = WEIGHTS, name: str = "model.onnx") -> ModelFile:
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest())


def installed_files(models_dir: Path) -> dict[str, bytes]:
    """What lies in the model's folder, without the manifest; empty when there is none."""
    found = tree(models_dir / "tiny") if (models_dir / "tiny").exists() else {}
    found.pop(store.MANIFEST, None)
    return found


def test_a_model_is_fetched_whole_and_nothing_is_left_beside_it(hub: Hub, models_dir: Path) -> None:
    model = spec(pinned(), "words/tags.txt")
    assert fetch(model, models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": WEIGHTS, "words/tags.txt": WORDS}
    assert installed(models_dir, model)
    assert store.verify(models_dir, model) == []
    assert set(tree(models_dir)) == {"tiny/manifest.json", "tiny/model.onnx", "tiny/words/tags.txt"}
    manifest = store.read_manifest(models_dir, model)
    assert manifest is not None
    assert [(file.name, file.size_bytes, file.sha256) for file in manifest.files] == [
        ("model.onnx", SIZE, hashlib.sha256(WEIGHTS).hexdigest()),
        ("words/tags.txt", 8, hashlib.sha256(WORDS).hexdigest()),
    ]
    assert not any(path.is_symlink() for path in models_dir.rglob("*"))


def test_nobody_is_told_who_asks(hub: Hub, models_dir: Path) -> None:
    assert fetch(spec("model.onnx"), models_dir, hub.url) is None
    assert {request.agent for request in hub.requests} == {"homeroll"}
    assert {request.authorization for request in hub.requests} == {""}
    assert all("model.onnx" in request.path for request in hub.requests)


def test_what_is_here_and_right_is_not_asked_for_again(hub: Hub, models_dir: Path) -> None:
    model = spec(pinned(), "words/tags.txt")
    assert fetch(model, models_dir, hub.url) is None
    asked = len(hub.requests)
    assert fetch(model, models_dir, hub.url) is None
    assert len(hub.requests) == asked


@pytest.mark.parametrize("lfs", [True, False])
def test_a_connection_cut_at_30_percent_is_resumed_there(hub: Hub, models_dir: Path, lfs: bool) -> None:
    hub.lfs = lfs
    hub.cut["model.onnx"] = SIZE * 3 // 10
    assert fetch(spec("model.onnx"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": WEIGHTS}
    first, second = hub.gets("model.onnx")
    assert first.served == SIZE * 3 // 10
    assert second.range == f"bytes={SIZE - second.served}-"
    assert SIZE <= hub.served("model.onnx") < SIZE + BLOCK_BYTES


def test_a_hub_that_goes_away_is_told_plainly_and_the_next_pull_goes_on(hub: Hub, models_dir: Path) -> None:
    hub.slow = 4 * SIZE
    process = start(spec("model.onnx"), models_dir, hub.url)
    while hub.slow:
        if parts(models_dir) and parts(models_dir)[0].stat().st_size >= SIZE * 3 // 10:
            hub.down, hub.slow = True, 0
            hub.break_off()
        time.sleep(0.01)
    problem = finish(process)[-1].problem
    assert problem is not None
    assert "cannot be reached" in problem.message
    assert "homeroll models add tiny DIR" in problem.hint
    assert problem.again
    assert installed_files(models_dir) == {}
    (part,) = parts(models_dir)
    there = part.stat().st_size
    assert WEIGHTS.startswith(part.read_bytes())
    assert there >= SIZE * 3 // 10

    hub.down = False
    hub.requests.clear()
    assert fetch(spec("model.onnx"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": WEIGHTS}
    assert hub.served("model.onnx") == SIZE - there
    assert parts(models_dir) == []


def test_a_killed_pull_goes_on_where_it_was(hub: Hub, models_dir: Path) -> None:
    hub.slow = 2 * SIZE
    process = start(spec("words/tags.txt", "model.onnx"), models_dir, hub.url)
    there = kill_at(process, models_dir, SIZE * 3 // 10, hub)
    assert SIZE * 3 // 10 <= there < SIZE
    assert installed_files(models_dir) == {}
    assert fetch(spec("words/tags.txt", "model.onnx"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": WEIGHTS, "words/tags.txt": WORDS}
    assert hub.served("model.onnx") == SIZE - there
    assert hub.served("tags.txt") == 0


def test_it_ends_with_the_process_that_started_it(hub: Hub, models_dir: Path) -> None:
    hub.slow = SIZE / 4
    code = (
        "import sys; from pathlib import Path; from tests.ml.fetching import spec, start;"
        f"process = start(spec('model.onnx'), Path({str(models_dir)!r}), {hub.url!r});"
        "print(process.pid, flush=True); process.communicate()"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        while not parts(models_dir):
            time.sleep(0.01)
        parent.kill()
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("silent", [False, True])
def test_a_file_with_the_wrong_hash_is_refused(hub: Hub, models_dir: Path, silent: bool) -> None:
    hub.silent = silent
    problem = fetch(spec(pinned(OTHER), "words/tags.txt"), models_dir, hub.url)
    assert problem is not None
    assert "not the file that was published" in problem.message
    assert not problem.again
    assert installed_files(models_dir) == {}
    assert parts(models_dir) == []
    # Where the server says the hash beforehand, its bytes are not even asked for.
    assert hub.served("model.onnx") == (SIZE if silent else 0)


def test_a_file_of_the_wrong_size_is_refused_before_it_is_fetched(hub: Hub, models_dir: Path) -> None:
    problem = fetch(spec(ModelFile("model.onnx", SIZE + 1)), models_dir, hub.url)
    assert problem is not None
    assert f"has {SIZE} bytes" in problem.message
    assert f"instead of {SIZE + 1}" in problem.message
    assert hub.served("model.onnx") == 0


@pytest.mark.parametrize("lfs", [True, False])
def test_a_file_that_changes_under_its_revision_is_refused(hub: Hub, models_dir: Path, lfs: bool) -> None:
    hub.lfs = lfs
    model = spec("model.onnx", "words/tags.txt")
    assert fetch(model, models_dir, hub.url) is None
    hub.publish("family/tiny", "model.onnx", OTHER)
    damaged = bytearray(WEIGHTS)
    damaged[SIZE // 2] ^= 1
    (models_dir / "tiny" / "model.onnx").write_bytes(damaged)
    assert store.verify(models_dir, model) == [
        "The file model.onnx is not the one that was installed: its SHA-256 differs."
    ]
    problem = fetch(model, models_dir, hub.url)
    assert problem is not None
    assert "not what it was at the first pull" in problem.message
    assert "homeroll models remove tiny" in problem.hint
    assert not problem.again
    assert installed_files(models_dir) == {"model.onnx": bytes(damaged), "words/tags.txt": WORDS}

    # Its own old bytes are taken, and only they are fetched.
    hub.publish("family/tiny", "model.onnx", WEIGHTS)
    hub.requests.clear()
    assert fetch(model, models_dir, hub.url) is None
    assert store.verify(models_dir, model) == []
    assert (hub.served("model.onnx"), hub.served("tags.txt")) == (SIZE, 0)


def test_a_new_version_is_fetched_over_the_old_one(hub: Hub, models_dir: Path) -> None:
    old = spec("model.onnx", "words/tags.txt")
    assert fetch(old, models_dir, hub.url) is None
    new = spec("model.onnx", "words/tags.txt", version="2", revision="2" * 40)
    hub.publish("family/tiny", "model.onnx", OTHER, revision=new.revision)
    hub.publish("family/tiny", "words/tags.txt", WORDS, revision=new.revision)
    assert store.verify(models_dir, new) == [
        "The files are of version 1 (111111111111); this Homeroll works with version 2 (222222222222)."
    ]
    assert fetch(new, models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": OTHER, "words/tags.txt": WORDS}
    assert store.verify(models_dir, new) == []


def test_the_beginning_of_one_file_is_never_continued_with_another(hub: Hub, models_dir: Path) -> None:
    hub.slow = 2 * SIZE
    kill_at(start(spec("model.onnx"), models_dir, hub.url), models_dir, SIZE // 3, hub)
    hub.publish("family/tiny", "model.onnx", OTHER)
    assert fetch(spec("model.onnx"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"model.onnx": OTHER}


def test_a_mirror_that_answers_with_another_revision_is_refused(hub: Hub, models_dir: Path) -> None:
    hub.commits[spec().revision] = "2" * 40
    problem = fetch(spec("model.onnx"), models_dir, hub.url)
    assert problem is not None
    assert "answered with 222222222222" in problem.message
    assert hub.served("model.onnx") == 0


def test_a_file_that_is_not_published_is_no_reason_to_try_again(hub: Hub, models_dir: Path) -> None:
    problem = fetch(spec("model.onnx", "gone.onnx"), models_dir, hub.url)
    assert problem is not None
    assert "family/tiny at 1111" in problem.message
    assert "HTTP 404" in problem.message
    assert not problem.again
    assert hub.served("model.onnx") == 0


def test_without_a_network_it_says_so_and_may_be_tried_again(models_dir: Path) -> None:
    problem = fetch(spec("model.onnx"), models_dir, "http://127.0.0.1:9")
    assert problem is not None
    assert "127.0.0.1:9 cannot be reached" in problem.message
    assert problem.again
    assert not (models_dir / "tiny").exists()


def test_a_page_to_log_in_is_not_taken_for_a_model(hub: Hub, models_dir: Path) -> None:
    hub.portal = True
    problem = fetch(spec("words/tags.txt"), models_dir, hub.url)
    assert problem is not None
    assert "is no model hub" in problem.message
    assert problem.again
    assert installed_files(models_dir) == {}


def test_what_an_older_version_left_does_not_come_along(hub: Hub, models_dir: Path) -> None:
    hub.slow = 2 * SIZE
    kill_at(start(spec("words/tags.txt", "model.onnx"), models_dir, hub.url), models_dir, SIZE // 3, hub)
    hub.publish("family/tiny", "new.onnx", OTHER)
    assert fetch(spec("new.onnx", version="2"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"new.onnx": OTHER}


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_from_a_plain_web_server_resumes_where_it_can(hub: Hub, models_dir: Path, ranges: bool) -> None:
    hub.plain["weights.tar"] = WEIGHTS
    hub.ranges = ranges
    hub.cut["weights.tar"] = SIZE // 2
    model = spec(ModelFile("weights.tar", source=f"{hub.url}/plain/weights.tar"))
    assert fetch(model, models_dir, "http://127.0.0.1:9") is None
    assert installed_files(models_dir) == {"weights.tar": WEIGHTS}
    whole = hub.served("weights.tar")
    assert whole < SIZE + BLOCK_BYTES if ranges else whole == SIZE // 2 + SIZE


def test_archives_are_kept_as_they_are(hub: Hub, models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "inside.txt").write_text("never to be seen")
    archive = shutil.make_archive(str(tmp_path / "weights.pth"), "tar", tmp_path / "evil")
    with open(archive, "rb") as file:  # noqa: PTH123 - make_archive answers a string
        data = file.read()
    hub.publish("family/tiny", "weights.pth.tar", data)
    assert fetch(spec("weights.pth.tar"), models_dir, hub.url) is None
    assert installed_files(models_dir) == {"weights.pth.tar": data}


@pytest.mark.parametrize(
    "name",
    ["../out.onnx", "/etc/out.onnx", "a/../../out.onnx", "a\\..\\out.onnx", ".hidden", "a//b", "", "manifest.json"],
)
def test_a_name_that_leaves_the_folder_is_refused(hub: Hub, models_dir: Path, name: str) -> None:
    hub.publish("family/tiny", name, WEIGHTS)
    problem = fetch(spec(name), models_dir, hub.url)
    assert problem is not None
    assert "cannot be the name" in problem.message
    assert hub.requests == []
    assert tree(models_dir.parent) == {}


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "a").write_bytes(WORDS)
    monkeypatch.setattr("os.link", refuse)
    pull._link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == WORDS


def test_two_processes_at_once_fetch_it_once(hub: Hub, models_dir: Path) -> None:
    hub.slow = 4 * SIZE
    both = [start(spec("model.onnx"), models_dir, hub.url) for _ in range(2)]
    assert all(finish(process)[-1].finished for process in both)
    assert installed_files(models_dir) == {"model.onnx": WEIGHTS}
    assert hub.served("model.onnx") == SIZE


def test_progress_counts_all_files_and_says_what_it_comes_to(hub: Hub, models_dir: Path) -> None:
    hub.slow = 0.7 * SIZE
    lines = finish(start(spec("words/tags.txt", "model.onnx"), models_dir, hub.url))
    told = [line.done_bytes for line in lines]
    assert told == sorted(told)
    assert len({count for count in told if 0 < count < SIZE}) >= 2
    assert (lines[-1].done_bytes, lines[-1].total_bytes) == (SIZE + len(WORDS), SIZE + len(WORDS))
