"""Albums and links in a real browser: made, filled, shown to a guest without a login, and what the guest sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.flows import assert_fits, open_library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "reduced_motion": "reduce"}


async def test_albums_lie_in_each_other_and_photos_are_ordered_by_hand(
    watched: Watched, service: Service, photos: Path
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9, timeout=30_000)
    missing = re.compile(r"/js/albums/pages\.js")
    await page.route(missing, lambda route: route.abort())
    await page.get_by_role("link", name="Albums").click()
    await expect(page.get_by_role("heading", name="Homeroll cannot be reached.")).to_be_visible()
    await page.unroute(missing)
    watched.errors.clear()  # the browser's own words for what was just refused
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="No albums yet")).to_be_visible()
    for name in ("Summer", "Walks"):
        await page.goto(f"{service.url}/albums")
        await page.get_by_role("button", name="New album").click()
        await page.get_by_label("Name", exact=True).fill(name)
        await page.get_by_role("button", name="Make album").click()
        await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await page.get_by_role("button", name="Name and place").click()
    await page.get_by_label("Lies in").select_option(label="Summer")
    await page.get_by_label("Name", exact=True).fill("Long walks")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Long walks")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Where it lies")).to_contain_text("Summer")

    await page.get_by_role("link", name="Homeroll, newest photos").click()
    await page.locator(".tile").first.focus()
    await page.keyboard.press("x")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Shift+ArrowRight")
    await page.get_by_role("button", name="Add to album").click()
    await page.get_by_role("button", name="Long walks").click()
    await expect(page.get_by_text("3 photos put into “Long walks”.")).to_be_visible()
    await page.get_by_role("link", name="Albums").click()
    await page.get_by_role("link", name="Summer, 0 photos, 1 album in it").click()
    await page.get_by_role("link", name="Long walks, 3 photos").click()
    tiles = page.locator(".albums-page .tile")
    await expect(tiles).to_have_count(3)
    before = [await tiles.nth(place).get_attribute("href") for place in range(3)]
    await tiles.nth(2).focus()
    await page.keyboard.press("x")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Move to …").click()
    await expect(page.get_by_role("button", name="To the end")).to_be_visible()
    await tiles.nth(1).click()
    await expect(page.get_by_text("the album is ordered by hand now")).to_be_visible()
    for place, was in enumerate((0, 2, 1)):
        await expect(tiles.nth(place)).to_have_attribute("href", before[was] or "")
    await expect(page.get_by_label("Order")).to_have_value("hand")
    watched.assert_clean(service)


#: No line of a phone is long enough for it.
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_an_album_is_made_shared_by_a_link_and_added_to_by_a_guest(
    watched: Watched, service: Service, photos: Path
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.goto(f"{service.url}/albums")
    await page.get_by_role("button", name="New album").click()
    await page.get_by_label("Name", exact=True).fill("Summer")
    await page.get_by_role("button", name="Make album").click()
    await expect(page.get_by_role("heading", name="Summer")).to_be_visible()

    await page.goto(service.url)
    await page.locator(".tile").first.focus()
    await page.keyboard.press("x")
    await page.get_by_role("button", name="Add to album").click()
    await page.get_by_role("button", name="Summer").click()
    await expect(page.get_by_text("1 photo put into “Summer”.")).to_be_visible()

    await page.goto(f"{service.url}/albums")
    await page.get_by_role("link", name="Summer, 1 photo").click()
    await expect(page.locator(".tile")).to_have_count(1)
    await page.get_by_role("button", name="Link", exact=True).click()
    await page.get_by_text("Let guests add photos").click()
    await page.get_by_text("Allow downloads").click()
    await page.get_by_role("button", name="Make link").click()
    address = await page.get_by_label("Address").input_value()
    assert address.startswith(f"{service.url}/s/")

    context = await page.context.browser.new_context()  # type: ignore[union-attr]  # a launched browser has one
    guest = await context.new_page()
    await guest.goto(address)
    await expect(guest.get_by_role("heading", name="Summer")).to_be_visible()
    await guest.locator(".link-grid button").first.click()
    await expect(guest.get_by_role("dialog")).to_be_visible()
    await expect(guest.get_by_role("link", name="Download")).to_be_visible()
    await guest.keyboard.press("Escape")
    await expect(guest.get_by_role("dialog")).to_have_count(0)
    await guest.get_by_label("Your name").fill("Aunt Emma")
    sent = sorted(path for path in photos.rglob("*.jpg"))[-1]
    await guest.locator("input[type=file]").set_input_files(str(sent))
    await expect(guest.get_by_text("1 photo sent. Thank you!")).to_be_visible()
    late = await context.new_page()
    await late.goto(address)
    await expect(late.locator(".link-grid button")).to_have_count(1)
    link = (await (await page.request.get(f"{service.url}/api/v1/shares")).json())["items"][0]["id"]
    shares = f"{service.url}/api/v1/shares/{link}"
    await page.request.patch(shares, data={"password": "grandma"}, headers={"origin": service.url})
    await late.locator(".link-grid button").click()  # on a page that is open still
    await expect(late.get_by_role("textbox", name="Password")).to_be_visible()
    await context.close()

    await page.goto(f"{service.url}/sharing")
    await expect(page.get_by_text("Aunt Emma")).to_be_visible()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Take in").click()
    await expect(page.get_by_text("1 photo taken in.")).to_be_visible()
    await page.goto(f"{service.url}/albums")
    await page.get_by_role("link", name="Summer, 2 photos").click()
    await expect(page.locator(".tile")).to_have_count(2)

    await page.get_by_role("button", name="Name and place").click()
    await page.get_by_label("Name", exact=True).fill(LONG_WORD)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name=LONG_WORD)).to_be_visible()
    await assert_fits(page)
    for path in ("albums", "search"):
        await page.goto(f"{service.url}/{path}")
        await expect(page.get_by_role("link", name=f"{LONG_WORD}, 2 photos")).to_be_visible()
        await assert_fits(page)
    watched.assert_clean(service)
