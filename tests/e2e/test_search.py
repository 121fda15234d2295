"""Search, tags, text in pictures and duplicates in the browser.

Tags are given through the API and the text is painted, so that no model has to be fetched.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import expect

from tests.e2e.flows import open_library
from tests.e2e.pictures import make_photos

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Locator, Page

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "reduced_motion": "reduce"}
PROCESSING_S = 240.0


async def _call(page: Page, service: Service, method: str, path: str, data: object = None) -> Any:
    """Ask the API as the person who is signed in."""
    answer = await page.request.fetch(
        f"{service.url}/api/v1{path}", method=method, data=data, headers={"Origin": service.url}
    )
    assert answer.ok, await answer.text()
    return await answer.json()


async def _tagged_library(page: Page, service: Service, photos: Path, **tags: int) -> None:
    """The nine photos, so many of them with each tag: the first ones."""
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    files = [item["id"] for item in (await _call(page, service, "GET", "/files?limit=9"))["items"]]
    for number, file in enumerate(files):
        names = [name for name, count in tags.items() if number < count]
        if names:
            await _call(page, service, "PUT", f"/files/{file}/tags", {"names": names})


async def _processed(page: Page, service: Service, *names: str) -> None:
    """Wait until these steps have seen every photo; that takes as long as the machine needs."""
    async with asyncio.timeout(PROCESSING_S):
        while True:
            steps = (await _call(page, service, "GET", "/steps"))["items"]
            if not any(step["pending"] + step["running"] for step in steps if step["name"] in names):
                return
            await asyncio.sleep(0.5)


def _field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search photos")


def _hits(page: Page) -> Locator:
    return page.locator(".is-results .tile")


async def test_a_tag_is_completed_by_key_and_its_photos_are_gone_through_in_the_viewer(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _tagged_library(page, service, photos, beach=3, boat=1)
    await page.keyboard.press("/")
    await expect(_field(page)).to_be_focused()
    offered = page.get_by_role("listbox", name="Suggestions")
    await expect(offered).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(_field(page)).not_to_be_focused()
    await expect(offered).to_be_hidden()
    await page.keyboard.press("/")
    await page.keyboard.type("bea")
    await expect(page.get_by_role("option", name=re.compile("beach"))).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(_field(page)).to_have_value("tag:beach ")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{service.url}/search?q=tag%3Abeach")
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()
    await expect(_hits(page)).to_have_count(3)
    await expect(_hits(page).first).to_have_attribute("aria-label", re.compile("found by tag beach"))

    await _hits(page).first.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("beach")
    await _hits(page).first.click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    first = page.url
    await page.keyboard.press("ArrowRight")
    await expect(page).not_to_have_url(first)
    await page.keyboard.press("Escape")
    await expect(page.locator(".pswp")).to_have_count(0)
    await expect(page).to_have_url(f"{service.url}/search?q=tag%3Abeach")

    await page.get_by_role("button", name="By date").click()
    await expect(page.get_by_role("heading", name=re.compile("July 2024"))).to_be_visible()
    await page.get_by_role("button", name="Remove Tag beach").click()
    await expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    watched.assert_clean(service)


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop dark", "phone"])
async def test_the_empty_search_offers_what_is_there_and_nothing_found_is_said(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _tagged_library(page, service, photos, beach=3)
    await page.goto(f"{service.url}/search")
    await page.get_by_role("link", name="beach, 3 photos").click()
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()
    await page.go_back()
    await page.get_by_role("link", name="2024, 9 photos").click()
    await expect(page.get_by_role("heading", name="9 photos")).to_be_visible()

    await _field(page).fill("unicorn on a tractor tag:beach")
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_role("heading", name=re.compile("Nothing found for .unicorn on a tractor"))
    ).to_be_visible()
    await expect(page.get_by_text("Only words were searched.")).to_be_attached()
    await page.get_by_role("link", name="Without “unicorn on a tractor”").click()
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()

    await page.goto(f"{service.url}/tags")
    await page.get_by_role("button", name="Rename or merge beach").click()
    await page.get_by_label("Name", exact=True).fill("sea/beach")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page.get_by_text("“beach” is “sea/beach” now on 3 photos.")).to_be_visible()
    await page.get_by_role("link", name="sea, 1 tag in it").click()
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()
    watched.assert_clean(service)


async def test_a_search_hears_of_more_is_kept_as_an_album_and_given_up_again(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await _tagged_library(page, service, photos, beach=2)
    await page.goto(f"{service.url}/search?q=tag:beach")
    await expect(page.get_by_role("heading", name="2 photos")).to_be_visible()
    last = (await _call(page, service, "GET", "/files?limit=9"))["items"][8]["id"]
    await _call(page, service, "PUT", f"/files/{last}/tags", {"names": ["beach"]})
    await page.get_by_role("button", name="1 more").click()
    await expect(page.get_by_role("heading", name="3 photos")).to_be_visible()

    await page.get_by_role("button", name="Save as album").click()
    await page.get_by_label("Name").fill("By the sea")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.goto(f"{service.url}/search")
    await page.get_by_role("link", name=re.compile("By the sea")).click()
    await expect(page).to_have_url(f"{service.url}/search?q=tag%3Abeach")
    await page.get_by_role("button", name="Saved as “By the sea”").click()
    await expect(page.get_by_role("button", name="Save as album")).to_be_visible()
    watched.assert_clean(service)


async def test_tags_are_added_and_removed_by_hand_beside_the_photo(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await page.locator(".tile").first.click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    await page.keyboard.press("i")
    tags = page.get_by_role("region", name="Tags")
    await tags.get_by_role("button", name="Add a tag").click()
    await page.keyboard.type("mistyped")
    await page.keyboard.press("Escape")
    await tags.get_by_role("button", name="Add a tag").click()
    await page.keyboard.type("sand castle")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    chip = tags.get_by_role("link", name=re.compile("sand castle, added by hand"))
    await expect(chip).to_be_visible()
    await expect(tags.get_by_role("link")).to_have_count(1)  # Escape gave none
    await tags.get_by_role("button", name="Remove tag sand castle").click()
    await expect(chip).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await chip.click()
    await expect(page.locator(".pswp")).to_have_count(0)
    await expect(page.get_by_role("heading", name="1 photo")).to_be_visible()

    await page.get_by_role("link", name="Tags", exact=True).click()
    await page.get_by_label("Filter tags").fill("cas")
    await expect(page.get_by_role("link", name="sand castle, 1 photo")).to_be_visible()
    await page.get_by_label("Filter tags").fill("moon")
    await expect(page.get_by_text("No tag has “moon” in it.")).to_be_visible()
    watched.assert_clean(service)


async def test_a_word_on_a_photo_finds_it_and_can_be_copied_from_it(
    service: Service, tmp_path: Path, watched: Watched
) -> None:
    page = watched.page
    sign = Image.new("RGB", (1200, 800), "white")
    ImageDraw.Draw(sign).text((120, 300), "INVOICE 4711", fill="black", font=ImageFont.load_default(size=130))
    make_photos(tmp_path / "Papers", 1)
    sign.save(tmp_path / "Papers" / "paper.jpg", quality=92)
    await open_library(page, service, tmp_path / "Papers")
    await _call(page, service, "PATCH", "/settings", {"text_reader": "rapidocr"})
    await expect(page.locator(".tile")).to_have_count(2)
    found = page.get_by_role("heading", name="1 photo")
    await _processed(page, service, "ocr")
    await page.goto(f"{service.url}/search?q=invoice")
    await expect(found).to_be_visible()
    await _hits(page).first.click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    await page.keyboard.press("t")
    line = page.locator(".text-line").filter(has_text="INVOICE")
    await expect(line).to_be_visible()
    photo, box = await page.locator(".pswp__img").last.bounding_box(), await line.bounding_box()
    assert photo is not None
    assert box is not None
    assert abs(box["x"] - (photo["x"] + photo["width"] * 0.1)) < photo["width"] * 0.05
    assert box["width"] > photo["width"] * 0.5
    await page.get_by_role("button", name="Copy all").click()
    await expect(page.locator(".toast").filter(has_text="Text copied.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(line).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.locator(".pswp")).to_have_count(0)
    watched.assert_clean(service)


async def test_of_two_that_are_alike_the_best_is_kept_and_undo_brings_both_back(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    with Image.open(photos / "IMG_0000.jpg") as original:
        original.resize((original.width // 2, original.height // 2)).save(photos / "small copy.jpg", quality=80)
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(10)
    await _processed(page, service, "metadata", "renditions")
    await page.request.post(f"{service.url}/api/v1/steps/pause", headers={"Origin": service.url})
    await page.goto(f"{service.url}/duplicates")
    group = page.locator(".duplicate-group")
    look = page.get_by_role("button", name="Look now")
    await expect(group.or_(look)).to_be_visible()
    if await look.is_visible():  # it is looked for by itself too, some time
        await look.click()
    await expect(group).to_have_count(1)
    await expect(group.get_by_role("button", name="Kept: IMG_0000.jpg, the best")).to_be_visible()
    await expect(group.get_by_role("button", name="To the trash: small copy.jpg")).to_be_visible()
    await group.focus()
    await page.keyboard.press("b")
    await expect(group).to_have_count(0)
    toast = page.locator(".toast").filter(has_text="One photo moved to the trash.")
    await toast.get_by_role("button", name="Undo").click()
    await expect(group).to_have_count(1)
    await expect(page.get_by_text("1 group to decide")).to_be_visible()
    await group.focus()
    await page.keyboard.press("2")
    await expect(group.get_by_role("button", name="Keep 2")).to_be_disabled()
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    await page.keyboard.press("z")
    await expect(group).to_have_count(1)
    await page.get_by_role("button", name="Account of Anna").click()
    await expect(page.get_by_role("menuitem", name="Duplicates , 1 to decide")).to_be_visible()
    await page.keyboard.press("Escape")
    await group.get_by_role("button", name="Not duplicates").click()
    await expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    watched.assert_clean(service)
