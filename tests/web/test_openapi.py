"""The API's description: complete, and true of bodies and methods; `test_schemathesis.py` asks the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.web.conftest import assert_error
from web.answers import ANSWERS
from web.security import EXEMPT
from web.takes import TAKES
from web.words import NOUNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.web.conftest import Service


def operations(service: Service) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, item in service.house.app.openapi_schema.to_schema()["paths"].items():
        for method, operation in item.items():
            yield (method.upper(), path), operation


async def test_every_line_about_a_route_is_about_one_that_is_there(service: Service) -> None:
    known = {key for key, _ in operations(service)}
    assert set(ANSWERS) - known == set()
    assert set(TAKES) - known == set()


async def test_every_route_says_what_it_answers_and_how_it_refuses(service: Service) -> None:
    document = service.house.app.openapi_schema.to_schema()
    seen = set()
    for (method, path), operation in operations(service):
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), f"{method} {path}"
        assert {"400", "401", "5XX"} <= answers.keys(), f"{method} {path}"
        assert ("403" in answers) or (method, path) in EXEMPT, f"{method} {path}"
        assert (operation.get("security") == []) == ((method, path) in EXEMPT), f"{method} {path}"
        assert operation["summary"], f"{method} {path}"
        assert set(operation["tags"]) <= NOUNS.keys(), f"{method} {path}"
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], f"{method} {path}: {parameter['name']}"
        seen.add(operation["operationId"])
    assert len(seen) == sum(1 for _ in operations(service)) > 150
    for name, error in document["components"]["responses"].items():
        assert error["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody"), name
        assert error["description"]


async def test_bodies_are_described_as_they_are_read(service: Service, admin: httpx.AsyncClient) -> None:
    schemas = service.house.app.openapi_schema.to_schema()["components"]["schemas"]
    assert schemas["NewShare"]["additionalProperties"] is False
    assert "disabled" in schemas["User"]["required"]
    assert "disabled" not in schemas["UserChange"]["required"]
    assert "key" not in schemas["Key"]["required"]
    assert schemas["NewShare"]["properties"]["files"]["maxItems"] == 10_000
    wrong: tuple[Any, ...] = ({"shares": 0}, {"shares": "false"}, {"shares": None}, {"shares": True, "x": 1}, [], None)
    for body in wrong:
        assert_error(await admin.patch("/auth/me", json=body), 400, "invalid_input")
    assert (await admin.patch("/auth/me", json={"shares": False})).status_code == 200


async def test_an_address_says_which_methods_it_has(service: Service, admin: httpx.AsyncClient) -> None:
    refused = await admin.delete("/albums")
    assert_error(refused, 405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    assert (await admin.options("/albums")).headers["allow"] == "GET, POST, OPTIONS"
    assert (await admin.options("/server")).headers["allow"] == "GET, OPTIONS"
