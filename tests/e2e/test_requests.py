"""Recorded requests in the browser: recorded, looked into down to the plan, profiled; by admins alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.flows import open_library

if TYPE_CHECKING:
    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.mark.parametrize("watched", [PHONE], indirect=True, ids=["phone"])
async def test_a_request_is_recorded_looked_into_and_profiled(service: Service, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service)
    await page.goto(f"{service.url}/settings")
    await page.get_by_role("navigation", name="Settings").get_by_role("link", name="Requests").click()
    await expect(page.get_by_text("Recording is off")).to_be_visible()
    await page.get_by_role("button", name="Recorded").click()
    await expect(page.get_by_text("Recording is off, so nobody looked")).to_be_visible()
    await page.get_by_role("button", name="Record for 10 minutes").click()
    await expect(page.get_by_text("Recording every request until")).to_be_visible()
    await page.evaluate("Promise.all([fetch('/api/v1/timeline'), fetch('/api/v1/files'), fetch('/api/v1/search?q=x')])")
    await page.get_by_role("button", name="Refresh").click()
    asked = page.locator(".reqrow").filter(has_text="/timeline").first
    await asked.locator(".reqrow-line").click()
    await expect(asked.get_by_text("Waited for a connection")).to_be_visible()
    await expect(asked.get_by_text("by Anna")).to_be_visible()
    await asked.locator(".statement-line").filter(has_text="month_count").click()
    await expect(asked.get_by_text("SEARCH month_count")).to_be_visible()
    await expect(asked.get_by_text("sorts all of it")).to_be_visible()
    await asked.get_by_role("button", name="Profile the next five").click()
    await expect(page.get_by_role("heading", name="Profile of GET /api/v1/timeline")).to_be_visible()
    for _ in range(5):
        await page.evaluate("fetch('/api/v1/timeline').then((answer) => answer.text())")
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.get_by_text("on average of 5 requests")).to_be_visible()
    await expect(page.locator(".calls .is-ours").filter(has_text="list_months")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("Recording is off", exact=True)).to_be_visible()
    await page.get_by_label("Otherwise").select_option("sampled")
    await expect(page.get_by_text("Recording one request in 20", exact=True)).to_be_visible()
    watched.assert_clean(service)
