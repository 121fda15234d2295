"""People: a group gets its name, is seen on the photo, becomes one with another and is taken apart again.

Faces are drawn through the API on painted photos, so that neither pictures of real people nor a model are needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.e2e.flows import open_library

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Locator, Page

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "reduced_motion": "reduce"}
BOX = [0.35, 0.2, 0.2, 0.3]


async def _call(page: Page, service: Service, method: str, path: str, data: object = None) -> Any:
    """Ask the API as the person who is signed in."""
    answer = await page.request.fetch(
        f"{service.url}/api/v1{path}", method=method, data=data, headers={"Origin": service.url}
    )
    assert answer.ok, await answer.text()
    return await answer.json()


async def _groups(page: Page, service: Service, *sizes: int) -> None:
    """Somebody without a name on so many photos each, every photo with one face."""
    files = [item["id"] for item in (await _call(page, service, "GET", "/files?limit=9"))["items"]]
    for number, size in enumerate(sizes):
        faces = [
            await _call(page, service, "POST", "/faces", {"file": files.pop(), "box": BOX, "name": f"Group {number}"})
            for _ in range(size)
        ]
        person = faces[0]["face"]["person"]["id"]
        await _call(page, service, "PATCH", f"/people/{person}", {"name": ""})


async def _library_with_groups(page: Page, service: Service, photos: Path, *sizes: int) -> None:
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await _groups(page, service, *sizes)
    await page.get_by_role("link", name="People", exact=True).click()
    await expect(page).to_have_url(f"{service.url}/people")
    await expect(_card(page, sizes[0])).to_be_visible()


def _card(page: Page, photos: int) -> Locator:
    link = page.get_by_role("link", name=re.compile(rf", {photos} photos?$"))
    return page.locator(".person-card").filter(has=link)


async def _name(card: Locator, name: str) -> None:
    await card.get_by_role("button", name="Add a name", exact=True).click()
    await card.get_by_label("Who is this?").fill(name)
    await card.page.keyboard.press("Enter")


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_a_group_is_named_and_its_name_stands_on_the_photo(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _library_with_groups(page, service, photos, 3, 2)
    await _name(_card(page, 3), "Grandma Rosa")
    await expect(page.get_by_role("heading", name="Who is this?")).to_be_visible()
    await page.get_by_role("link", name="Grandma Rosa, 3 photos").click()
    await expect(page.get_by_role("heading", name="Grandma Rosa")).to_be_visible()
    tiles = page.locator(".person .tile")
    await expect(tiles).to_have_count(3)
    person = page.url

    await tiles.nth(1).click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    await page.get_by_role("button", name="People on the photo (p)").click()
    on_photo = page.get_by_role("group", name="People on this photo")
    face = on_photo.get_by_role("button", name="Grandma Rosa", exact=True)
    await expect(face).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(face).to_be_visible()
    await page.keyboard.press("i")
    await expect(page.get_by_role("link", name="Grandma Rosa")).to_be_visible()
    await page.keyboard.press("i")
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(person)
    await expect(page.locator(".pswp")).to_have_count(0)
    await page.get_by_role("link", name="Photos", exact=True).click()
    await expect(page).to_have_url(f"{service.url}/")
    await expect(page.locator(".tile:visible")).to_have_count(9)

    await page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search photos")
    await expect(field).to_be_focused()
    await field.press_sequentially("rosa")
    await page.get_by_role("option", name=re.compile("Grandma Rosa")).click()
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()
    watched.assert_clean(service)


async def test_a_name_that_is_known_already_offers_to_make_one_of_two_and_undo_brings_both_back(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _library_with_groups(page, service, photos, 4, 2, 1)
    await _name(_card(page, 4), "Grandma Rosa")
    await expect(page.get_by_role("link", name="Grandma Rosa, 4 photos")).to_be_visible()
    await _card(page, 2).get_by_role("button", name="Add a name", exact=True).click()
    await page.keyboard.type("ros")
    await expect(page.get_by_role("option", name=re.compile("Grandma Rosa"))).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Yes, the same person").click()
    await expect(page.get_by_role("link", name="Grandma Rosa, 6 photos")).to_be_visible()
    await expect(page.locator(".person-card")).to_have_count(2)
    await page.locator(".toast").filter(has_text="2 photos added").get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="Grandma Rosa, 4 photos")).to_be_visible()
    await expect(page.get_by_role("link", name="Somebody without a name, 2 photos")).to_be_visible()
    watched.assert_clean(service)


async def test_strangers_leave_the_page_and_come_back_when_asked_for(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _library_with_groups(page, service, photos, 3, 2)
    await page.get_by_role("link", name="Somebody without a name, 3 photos").focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("x")
    await expect(page.locator(".person-card")).to_have_count(1)
    await page.get_by_role("button", name="Show hidden").click()
    await expect(page.get_by_role("heading", name="Strangers")).to_be_visible()
    await expect(page.locator(".person-card")).to_have_count(2)
    watched.assert_clean(service)


async def test_a_face_that_was_missed_is_drawn_named_and_taken_away_again(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _library_with_groups(page, service, photos, 1)
    await page.get_by_role("link", name="Photos", exact=True).click()
    await page.locator(".tile").first.click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    await page.keyboard.press("i")
    await page.get_by_role("button", name="Add a face").click()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Add a face").click()
    photo = await page.locator(".draw-sheet").bounding_box()
    assert photo is not None
    await page.mouse.move(photo["x"] + photo["width"] * 0.6, photo["y"] + photo["height"] * 0.6)
    await page.mouse.down()
    await page.mouse.move(photo["x"] + photo["width"] * 0.8, photo["y"] + photo["height"] * 0.85, steps=4)
    await page.mouse.up()
    await page.get_by_label("Name", exact=True).fill("Uncle Ben")
    await page.keyboard.press("Enter")
    face = page.get_by_role("button", name="Uncle Ben", exact=True)
    await expect(face).to_be_visible()
    await expect(page.get_by_role("link", name="Uncle Ben")).to_be_visible()
    await page.reload()
    await face.click()
    await page.get_by_role("button", name="Not a face").click()
    await expect(face).to_have_count(0)
    await page.get_by_role("link", name="Uncle Ben").wait_for(state="detached")
    await page.get_by_role("button", name="Undo").click()
    await expect(face).to_be_visible()
    await page.get_by_role("link", name="Uncle Ben").click()
    await expect(page).to_have_url(re.compile(r"/people/[0-9a-f-]{36}$"))
    await expect(page.get_by_role("heading", name="Uncle Ben")).to_be_visible()
    await page.go_back()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    watched.assert_clean(service)
