"""The timeline, the viewer and uploads on a library with photos."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.e2e.flows import open_library
from tests.e2e.pictures import make_photos

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service


async def test_the_viewer_is_driven_by_keys_and_marks_are_kept(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.locator(".tile").first.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    second = page.url
    await page.keyboard.press("ArrowLeft")
    await expect(page).not_to_have_url(second)
    first = page.url
    favourite = page.get_by_role("button", name="Favourite (f)")
    await page.keyboard.press("f")
    await expect(favourite).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(page).to_have_url(first)
    await expect(favourite).to_have_attribute("aria-pressed", "true")
    for _ in range(15):  # more than it has buttons
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('#app') === null")
    await page.keyboard.press("Escape")
    await expect(page.locator(".pswp")).to_have_count(0)
    await expect(page).to_have_url(f"{service.url}/")
    watched.assert_clean(service)


async def test_a_photo_moved_to_the_trash_leaves_and_undo_brings_it_back(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    await page.locator(".tile").nth(3).click()
    await expect(page.locator(".pswp[data-ready]")).to_be_visible()
    gone = page.url.removeprefix(service.url)
    await page.keyboard.press("Delete")
    await expect(page).not_to_have_url(f"{service.url}{gone}")
    await page.keyboard.press("Escape")
    await expect(page.locator(f'.tile[href="{gone}"]')).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(f'.tile[href="{gone}"]')).to_have_count(1)
    assert len(list(photos.iterdir())) == 9
    watched.assert_clean(service)


async def test_uploads_show_what_was_added_and_what_was_here_already(
    service: Service, tmp_path: Path, watched: Watched
) -> None:
    page = watched.page
    files = make_photos(tmp_path / "phone", 3, seed=9)
    await open_library(page, service)
    await page.get_by_role("button", name="Upload photos and videos").click()
    await page.locator("#upload-files").set_input_files(files)
    await expect(page.get_by_text("All uploads finished")).to_be_visible()
    await expect(page.get_by_text("3 added")).to_be_visible()
    await page.locator("#upload-files").set_input_files(files[:1])
    await expect(page.get_by_text("3 added · 1 already in your library")).to_be_visible()
    await page.get_by_role("button", name="Close upload").click()
    await expect(page.locator(".tile")).to_have_count(3)
    watched.assert_clean(service)


async def test_photos_appear_while_the_page_is_open(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile")).to_have_count(9)
    make_photos(photos / "new", 2, seed=77)
    await page.get_by_role("button", name=re.compile("^Activity")).click()
    await page.get_by_role("button", name="Look through Pictures now").click()
    await expect(page.locator(".tile")).to_have_count(11)
    watched.assert_clean(service)


async def test_a_damaged_file_is_listed_with_its_reason_and_left_at_that_and_its_name_is_only_text(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    name = "<img src=x onerror=alert(1)>.jpg"
    (photos / name).write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    await open_library(page, service, photos)
    await expect(page.locator(".tile").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Activity")).click()
    await expect(page.get_by_text(name, exact=True).first).to_be_visible()
    await expect(page.get_by_role("button", name=f"Retry {name}")).to_be_visible()
    await expect(page.get_by_text("Previews · 1 attempt")).to_be_visible()  # the last step that can fail
    await page.get_by_role("button", name=f"Ignore {name}").click()
    await expect(page.get_by_text("1 failure ignored.")).to_be_visible()
    await expect(page.get_by_role("button", name=f"Retry {name}")).to_have_count(0)
    await page.get_by_role("button", name="Show them").click()
    await expect(page.get_by_role("button", name=f"Retry {name}")).to_be_visible()
    await page.get_by_role("button", name="Try them again").click()
    await expect(page.get_by_role("button", name=f"Ignore {name}")).to_be_visible()
    await expect(page.get_by_text("failure ignored.")).to_have_count(0)
    await page.get_by_role("button", name="History of Look for new").click()
    await expect(page.get_by_label("Last runs of Look for new").get_by_text("Done after").first).to_be_visible()
    await expect(page.get_by_text(", 1 failed")).to_be_visible()
    for _ in range(20):  # what the panel covers is not walked through with it
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('.topbar, main') === null")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name=re.compile("^Activity"))).to_be_focused()
    watched.assert_clean(service)
