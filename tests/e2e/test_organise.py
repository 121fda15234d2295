"""Choosing photos on a desktop and a phone, changing them, the trash, and the way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.flows import open_library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def test_photos_are_chosen_by_key_and_changed_together(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.locator(".tile").nth(1).focus()
    await page.keyboard.press("x")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Shift+ArrowRight")
    bar = page.get_by_role("region", name="Chosen photos")
    await expect(bar).to_contain_text("3 photos chosen")
    await expect(page.locator(".tile.is-chosen")).to_have_count(3)
    await bar.get_by_role("button", name="Favourite").click()
    await expect(page.get_by_text("3 photos made favourites.")).to_be_visible()
    await expect(page.locator(".tile-badge.is-favourite")).to_have_count(3)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".tile-badge.is-favourite")).to_have_count(0)
    await expect(bar).to_be_hidden()

    await page.locator(".tile").nth(0).focus()
    await page.keyboard.press("x")
    await bar.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Date and time").click()
    await page.get_by_label("It was taken at").check()
    await page.get_by_label("Date and time there").fill("1999-12-31T23:30:00")
    await page.get_by_role("button", name="Change date").click()
    await expect(page.get_by_role("heading", name="December 1999")).to_be_attached()
    watched.assert_clean(service)


async def test_what_was_hidden_is_found_on_its_page_and_comes_back(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9, timeout=30_000)
    await page.locator(".tile").nth(0).focus()
    await page.keyboard.press("x")
    await page.keyboard.press("Shift+ArrowRight")
    more = page.get_by_role("button", name="More")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="Hide")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(more).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.get_by_role("menuitem", name="Hide")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".tile")).to_have_count(7)
    await page.get_by_role("button", name="Account of Anna").click()
    await page.get_by_role("menuitem", name="Archive").click()
    await expect(page.get_by_role("heading", name="Nothing is archived")).to_be_visible()
    await page.get_by_role("link", name="Hidden").click()
    tiles = page.locator(".aside-page .tile")
    await expect(tiles).to_have_count(2)
    await page.goto(f"{service.url}{await tiles.first.get_attribute('href')}")  # it is on no timeline
    await expect(page.locator(".pswp__title span")).to_have_text(re.compile("^18:(30|19)$"))  # where taken, not in UTC
    await page.goto(f"{service.url}/hidden")
    for left in (1, 0):
        await tiles.first.focus()
        await page.keyboard.press("x")
        await page.get_by_role("button", name="Back to the photos").click()
        await expect(tiles).to_have_count(left)
    await expect(page.get_by_role("heading", name="Nothing is hidden")).to_be_visible()
    await expect(page.locator(".toast.is-bad")).to_have_count(0)
    await page.get_by_role("link", name="Homeroll, newest photos").click()
    await expect(page.locator(".tile")).to_have_count(9)
    watched.assert_clean(service)


@pytest.mark.parametrize("watched", [PHONE], indirect=True)
async def test_a_held_finger_chooses_and_the_trash_gives_back(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    box = await page.locator(".tile").nth(1).bounding_box()
    assert box is not None
    touch = await page.context.new_cdp_session(page)
    spot = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    await touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [spot]})
    await expect(page.locator(".tile.is-chosen")).to_have_count(1)
    await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await page.locator(".tile").nth(3).tap()
    bar = page.get_by_role("region", name="Chosen photos")
    await expect(bar).to_contain_text("2 photos chosen")
    await bar.get_by_role("button", name="Move to trash").click()
    await expect(page.locator(".tile")).to_have_count(7)

    await page.goto(f"{service.url}/trash")
    tiles = page.locator(".trash-tile")
    await expect(tiles).to_have_count(2)
    await tiles.first.click()
    await page.get_by_role("button", name="Restore").click()
    await expect(tiles).to_have_count(1)
    await page.get_by_role("button", name="Empty").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert len(list(photos.glob("*.jpg"))) == 8
    watched.assert_clean(service)


async def test_places_and_events_can_be_looked_at(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.locator(".tile").nth(0).focus()
    await page.keyboard.press("x")
    await page.locator(".tile").nth(3).click(modifiers=["Shift"])
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Make an event").click()
    await expect(page.get_by_text("4 photos are an event now.")).to_be_visible()
    await page.goto(f"{service.url}/events")
    await page.locator(".event-card").first.click()
    await page.get_by_role("button", name="Name").click()
    await page.get_by_role("textbox", name="Name").fill("Summer days")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Summer days")).to_be_visible()
    await expect(page.locator(".events-page .tile")).to_have_count(4)
    await expect(page.locator(".events-page .month-name").first).to_be_visible()

    await page.goto(f"{service.url}/places")
    await expect(page.get_by_role("heading", name="Places")).to_be_visible()
    await expect(page.locator("canvas.map")).to_be_visible()
    await expect(page.locator(".place-city").first).to_be_visible()
    watched.assert_clean(service)
