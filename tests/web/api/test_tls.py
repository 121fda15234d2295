"""https by the API: admins switch, renew and look; what is wrong is told, here and in health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from appliance.tls import TlsFiles
from tests.appliance.certs import given
from tests.web.conftest import assert_error
from tests.web.safely import safe_client, tls_door

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from appliance.config import Settings
    from tests.web.conftest import Service


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, tls_port=0)


async def test_only_admins_look_and_switch(service: Service, anna: httpx.AsyncClient) -> None:
    assert_error(await anna.get("/tls"), 403, "not_allowed")
    for path, body in (("/tls/on", {}), ("/tls/off", None), ("/tls/renew", None)):
        assert_error(await anna.post(path, json=body), 403, "not_allowed")
    assert not TlsFiles(service.house.home.paths.tls).folder.exists()


async def test_it_is_switched_on_renewed_and_off_and_each_answer_is_what_is_served(
    service: Service, admin: httpx.AsyncClient
) -> None:
    async with tls_door(service, on=False):
        off = (await admin.get("/tls")).json()
        assert (off["on"], off["port"], off["certificate"], off["problem"]) == (False, None, None, "")
        assert_error(await admin.post("/tls/renew"), 409, "conflict")

        on = (await admin.post("/tls/on", json={})).json()
        assert (on["on"], on["given"], on["problem"]) == (True, False, "")
        assert set(on["certificate"]["names"]) == {"localhost", "127.0.0.1", "::1"}
        async with safe_client(service) as safe:
            assert (await safe.get("/api/v1/server")).json()["name"] == "Homeroll"
            assert str(safe.base_url.port) == str(on["port"])

            renewed = (await admin.post("/tls/renew")).json()
            assert renewed["certificate"]["fingerprint"] != on["certificate"]["fingerprint"]
            assert (renewed["authority"], renewed["port"]) == (on["authority"], on["port"])
            assert renewed["certificate"]["names"] == on["certificate"]["names"]
            assert (await safe.get("/api/v1/server")).status_code == 200

        another = (await admin.post("/tls/on", json={"new_authority": True})).json()
        assert another["authority"]["fingerprint"] != on["authority"]["fingerprint"]
        async with safe_client(service) as safe:
            assert (await safe.get("/api/v1/server")).status_code == 200

        gone = (await admin.post("/tls/off")).json()
        assert (gone["on"], gone["port"], gone["certificate"]) == (False, None, None)
        back = (await admin.post("/tls/on", json={})).json()
        assert back["authority"] == another["authority"]


async def test_the_site_setting_is_the_same_switch_and_works_at_once(
    service: Service, admin: httpx.AsyncClient
) -> None:
    async with tls_door(service, on=False):
        assert (await admin.patch("/settings", json={"tls": "on"})).status_code == 200
        assert (await admin.get("/tls")).json()["port"] is not None
        assert (await admin.patch("/settings", json={"tls": None})).status_code == 200
        assert (await admin.get("/tls")).json()["port"] is None
        assert_error(await admin.patch("/settings", json={"tls": "maybe"}), 400, "invalid_input")


async def test_without_a_door_it_is_switched_on_for_when_there_is_one(
    service: Service, admin: httpx.AsyncClient
) -> None:
    on = (await admin.post("/tls/on", json={"new_authority": True})).json()
    assert (on["on"], on["port"]) == (True, None)
    assert TlsFiles(service.house.home.paths.tls).server.exists()
    assert (await admin.post("/tls/renew")).status_code == 200


async def test_what_is_wrong_is_told_in_health_too(service: Service, admin: httpx.AsyncClient) -> None:
    async with tls_door(service) as door:
        assert (await admin.get("/health")).json() == {"status": "ok", "reasons": []}
        TlsFiles(service.house.home.paths.tls).authority.write_text("damaged")
        await door.look(asked=False)
        (reason,) = (await admin.get("/health")).json()["reasons"]
        assert (reason["part"], "is damaged" in reason["message"]) == ("https", True)
        assert "--new-authority" in reason["hint"]
        state = (await admin.get("/tls")).json()
        assert (state["problem"], state["port"] is not None) == (reason["message"], True)
        async with safe_client(service) as safe:
            assert (await safe.get("/api/v1/server")).status_code == 200
        mended = (await admin.post("/tls/on", json={"new_authority": True})).json()
        assert mended["problem"] == ""


class TestGiven:
    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        made = given(tmp_path)
        return msgspec.structs.replace(
            settings, tls_port=0, tls_certificate=str(made.certificate), tls_key=str(made.key)
        )

    async def test_given_files_are_served_without_a_switch(self, service: Service, admin: httpx.AsyncClient) -> None:
        async with tls_door(service, on=False):
            state = (await admin.get("/tls")).json()
            assert (state["on"], state["given"], state["authority"], state["problem"]) == (True, True, None, "")
            assert state["certificate"]["names"] == ["photos.example", "localhost"]
            for path, body in (("/tls/on", {}), ("/tls/off", None), ("/tls/renew", None)):
                assert_error(await admin.post(path, json=body), 409, "conflict")
