"""What install.sh asks of an installed Homeroll; run by the environment it asks about: `PYTHON - ACTION < upkeep.py`.

defaults            print homeroll.toml with every setting as a comment
setting NAME        print one setting, as /etc/homeroll/homeroll.toml has it
snapshot            write a proven snapshot of the database, print its name; the service is stopped
put-back SNAPSHOT   make the snapshot the database again; the service is stopped
answers             0 if the running service answers, page and database
is-new              0 if nobody has set it up yet
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from appliance.backup.snapshots import check_snapshot, list_snapshots, take_snapshot, unpack_snapshot
from appliance.config import Settings, help_texts, load_settings
from appliance.errors import HomerollError
from appliance.files import TEMPORARY_PREFIX, sync_folder
from appliance.paths import DataPaths

SETTINGS = Path("/etc/homeroll/homeroll.toml")
ANSWER_S = 60.0


def settings() -> Settings:
    return load_settings(file=SETTINGS if SETTINGS.exists() else None, environ={})


def defaults() -> None:
    print("# Homeroll's settings: remove the # before a line to change it, then: sudo systemctl restart homeroll")
    print("# What may change while it runs is in the page's settings, or: homeroll config set NAME VALUE")
    texts = help_texts()
    for field in msgspec.structs.fields(Settings):
        value = msgspec.to_builtins(field.default, enc_hook=str)
        print(f"\n# {texts.get(field.name, '')}\n#{field.name} = {json.dumps(value)}")


def snapshot() -> None:
    paths = DataPaths(settings().data.resolve())
    print(take_snapshot(paths.database, paths.backups, datetime.now(UTC)).name)


def put_back(name: str) -> None:
    """The present database is kept as backups/after-failed-upgrade.db; the exchange itself is one rename."""
    paths = DataPaths(settings().data.resolve())
    wanted = next(one for one in list_snapshots(paths.backups) if one.name == name)
    with tempfile.TemporaryDirectory(dir=paths.root, prefix=TEMPORARY_PREFIX) as scratch:
        packed, unpacked = paths.backups / name, Path(scratch, "homeroll.db")
        check_snapshot(packed, wanted, scratch=Path(scratch))
        unpack_snapshot(packed, unpacked)
        unpacked.chmod(0o640)
        # A write-ahead log belongs to its own database: it must be gone before another one takes the name.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(paths.database)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = paths.backups / "after-failed-upgrade.db"
        kept.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.link(paths.database, kept)
        for ending in ("-wal", "-shm"):
            paths.database.with_name(paths.database.name + ending).unlink(missing_ok=True)
        unpacked.replace(paths.database)
        sync_folder(paths.root)


def answers() -> None:
    """Retried for a minute: a small machine is busy after a start."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            health = ask("/api/v1/health")
            broken = [reason["message"] for reason in health["reasons"] if reason["part"] == "database"]
            if not broken:
                print(json.dumps(health))
                return
            problem = "; ".join(broken)
        except (OSError, ValueError, http.client.HTTPException) as error:
            problem = str(error)
        if time.monotonic() > deadline:
            sys.exit(f"The service does not answer as it should: {problem}")
        time.sleep(1)


def is_new() -> None:
    sys.exit(0 if ask("/api/v1/server")["setup_required"] else 1)


def ask(path: str) -> dict[str, Any]:
    """GET as the local admin, over the socket that a browser does not need."""
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(20)
    connection.sock.connect(str(DataPaths(settings().data.resolve()).admin_socket))
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"{path}: HTTP {answer.status}")
        told: dict[str, Any] = json.loads(answer.read())
        return told


def main(action: str, *rest: str) -> None:
    if action == "defaults":
        defaults()
    elif action == "setting":
        print(msgspec.to_builtins(getattr(settings(), rest[0]), enc_hook=str))
    elif action == "snapshot":
        snapshot()
    elif action == "put-back":
        put_back(rest[0])
    elif action == "answers":
        answers()
    elif action == "is-new":
        is_new()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except HomerollError as error:
        sys.exit(f"{error.message}\n{error.hint}".strip())
