"""An album of people for tests: faces as the step `faces` would have found them, without any picture."""

from __future__ import annotations

import math
import random
import struct
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import FileStep, StoredFile
from appliance.jobs.base import Progress
from appliance.jobs.cluster_faces import ClusterFaces
from appliance.library import decisions, face_index, libraries
from appliance.library.found_faces import Analysis, keep_analysis
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now
from ml.base import FoundFace
from tests.appliance.portraits import HUES
from tests.fakes import FakeFaceEngine, OtherFaceEngine

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from appliance.home import Home


def embedding(hue: float, dimensions: int = 8) -> bytes:
    """What `FakeFaceEngine` answers for a patch of this hue."""
    values = [math.cos(2 * math.pi * hue), math.sin(2 * math.pi * hue)] + [0.0] * (dimensions - 2)
    return struct.pack(f"<{dimensions}f", *values)


def found(place: int, hue: float, *, dimensions: int = 8, quality: float = 0.5) -> FoundFace:
    """The face at the `place`th of five places on a photo."""
    return FoundFace(
        box=(0.02 + 0.19 * place, 0.1, 0.15, 0.2),
        score=0.9,
        quality=quality,
        usable=True,
        reason="",
        embedding=embedding(hue, dimensions),
    )


@dataclass
class Album:
    """`on`: who is on each photo, by the file's id, from left to right."""

    home: Home
    library: uuid.UUID
    on: dict[uuid.UUID, tuple[str, ...]] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    @classmethod
    async def create(cls, home: Home, photos: Path) -> Album:
        row = await libraries.add_library(home.db, name="photos", root=str(photos))
        return cls(home, uuid.UUID(str(row["id"])))

    async def photo(self, *who: str, number: int = 0, metadata: dict[str, Any] | None = None) -> uuid.UUID:
        file = new_id()
        moment = now()
        async with self.home.db.write():
            await self.home.db.insert(
                StoredFile,
                [
                    {
                        "id": file,
                        "filename": f"{'-'.join(who)}-{number}.jpg",
                        "kind": "photo",
                        "mime_type": "image/jpeg",
                        "library": self.library,
                        "content": f"{file}.jpg",
                        "content_sha": file.hex,
                        "local_start": "2024-05-01T12:00:00.000",
                        "metadata": msgspec.json.encode(metadata or {}).decode(),
                        "created": moment,
                        "modified": moment,
                    }
                ],
            )
            await self.home.db.insert(
                FileStep,
                [
                    {
                        "id": new_id(),
                        "file": file,
                        "step": "faces",
                        "version": "1",
                        "status": "done",
                        "modified": moment,
                    }
                ],
            )
        self.on[file] = who
        await self.look_again(file)
        return file

    async def look_again(self, file: uuid.UUID) -> None:
        """The engine in use sees everyone who is on this photo."""
        engine = await face_index.engine_in_use(self.home.db)
        seen = [
            found(
                place,
                (HUES[name] + self.chance.uniform(-0.004, 0.004)) % 1.0,
                dimensions=engine.dimensions,
                quality=self.chance.random(),
            )
            for place, name in enumerate(self.on[file])
        ]
        row = await self.home.db.fetch_one('SELECT * FROM "stored_file" WHERE "id" = ?', [str(file)])
        assert row is not None
        async with self.home.db.write():
            await keep_analysis(self.home.db, row, Analysis(engine.name, engine.version, seen, []))

    async def cluster(self, *, quick: bool = False) -> dict[str, Any]:
        return await ClusterFaces().run(self.home, Progress(lambda: None), quick=quick)

    async def face(self, name: str, number: int) -> uuid.UUID:
        """The face of `name` on the `number`th photo that they are on."""
        file = [file for file, who in self.on.items() if name in who][number]
        place = self.on[file].index(name)
        row = await self.home.db.fetch_one(
            'SELECT "id" FROM "face" WHERE "file" = ? AND abs("x" - ?) < 0.001', [str(file), 0.02 + 0.19 * place]
        )
        assert row is not None
        face: uuid.UUID = row["id"]
        return face

    async def person(self, name: str) -> uuid.UUID:
        """Who most faces of `name` are taken for."""
        counts: dict[uuid.UUID, int] = {}
        for number in range(sum(name in who for who in self.on.values())):
            row = await self.home.db.fetch_one(
                'SELECT "person" FROM "face" WHERE "id" = ?', [str(await self.face(name, number))]
            )
            if row is not None and row["person"] is not None:
                counts[row["person"]] = counts.get(row["person"], 0) + 1
        return max(counts, key=lambda person: counts[person])

    async def people(self) -> dict[str, int]:
        """Name -> faces of the group that is theirs; only who has one."""
        rows = await self.home.db.fetch(
            'SELECT "person", count(*) AS "faces" FROM "face" WHERE "person" IS NOT NULL GROUP BY "person"'
        )
        sizes = {row["person"]: row["faces"] for row in rows}
        found: dict[str, int] = {}
        for name in HUES:
            if sum(name in who for who in self.on.values()) > 1:
                found[name] = sizes[await self.person(name)]
        assert len(found) == len(sizes)
        return found

    async def change(self, person: uuid.UUID, *, viewer: Viewer = LOCAL_ADMIN, **marks: Any) -> uuid.UUID | None:
        return await decisions.change_person(self.home.db, self.home.bus, viewer, person, marks)

    async def new_engine_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another version of the engine, which has looked at every photo again."""

        class Newer(FakeFaceEngine):
            spec = msgspec.structs.replace(FakeFaceEngine.spec, version="2")
            dimensions = 6

        monkeypatch.setattr("ml.registry.FACE_ENGINES", (Newer, OtherFaceEngine))
        assert await face_index.prepare(self.home.db)
        for file in self.on:
            await self.look_again(file)

    async def check_nobody_twice(self) -> None:
        """No two faces of one photo are one person, but where somebody said so."""
        rows = await self.home.db.fetch(
            """SELECT "file", "person" FROM "face" WHERE "person" IS NOT NULL AND NOT "removed"
               GROUP BY "file", "person" HAVING count(*) > 1 AND sum("confirmed") < count(*)"""
        )
        assert rows == []


async def state(home: Home) -> dict[str, Any]:
    """All that people say of people: what an undo must bring back exactly."""
    who = await home.db.fetch(
        """SELECT "id", "name", "name_key", "user", "held", "hidden", "favourite", "ignored", "birthday", "cover_face"
           FROM "person" ORDER BY "id" """
    )
    which = await home.db.fetch('SELECT "id", "person", "confirmed", "removed" FROM "face" ORDER BY "id"')
    rejections = await home.db.fetch('SELECT "face", "person" FROM "face_rejection" ORDER BY 1, 2')
    apart = await home.db.fetch('SELECT "person", "other" FROM "person_apart" ORDER BY 1, 2')
    return {
        "people": {str(row.pop("id")): row for row in who},
        "faces": {str(row.pop("id")): row for row in which},
        "rejections": [(str(row["face"]), str(row["person"])) for row in rejections],
        "apart": [(str(row["person"]), str(row["other"])) for row in apart],
    }
