"""How full the disks are and when they will be, and how the library grows; for whoever keeps the house."""

from __future__ import annotations

from litestar import Controller, get

from appliance.protection import growth
from web.parts import Asking, HomePart


class GrowthController(Controller):
    path = "/growth"
    tags = ("integrity",)

    @get(summary="Disks with what is free and when they will be full; how many files have come lately")
    async def show(self, home: HomePart, viewer: Asking) -> growth.Growth:
        viewer.require_admin()
        return await growth.tell(home)
