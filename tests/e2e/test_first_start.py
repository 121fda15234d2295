"""From a first start to an opened photo, as a family would do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.flows import assert_fits, first_account, open_library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_a_family_gets_from_the_first_start_to_an_opened_photo(
    new_service: Service, photos: Path, watched: Watched
) -> None:
    page, service = watched.page, new_service
    await page.goto(service.url)
    await expect(page).to_have_url(f"{service.url}/setup")
    await first_account(page, service)
    await page.get_by_label("Folder on the Homeroll machine").fill(str(photos))
    await page.get_by_role("button", name="Add and scan").click()
    await expect(page.get_by_text("fetched from the internet")).to_be_visible()
    await page.get_by_role("button", name="Later").click()
    await page.get_by_label("New photos are worked on").select_option("at any time")
    await page.get_by_role("button", name="Go on").click()
    await expect(page).to_have_url(f"{service.url}/")
    await expect(page.locator(".tile")).to_have_count(9)
    await expect(page.locator(".tile.loaded").first).to_be_visible()
    await expect(page.get_by_role("heading", name="July 2024")).to_be_visible()

    await page.locator(".tile").first.click()
    await expect(page).to_have_url(re.compile(r"/photo/[0-9a-f-]{36}$"))
    await expect(page.locator(".pswp__img:not(.pswp__img--placeholder)").first).to_be_visible()
    if page.viewport_size == PHONE["viewport"]:  # what can be done stands where thumbs are
        box = await page.get_by_role("button", name="Information (i)").bounding_box()
        assert box is not None
        assert box["y"] > 700
        await assert_fits(page)
    await page.keyboard.press("i")
    await expect(page.get_by_text("Paintbox 1")).to_be_visible()
    await expect(page.get_by_text("1/250 s")).to_be_visible()
    await expect(page.get_by_text("UTC+1")).to_be_visible()
    await page.go_back()
    await expect(page).to_have_url(f"{service.url}/")
    await expect(page.locator(".pswp")).to_have_count(0)
    watched.assert_clean(service)


async def test_logging_out_hides_the_library_and_a_wrong_password_is_said_plainly(
    new_service: Service, watched: Watched
) -> None:
    page, service = watched.page, new_service
    await open_library(page, service)
    await page.get_by_role("button", name="Account of Anna").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await expect(page).to_have_url(f"{service.url}/login")
    watched.assert_clean(service)  # a refused password below is an error in the browser's console, rightly

    await page.get_by_label("User name").fill("anna")
    await page.get_by_label("Password", exact=True).fill("not this one")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()

    await page.context.clear_cookies()  # as when the login has ended
    await page.goto(f"{service.url}/search?q=beach")
    await expect(page.get_by_text("Log in to go on.")).to_be_visible()
    await page.get_by_label("User name").fill("anna")
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(page).to_have_url(f"{service.url}/search?q=beach")
    await expect(page.get_by_label("Search photos")).to_have_value("beach")
