"""Files that look like each other, for tests: rows with thumbnails, without any original."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from PIL import Image

from appliance.db.tables import FilePath, StoredFile
from appliance.jobs.base import Progress
from appliance.jobs.find_duplicates import FindDuplicates
from appliance.library import duplicates, libraries, thumbnails
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from numpy.typing import NDArray

    from appliance.home import Home

NOON = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


def scene(number: int, *, width: int = 250, height: int = 188) -> NDArray[np.uint8]:
    """A picture like no other: soft shapes, as photos have; shape (height, width, 3)."""
    chance = np.random.default_rng(number)
    coarse = Image.fromarray(chance.integers(0, 256, size=(9, 12, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def encoded(picture: NDArray[np.uint8] | Image.Image, *, quality: int = 80) -> bytes:
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()


def smaller(picture: NDArray[np.uint8]) -> Image.Image:
    """As a messenger sends it."""
    return Image.fromarray(picture).resize((100, 75), Image.Resampling.LANCZOS)


@dataclass
class Shelf:
    """A library of such files."""

    home: Home
    library: uuid.UUID
    other_library: uuid.UUID
    added: list[uuid.UUID] = field(default_factory=list)

    @classmethod
    async def create(cls, home: Home, folder: Path) -> Shelf:
        made = []
        for name in ("one", "two"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            made.append(await libraries.add_library(home.db, name=name, root=str(folder / name)))
        return cls(home, made[0]["id"], made[1]["id"])

    async def add(
        self,
        picture: NDArray[np.uint8] | Image.Image | bytes | None,
        name: str = "",
        *,
        taken: datetime | None = None,
        user: uuid.UUID | None = None,
        sha: str = "",
        elsewhere: bool = False,
        **columns: Any,
    ) -> uuid.UUID:
        """taken: by the camera's word.   picture: None: there is no thumbnail yet."""
        file, moment = new_id(), now()
        name = name or f"{len(self.added)}.jpg"
        folder, _, base = name.rpartition("/")
        sha = sha or file.hex * 2
        row = {
            "id": file,
            "filename": base,
            "kind": "photo",
            "mime_type": "image/jpeg",
            "size_bytes": 1000,
            "library": self.other_library if elsewhere else self.library,
            "user": user,
            "content": name,
            "content_sha": sha,
            "start": taken,
            "local_start": (taken or NOON).strftime("%Y-%m-%dT%H:%M:%S"),
            "width": 4000,
            "height": 3000,
            "metadata": msgspec.json.encode({"date_source": "exif" if taken else "file"}).decode(),
            "created": moment,
            "modified": moment,
        } | columns
        async with self.home.db.write():
            await self.home.db.insert(StoredFile, [row])
            path = {"id": new_id(), "library": row["library"], "file": file, "folder": folder, "name": base}
            await self.home.db.insert(FilePath, [path])
            if picture is not None:
                webp = picture if isinstance(picture, bytes) else encoded(picture)
                await thumbnails.keep_thumbnail(self.home.db, sha, webp)
        self.added.append(file)
        return file

    async def find(self) -> dict[str, Any]:
        return await FindDuplicates().run(self.home, Progress(lambda: None))

    async def groups(self, viewer: Viewer = LOCAL_ADMIN, kind: str | None = None) -> list[dict[str, Any]]:
        page = await duplicates.list_groups(self.home.db, viewer, kind=kind)
        assert page["total"] == len(page["items"])
        items: list[dict[str, Any]] = page["items"]
        return items

    async def sets(self, viewer: Viewer = LOCAL_ADMIN, kind: str | None = None) -> set[frozenset[uuid.UUID]]:
        """The files of each group."""
        return {frozenset(file["id"] for file in group["files"]) for group in await self.groups(viewer, kind)}


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)
