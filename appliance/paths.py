"""Where things live below the data directory; the only place that joins these names."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

#: In the folder of every backup; says whose it is (`backup/folder.py`).
BACKUP_MARK = "homeroll-backup.json"


def is_ours(folder: Path) -> bool:
    """Whether this is a data directory or a backup: copies of pictures in there are none of the family's.  Blocks."""
    return any(
        os.path.exists(folder / mark) and os.path.isdir(folder / inside)  # noqa: PTH110, PTH112 - these never raise
        for mark, inside in ((BACKUP_MARK, "originals"), ("homeroll.db", "incoming"))
    )


class DataPaths(msgspec.Struct, frozen=True):
    """The layout of one data directory; making the object touches nothing, `create` makes the folders."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "homeroll.db"

    @property
    def thumbnails(self) -> Path:
        return self.root / "thumbnails.db"

    @property
    def previews(self) -> Path:
        return self.root / "previews"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def versions(self) -> Path:
        return self.root / "versions"

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def tls(self) -> Path:
        """Keys and certificates; made when they are asked for."""
        return self.root / "tls"

    @property
    def incoming(self) -> Path:
        """Uploads on their way: on the same file system as `uploads`, so that a rename finishes them."""
        return self.root / "incoming"

    @property
    def quarantine(self) -> Path:
        """What guests sent, until its owner has looked at it; made when the first comes."""
        return self.root / "quarantine"

    @property
    def admin_socket(self) -> Path:
        return self.root / "admin.sock"

    @property
    def suspect(self) -> Path:
        """A mark that the next start must look closely at the database; after a refused start it says why."""
        return self.root / "homeroll.db.suspect"

    @property
    def put_back(self) -> Path:
        """When the database was last replaced by that of an earlier day; read by `jobs/empty_trash.py`."""
        return self.root / "homeroll.db.put-back"

    @property
    def lock(self) -> Path:
        return self.root / "homeroll.lock"

    def preview(self, name: str) -> Path:
        """Previews are named by content, so a moved file keeps its own and equal files share one; an adjusted picture's
        by content and recipe (`library/renditions.py`)."""
        return self.previews / name[:2] / name

    def refused(self) -> str:
        """Why the service refused to start, and the way back; "" when it did not.  Blocks for a small file."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self.suspect.read_text(encoding="utf-8").strip()
        return ""

    def create(self) -> None:
        self.root.mkdir(mode=0o750, parents=True, exist_ok=True)
        for folder in (self.previews, self.uploads, self.versions, self.trash, self.models, self.backups):
            folder.mkdir(mode=0o750, exist_ok=True)
        self.incoming.mkdir(mode=0o700, exist_ok=True)
