"""The metadata step: what the file and its sidecar say.  Read on the way in (`importing/ingest.py`); here for files
whose sidecar changed, for retries, and for new versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import UnreadableFileError
from appliance.importing.ingest import Understood, understand
from appliance.library import decisions, found_faces, intake, relations
from appliance.steps.base import PICTURES, StepBase, original

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Row
    from appliance.home import Home


def read(path: Path, sidecar: Path | None) -> Understood:
    """Raises UnreadableFileError when the metadata cannot be read."""
    seen = understand(path, sidecar=sidecar)
    if seen.metadata is None:
        raise UnreadableFileError(str(path), seen.error, hint=seen.hint)
    return seen


class MetadataStep(StepBase):
    name: str = intake.METADATA_STEP
    version = "1"
    needs: tuple[str, ...] = ()
    kinds = PICTURES | {"sidecar"}
    light = True
    timeout_s = 60.0
    run = staticmethod(read)

    async def arguments(self, home: Home, row: Row) -> tuple[Any, ...]:
        return original(row), Path(row["root"], row["sidecar"]) if row["sidecar"] else None

    async def prepare(self, home: Home, row: Row, result: Understood) -> None:
        pass

    async def save(self, home: Home, row: Row, result: Understood) -> str:
        await intake.redescribe(
            home.db,
            row["id"],
            kind=result.kind,
            mime_type=result.mime_type,
            metadata=result.metadata,
            sidecar_sha=result.sidecar_sha,
        )
        stated = await home.db.value('SELECT "metadata" FROM "stored_file" WHERE "id" = ?', [str(row["id"])])
        if await found_faces.import_regions(home.db, row["id"], stated):
            await decisions.look_again(home.db, [row["id"]])
        folder = row["content"].rpartition("/")[0]
        # Who has which sidecar is a matter of names, which reading does not change: nobody else is due because of it.
        await relations.relate(home.db, row["library"], [folder], wake=False)
        return ""

    async def fail(self, home: Home, file: uuid.UUID) -> None:
        pass
