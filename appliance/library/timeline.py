"""The timeline: months with their counts, and one month as columns that SQLite itself writes as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import InvalidInputError
from appliance.library.events import check_event
from appliance.library.people import check_person

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database
    from appliance.library.viewers import Viewer

FAVOURITE, MOTION, RAW_BESIDE, BURST, ANIMATED, NOT_READY = 1, 2, 4, 8, 16, 32

# One row comes back, already JSON: at 180 photos building it in Python would cost more than the whole answer may take.
# The order is that of the inner query; SQLite keeps it for aggregates other than count, min and max
# (https://www.sqlite.org/optoverview.html#omitting_order_by_clauses).
MONTH = f"""
    SELECT json_object(
        'month', ?1,
        'count', count(*),
        'ids', json_group_array("id"),
        'ratio', json_group_array("ratio"),
        'thumbhash', json_group_array("thumbhash"),
        'kind', json_group_array("kind"),
        'start', json_group_array("shown_start"),
        'duration', json_group_array("duration_s"),
        'flags', json_group_array("flags")
    ) AS "answer"
    FROM (
        SELECT
            f."id",
            CASE WHEN f."width" > 0 AND f."height" > 0 THEN round(1.0 * f."width" / f."height", 4) END AS "ratio",
            f."thumbhash",
            f."kind",
            substr(f."local_start", 1, 19) || CASE WHEN f."utc_offset_min" IS NULL THEN '' ELSE
                printf('%s%02d:%02d', CASE WHEN f."utc_offset_min" < 0 THEN '-' ELSE '+' END,
                       abs(f."utc_offset_min") / 60, abs(f."utc_offset_min") % 60)
            END AS "shown_start",
            f."duration_s",
            (f."favourite" <> 0) * {FAVOURITE}
            | (f."motion_offset" IS NOT NULL AND f."adjusted" = '') * {MOTION}
            | (f."burst_id" <> '') * {BURST}
            | (f."animated" <> 0) * {ANIMATED}
            | (f."thumbhash" IS NULL) * {NOT_READY}
            | ifnull((
                SELECT sum(DISTINCT CASE r."role" WHEN 'live_video' THEN (f."adjusted" = '') * {MOTION}
                                     WHEN 'raw_of' THEN {RAW_BESIDE} END)
                FROM "related_file" r WHERE r."related" = f."id"
            ), 0) AS "flags"
        FROM "stored_file" f
        WHERE f."listed" AND f."local_start" >= ?1 AND f."local_start" < ?2 AND {{visible}} AND {{shows}}
        ORDER BY f."local_start" DESC, f."id" DESC
    )
"""


#: A condition on `f`: this person is on it; it is of this event.
SHOWS = """f."id" IN (SELECT fa."file" FROM "face" fa WHERE fa."person" = ? AND fa."shown" AND NOT fa."removed")"""
BELONGS = 'f."id" IN (SELECT fe."file" FROM "file_event" fe WHERE fe."event" = ?)'


async def list_months(
    db: Database, viewer: Viewer, *, person: uuid.UUID | None = None, event: uuid.UUID | None = None
) -> bytes:
    """JSON `{"total", "months": [{"month", "count"}]}`, newest first; of one person or one event only, if one is given.

    Raises NotFoundError for one that the viewer does not see, InvalidInputError for both.
    """
    if person is not None or event is not None:
        return await _months_of(db, viewer, person, event)
    owners, arguments = viewer.owners()
    rows = await db.fetch(
        f"""SELECT "month", sum("files") AS "count" FROM "month_count" WHERE {owners} AND "files" > 0
            GROUP BY "month" ORDER BY "month" DESC""",
        arguments,
    )
    return msgspec.json.encode({"total": sum(row["count"] for row in rows), "months": rows})


async def _months_of(db: Database, viewer: Viewer, person: uuid.UUID | None, event: uuid.UUID | None) -> bytes:
    visible, arguments = viewer.visible("f")
    async with db.read():
        condition, of = await _only(db, viewer, person, event)
        rows = await db.fetch(
            f"""SELECT substr(f."local_start", 1, 7) AS "month", count(*) AS "count" FROM "stored_file" f
                WHERE f."listed" AND {visible} AND {condition} GROUP BY 1 ORDER BY 1 DESC""",
            [*arguments, of],
        )
    return msgspec.json.encode({"total": sum(row["count"] for row in rows), "months": rows})


async def get_month(
    db: Database, viewer: Viewer, month: str, *, person: uuid.UUID | None = None, event: uuid.UUID | None = None
) -> bytes:
    """JSON of one month's columns, newest first; a month with nothing in it has empty columns.  The rest: as above.

    Raises InvalidInputError unless `month` is yyyy-mm.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise InvalidInputError("A month is written like 2024-05")
    visible, arguments = viewer.visible("f")
    # "~" sorts after every digit, "-" and "T" that may follow the month in a time.
    values = [month, f"{month}~", *arguments]
    if person is None and event is None:
        answer: str = await db.value(MONTH.format(visible=visible.replace("?", "?3"), shows="1"), values)
        return answer.encode()
    async with db.read():
        condition, of = await _only(db, viewer, person, event)
        shows = condition.replace("?", f"?{3 + len(arguments)}")
        answer = await db.value(MONTH.format(visible=visible.replace("?", "?3"), shows=shows), [*values, of])
    return answer.encode()


async def _only(db: Database, viewer: Viewer, person: uuid.UUID | None, event: uuid.UUID | None) -> tuple[str, str]:
    """A condition on `f` and its argument."""
    if person is not None and event is not None:
        raise InvalidInputError("Ask for a person or for an event", hint="Leave one of the two out.")
    if event is not None:
        await check_event(db, viewer, event)
        return BELONGS, str(event)
    assert person is not None
    await check_person(db, viewer, person)
    return SHOWS, str(person)
