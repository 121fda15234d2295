"""Settings: one typed table, read once at start and passed in; the only reader of the environment.

homeroll.toml < environment HOMEROLL_* < flags.  What an admin changes while it runs is a site setting instead
(`library/settings.py`).
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from appliance.access import not_allowed
from appliance.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV_PREFIX = "HOMEROLL_"
#: HOMEROLL_* variables that are read elsewhere by contract and are not settings.
NOT_SETTINGS = frozenset({"HOMEROLL_CORPUS", "HOMEROLL_KEY"})


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that is fixed while the service runs; each field's docstring is its help text."""

    data: Path = Path("/var/lib/homeroll")
    """Directory that holds the database, uploads and renditions."""
    host: str = "0.0.0.0"
    """Address to listen on: every device at home by default; `127.0.0.1` keeps it to this machine."""
    port: int = 8420
    """TCP port of the page and the API."""
    tls_port: int = 8443
    """TCP port of the same by TLS, once `homeroll tls on` was said or a certificate is given."""
    tls_certificate: str = ""
    """File with a certificate (PEM, with those between it and its root) to use instead of Homeroll's own."""
    tls_key: str = ""
    """File with the private key of tls_certificate, without a password."""
    https_only: bool = False
    """Send browsers that open a page by plain HTTP to TLS, while that is served and its certificate has the name."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names the page may be called by, beside localhost, homeroll.local, this machine's name and addresses."""
    mdns: bool = True
    """Announce the service on the network as homeroll.local; never done when it listens to this machine only."""
    compute: Literal["child", "inline"] = "child"
    """Where decoding runs: `child` processes (a bad image cannot take the service down) or `inline` in a thread."""
    compute_workers: int = 0
    """Number of compute processes; 0 means one for each processor core, at most 4."""
    compute_memory_mb: int = 1024
    """Most memory one compute process may take before its file is marked as failed."""
    model_memory_mb: int = 0
    """Most memory that loaded models may take together; 0 means a quarter of the machine's, between 512 and 2048."""
    compute_idle_s: float = 60.0
    """Seconds without work after which compute processes exit and give their memory back."""
    scan_interval_min: int = 60
    """Minutes between scans of every library; 0 switches them off."""
    watch: bool = True
    """Watch library folders for changes, where the file system can tell."""
    trash_days: int = 30
    """Days a trashed file waits before it is removed for good; 0 keeps it until someone empties the trash."""
    max_upload_mb: int = 51200
    """Largest single upload that is taken."""
    reserve_mb: int = 512
    """Free disk space below which uploads are refused and steps pause."""
    session_days: int = 90
    """Days after which a browser must log in again."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""

    def workers(self) -> int:
        return self.compute_workers or max(1, min(4, os.cpu_count() or 1))

    def models_memory_mb(self) -> int:
        memory_mb = (os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) >> 20
        return self.model_memory_mb or max(512, min(2048, memory_mb // 4))


def load_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Read settings from `file` (or DATA/homeroll.toml), then the environment, then flags that are not None.

    Raises ConfigError with the nearest spelling for an unknown key, PermissionDeniedError where this account may not
    read them.
    """
    return trace_settings(file=file, environ=environ, flags=flags)[0]


def trace_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> tuple[Settings, dict[str, str]]:
    """The same as `load_settings`, with the place each value came from for those that are not the default."""
    environ = os.environ if environ is None else environ
    chosen = {name: value for name, value in (flags or {}).items() if value is not None}
    from_environment = _environment(environ)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for path in _files(file, chosen.get("data") or from_environment.get("data")):
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}", hint="Mend the line it names.") from error
        except PermissionError as error:
            raise not_allowed(path) from error
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="Check its disk.") from error
        _refuse_unknown(values, where=str(path))
        origins |= dict.fromkeys(values, str(path))
    values |= from_environment | chosen
    origins |= {name: f"{ENV_PREFIX}{name.upper()}" for name in from_environment}
    origins |= {name: f"--{name.replace('_', '-')}" for name in chosen}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"A setting cannot be used: {error}", hint="`homeroll config` lists them all.") from error
    validate(settings)
    return settings, origins


def api_key(environ: Mapping[str, str] | None = None) -> str | None:
    """The key a command shows to a service elsewhere; a flag would be seen by everyone who lists processes."""
    return (os.environ if environ is None else environ).get(ENV_PREFIX + "KEY") or None


def wants_colour(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the environment says nothing against colours (https://no-color.org)."""
    return not (os.environ if environ is None else environ).get("NO_COLOR")


def wants_debugging(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the environment asks for tracebacks, where settings could not be read or do not matter."""
    return (os.environ if environ is None else environ).get(ENV_PREFIX + "LOG_LEVEL") == "debug"


def supervision(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What systemd says to a service it watches (sd_notify(3), systemd.exec(5)); see `notify.Supervisor`."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY")
    return {name: value for name, value in (os.environ if environ is None else environ).items() if name in names}


def find_data(*, environ: Mapping[str, str] | None = None, here: Path | None = None) -> Path | None:
    """The data directory where no flag names one, or None: then homeroll.toml or the default decides.

    HOMEROLL_DATA first, then `.homeroll` in the current folder, as `install.sh try` makes it.  That one must belong to
    this user: in a shared folder it could be anyone's.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(ENV_PREFIX + "DATA")
    if named:
        return Path(named)
    beside = (here or Path.cwd()) / ".homeroll"
    try:
        ours = beside.is_dir() and beside.stat().st_uid == os.geteuid()
    except OSError:
        return None
    return beside if ours else None


def validate(settings: Settings) -> None:
    """Rules that one field alone cannot state; raises ConfigError."""
    if not 0 <= settings.port <= 65535:
        raise ConfigError("port must be between 0 and 65535", hint="8420 is the default.")
    if not 0 <= settings.tls_port <= 65535:
        raise ConfigError("tls_port must be between 0 and 65535", hint="8443 is the default.")
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        missing = "tls_key" if settings.tls_certificate else "tls_certificate"
        raise ConfigError(f"{missing} is missing", hint="A certificate and its key are given together, or neither.")
    if settings.compute_workers < 0:
        raise ConfigError("compute_workers must be 0 or more", hint="0 chooses by the number of cores.")
    if settings.compute_memory_mb < 256:
        raise ConfigError("compute_memory_mb must be at least 256", hint="A 50 megapixel photo needs about 300.")
    if settings.model_memory_mb and settings.model_memory_mb < 64:
        raise ConfigError("model_memory_mb must be at least 64", hint="0 chooses by the machine's memory.")
    for name in ("scan_interval_min", "trash_days", "reserve_mb"):
        if getattr(settings, name) < 0:
            raise ConfigError(f"{name} must be 0 or more")


def help_texts() -> dict[str, str]:
    """Field name -> help text, read from this file's own docstrings."""
    import ast
    import inspect

    body = ast.parse(inspect.getsource(Settings).lstrip()).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            texts[field.target.id] = str(ast.literal_eval(after.value))
    return texts


def _files(file: Path | None, data: object) -> list[Path]:
    if file is not None:
        return [file]
    beside_data = Path(str(data)) / "homeroll.toml" if data else Path("/etc/homeroll/homeroll.toml")
    try:
        return [beside_data] if beside_data.is_file() else []
    except PermissionError as error:  # the folder is closed to this account
        raise not_allowed(beside_data.parent) from error


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {
        key.removeprefix(ENV_PREFIX).lower(): value
        for key, value in environ.items()
        if key.startswith(ENV_PREFIX) and key not in NOT_SETTINGS
    }
    _refuse_unknown(names, where="the environment")
    lists = {name: tuple(filter(None, names[name].split(","))) for name in names if name == "allowed_hosts"}
    return names | lists


def _refuse_unknown(values: Mapping[str, object], *, where: str) -> None:
    known = [field.name for field in msgspec.structs.fields(Settings)]
    for name in values:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {nearest[0]}?" if nearest else "`homeroll config` lists every setting."
            raise ConfigError(f"Unknown setting {name!r} in {where}", hint=hint)
