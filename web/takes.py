"""What routes take that their signature does not say: bodies that are streamed, and headers of HTTP and of tus."""

from __future__ import annotations

from typing import Any

import msgspec

from web.answers import COUNT, TEXT, Headers

BYTES = "application/offset+octet-stream"
#: Bytes as they are: no schema, as OpenAPI 3.1 wants it.
ANY_BYTES: dict[str, Any] = {}
VERSION: Headers = {"Tus-Resumable": ({"const": "1.0.0"}, "The version of the protocol")}
BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
METADATA: dict[str, Any] = {"type": "string", "pattern": f"^[a-z]+ {BASE64}(,[a-z]+ {BASE64})*$"}
DIGEST: dict[str, Any] = {"type": "string", "pattern": f"^(sha256|sha1|md5) {BASE64}$"}
CHECKSUM: Headers = {
    "Upload-Checksum": (DIGEST, "sha256, sha1 or md5, a space, and the digest in base64; wrong bytes are refused: 460"),
}
CONDITIONS: Headers = {
    "If-None-Match": (TEXT, "ETags of what you have; 304 when it is still that"),
}
RANGES: Headers = CONDITIONS | {
    "Range": (TEXT, "One range, such as bytes=0-1023; several are answered with all of it"),
    "If-Range": (TEXT, "The ETag of the part that you have; else all of it is sent"),
}
VERSIONED: Headers = {
    "v": (TEXT, "What the address stands for, as in the `*_url` fields; then the answer may be kept for ever"),
}
#: A multipart body: any number of fields called `file`.
FILES: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    """`headers` and `queries` that are read; `media` and `content`: a body that is no JSON."""

    headers: Headers = {}
    required: frozenset[str] = frozenset()
    queries: Headers = {}
    media: str = ""
    content: dict[str, Any] = {}
    body_required: bool = True


CONDITIONAL = Takes(headers=CONDITIONS)
CACHED = Takes(headers=CONDITIONS, queries=VERSIONED)
IN_RANGES = Takes(headers=RANGES, queries=VERSIONED)
_FILE, _LINK = "/api/v1/files/{file_id}", "/api/v1/s/{token}"

TAKES: dict[tuple[str, str], Takes] = {
    ("GET", "/api/v1/timeline"): CONDITIONAL,
    ("GET", "/api/v1/timeline/{month}"): CONDITIONAL,
    ("GET", "/api/v1/faces/{face_id}/thumbnail"): CACHED,
    ("GET", f"{_FILE}/thumbnail"): CACHED,
    ("GET", f"{_FILE}/preview"): IN_RANGES,
    ("GET", f"{_FILE}/video"): IN_RANGES,
    ("GET", f"{_FILE}/content"): IN_RANGES,
    ("GET", f"{_FILE}/versions/{{version_id}}/content"): Takes(headers=RANGES),
    ("GET", f"{_LINK}/files/{{file_id}}/preview"): Takes(headers=RANGES),
    ("GET", f"{_LINK}/files/{{file_id}}/video"): Takes(headers=RANGES),
    ("GET", f"{_LINK}/files/{{file_id}}/download"): Takes(headers=RANGES),
    ("POST", "/api/v1/files"): Takes(media="multipart/form-data", content=FILES),
    ("POST", f"{_LINK}/uploads"): Takes(media="multipart/form-data", content=FILES),
    ("PUT", f"{_FILE}/content"): Takes(media="application/octet-stream", content=ANY_BYTES),
    ("POST", "/api/v1/uploads"): Takes(
        headers=VERSION
        | {
            "Upload-Length": (COUNT, "How many bytes will come"),
            "Upload-Metadata": (METADATA, "`filename` and its base64, as tus writes it"),
        }
        | CHECKSUM,
        required=frozenset({"Tus-Resumable", "Upload-Length"}),
        media=BYTES,
        content=ANY_BYTES,
        body_required=False,
    ),
    ("PATCH", "/api/v1/uploads/{upload_id}"): Takes(
        headers=VERSION | {"Upload-Offset": (COUNT, "Where these bytes begin: as many as are there")} | CHECKSUM,
        required=frozenset({"Tus-Resumable", "Upload-Offset"}),
        media=BYTES,
        content=ANY_BYTES,
    ),
}
