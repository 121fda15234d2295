"""https in the browser: switched on under settings, trusted as /trust says, used like any other address."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Error, async_playwright, expect

from tests.appliance.certs import openssl
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.flows import PASSWORD, open_library
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Page

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(autouse=True)
def tls_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Where the service, started after this, answers by TLS."""
    port = free_port()
    monkeypatch.setenv("HOMEROLL_TLS_PORT", str(port))
    return port


@contextlib.asynccontextmanager
async def browser_that_trusts(authority: Path, home: Path) -> AsyncIterator[Page]:
    """Chromium with the authority installed as on Linux: in the family's own certificate store."""
    store = home / ".pki/nssdb"
    await asyncio.to_thread(store.mkdir, parents=True)
    for words in (("-N", "--empty-password"), ("-A", "-t", "C,,", "-n", "Homeroll at home", "-i", str(authority))):
        done = await asyncio.create_subprocess_exec("certutil", "-d", f"sql:{store}", *words)
        assert await done.wait() == 0
    async with async_playwright() as playwright:
        environ: Any = {**os.environ, "HOME": str(home)}
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=environ)
        yield await (await browser.new_context(locale="en-GB")).new_page()
        await browser.close()


async def switch_on(page: Page, service: Service) -> None:
    await open_library(page, service)
    await page.goto(f"{service.url}/settings")
    await page.get_by_role("switch", name="Answer by https too").click()
    await expect(page.locator(".toast").filter(has_text="by https too")).to_be_visible()


@pytest.mark.parametrize("watched", [DESKTOP, PHONE], indirect=True, ids=["desktop", "phone"])
async def test_it_is_switched_on_and_off_under_settings_which_lead_to_the_steps(
    service: Service, watched: Watched, tls_port: int
) -> None:
    page = watched.page
    await switch_on(page, service)
    await expect(page.get_by_role("link", name=f"https://localhost:{tls_port}")).to_be_visible()
    # Among the models it has no business.
    await expect(page.locator("#setting-tagging_model")).to_be_visible()
    await expect(page.locator("#setting-tls")).to_have_count(0)
    await page.get_by_role("link", name="How phones and computers").click()
    await expect(page).to_have_url(f"{service.url}/trust")
    shown = await page.locator(".trust-fingerprint").inner_text()
    authority = service.data / "tls/homeroll-ca.crt"
    told = await asyncio.to_thread(openssl, "x509", "-in", authority, "-noout", "-fingerprint", "-sha256")
    assert shown == told.stdout.strip().partition("=")[2]
    await expect(page.locator("details[open]")).to_have_count(1)
    await page.get_by_text("Android", exact=True).click()
    await expect(page.get_by_text("Install anyway")).to_be_visible()
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download the certificate").click()
    fetched = await (await download.value).path()
    assert await asyncio.to_thread(fetched.read_bytes) == await asyncio.to_thread(authority.read_bytes)

    await page.goto(f"{service.url}/settings")
    await page.get_by_role("switch", name="Answer by https too").click()
    await expect(page.locator(".toast").filter(has_text="plain http only")).to_be_visible()
    await expect(page.get_by_role("link", name="https://")).to_have_count(0)
    watched.assert_clean(service)


async def test_a_browser_that_was_not_told_refuses(service: Service, watched: Watched, tls_port: int) -> None:
    await switch_on(watched.page, service)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        await watched.page.goto(f"https://localhost:{tls_port}/")


@pytest.mark.skipif(not shutil.which("certutil"), reason="no certutil (libnss3-tools) to install a certificate with")
async def test_a_browser_that_trusts_the_authority_logs_in_and_ends_it_from_there(
    service: Service, watched: Watched, tls_port: int, tmp_path: Path
) -> None:
    await switch_on(watched.page, service)
    safe_url = f"https://localhost:{tls_port}"
    async with browser_that_trusts(service.data / "tls/homeroll-ca.crt", tmp_path / "home") as page:
        answer = await page.goto(safe_url)
        assert answer is not None
        details = await answer.security_details()
        assert details is not None
        assert re.fullmatch(r"TLS 1\.3", str(details["protocol"]))
        assert str(details["issuer"]).startswith("Homeroll at home")
        await page.get_by_label("User name").fill("anna")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
        (cookie,) = await page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-homeroll_session", True, True)
        assert await page.evaluate("isSecureContext")

        # The plain address is another login, in the same browser.
        await page.goto(service.url)
        await expect(page.get_by_role("button", name="Log in")).to_be_visible()

        # Switched off through the door that closes, the page goes on at the other one.
        await page.goto(f"{safe_url}/settings")
        await page.get_by_role("switch", name="Answer by https too").click()
        await expect(page).to_have_url(re.compile(re.escape(service.url)))
        with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
            await page.goto(safe_url)
