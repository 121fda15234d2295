"""Rows of files that lie nowhere, for benchmarks of what is done to tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid


def photo_row(library: uuid.UUID, owner: uuid.UUID | None, **columns: object) -> dict[str, Any]:
    """A photo as `stored_file` holds it, with `columns` for what matters to the benchmark."""
    file, moment = new_id(), now()
    return {
        "id": file,
        "filename": "photo.jpg",
        "kind": "photo",
        "mime_type": "image/jpeg",
        "user": owner,
        "library": library,
        "content": f"{file}.jpg",
        "content_sha": file.hex * 2,
        "start": moment,
        "metadata": "{}",
        "created": moment,
        "modified": moment,
    } | columns
