"""Site settings: what an admin changes while it runs."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, get, patch
from litestar.params import JSONBody

from appliance.library import in_use, settings
from web.api.requests import LogPart
from web.api.schemas import Items
from web.parts import Asking, HomePart, RunnerPart


class SiteSetting(msgspec.Struct, frozen=True):
    name: str
    value: Any
    default: Any
    help: str
    choices: list[str]


class SettingsController(Controller):
    path = "/settings"
    tags = ("settings",)

    @get(summary="Every setting with its help")
    async def list(self, home: HomePart, viewer: Asking) -> Items[SiteSetting]:
        viewer.require_admin()
        return Items(msgspec.convert(await settings.list_settings(home.db), list[SiteSetting]))

    @patch(summary="Change some, by name; null is the default again")
    async def change(
        self,
        home: HomePart,
        viewer: Asking,
        runner: RunnerPart,
        request_log: LogPart,
        data: JSONBody[dict[str, Any]],
    ) -> Items[SiteSetting]:
        rows = await settings.change_settings(home.db, viewer, data)
        for fact in await in_use.prepare(home.db):
            home.bus.publish(fact)
        runner.reconsider()
        request_log.recorder.follow(next(row["value"] for row in rows if row["name"] == "record_requests"))
        if "tls" in data and home.tls.look is not None:
            await home.tls.look()
        return Items(msgspec.convert(rows, list[SiteSetting]))
