"""A real service on a real port, with people, keys and a few small photos."""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from PIL import Image

from appliance import daemon
from appliance.config import Settings
from appliance.daemon import House, open_house
from appliance.library import keys, users
from appliance.library.viewers import LOCAL_ADMIN
from tests.fakes import FakeFaceEngine, FakeTextReader, OtherFaceEngine
from web.app import Application

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Service:
    """What is running, and where."""

    house: House
    url: str

    async def person(self, username: str, *, role: users.Role = "user") -> uuid.UUID:
        row = await users.add_user(
            self.house.home.db, LOCAL_ADMIN, username=username, password=PASSWORD, name=username.title(), role=role
        )
        user_id: uuid.UUID = row["id"]
        return user_id

    async def key(self, user_id: uuid.UUID, *scopes: str) -> str:
        _, secret = await keys.add_key(
            self.house.home.db, LOCAL_ADMIN, user_id=user_id, name="test", scopes=scopes or ("all",)
        )
        return secret


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Uvicorn as the daemon runs it, on a free port; yields the URL."""
    config = uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]  # pytest keeps its own
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            app.end_streams()
            server.should_exit = True
            await task


@pytest.fixture(autouse=True)
def face_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours instead of faces: no test but those of `ml` loads dlib."""
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine, OtherFaceEngine))


@pytest.fixture(autouse=True)
def text_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text on any photo: only tests about it look for some."""
    monkeypatch.setattr("ml.registry.TEXT_READERS", (FakeTextReader,))


_spare: list[Application] = []


@pytest.fixture(autouse=True)
def routes_made_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Applications move from one test's house to the next one's: making their routes takes longer than most tests."""
    lent = []

    def furnished(**parts: Any) -> Application:
        app = _spare.pop() if _spare else Application()
        app.furnish(**parts)
        lent.append((app, len(app.routes)))
        return app

    monkeypatch.setattr(daemon, "create_app", furnished)
    yield
    _spare.extend(app for app, routes in lent if len(app.routes) == routes)  # not those that a test added routes to


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What the service of a test runs with; override it in a test file for other values."""
    return Settings(
        data=tmp_path / "data",
        host="127.0.0.1",
        compute="inline",
        compute_workers=2,
        watch=False,
        scan_interval_min=0,
        reserve_mb=0,
        allowed_hosts=("photos.example",),
    )


@pytest.fixture
async def service(settings: Settings, empty_library: Path) -> AsyncIterator[Service]:
    """Set up, with nobody but the first admin, who still has the one-time password."""
    if not settings.data.exists():
        shutil.copytree(empty_library, settings.data)
    async with open_house(settings) as house, serving(house.app) as url:
        yield Service(house, url)


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=30) as client:
        yield client


@pytest.fixture
async def anna(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A user's program."""
    key = await service.key(await service.person("anna"))
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=30) as client:
        yield client


@pytest.fixture
async def bruno(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Another user's program."""
    key = await service.key(await service.person("bruno"))
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=30) as client:
        yield client


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's program."""
    key = await service.key(await service.person("greta", role="admin"))
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=30) as client:
        yield client


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Bytes of small JPEGs, each different; `taken` as EXIF writes it."""
    made = 0

    def make(taken: str | None = None, *, size: tuple[int, int] = (64, 48)) -> bytes:
        nonlocal made
        made += 1
        image = Image.new("RGB", size, (made * 37 % 256, made * 91 % 256, made * 13 % 256))
        exif = Image.Exif()
        exif[0x010E] = f"photo {made}"
        if taken:
            exif[0x0132] = taken
            exif.get_ifd(0x8769)[0x9003] = taken
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", exif=exif)
        return buffer.getvalue()

    return make


async def until_heard(service: Service, *, listeners: int) -> None:
    """Until so many listen to messages: a stream's headers are sent before it listens."""
    async with asyncio.timeout(60):
        while len(service.house.home.bus._inboxes) < listeners:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def upload(client: httpx.AsyncClient, data: bytes, name: str = "photo.jpg") -> dict[str, Any]:
    """Send one file; returns it as the API shows it."""
    answer = await client.post("/files", files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    (item,) = answer.json()["items"]
    shown: dict[str, Any] = item["file"]
    return shown


def assert_error(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, str]:
    """Every refusal has the one shape."""
    assert answer.status_code == status, answer.text
    body: dict[str, str] = answer.json()
    assert set(body) == {"code", "message", "hint"}
    assert body["message"]
    if code is not None:
        assert body["code"] == code
    return body
