"""Places: the map, what lies where, the tree of places, towns to choose from."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter

from appliance.library import map as photo_map
from appliance.library import places
from web.api.files import shown
from web.api.schemas import File, Items, Page
from web.params import MOST, Latitude, Limit50, Limit1000, Longitude, Offset, says
from web.parts import Asking, HomePart

Zoom = Annotated[
    int, QueryParameter(description="As web maps count it: 0 is the world", schema_extra={"minimum": 0, "maximum": 22})
]
Kilometres = Annotated[
    float,
    QueryParameter(description="How far from the point, in kilometres", gt=0, le=20_000),
]
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

    polygon: Annotated[list[tuple[Longitude, Latitude]], msgspec.Meta(min_length=3, max_length=photo_map.MOST_CORNERS)]
    limit: Annotated[int, says(minimum=1, maximum=1000)] = 100
    offset: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 0


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
        self, home: HomePart, viewer: Asking, bbox: AsBox = "-180,-90,180,90", zoom: Zoom = 1
    ) -> Clusters:
        found = await photo_map.clusters(home.db, viewer, photo_map.read_box(bbox), zoom)
        return msgspec.convert(found, Clusters)

    @get("/files", summary="Photos in a box, the newest first; or within km of a point, the nearest first")
    async def files(
        self,
        home: HomePart,
        viewer: Asking,
        bbox: Annotated[str | None, QueryParameter(description="west,south,east,north in degrees")] = None,
        near: Annotated[str | None, QueryParameter(description="latitude,longitude; then `bbox` is not read")] = None,
        km: Kilometres = 1.0,
        limit: Limit1000 = 100,
        offset: Offset = 0,
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
        q: Annotated[str, QueryParameter(description="Beginning of the name")] = "",
        limit: Limit50 = 10,
    ) -> Items[Town]:
        return Items(msgspec.convert(await places.find_towns(home, q, limit=limit), list[Town]))
