"""A library for tests of search: files as rows, with all that can be said of them, without any picture."""

from __future__ import annotations

import math
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from appliance.db.tables import Face, Person, PhotoCaption, StoredFile
from appliance.library import image_index, libraries, meaning, photo_text, tags
from appliance.library.people import name_key
from appliance.values import new_id, now
from ml.base import Embedder, ModelSpec, TextLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pytest

    from appliance.home import Home
    from ml.base import Runtime, Vectors


@dataclass
class Findable:
    """`home` with one library for all owners."""

    home: Home
    library: uuid.UUID

    @classmethod
    async def create(cls, home: Home, root: Path) -> Findable:
        row = await libraries.add_library(home.db, name="photos", root=str(root))
        return cls(home, uuid.UUID(str(row["id"])))

    async def file(
        self,
        content: str = "photo.jpg",
        *,
        owner: uuid.UUID | None = None,
        tag: Iterable[str] = (),
        people: Iterable[uuid.UUID] = (),
        text: str = "",
        caption: str = "",
        place: tuple[str, ...] = (),
        camera: str = "",
        start: str = "2024-05-01T12:00:00.000",
        **columns: Any,
    ) -> uuid.UUID:
        """Each has a path of its own: `content` is below a folder named after its id, unless it names one."""
        file, moment = new_id(), now()
        folder, _, name = content.rpartition("/")
        known = dict(zip(("city", "region", "country"), place, strict=False))
        row = {
            "id": file,
            "filename": name,
            "kind": "photo",
            "mime_type": "image/jpeg",
            "user": owner,
            "library": self.library,
            "content": f"{folder}/{file}/{name}" if folder else f"{file}/{name}",
            "content_sha": file.hex * 2,
            "local_start": start,
            "start": moment,
            "place": msgspec.json.encode(known).decode() if known else None,
            "metadata": msgspec.json.encode({"camera_model": camera} if camera else {}).decode(),
            "created": moment,
            "modified": moment,
            **columns,
        }
        db = self.home.db
        async with db.write():
            await db.insert(StoredFile, [row])
            await tags.set_tags(db, file, tag, source="manual")
            if caption:
                said = msgspec.json.encode({"im2txt": {"version": "1", "caption": caption}}).decode()
                await db.insert(
                    PhotoCaption, [{"id": new_id(), "file": file, "captions_json": said, "modified": moment}]
                )
            if text:
                await self.read_text(file, text)
            for person in people:
                await self.face(file, person)
        return file

    async def read_text(self, file: uuid.UUID, text: str) -> None:
        """As the step `ocr` keeps it.  Inside `db.write()`."""
        corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.2), (0.1, 0.2))
        lines = [TextLine(line, corners, 0.9) for line in text.split("\n")]
        await photo_text.keep(self.home.db, file, photo_text.Reader("rapidocr", "1"), lines)

    async def person(self, name: str, *, owner: uuid.UUID | None = None) -> uuid.UUID:
        person, moment = new_id(), now()
        async with self.home.db.write():
            row = {"id": person, "name": name, "name_key": name_key(name), "user": owner, "held": True}
            await self.home.db.insert(Person, [row | {"created": moment, "modified": moment}])
        return person

    async def face(self, file: uuid.UUID, person: uuid.UUID) -> uuid.UUID:
        """Inside `db.write()`."""
        face, moment = new_id(), now()
        row = {"id": face, "file": file, "person": person, "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
        row |= {"embedding": struct.pack("<8f", *[0.0] * 8), "engine": "dlib", "created": moment, "modified": moment}
        await self.home.db.insert(Face, [row])
        return face


def axis(number: int, off: float = 0.0, dimensions: int = 768) -> bytes:
    """A vector of length 1 along one axis, turned away from it by so much (radians) towards one that no word has."""
    values = [0.0] * dimensions
    values[number], values[dimensions - 1] = math.cos(off), math.sin(off)
    return struct.pack(f"<{dimensions}f", *values)


class WordTower:
    """A text tower that knows some words, each an axis; other words are an axis that no picture has."""

    dimensions = 768
    words: ClassVar[tuple[str, ...]] = ("valley", "dog", "beach", "cat")
    asked: ClassVar[list[str]] = []
    error: ClassVar[Exception | None] = None

    def __init__(self) -> None:
        self.spec = SPEC

    def load(self, runtime: Runtime) -> None:
        if self.error is not None:
            raise self.error

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        self.asked.extend(texts)
        rows = []
        for text in texts:
            known = [self.words.index(word) for word in text.lower().split() if word in self.words]
            rows.append(np.frombuffer(axis(known[0] if known else 700), dtype="<f4"))
        return np.stack(rows)


SPEC = ModelSpec(
    name="siglip2",
    version="1",
    task="embedding",
    title="A tower of words: for tests",
    licence="",
    source="",
    revision="",
    files=(),
    memory_mb=1,
    needs_download=False,
)
WORDS = Embedder(SPEC, WordTower.dimensions, image=WordTower, text=WordTower)  # type: ignore[arg-type]  # no pictures


async def use_words(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search by meaning, with a tower of a few words."""
    monkeypatch.setattr("ml.registry.EMBEDDERS", (WORDS,))
    monkeypatch.setattr(meaning, "_recent", meaning.Vectors())
    monkeypatch.setattr(WordTower, "asked", [])
    await image_index.prepare(home.db)
