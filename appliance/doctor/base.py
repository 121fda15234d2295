"""What every check of `homeroll doctor` is given, and what it says."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config import Settings
    from appliance.lock import Holder
    from appliance.paths import DataPaths

State = Literal["ok", "warning", "broken"]
Said = tuple[State, str, str]


class Finding(msgspec.Struct, frozen=True):
    """`state`: ok; warning (works, yet look at it); broken (Homeroll or a part of it cannot work)."""

    check: str
    state: State
    message: str
    hint: str = ""


class House(NamedTuple):
    """What every check is given.  `by`: who has the data directory open now."""

    settings: Settings
    paths: DataPaths
    by: Holder | None

    @property
    def there(self) -> bool:
        return self.paths.database.is_file()

    @property
    def is_served(self) -> bool:
        return self.by is not None and self.by.command == "serve"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the database, [] where there is none yet or it has no such table."""
        if not self.there:
            return []
        try:
            return read(self.paths.database, sql)
        except sqlite3.DatabaseError:
            return []  # `check_database` says what is wrong with it


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on a connection that cannot write, beside a running service or without one."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
