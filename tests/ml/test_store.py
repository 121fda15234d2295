"""What lies in the models folder: names that stay in it, files that are what they were, room that is kept."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.errors import DiskFullError, InvalidInputError, ModelUnavailableError
from ml import asked, registry, store
from ml.asked import Asked
from ml.base import ModelFile
from ml.store import KeptFile, Manifest, Place
from tests.hub import COMMIT
from tests.ml.fetching import REPOSITORY, spec, tree


def manifest(*files: KeptFile, **changes: Any) -> Manifest:
    values = {"name": "tiny", "version": "1", "source": "family/tiny", "revision": COMMIT, "installed": "2026"}
    return Manifest(**values | changes, files=files)


@pytest.mark.parametrize("name", ["model.onnx", "onnx/vision_model.onnx", "a-b_c.d/E.f"])
def test_names_may_have_folders(name: str, tmp_path: Path) -> None:
    assert (tmp_path / store.relative(name)).is_relative_to(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "/a", "a/..", "a/../b", "a//b", ".a", "a\\b", "a\n", "a b"])
def test_names_that_could_leave_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        store.relative(name)
    with pytest.raises(InvalidInputError):
        store.folder_of(tmp_path, name)


def test_every_model_that_we_know_has_names_that_stay_and_a_place_or_none() -> None:
    for model in registry.models().values():
        assert store.folder_of(Path("/models"), model.name).parent == Path("/models")
        for file in model.files:
            if model.needs_download:
                store.relative(file.name)
                place = store.place_of(model, file)
                assert place is None or place.url or place.repository.count("/") == 1


def test_a_file_comes_from_where_it_says_else_from_where_the_model_says() -> None:
    def place(of_file: str, **changes: Any) -> Place | None:
        return store.place_of(spec(**changes), ModelFile("a/b.onnx", source=of_file))

    assert place("") == Place(repository="family/tiny", revision=COMMIT)
    assert place("other/one") == Place(repository="other/one", revision=COMMIT)
    assert place("other/one@v2") == Place(repository="other/one", revision="v2")
    assert place("https://example.org/x.onnx") == Place(url="https://example.org/x.onnx")
    assert place("", source="https://example.org/models/") == Place(url="https://example.org/models/a/b.onnx")
    assert place("", revision="made by hand from another format") is None
    assert place("", revision="../../other/repo/resolve/main") is None
    assert place("", source="a package") is None
    assert not store.can_be_pulled(spec("a.onnx", revision="converted (FP16)"))
    assert store.can_be_pulled(spec("a.onnx"))


def test_files_are_compared_with_their_pin_or_with_what_was_installed(tmp_path: Path) -> None:
    model = spec(ModelFile("pinned.onnx", 3, hashlib.sha256(b"abc").hexdigest()), "free.txt")
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "pinned.onnx").write_bytes(b"abc")
    assert store.verify(tmp_path, model) == ["The file free.txt of tiny is not there."]
    (folder / "free.txt").write_bytes(b"cat")
    made = KeptFile(name="made.onnx", size_bytes=1, sha256=hashlib.sha256(b"m").hexdigest(), made_here=True)
    kept = KeptFile(name="free.txt", size_bytes=3, sha256=hashlib.sha256(b"cat").hexdigest())
    (folder / store.MANIFEST).write_bytes(msgspec.json.encode(manifest(kept, made)))
    assert store.verify(tmp_path, model) == ["The file made.onnx is not there."]
    (folder / "made.onnx").write_bytes(b"m")
    assert store.verify(tmp_path, model) == []
    (folder / "free.txt").write_bytes(b"dog")
    (folder / "pinned.onnx").write_bytes(b"abd")
    assert len(store.verify(tmp_path, model)) == 2
    (folder / "pinned.onnx").write_bytes(b"ab")
    assert "has 2 bytes instead of 3" in store.verify(tmp_path, model)[0]


def test_a_manifest_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / store.MANIFEST).write_text("{")
    assert store.read_manifest(tmp_path, spec("a.onnx")) is None


def test_a_hash_of_the_first_pull_counts_for_the_same_place_only(tmp_path: Path) -> None:
    model = spec("a.onnx")
    (tmp_path / "tiny").mkdir()
    kept = KeptFile(name="a.onnx", size_bytes=1, sha256="00", source=f"family/tiny at {COMMIT}")
    (tmp_path / "tiny" / store.MANIFEST).write_bytes(msgspec.json.encode(manifest(kept)))
    assert store.recorded(tmp_path, model, model.files[0]) == "00"
    assert store.recorded(tmp_path, spec("a.onnx", revision="2" * 40), model.files[0]) == ""


def test_removing_takes_what_was_put_there_by_hand_as_well(tmp_path: Path) -> None:
    model = spec("a.onnx", "b/c.onnx")
    for name in ("tiny/a.onnx", "tiny/b/c.onnx", "a.onnx", "other/a.onnx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"123")
    assert store.remove(tmp_path, model) == 9
    assert set(tree(tmp_path)) == {"other/a.onnx"}
    assert store.remove(tmp_path, model) == 0


def test_room_for_the_library_is_kept(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    store.check_space(tmp_path, 1, 1, what="tiny")
    with pytest.raises(DiskFullError, match=r"tiny needs .* MB more on the disk; .* MB are free, and .* MB are kept"):
        store.check_space(tmp_path, free // 2, free // 2 + (1 << 30), what="tiny")


def test_what_a_model_needs_is_said_before_it_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(store.EXTRAS, "torch", ("no_such_module",))
    assert store.missing_requirements(spec(requires=("torch", "json"))) == ["torch"]
    assert store.missing_requirements(spec(converted="made of a checkpoint")) == []
    assert store.missing_requirements(spec(converted="made of a checkpoint"), to_convert=True) == ["torch"]
    with pytest.raises(ModelUnavailableError, match="tiny needs torch, which is not installed") as caught:
        store.check_requirements(spec(converted="made of a checkpoint"))
    assert "homeroll[torch]" in caught.value.hint


def test_what_is_asked_for_survives_and_is_done_in_turn(tmp_path: Path) -> None:
    asked.put(tmp_path, "first", Asked(asked="1"))
    asked.put(tmp_path, "failed", Asked(asked="0", error="offline"))
    asked.put(tmp_path, "second", Asked(asked="2"))
    asked.put(tmp_path, "disk", Asked(asked="3", action="add", folder="/stick"))
    assert list(asked.everything(tmp_path)) == ["disk", "first", "second", "failed"]
    asked.put(tmp_path, "first", Asked(asked="1", paused=True))
    found = asked.get(tmp_path, "first")
    assert found is not None
    assert found.waits
    asked.forget(tmp_path, "first")
    assert asked.get(tmp_path, "first") is None
    (tmp_path / store.PULLS / "second.json").write_text("{torn")
    assert list(asked.everything(tmp_path)) == ["disk", "failed"]


def test_every_model_is_in_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "models.md").read_text()
    assert [name for name in registry.models() if name not in text] == []
