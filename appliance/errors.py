"""Every error Homeroll raises on purpose.

HomerollError
├── ConfigError              settings that cannot be used
├── NotFoundError            no such thing, or not visible to the caller
├── InvalidInputError        the request cannot be understood
├── ConflictError            it clashes with what is already there
├── AccessError
│   ├── AuthenticationError      who are you?
│   └── PermissionDeniedError    known, but not allowed
├── MediaError(path)         one file is bad: recorded on its step, the rest goes on
│   ├── UnreadableFileError      damaged or not readable now; a retry may help
│   └── UnsupportedFormatError   final until the step's version changes
├── ModelError(model)        a feature is degraded; health says so
│   ├── ModelUnavailableError
│   └── ModelOutputError
├── ComputeError             the compute child died or ran out of time on one piece of work
│   └── ComputeUnavailableError  no child can be started: no file's fault, the runner waits
└── StorageError             the disk or database cannot be used; the runner pauses
    ├── DiskFullError
    ├── DatabaseBusyError
    ├── DatabaseDamagedError   its pages are not what was written: a snapshot has to take its place
    └── ReadOnlyError

`message` is written for the family, `hint` says what to do next.  Errors are translated once, at the edge: HTTP in
`web/errors.py`, exit codes in `cli.py`, step rows in `steps/runner.py`.
"""

from __future__ import annotations


class HomerollError(Exception):
    """The root: `code` is stable for programs, `message` is for people, `hint` says what to do."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross the process boundary of the compute child; keep every attribute on the way."""
        return (_rebuild, (type(self), self.__dict__.copy(), self.args))


def _rebuild(kind: type[HomerollError], state: dict[str, object], args: tuple[object, ...]) -> HomerollError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(HomerollError):
    code = "config"


class NotFoundError(HomerollError):
    code = "not_found"


class InvalidInputError(HomerollError):
    code = "invalid_input"


class ConflictError(HomerollError):
    code = "conflict"


class AccessError(HomerollError):
    code = "access"


class AuthenticationError(AccessError):
    code = "not_logged_in"


class PermissionDeniedError(AccessError):
    code = "not_allowed"


class MediaError(HomerollError):
    """`path` is the file as the step saw it, for the log; the message never needs it."""

    code = "media"

    def __init__(self, path: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class UnreadableFileError(MediaError):
    code = "unreadable_file"


class UnsupportedFormatError(MediaError):
    code = "unsupported_format"


class ModelError(HomerollError):
    code = "model"

    def __init__(self, model: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.model = model


class ModelUnavailableError(ModelError):
    code = "model_unavailable"


class ModelOutputError(ModelError):
    code = "model_output"


class ComputeError(HomerollError):
    code = "compute"


class ComputeUnavailableError(ComputeError):
    code = "compute_unavailable"


class StorageError(HomerollError):
    code = "storage"


class DiskFullError(StorageError):
    code = "disk_full"


class DatabaseBusyError(StorageError):
    code = "database_busy"


class DatabaseDamagedError(StorageError):
    code = "database_damaged"


class ReadOnlyError(StorageError):
    code = "read_only"
