"""Places: the map, what lies where, the tree of places, towns to choose from."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from appliance.library import map as photo_map
from appliance.library import places
from web.api.files import shown
from web.api.schemas import File, Items, Page
from web.parts import Asking, HomePart

AsBox = Annotated[str, QueryParameter(description="west,south,east,north in degrees; west may be greater than east")]


class Clusters(msgspec.Struct, frozen=True):
    """Columns, the largest cluster first; `total` is how many files lie in the box, or in cells that it touches."""

    zoom: int
    total: int
    longitude: list[float]
    latitude: list[float]
    count: list[int]


class Area(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Corners as [longitude, latitude]."""

    polygon: Annotated[list[tuple[float, float]], msgspec.Meta(min_length=3, max_length=photo_map.MOST_CORNERS)]
    limit: int = 100
    offset: int = 0


class CityItem(msgspec.Struct, frozen=True):
    name: str
    count: int
    cover: uuid.UUID | None


class RegionItem(msgspec.Struct, frozen=True):
    name: str
    count: int
    cover: uuid.UUID | None
    cities: list[CityItem]


class CountryItem(msgspec.Struct, frozen=True):
    name: str
    code: str
    count: int
    cover: uuid.UUID | None
    regions: list[RegionItem]


class Town(msgspec.Struct, frozen=True):
    name: str
    region: str
    country: str
    latitude: float
    longitude: float


class MapController(Controller):
    path = "/map"
    tags = ("places",)

    @get(summary="Clusters of photos in a box, for a zoom as web maps count it (0 is the world)")
    async def clusters(
        self, home: HomePart, viewer: Asking, bbox: AsBox = "-180,-90,180,90", zoom: FromQuery[int] = 1
    ) -> Clusters:
        found = await photo_map.clusters(home.db, viewer, photo_map.read_box(bbox), zoom)
        return msgspec.convert(found, Clusters)

    @get("/files", summary="Photos in a box, the newest first; or within km of a point, the nearest first")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        bbox: Annotated[str | None, QueryParameter(description="west,south,east,north in degrees")] = None,
        near: Annotated[str | None, QueryParameter(description="latitude,longitude")] = None,
        km: FromQuery[float] = 1.0,
        limit: Annotated[int, QueryParameter(description="1 to 1000")] = 100,
        offset: FromQuery[int] = 0,
    ) -> Page[File]:
        if near is not None:
            latitude, longitude = photo_map.read_point(near)
            rows, total = await photo_map.files_near(
                home.db, viewer, latitude, longitude, km, limit=limit, offset=offset
            )
        else:
            box = photo_map.read_box(bbox or "-180,-90,180,90")
            rows, total = await photo_map.files_in_box(home.db, viewer, box, limit=limit, offset=offset)
        return Page(items=[shown(row) for row in rows], total=total, next=None)

    @post("/files", status_code=200, summary="Photos within a line drawn on the map")
    async def within(self, home: HomePart, viewer: Asking, data: JSONBody[Area]) -> Page[File]:
        rows, total = await photo_map.files_within(home.db, viewer, data.polygon, limit=data.limit, offset=data.offset)
        return Page(items=[shown(row) for row in rows], total=total, next=None)


class PlacesController(Controller):
    path = "/places"
    tags = ("places",)

    @get(summary="Countries, regions and towns of the photos, those with most first")
    async def tree(self, home: HomePart, viewer: Asking) -> Items[CountryItem]:
        return Items(msgspec.convert(await places.tree(home.db, viewer), list[CountryItem]))

    @get("/towns", summary="Towns whose name begins so, to place photos in")
    async def towns(
        self,
        home: HomePart,
        viewer: Asking,
        q: FromQuery[str] = "",
        limit: Annotated[int, QueryParameter(description="1 to 50")] = 10,
    ) -> Items[Town]:
        return Items(msgspec.convert(await places.find_towns(home, q, limit=limit), list[Town]))
