"""The one shape of every error, and the one table from error classes to HTTP status."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from appliance.errors import (
    AuthenticationError,
    ComputeError,
    ConflictError,
    DiskFullError,
    HomerollError,
    InvalidInputError,
    ModelUnavailableError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from appliance.importing.uploads import TooLargeError
from appliance.library.share_links import PasswordNeededError

log = logging.getLogger(__name__)


class ErrorBody(msgspec.Struct, frozen=True):
    """What every answer that is not 2xx holds: `code` for programs, the rest for people."""

    code: str
    message: str
    hint: str = ""


class WebError(HomerollError):
    """An error that only HTTP knows; `headers` go into the answer."""

    status = 400

    def __init__(self, message: str, *, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.headers = headers or {}


class TooManyTriesError(WebError):
    code = "too_many_tries"
    status = 429


class WrongPasswordError(WebError):
    """Somebody who is logged in said a password that is not theirs."""

    code = "wrong_password"
    status = 403


class UnknownHostError(WebError):
    code = "unknown_host"
    status = 400


class NotReadyError(WebError):
    """A picture that is still to be made."""

    code = "not_ready"
    status = 404


class UnsatisfiableRangeError(WebError):
    code = "range"
    status = 416


#: The most particular class that matches counts; whatever is not listed is a fault of ours: 500.
STATUS: dict[type[HomerollError], int] = {
    InvalidInputError: 400,
    AuthenticationError: 401,
    PasswordNeededError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedFormatError: 415,
    UnreadableFileError: 422,
    StorageError: 503,
    DiskFullError: 507,
    ComputeError: 503,
    ModelUnavailableError: 503,
}

#: What Litestar itself refuses: status -> code, message, hint.
WORDS: dict[int, tuple[str, str, str]] = {
    400: ("invalid_input", "The request cannot be understood", ""),
    401: ("not_logged_in", "Please log in", ""),
    403: ("not_allowed", "That is not allowed", ""),
    404: ("not_found", "There is nothing at this address", "The API is described at /api/schema."),
    405: ("method_not_allowed", "This address does not do that", "The API is described at /api/schema."),
    413: ("too_large", "The request is too large", "Send files to /uploads, in as many parts as you like."),
    415: ("unsupported_format", "This kind of content is not understood here", ""),
    500: ("internal", "Something went wrong inside Homeroll", "The log of the service tells what."),
}


def status_of(error: HomerollError) -> int:
    if isinstance(error, WebError):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def answer(status: int, body: ErrorBody, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MediaType.JSON,
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )


def homeroll_error(request: Request[Any, Any, Any], error: HomerollError) -> Response[bytes]:
    status = status_of(error)
    if status >= 500:
        # Above 500 it is a state of the machine that the message tells: a trace only where something else is behind it.
        behind = error if status == 500 or error.__cause__ else None
        log.error(
            "method=%s path=%s status=%d code=%s message=%r",
            *(request.method, request.url.path, status, error.code, error.message),
            exc_info=behind,
        )
    headers = dict(error.headers) if isinstance(error, WebError) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Homeroll"'
    return answer(status, ErrorBody(error.code, error.message, error.hint), headers)


def litestar_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    if status >= 500:
        return unexpected_error(request, error)
    code, message, hint = WORDS.get(status, (HTTPStatus(status).phrase.lower().replace(" ", "_"), error.detail, ""))
    if isinstance(error, ValidationException) or (status == 400 and error.detail):
        message = f"{message}: {_what_is_wrong(error)}"
    return answer(status, ErrorBody(code, message, hint), dict(error.headers or {}))


def unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: the traceback is logged here, once, and nothing of it is told."""
    log.error("method=%s path=%s status=500", request.method, request.url.path, exc_info=error)
    return answer(500, ErrorBody(*WORDS[500]))


def _what_is_wrong(error: HTTPException) -> str:
    """Litestar's list of what did not fit, as one sentence."""
    parts = []
    for item in error.extra if isinstance(error.extra, list) else []:
        if isinstance(item, dict):
            key = item.get("key") or item.get("source") or ""
            parts.append(f"{key}: {item.get('message', '')}" if key else str(item.get("message", "")))
    return "; ".join(parts) or error.detail


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    HomerollError: homeroll_error,
    HTTPException: litestar_error,
    Exception: unexpected_error,
}
