"""A person through the years: the best picture of each year of somebody who has a name.

Only what the timeline shows, dated by a camera, with nobody on it whom the family has hidden; and only people whom the
viewer may know.  Asked with every look at the first page: what it reads is bounded, however large the library is.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from appliance.library.face_index import ids_json
from appliance.library.faces import visible_faces, visible_people

if TYPE_CHECKING:
    import uuid
    from datetime import date

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

#: Fewer are no story.
LEAST_YEARS = 4
#: So many of somebody's best faces are looked at, and of each year so many photos.
MOST_FACES = 3000
MOST_OF_A_YEAR = 8
#: So many people are tried, until one has enough years.
MOST_TRIED = 4
#: Who may be shown: named, and neither hidden nor a stranger; a condition on `p`.
_TOLD = """p."name" <> '' AND NOT p."hidden" AND NOT p."ignored" """
_DATED = """ifnull(f."metadata" ->> '$.date_source', '') <> 'file'"""


async def person_of_the_day(db: Database, viewer: Viewer, today: date, shown: str) -> tuple[Row, list[Row]] | None:
    """Who has their birthday, or else somebody else every day; with their pictures, the first year first."""
    everybody = await _people(db, viewer)
    days = {f"{today:%m-%d}"}
    if (today.month, today.day) == (2, 28) and not calendar.isleap(today.year):
        days.add("02-29")
    birthday = [row for row in everybody if (row["birthday"] or "")[5:] in days]
    place = today.toordinal() % len(everybody) if everybody else 0
    turn = [*everybody[place:], *everybody[:place]]
    for person in [*birthday, *turn][:MOST_TRIED]:
        pictures = await years_of(db, viewer, person["id"], shown)
        if len(pictures) >= LEAST_YEARS:
            return person, pictures
    return None


async def years_of(db: Database, viewer: Viewer, person: uuid.UUID, shown: str) -> list[Row]:
    """The best picture of each year, by time; none of somebody whom the viewer may not know.

    shown: a condition on `f`, of what may be remembered at all.  Rows have `id`, `local_start`, `place`, `favourite`,
    `rating` and `kind`.
    """
    allowed, people_arguments = visible_people(viewer)
    visible, face_arguments = visible_faces(viewer)
    faces = await db.fetch(
        f"""WITH best AS (
                SELECT fa."file", fa."quality" FROM "person" p JOIN "face" fa ON fa."person" = p."id"
                WHERE p."id" = ? AND {_TOLD} AND {allowed} AND fa."shown" AND NOT fa."removed" AND {visible}
                ORDER BY fa."quality" DESC LIMIT {MOST_FACES}
            ) SELECT best."file", best."quality", substr(r."local_start", 1, 4) AS "year"
            FROM best JOIN "file_text_row" r ON r."file" = best."file" ORDER BY best."quality" DESC""",
        [str(person), *people_arguments, *face_arguments],
    )
    quality: dict[str, float] = {}
    many: dict[str, int] = {}
    for row in faces:
        year = str(row["year"] or "")
        if year and many.setdefault(year, 0) < MOST_OF_A_YEAR:
            many[year] += 1
            quality.setdefault(str(row["file"]), row["quality"])
    seen, arguments = viewer.visible("f")
    rows = await db.fetch(
        f"""SELECT f."id", f."local_start", f."place", f."favourite", f."kind", ifnull(f."rating", 0) AS "rating"
            FROM "stored_file" f WHERE f."id" IN (SELECT value FROM json_each(?)) AND {_DATED} AND {shown} AND {seen}
            ORDER BY f."local_start", f."id" """,
        [ids_json(quality), *arguments],
    )
    best: dict[str, Row] = {}
    for row in rows:
        year = row["local_start"][:4]
        if year not in best or _rank(row, quality) > _rank(best[year], quality):
            best[year] = row
    return list(best.values())


async def _people(db: Database, viewer: Viewer) -> list[Row]:
    """Those with enough faces that the viewer sees, always in the same order; from counters."""
    allowed, people_arguments = visible_people(viewer)
    visible, arguments = visible_faces(viewer, "c")
    return await db.fetch(
        f"""SELECT p."id", p."name", p."birthday" FROM "person_count" c JOIN "person" p ON p."id" = c."person"
            WHERE {visible} AND {_TOLD} AND {allowed} GROUP BY p."id" HAVING sum(c."faces") >= {LEAST_YEARS}
            ORDER BY p."id" """,
        [*arguments, *people_arguments],
    )


def _rank(row: Row, quality: dict[str, float]) -> tuple[bool, int, bool, float]:
    return bool(row["favourite"]), row["rating"], row["kind"] != "video", quality[str(row["id"])]
