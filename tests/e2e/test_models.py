"""Models and settings in the browser: what there is, a fetch that cannot succeed, what is chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from ml import registry
from tests.e2e.flows import open_library
from tests.hub import COMMIT, Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "reduced_motion": "reduce"}


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The service, started after this, asks here for models."""
    with Hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


async def test_a_model_is_fetched_with_progress_stopped_and_gone_on_with(
    service: Service, watched: Watched, hub: Hub
) -> None:
    page = watched.page
    spec = registry.model("siglip2")
    hub.commits[spec.revision] = COMMIT
    for file in spec.files:
        hub.publish(spec.source, file.name, bytes(2_000_000), revision=spec.revision)
    hub.slow = 150_000
    await open_library(page, service)
    await page.goto(f"{service.url}/search?q=trees in a valley")
    await page.get_by_role("button", name="Get SigLIP 2").click()
    await expect(page.get_by_role("progressbar", name="Fetching SigLIP 2")).to_be_visible()
    await page.goto(f"{service.url}/models")
    model = page.locator('[data-model="siglip2"]')
    await expect(model.get_by_text(re.compile(r"kB of .* kB/s"))).to_be_visible()
    await model.get_by_role("button", name="Stop fetching SigLIP 2").click()
    await expect(model.get_by_text(re.compile("Stopped"))).to_be_visible()
    hub.settle()
    await model.get_by_role("button", name="Go on fetching SigLIP 2").click()
    await expect(model.get_by_text("In use", exact=True)).to_be_visible()
    watched.assert_clean(service)


async def test_a_model_that_cannot_be_fetched_says_why_and_can_be_given_up(
    service: Service, watched: Watched, hub: Hub
) -> None:
    page = watched.page
    hub.down = True
    await open_library(page, service)
    await page.goto(f"{service.url}/models")
    model = page.locator('[data-model="siglip2"]')
    await expect(model.get_by_text("Chosen", exact=True)).to_be_visible()
    await model.get_by_role("button", name="Get SigLIP 2").click()
    await expect(model.get_by_role("alert")).to_be_visible()
    await expect(model.get_by_role("button", name="Go on fetching SigLIP 2")).to_be_visible()
    await model.get_by_role("button", name="More for SigLIP 2").click()
    await model.get_by_role("menuitem", name="Forget what was fetched").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(model.get_by_role("button", name="Get SigLIP 2")).to_be_visible()
    watched.assert_clean(service)


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_settings_are_saved_as_they_are_chosen(service: Service, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service)
    await page.get_by_role("button", name="Account of Anna").click()
    await page.get_by_role("menuitem", name="Settings").click()
    tagging = page.get_by_label("Tags", exact=True)
    await tagging.select_option("joytag")
    await expect(page.locator(".toast").filter(has_text="Tags: JoyTag.")).to_be_visible()
    await page.get_by_role("switch", name="Only at night").click()
    await page.get_by_label("From").fill("22:30")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast").filter(has_text="22:30 to 06:30")).to_be_visible()
    await page.reload()
    await expect(tagging).to_have_value("joytag")
    await expect(page.get_by_role("switch", name="Only at night")).to_be_checked()
    await expect(page.get_by_label("From")).to_have_value("22:30")
    await page.get_by_role("link", name="get it under Models").first.click()
    await expect(page.locator('[data-model="joytag"]').get_by_text("Chosen", exact=True)).to_be_visible()
    watched.assert_clean(service)


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_it_is_called_what_the_family_calls_it_on_every_page(service: Service, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service)
    await page.goto(f"{service.url}/settings")
    await expect(page).to_have_title("Settings · Homeroll")
    name = page.get_by_label("Name", exact=True)
    await name.fill("  The Millers' photos, since 1998  ")
    await page.get_by_role("button", name="Save").click()
    await expect(
        page.locator(".toast").filter(has_text="It is called The Millers' photos, since 1998 now.")
    ).to_be_visible()
    await expect(page).to_have_title("Settings · The Millers' photos, since 1998")
    await page.reload()
    await expect(name).to_have_value("The Millers' photos, since 1998")
    await page.get_by_role("link", name="The Millers' photos, since 1998, newest photos").click()
    await expect(page).to_have_title("The Millers' photos, since 1998")
    bar = await page.locator(".topbar").evaluate("bar => [bar.scrollWidth, bar.clientWidth]")
    assert bar[0] <= bar[1], "the bar is wider than the page"
    await page.goto(f"{service.url}/settings")
    await name.fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_title("Settings · Homeroll")
    watched.assert_clean(service)
