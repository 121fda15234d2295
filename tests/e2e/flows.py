"""What several browser tests do on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

    from tests.e2e.service import Service

PASSWORD = "correct horse battery"


async def set_up(page: Page, service: Service) -> None:
    """Fill in the first form: Anna becomes the admin, and leaves what follows for later."""
    await first_account(page, service)
    await page.get_by_role("button", name="All of this later").click()
    await expect(page).to_have_url(f"{service.url}/")


async def first_account(page: Page, service: Service) -> None:
    await page.get_by_label("One-time password").fill(service.password)
    await page.get_by_label("Your name").fill("Anna")
    await page.get_by_label("User name").fill("anna")
    await page.get_by_label("New password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Start").click()


async def add_folder(page: Page, folder: Path) -> None:
    """Add a folder of photos in the open activity panel."""
    await page.get_by_label("Folder on the Homeroll machine").fill(str(folder))
    await page.get_by_role("button", name="Add folder").click()


async def open_library(page: Page, service: Service, folder: Path | None = None) -> None:
    """From nothing to the timeline, with the photos of a folder if one is given."""
    await page.goto(service.url)
    await set_up(page, service)
    await expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    if folder is None:
        return
    await page.get_by_role("button", name="Add a folder").first.click()
    await add_folder(page, folder)
    await expect(page.locator(".tile").first).to_be_visible()
    await page.get_by_role("button", name="Close activity").click()


async def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and what a finger is to hit is at least 44 px wide and high."""
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    small = await page.evaluate(TOO_SMALL)
    assert small == [], small


#: What can be pressed and is too small for a finger; pseudo-elements may make it larger than it looks.
TOO_SMALL = """() => {
  if (!matchMedia("(pointer: coarse)").matches) return [];
  const large = (node) => {
    const { width, height } = node.getBoundingClientRect();
    const around = getComputedStyle(node, "::after");
    const reaches = around.content !== "none" && around.position === "absolute";
    const [wide, high] = reaches ? [around.width, around.height].map(parseFloat) : [0, 0];
    return Math.max(width, wide) > 43 && Math.max(height, high) > 43;
  };
  const pressed = [...document.querySelectorAll("button, a[href], input, select, [role=option]")];
  return pressed
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().width > 1 && !node.closest("p, .tile"))
    .filter((node) => !large(node) && !(node.closest("label") && large(node.closest("label"))))
    .filter((node) => !(node.matches("input") && large(node.parentElement)))
    .map((node) => `${node.className || node.tagName} ${node.getAttribute("aria-label") ?? node.textContent}`);
}"""
