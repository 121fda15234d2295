"""The metadata step: what the file and its sidecar say.  Read on the way in (`importing/ingest.py`); here for files
whose sidecar changed, for retries, and for new versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import UnreadableFileError
from appliance.importing.ingest import Examined, examine
from appliance.library import intake, relations, tags
from appliance.steps.base import PICTURES, original

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.db.engine import Row
    from appliance.home import Home


def read(path: Path, folder: Path, sidecar: str) -> Examined:
    """Raises UnreadableFileError when the metadata cannot be read."""
    seen = examine(path, sidecar=folder / sidecar if sidecar else None)
    if seen.metadata is None:
        raise UnreadableFileError(str(path), seen.error, hint=seen.hint)
    return seen


class MetadataStep:
    name: str = intake.METADATA_STEP
    version = "1"
    needs: tuple[str, ...] = ()
    kinds = PICTURES | {"sidecar"}
    light = True
    timeout_s = 60.0
    run = staticmethod(read)

    def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        path = original(row)
        return path, path.parent, row["sidecar"] or ""

    async def prepare(self, home: Home, row: Row, result: Examined) -> None:
        pass

    async def save(self, home: Home, row: Row, result: Examined) -> str:
        file: uuid.UUID = row["id"]
        metadata = result.metadata
        assert metadata is not None
        processed = msgspec.json.decode(row["processor_metadata"])
        processed[self.name] = {"reader": metadata.reader, "sidecar": result.sidecar_sha}
        values = intake.describe(result.kind, result.mime_type, metadata)
        values["processor_metadata"] = msgspec.json.encode(processed).decode()
        await intake.update(home.db, file, values)
        await tags.set_tags(home.db, file, metadata.keywords, source="exif")
        folder = row["content"].rpartition("/")[0]
        await relations.relate(home.db, row["library"], [folder])
        return ""

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        pass
