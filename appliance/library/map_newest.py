"""How many photos lie in a box, and the newest of them, without reading all of them.

How many: cells of the map that lie wholly in the box are counted already (`map_cell`); only what lies in the cells on
its edge is looked at one by one.  The newest: where much lies in the box, the timeline is walked until enough of it was
met, which is soon; where little does, R*Tree finds it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.db.piccolo_migrations.m2026_11_21_places import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

    Box = tuple[float, float, float, float]  # west, south, east, north

#: So many cells across, at most: their counters are read one by one.
MOST_CELLS_ACROSS = 96
#: Below that R*Tree finds everything as fast (3.5 us for each).
FEW = 1500
#: The walk may meet so many rows for each file in the box: then it costs no more than R*Tree would (1 us for each).
STEPS_PER_FILE = 3
#: How far the walk goes at first, for each file that is wanted, and how much farther each time.
FIRST_STEPS, FARTHER = 20, 8
#: Wider than what the tree's 32-bit floats round away, and narrow enough to find little too much.
MARGIN = 1e-9


async def count_in(db: Database, viewer: Viewer, halves: Sequence[Box]) -> int:
    """How many spots that the viewer sees lie in the boxes, which do not overlap."""
    return sum([await _count(db, viewer, half) for half in halves])


async def newest_in(
    db: Database, viewer: Viewer, halves: Sequence[Box], *, total: int, limit: int, offset: int
) -> list[Row]:
    """`file` of the newest first; total: what `count_in` said."""
    if total > FEW:
        rows = await _walked(db, viewer, halves, total * STEPS_PER_FILE, limit + offset)
        if len(rows) >= min(limit + offset, total):
            return rows[offset:]
    return await _found(db, viewer, halves, limit, offset)


async def _count(db: Database, viewer: Viewer, box: Box) -> int:
    west, south, east, north = box
    level = next(
        (one for one in reversed(LEVELS) if max(east - west, north - south) * 2**one / 360.0 <= MOST_CELLS_ACROSS),
        LEVELS[0],
    )
    first_x, last_x = _cell(west + 180.0, level), _cell(east + 180.0, level)
    first_y, last_y = _cell(south + 90.0, level), _cell(north + 90.0, level)
    if last_x - first_x < 2 or last_y - first_y < 2:
        return await _on_edge(db, viewer, box, box, "1")
    owners, arguments = viewer.owners()
    whole = await db.value(
        f"""SELECT ifnull(sum("files"), 0) FROM "map_cell" WHERE "level" = ? AND "x" BETWEEN ? AND ?
            AND "y" BETWEEN ? AND ? AND {owners}""",
        [level, first_x + 1, last_x - 1, first_y + 1, last_y - 1, *arguments],
    )
    x, y = _cell_of("longitude", 180.0, level), _cell_of("latitude", 90.0, level)
    inner = f"{x} > {first_x} AND {x} < {last_x}"
    wide = 360.0 / 2**level
    inner_west, inner_east = (first_x + 1) * wide - 180.0, last_x * wide - 180.0
    inner_south, inner_north = (first_y + 1) * wide - 90.0, last_y * wide - 90.0
    # Which cell a spot is in is said by the same arithmetic as its counter: nothing is counted twice or left out.
    strips = (
        ((west, south, inner_west, north), f"{x} <= {first_x}"),
        ((inner_east, south, east, north), f"{x} >= {last_x}"),
        ((inner_west, south, inner_east, inner_south), f"{inner} AND {y} <= {first_y}"),
        ((inner_west, inner_north, inner_east, north), f"{inner} AND {y} >= {last_y}"),
    )
    return int(whole) + sum([await _on_edge(db, viewer, box, strip, which) for strip, which in strips])


async def _on_edge(db: Database, viewer: Viewer, box: Box, strip: Box, which: str) -> int:
    """Spots in a part of the box, one by one."""
    owners, mine = viewer.owners("s")
    tree, tree_values = _tree(strip)
    inside, values = _inside(box)
    return int(
        await db.value(
            f"""SELECT count(*) FROM "file_box" b JOIN "file_spot" s ON s."id" = b."id"
                WHERE {tree} AND {inside} AND s."shown" AND {which} AND {owners}""",
            [*tree_values, *values, *mine],
        )
    )


async def _walked(db: Database, viewer: Viewer, halves: Sequence[Box], most: int, wanted: int) -> list[Row]:
    """Along the timeline from its newest end, a little first, then farther, for at most so many steps; what was met."""
    owners, arguments = viewer.owners("s")
    parts = [_inside(half) for half in halves]
    values = [value for _, values in parts for value in values]
    steps = min(most, FIRST_STEPS * wanted)
    while True:
        end = await db.value(
            """SELECT "local_start" FROM "file_text_row" INDEXED BY "file_text_row_time" WHERE "shown"
               ORDER BY "local_start" DESC LIMIT 1 OFFSET ?""",
            [steps],
        )
        # The plan is fixed: in the order of the index, so that nothing is sorted and the last one ends it.
        rows = await db.fetch(
            f"""SELECT s."file" FROM "file_text_row" r INDEXED BY "file_text_row_time"
                CROSS JOIN "file_spot" s ON s."id" = r."id"
                WHERE r."shown" AND r."local_start" >= ? AND s."shown"
                AND ({" OR ".join(part for part, _ in parts)}) AND {owners}
                ORDER BY r."local_start" DESC, r."id" DESC LIMIT ?""",
            [end or "", *values, *arguments, wanted],
        )
        if len(rows) >= wanted or steps >= most or end is None:
            return rows
        steps = min(most, steps * FARTHER)


async def _found(db: Database, viewer: Viewer, halves: Sequence[Box], limit: int, offset: int) -> list[Row]:
    owners, mine = viewer.owners("s")
    selects, arguments = [], []
    for half in halves:
        tree, tree_values = _tree(half)
        inside, values = _inside(half)
        selects.append(
            f"""SELECT s."id", s."file" FROM "file_box" b JOIN "file_spot" s ON s."id" = b."id"
                WHERE {tree} AND {inside} AND s."shown" AND {owners}"""
        )
        arguments += [*tree_values, *values, *mine]
    # Not flattened: the files of the box are few, those of the timeline many.
    return await db.fetch(
        f"""WITH i AS MATERIALIZED ({" UNION ALL ".join(selects)})
            SELECT i."file" FROM i CROSS JOIN "file_text_row" r ON r."id" = i."id"
            ORDER BY r."local_start" DESC, r."id" DESC LIMIT ? OFFSET ?""",
        [*arguments, limit, offset],
    )


def _tree(box: Box) -> tuple[str, list[object]]:
    """A condition on `b`.  The tree keeps 32-bit floats, rounded outwards: it may find too much, never too little."""
    west, south, east, north = box
    return (
        'b."east" >= ? AND b."west" <= ? AND b."north" >= ? AND b."south" <= ?',
        [west - MARGIN, east + MARGIN, south - MARGIN, north + MARGIN],
    )


def _inside(box: Box) -> tuple[str, list[object]]:
    """A condition on `s`."""
    west, south, east, north = box
    return '(s."longitude" BETWEEN ? AND ? AND s."latitude" BETWEEN ? AND ?)', [west, east, south, north]


def _cell_of(column: str, shift: float, level: int) -> str:
    """As the triggers of `map_cell` count it."""
    return f'CAST((s."{column}" + {shift}) * {2**level} / 360.0 AS INTEGER)'


def _cell(degrees: float, level: int) -> int:
    return int(degrees * 2**level / 360.0)
