"""Who lives here, where they are logged in, areas on the map and events of a moment, in a real browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.flows import PASSWORD, open_library

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page, Route

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


async def test_an_admin_lets_somebody_in_sees_their_devices_and_lets_them_out(
    watched: Watched, service: Service
) -> None:
    page = watched.page
    await open_library(page, service)
    asked = asyncio.Event()

    async def answer_later(route: Route) -> None:
        await asked.wait()
        await route.continue_()

    await page.route("**/api/v1/users", answer_later)
    await page.goto(f"{service.url}/users")
    await expect(page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    asked.set()
    await expect(page.get_by_role("heading", name="1 person")).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)
    await page.get_by_role("button", name="Add somebody").click()
    await page.get_by_label("User name").fill("bruno")
    await page.get_by_label("Name", exact=True).fill("Bruno")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Bruno can log in now.")).to_be_visible()

    context = await page.context.browser.new_context()  # type: ignore[union-attr]  # a launched browser has one
    bruno = await context.new_page()
    await bruno.goto(f"{service.url}/trash")
    await bruno.get_by_label("User name").fill("bruno")
    await bruno.get_by_label("Password", exact=True).fill(PASSWORD)
    await bruno.get_by_role("button", name="Log in").click()
    await expect(bruno.get_by_role("button", name="Account of Bruno")).to_be_visible()
    await bruno.goto(f"{service.url}/users")
    await expect(bruno.get_by_role("heading", name="Settings are for admins")).to_be_visible()
    await bruno.goto(f"{service.url}/sessions")
    await expect(bruno.get_by_text("This device")).to_be_visible()
    await expect(bruno.get_by_text("Nowhere but here.")).to_be_visible()

    await page.get_by_role("button", name="More of Bruno").click()
    await page.get_by_role("button", name="Log Chrome on Linux out").click()
    await expect(page.get_by_text("Logged in nowhere.")).to_be_visible()
    await bruno.goto(f"{service.url}/sessions")
    await expect(bruno.get_by_role("button", name="Log in")).to_be_visible()
    await page.get_by_role("button", name="Let out").click()
    await expect(page.locator(".user-row").filter(has_text="Bruno").locator(".badge.is-bad")).to_be_visible()
    await bruno.get_by_label("User name").fill("bruno")
    await bruno.get_by_label("Password", exact=True).fill(PASSWORD)
    await bruno.get_by_role("button", name="Log in").click()
    await expect(bruno.get_by_text("do not belong together")).to_be_visible()
    await context.close()
    watched.assert_clean(service)


async def stroke(page: Page) -> None:
    """Around everything: all photos of the test lie in one town, in the middle of the map."""
    box = await page.locator("canvas.map").bounding_box()
    assert box is not None
    x, y, reach = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, min(box["width"], box["height"]) / 3
    await page.mouse.move(x - reach, y - reach)
    await page.mouse.down()
    for dx, dy in ((1, -1), (1, 1), (-1, 1), (-1, -0.9)):
        await page.mouse.move(x + dx * reach, y + dy * reach, steps=4)
    await page.mouse.up()


@pytest.mark.parametrize("watched", [PHONE], indirect=True, ids=["phone"])
async def test_an_area_is_chosen_on_the_map_and_a_moment_makes_an_event(
    watched: Watched, service: Service, photos: Path
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.goto(f"{service.url}/places")
    await page.get_by_role("button", name="Draw an area").click()
    await stroke(page)
    await expect(page.get_by_role("heading", name="In this area")).to_be_visible()
    await expect(page.locator(".map-picked .tile")).to_have_count(9)
    await page.get_by_role("button", name="Cancel").click()
    # The same by keys: the map is moved under the cross, and corners put where it stands.
    await page.get_by_role("button", name="Draw an area").click()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Space", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        await page.keyboard.press(key)
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowDown", "Space", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        await page.keyboard.press(key)
    await page.keyboard.press("Space")
    await expect(page.get_by_text("4 corners.")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator(".map-picked .tile")).to_have_count(9)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Near a place").click()
    await page.get_by_label("Distance").select_option("250")
    await page.get_by_role("button", name="Show photos").click()
    await expect(page.get_by_role("heading", name="Within 250 km, the nearest first")).to_be_visible()
    await expect(page.locator(".map-picked .tile")).to_have_count(9)

    await page.goto(f"{service.url}/events")
    await page.get_by_role("button", name="New event").first.click()
    await page.get_by_label("Name", exact=True).fill("Party")
    await page.get_by_label("When").fill("2024-07-28T18:00")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", name="Party, 28 July 2024, 18:00")).to_be_visible()
    await expect(page.locator(".is-one .tile").first).to_be_visible()  # all that was asked about it is answered
    await page.get_by_role("button", name="No event").click()
    await expect(page.get_by_text("is no event.")).to_be_visible()
    await page.locator(".toast").filter(has_text="is no event").get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="Party, 28 July 2024, 18:00")).to_be_visible()
    watched.assert_clean(service)
