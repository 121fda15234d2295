"""Towns by the beginning of their name, from the same table as `places.py`; loads at the first question."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from appliance.media import places


class _Names(NamedTuple):
    """All names as one text, folded, one on a line, and where each line begins."""

    text: str
    begins: list[int]
    population: np.ndarray[tuple[int], np.dtype[np.uint32]]


@cache
def _names() -> _Names:
    table = places._table()
    lines = [_folded(name) for name in table.city_names.decode().rstrip("\n").split("\n")]
    with np.load(places.TABLE, allow_pickle=False) as file:
        population = file["population"]
    return _Names("\n".join(lines), [0, *accumulate(len(line) + 1 for line in lines)], population)


def towns_like(wanted: str, limit: int) -> list[dict[str, Any]]:
    """`name`, `region`, `country`, `latitude`, `longitude`; whole names before beginnings, then the largest first."""
    names, table = _names(), places._table()
    town, _, rest = _folded(wanted).partition(",")
    found = [
        bisect_right(names.begins, match.start()) - 1
        for match in re.finditer(rf"(?m)^{re.escape(town.strip())}", names.text)
    ]
    ordered = sorted(found, key=lambda one: (_line(names, one) != town.strip(), -int(names.population[one])))
    towns = []
    for one in ordered:
        place = places._place(table, one)
        where = f"{_folded(place.region)}, {_folded(place.country)}"
        if all(word in where for word in rest.split()):
            towns.append(
                {
                    "name": place.city,
                    "region": place.region,
                    "country": place.country,
                    "latitude": round(float(table.latitude[one]), 4),
                    "longitude": round(float(table.longitude[one]), 4),
                }
            )
        if len(towns) == limit:
            break
    return towns


def _line(names: _Names, number: int) -> str:
    return names.text[names.begins[number] : names.begins[number + 1] - 1]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
