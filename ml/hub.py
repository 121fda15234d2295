"""Files from the model hub, its mirrors and plain web servers, with resume: only in the process that fetches.

huggingface_hub speaks the protocol: revisions, ETags, redirects, HF_ENDPOINT, proxies.  Its own `hf_hub_download`
starts a file anew in every process, so what is kept between processes is kept here: a part per file and identity.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

import msgspec

from appliance.errors import DiskFullError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ml.store import Place

#: Set before huggingface_hub is imported.  Without Xet a pull is plain HTTP, which mirrors speak and which resumes.
ENVIRONMENT: Mapping[str, str] = {
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
}
HEADERS: Mapping[str, str] = {"user-agent": "homeroll", "accept-encoding": "identity"}
BLOCK_BYTES = 256 << 10  # what a kill costs at most
TIMEOUT_S = 20.0
TRIES = 3  # in a row that bring nothing
PATIENCE_S = 1.0
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class NotNowError(ModelUnavailableError):
    """Nobody's fault and nothing to mend: worth another try later."""


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of a file.  `url`: where its bytes are; it may be good for a short time only."""

    url: str
    etag: str = ""
    size_bytes: int | None = None
    commit: str = ""

    @property
    def sha256(self) -> str:
        """The hub's ETag of a large file is its hash."""
        return self.etag if _SHA256.fullmatch(self.etag) else ""

    @property
    def identity(self) -> str:
        """The same for the same bytes; "" when the server does not say: then nothing can be resumed."""
        return self.etag and f"{self.etag} {self.size_bytes}"


def look(model: str, place: Place, name: str) -> Remote:
    """Ask for a file without its bytes.

    Raises NotNowError when nobody answers, ModelUnavailableError when the file is not there.
    """
    return _patiently(model, place, lambda: _look_at_url(place.url) if place.url else _look_at_hub(model, place, name))


def fetch(
    model: str,
    place: Place,
    name: str,
    part: Path,
    *,
    identity: str,
    reserve_bytes: int,
    tell: Callable[[int], None],
) -> None:
    """Bring `part`, which may hold the beginning, to the whole file.

    identity: what the file must still be (`Remote.identity`); "" when its hash is known and decides.
    tell: called with the number of bytes that `part` has.
    Raises DiskFullError before the reserve is used up; what is there then stays.  Raises as `look` otherwise.
    """
    size = -1
    tries = 0
    while True:
        remote = look(model, place, name)
        if identity and remote.identity != identity:
            raise NotNowError(
                model, f"{name} changed at {place} while it was fetched.", hint="Try again; nothing was changed here."
            )
        try:
            _get(model, place, remote, part, reserve_bytes, tell)
        except ConnectionError as error:
            grown = part.stat().st_size if part.exists() else 0
            tries = 0 if grown > size else tries + 1
            size = grown
            if tries >= TRIES:
                raise _cannot_reach(model, place, error) from error
            time.sleep(PATIENCE_S)
        else:
            return


def part_name(name: str, identity: str) -> str:
    """Parts of different contents have different names: they are never mixed."""
    return hashlib.sha256(f"{name}\n{identity}".encode()).hexdigest()[:32] + ".part"


def _look_at_hub(model: str, place: Place, name: str) -> Remote:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(place.repository, name, revision=place.revision)
    found = get_hf_file_metadata(url, token=False, timeout=TIMEOUT_S, headers=dict(HEADERS))
    if not found.commit_hash or not found.etag:
        raise NotNowError(
            model,
            f"What answers at {urlsplit(url).netloc} is no model hub.",
            hint="A page to log in to a network may stand in between, or HF_ENDPOINT names something else.",
        )
    if _COMMIT.fullmatch(place.revision) and found.commit_hash != place.revision:
        raise ModelUnavailableError(
            model,
            f"{place.repository} was asked for {place.revision[:12]} and answered with {found.commit_hash[:12]}.",
            hint="The mirror that HF_ENDPOINT names may be broken; nothing was changed.",
        )
    return Remote(url=found.location, etag=found.etag, size_bytes=found.size, commit=found.commit_hash)


def _look_at_url(url: str) -> Remote:
    from huggingface_hub import get_session, hf_raise_for_status

    answer = get_session().head(url, headers=dict(HEADERS), timeout=TIMEOUT_S)
    if answer.status_code in (405, 501):
        return Remote(url=url)
    hf_raise_for_status(answer)
    length = answer.headers.get("content-length", "")
    return Remote(
        url=url,
        etag=(answer.headers.get("etag") or answer.headers.get("last-modified") or "").removeprefix("W/").strip('"'),
        size_bytes=int(length) if length.isdecimal() else None,
    )


def _get(model: str, place: Place, remote: Remote, part: Path, reserve_bytes: int, tell: Callable[[int], None]) -> None:
    """One try.  Raises ConnectionError for whatever another one may mend."""
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import http_get

    constants.DOWNLOAD_CHUNK_SIZE = BLOCK_BYTES  # its own 10 MB are lost with each cut
    start = part.stat().st_size if part.exists() else 0
    if not remote.identity or (remote.size_bytes is not None and start > remote.size_bytes):
        start = 0
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            tell(start)
            http_get(
                remote.url,
                cast("BinaryIO", _Watched(file, part.parent, reserve_bytes, tell)),
                resume_size=start,
                headers=dict(HEADERS),
                expected_size=remote.size_bytes,
            )
    except httpx2.TransportError as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    except HfHubHTTPError as error:
        if error.response.status_code == 416:  # the part is no beginning of what is there now
            part.unlink()
        if error.response.status_code in LATER | {403, 416}:  # 403: the address has expired
            raise ConnectionError(f"HTTP {error.response.status_code}") from error
        raise _refused(model, place, error.response.status_code) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)  # the library needs the room more
            raise DiskFullError(
                "The disk became full while the model was fetched; nothing of it was installed.",
                hint="Free some space, then pull it again.",
            ) from error
        if error.errno is None:  # the answer ended early, or was longer than announced
            if part.exists() and remote.size_bytes is not None and part.stat().st_size > remote.size_bytes:
                part.unlink()
            raise ConnectionError("the answer was not complete") from error
        raise


class _Watched:
    """A file that tells how long it is, and stops before the disk is full."""

    def __init__(self, file: BinaryIO, folder: Path, reserve_bytes: int, tell: Callable[[int], None]) -> None:
        self._file, self._folder, self._reserve, self._tell = file, folder, reserve_bytes, tell
        self.seek, self.tell, self.truncate = file.seek, file.tell, file.truncate

    def write(self, data: bytes) -> int:
        if self._reserve and shutil.disk_usage(self._folder).free - len(data) < self._reserve:
            raise DiskFullError(
                "The disk became too full while the model was fetched; what is there so far is kept.",
                hint="Free some space; the pull then goes on.",
            )
        written = self._file.write(data)
        self._file.flush()
        self._tell(self._file.tell())
        return written


def _patiently(model: str, place: Place, ask: Callable[[], Remote]) -> Remote:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    last: Exception = ConnectionError()
    for number in range(TRIES):
        time.sleep(PATIENCE_S if number else 0)
        try:
            return ask()
        except OfflineModeIsEnabled as error:
            raise NotNowError(model, "Downloads are switched off by HF_HUB_OFFLINE.", hint="Unset it.") from error
        except httpx2.TransportError as error:
            last = error
        except HfHubHTTPError as error:
            if error.response.status_code not in LATER:
                raise _refused(model, place, error.response.status_code) from error
            last = error
    raise _cannot_reach(model, place, last) from last


def _refused(model: str, place: Place, status: int) -> ModelUnavailableError:
    if status in (401, 403, 404, 410):
        return ModelUnavailableError(
            model,
            f"{place} does not have this file, or does not give it to everyone (HTTP {status}).",
            hint=f"Is there a newer Homeroll?  Or bring the files: homeroll models add {model} DIR",
        )
    return ModelUnavailableError(model, f"{place} answers with HTTP {status}.", hint="Try again later.")


def _cannot_reach(model: str, place: Place, error: Exception) -> NotNowError:
    from huggingface_hub import constants

    host = urlsplit(place.url or constants.ENDPOINT).netloc
    reason = (str(error).splitlines() or [""])[0].strip() or type(error).__name__
    return NotNowError(
        model,
        f"{host} cannot be reached ({reason}).",
        hint="Is this machine online?  A running service tries again by itself and goes on where it stopped.  "
        f"Or bring the files on a disk: homeroll models add {model} DIR",
    )
