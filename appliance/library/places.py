"""Places by name: the tree of countries, regions and towns that photos were taken in, and towns to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.errors import InvalidInputError
from appliance.library.query import fold

if TYPE_CHECKING:
    from appliance.db.engine import Database
    from appliance.home import Home
    from appliance.library.viewers import Viewer

MOST_TOWNS = 50
COVERS = 1


async def tree(db: Database, viewer: Viewer) -> list[dict[str, Any]]:
    """Countries with most photos first, each with its regions, each with its towns: `name`, `count`, `cover`."""
    owners, arguments = viewer.owners("c")
    visible, seen = viewer.owners("s")
    async with db.read():
        rows = await db.fetch(
            f"""SELECT p."id", p."country", p."country_code", p."region", p."city", sum(c."files") AS "count"
                FROM "place_count" c JOIN "place" p ON p."id" = c."place" WHERE {owners}
                GROUP BY p."id" HAVING sum(c."files") > 0 ORDER BY 6 DESC, p."city" """,
            arguments,
        )
        for row in rows:
            row["cover"] = await db.value(
                f"""SELECT s."file" FROM "file_spot" s WHERE s."place" = ? AND s."shown" AND {visible}
                    ORDER BY s."id" DESC LIMIT 1""",
                [row["id"], *seen],
            )
    countries: dict[str, dict[str, Any]] = {}
    for row in rows:
        country = countries.setdefault(
            row["country"],
            {"name": row["country"], "code": row["country_code"], "count": 0, "cover": row["cover"], "regions": {}},
        )
        region = country["regions"].setdefault(
            row["region"], {"name": row["region"], "count": 0, "cover": row["cover"], "cities": []}
        )
        country["count"] += row["count"]
        region["count"] += row["count"]
        region["cities"].append({"name": row["city"], "count": row["count"], "cover": row["cover"]})
    return [
        country | {"regions": sorted(country["regions"].values(), key=lambda region: -region["count"])}
        for country in sorted(countries.values(), key=lambda country: -country["count"])
    ]


async def find_towns(home: Home, text: str, *, limit: int = 10) -> list[dict[str, Any]]:
    """Towns whose name begins so, the largest first; from the table that comes with Homeroll."""
    if not 1 <= limit <= MOST_TOWNS:
        raise InvalidInputError(f"limit must be between 1 and {MOST_TOWNS}")
    wanted = fold(" ".join(text.split()))
    if len(wanted) < 2:
        return []
    found: list[dict[str, Any]] = await home.compute.run(towns_like, wanted, limit, urgent=True)
    return found


def towns_like(wanted: str, limit: int) -> list[dict[str, Any]]:
    """In the compute process."""
    from appliance.media.gazetteer import towns_like as look_up

    return look_up(wanted, limit)
