"""The folder of one backup: its layout, whose it is, and the words for a person who opens it without Homeroll."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from appliance.errors import ConflictError, InvalidInputError, StorageError
from appliance.files import raise_storage_error, sync_folder
from appliance.paths import BACKUP_MARK

MARK = BACKUP_MARK
#: Beside the libraries, by its own name: what guests sent and its owner has not looked at yet.
GUESTS = "guests"
README = """This folder was written by Homeroll.  You need no Homeroll to get your pictures back:

originals/      your photos and videos, as plain files under their own names, a folder for each library
                (which is which: libraries.json).  To check every one of them, in this folder's originals/:
                    sha256sum --quiet -c *.sha256
                guests/ is what guests sent and nobody has looked at yet, each under a number
versions/       earlier contents of uploaded files that were replaced
removed/        what was deleted from the libraries, by the day on which the copy noticed; delete it when you like
database/       snapshots of the database: names, albums, tags, faces.  gunzip one and any SQLite opens it
settings/       homeroll.toml

With Homeroll, on a new machine:    homeroll restore THIS-FOLDER
"""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Which appliance this is a backup of; its presence also says that the disk is mounted."""

    appliance: str
    created: datetime


class BackupFolder(msgspec.Struct, frozen=True):
    """The layout; making the object touches nothing."""

    root: Path

    @property
    def originals(self) -> Path:
        return self.root / "originals"

    @property
    def versions(self) -> Path:
        return self.root / "versions"

    @property
    def removed(self) -> Path:
        return self.root / "removed"

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def settings(self) -> Path:
        return self.root / "settings"

    @property
    def libraries(self) -> Path:
        return self.root / "libraries.json"

    def sums(self, library: str) -> Path:
        return self.originals / f"{library}.sha256"

    def mark(self) -> Mark | None:
        """None when this is not the folder of a backup, or its disk is not mounted."""
        try:
            return msgspec.json.decode((self.root / MARK).read_bytes(), type=Mark)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise StorageError(f"{self.root / MARK} cannot be read", hint="Is its disk failing?") from error

    def open(self, appliance: str, moment: datetime, *, used_before: bool) -> None:
        """Make sure that this is the folder of this appliance's backup, and make it so when it is new.

        used_before: a backup was made here once; then an empty folder is a disk that is not mounted, and writing would
        fill another one.  Raises InvalidInputError, ConflictError or StorageError.
        """
        mark = self.mark()
        if mark is None:
            if used_before:
                raise StorageError(
                    f"The backup is not in {self.root}",
                    hint="Is its disk plugged in and mounted?  On a new disk in its place, choose another folder.",
                )
            if not self.root.is_dir():
                raise InvalidInputError(
                    f"There is no folder {self.root}", hint="Mount the disk and make the folder first."
                )
            if any(entry.name != "lost+found" for entry in self.root.iterdir()):
                raise InvalidInputError(
                    f"{self.root} is not empty and not a backup", hint="Choose an empty folder of its own."
                )
        elif mark.appliance != appliance:
            raise ConflictError(
                f"{self.root} is the backup of another Homeroll", hint="Choose another folder, or restore from it."
            )
        try:
            for folder in (self.originals, self.versions, self.removed, self.database, self.settings):
                folder.mkdir(mode=0o750, exist_ok=True)
            (self.root / "README.txt").write_text(README, encoding="utf-8")
            if mark is None:
                (self.root / MARK).write_bytes(msgspec.json.encode(Mark(appliance=appliance, created=moment)))
                sync_folder(self.root)
        except OSError as error:
            raise_storage_error(error)
