"""How SQLite goes about a statement that was recorded: its query plan, asked for when somebody looks.

Only statements of the service's own come here, as a trace holds them, never text that somebody sends.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Literal

import msgspec

from appliance.errors import ConflictError

if TYPE_CHECKING:
    from appliance.db.engine import Database
    from appliance.trace import Statement


class PlanLine(msgspec.Struct, frozen=True):
    """One line as SQLite says it.  `notable`: it reads a whole table, or sorts what no index has in that order."""

    depth: int
    text: str
    notable: Literal["", "scan", "sort"]


async def plan_of(db: Database, statement: Statement) -> list[PlanLine]:
    """Without the values that it ran with, which nobody kept: a plan that depends on them may have been another one.

    Raises ConflictError where there is none to tell.
    """
    if not statement.whole:
        raise ConflictError("This statement is too long to be kept whole", hint="Its beginning may say where it is.")
    try:
        rows = await db.fetch(f"EXPLAIN QUERY PLAN {statement.sql}", [None] * statement.arguments)
    except sqlite3.Error as error:
        raise ConflictError(
            f"SQLite tells no plan of it: {error}", hint="It may have used a table of its own that is gone."
        ) from error
    depths = {0: -1}
    lines = []
    for row in rows:
        depths[row["id"]] = depths.get(row["parent"], -1) + 1
        lines.append(PlanLine(depths[row["id"]], row["detail"], _notable(row["detail"])))
    return lines


def _notable(detail: str) -> Literal["", "scan", "sort"]:
    if detail.startswith("USE TEMP B-TREE"):
        return "sort"
    # Of what is no table but rows made on the way, or in memory, there is nothing to search by.
    made = ("SCAN CONSTANT ROW", "SCAN (")
    return "scan" if detail.startswith("SCAN ") and "INDEX" not in detail and not detail.startswith(made) else ""
