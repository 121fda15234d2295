"""What routes answer that their signature does not say: bytes, headers, conditions, and errors beyond the usual ones.

`web/openapi.py` puts it into the API's description, together with what follows from rules; `tests/web/test_openapi.py`
holds every line here to a route, and `tests/web/test_schemathesis.py` every answer to what is described.
"""

from __future__ import annotations

from typing import Any

import msgspec

from web.api.timeline import Month, Months

#: Header -> (JSON schema, what it says).
Headers = dict[str, tuple[dict[str, Any], str]]

TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
ETAG: Headers = {"ETag": (TEXT, "Send it back as If-None-Match: 304 when nothing has changed")}
COOKIE: Headers = {"Set-Cookie": (TEXT, "The session, for browsers")}
TUS: Headers = {"Tus-Resumable": ({"const": "1.0.0"}, "The version of the protocol")}
PROGRESS: Headers = TUS | {
    "Upload-Offset": (COUNT, "How many bytes are here"),
    "Upload-Length": (COUNT, "How many there will be"),
}
ANNOUNCED: Headers = PROGRESS | {"Location": (TEXT, "Where the bytes go")}
ABILITIES: Headers = TUS | {
    "Tus-Version": (TEXT, "Versions that are spoken here"),
    "Tus-Extension": (TEXT, "Extensions that are spoken here"),
    "Tus-Max-Size": (COUNT, "Bytes of the largest upload that is taken"),
    "Tus-Checksum-Algorithm": (TEXT, "For Upload-Checksum"),
}


class Sent(msgspec.Struct, frozen=True):
    """One answer.  `media`: kinds of bytes; `body`: a type that is sent as JSON; `headers` are always there."""

    headers: Headers = {}
    media: tuple[str, ...] = ()
    body: Any = None
    says: str = ""


class Answers(msgspec.Struct, frozen=True):
    """`sent` takes the place of what the signature says; `errors` come beside the usual ones."""

    sent: dict[int, Sent] = {}
    errors: tuple[int, ...] = ()


NOT_MODIFIED = Sent(ETAG, says="You have it: nothing has changed since the ETag that you sent")


def parts_of(*media: str) -> Answers:
    """Bytes of a file, whole or a range of them."""
    whole = ETAG | {"Accept-Ranges": ({"const": "bytes"}, "")}
    part = whole | {"Content-Range": (TEXT, "Which bytes, of how many")}
    return Answers({200: Sent(whole, media), 206: Sent(part, media), 304: NOT_MODIFIED}, errors=(416,))


ORIGINAL = parts_of("image/*", "video/*", "application/octet-stream")
PREVIEW = parts_of("image/*", "application/octet-stream")
VIDEO = parts_of("video/*", "application/octet-stream")
WEBP = Answers({200: Sent(media=("image/webp",))}, errors=(415, 422))

_FILE, _LINK = "/api/v1/files/{file_id}", "/api/v1/s/{token}"

ANSWERS: dict[tuple[str, str], Answers] = {
    ("GET", "/api/v1/metrics"): Answers({200: Sent(media=("text/plain",))}),
    ("GET", "/api/v1/messages"): Answers({200: Sent(media=("text/event-stream",))}),
    ("GET", "/api/v1/timeline"): Answers({200: Sent(ETAG, body=Months), 304: NOT_MODIFIED}),
    ("GET", "/api/v1/timeline/{month}"): Answers({200: Sent(ETAG, body=Month), 304: NOT_MODIFIED}),
    # passwords
    ("POST", "/api/v1/setup"): Answers(errors=(409, 429)),
    ("POST", "/api/v1/auth/login"): Answers(errors=(429,)),
    ("POST", "/api/v1/auth/password"): Answers(errors=(429,)),
    ("POST", "/api/v1/locked/open"): Answers(errors=(429,)),
    ("GET", "/api/v1/auth/me"): Answers(errors=(404,)),
    # pictures and films
    ("GET", f"{_FILE}/content"): Answers(ORIGINAL.sent, errors=(415, 416, 422)),
    ("GET", f"{_FILE}/versions/{{version_id}}/content"): ORIGINAL,
    ("GET", f"{_FILE}/preview"): PREVIEW,
    ("GET", f"{_FILE}/adjustments"): Answers(errors=(409,)),
    ("GET", f"{_FILE}/adjustments/before"): PREVIEW,
    ("PUT", f"{_FILE}/adjustments"): Answers(errors=(409, 415, 422)),
    ("DELETE", f"{_FILE}/adjustments"): Answers(errors=(409, 415, 422)),
    ("GET", f"{_FILE}/video"): VIDEO,
    ("GET", f"{_FILE}/thumbnail"): Answers(
        {
            200: Sent(ETAG, ("image/webp", "image/jpeg")),
            204: Sent(says="There is none yet, and `v=standin` says that this is no error"),
            304: NOT_MODIFIED,
        }
    ),
    ("GET", "/api/v1/faces/{face_id}/thumbnail"): Answers(
        {200: Sent(ETAG, ("image/webp",)), 304: NOT_MODIFIED}, errors=(415, 422)
    ),
    ("GET", "/api/v1/shares/uploads/{upload_id}/thumbnail"): WEBP,
    # sending files
    ("POST", "/api/v1/files"): Answers(errors=(415, 422)),
    ("PUT", f"{_FILE}/content"): Answers(errors=(415, 422)),
    ("OPTIONS", "/api/v1/uploads"): Answers({204: Sent(ABILITIES)}),
    ("POST", "/api/v1/uploads"): Answers({201: Sent(ANNOUNCED)}, errors=(412, 415, 422, 460)),
    ("HEAD", "/api/v1/uploads/{upload_id}"): Answers({200: Sent(PROGRESS)}, errors=(410, 415, 422)),
    ("PATCH", "/api/v1/uploads/{upload_id}"): Answers({204: Sent(PROGRESS)}, errors=(410, 412, 415, 422, 423, 460)),
    ("DELETE", "/api/v1/uploads/{upload_id}"): Answers({204: Sent(TUS)}),
    # by a link
    ("GET", f"{_LINK}/files/{{file_id}}/thumbnail"): WEBP,
    ("GET", f"{_LINK}/files/{{file_id}}/preview"): PREVIEW,
    ("GET", f"{_LINK}/files/{{file_id}}/video"): VIDEO,
    ("GET", f"{_LINK}/files/{{file_id}}/download"): Answers(ORIGINAL.sent, errors=(403, 415, 416, 422)),
    ("POST", f"{_LINK}/open"): Answers(errors=(429,)),
    ("POST", f"{_LINK}/uploads"): Answers(errors=(409, 415, 422)),
}
