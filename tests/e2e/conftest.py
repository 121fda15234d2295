"""A service, photos and a watched browser page."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from appliance.config import Settings
from appliance.daemon import open_home
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from tests.e2e.pictures import make_photos
from tests.e2e.service import Service, running_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import ConsoleMessage, Request

#: Playwright's own five seconds are not enough where two browsers and two services share two cores.
PATIENCE_MS = 60_000
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Watched:
    """A page, and what it should not have done."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def assert_clean(self, service: Service) -> None:
        """Nothing in the console, and nothing asked of another host."""
        assert self.errors == []
        allowed = (f"{service.url}/", "data:", f"blob:{service.url}/")
        assert [url for url in self.requests if not url.startswith(allowed)] == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"no browser at {CHROMIUM}"))


@pytest.fixture(autouse=True)
def patience() -> None:
    """Wait for what is expected as long as a busy machine may take."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def calm_library(empty_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory where no faces and no words are looked for: on two cores that takes longer than most tests."""
    data = tmp_path_factory.mktemp("calm") / "data"
    shutil.copytree(empty_library, data)

    async def change() -> None:
        async with open_home(Settings(data=data, compute="inline", compute_workers=1)) as home:
            await change_settings(home.db, LOCAL_ADMIN, {"find_faces": "off", "text_reader": "off"})

    asyncio.run(change())
    return data


@pytest.fixture
def service(tmp_path: Path, calm_library: Path) -> Iterator[Service]:
    """A service to which nobody has come yet."""
    shutil.copytree(calm_library, tmp_path / "data")
    with running_service(tmp_path / "data") as running:
        yield running


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Service]:
    """A service that was never started before, and has no data directory yet."""
    with running_service(tmp_path / "data") as running:
        yield running


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of nine photos: few enough to be in the page all at once."""
    folder = tmp_path / "Pictures"
    make_photos(folder, 9)
    return folder


@pytest_asyncio.fixture
async def watched(request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    """A fresh browser page, 1440 x 900 unless a parameter says otherwise."""
    options = getattr(request, "param", {"viewport": {"width": 1440, "height": 900}})
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await (await browser.new_context(locale="en-GB", **options)).new_page()
        result = Watched(page)

        def noted(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                result.errors.append(f"{message.text} {message.location}")

        def asked(sent: Request) -> None:
            result.requests.append(sent.url)

        page.on("console", noted)
        page.on("pageerror", lambda error: result.errors.append(str(error)))
        page.on("request", asked)
        yield result
        await browser.close()
