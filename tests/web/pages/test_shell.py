"""The shell, its policy, and the static files: what the browser will find before any script runs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from web.pages.shell import PAGES, SHELL, STATIC_DIR, static_version
from web.security import COOKIE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOME_ID = "0190f3a2-7d1e-7c34-b3f1-2d6a5c0e9b11"
ADDRESSES = (
    "/",
    "/login",
    "/setup",
    "/activity",
    "/people",
    f"/people/{SOME_ID}",
    f"/photo/{SOME_ID}",
    "/search?q=beach",
    "/tags",
    "/duplicates",
    "/settings",
    "/requests",
    "/models",
    "/albums",
    f"/albums/{SOME_ID}",
    "/locked",
    "/sharing",
    "/sessions",
    "/users",
    "/trash",
    "/archive",
    "/hidden",
    "/events",
    f"/events/{SOME_ID}",
    "/places",
    "/memories/day-2019-05-01-1",
    "/s/kJ3h-7",
)
OUR_SCRIPTS = sorted((STATIC_DIR / "js").rglob("*.js"))
OUR_STYLES = sorted((STATIC_DIR / "css").glob("*.css"))
VENDORED = sorted(path for path in (STATIC_DIR / "vendor").iterdir() if path.is_dir())
NAMESPACE = "http://www.w3.org/2000/svg"


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar(route_handlers=list(PAGES), logging_config=None)) as made:
        yield made


def _name(path: Path) -> str:
    return path.relative_to(STATIC_DIR).as_posix()


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_address_answers_with_the_same_shell(client: TestClient[Litestar], address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == client.get("/").text


def test_the_policy_allows_nothing_from_elsewhere_and_no_inline_code_but_the_import_map(
    client: TestClient[Litestar],
) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    inline = re.search(r'<script type="importmap">(.*?)</script>', answer.text, re.DOTALL)
    assert inline is not None
    digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_every_script_and_style_the_shell_names_exists_and_carries_the_version(client: TestClient[Litestar]) -> None:
    html = client.get("/").text
    linked = re.findall(r'(?:href|src)="/static/([^"]+)"', html)
    mapped = json.loads(html.split('<script type="importmap">')[1].split("</script>")[0])["imports"].values()
    for address in [*linked, *(value.removeprefix("/static/") for value in mapped)]:
        path, _, query = address.partition("?")
        assert (STATIC_DIR / path).is_file(), path
        assert query == f"v={static_version()}"


def test_the_shell_tells_scripts_whether_a_session_cookie_came(client: TestClient[Litestar]) -> None:
    assert '<meta name="session" content="none">' in client.get("/").text
    client.cookies.set(COOKIE, "anything")
    assert '<meta name="session" content="maybe">' in client.get("/").text


def test_the_template_has_no_inline_styles_or_handlers() -> None:
    template = SHELL.read_text("utf-8")
    assert "<style" not in template
    assert not re.search(r"\s(style|on\w+)=", template)


@pytest.mark.parametrize("script", OUR_SCRIPTS, ids=_name)
def test_every_module_imports_only_files_that_are_here(script: Path) -> None:
    text = script.read_text("utf-8")
    for address in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+\.js)["']""", text):
        if address.startswith("."):  # only in JSDoc types
            assert (script.parent / address).resolve().is_file() or (STATIC_DIR / "js" / address).resolve().is_file()
        else:
            assert address.startswith("/static/"), address
            assert (STATIC_DIR / address.removeprefix("/static/")).is_file(), address


@pytest.mark.parametrize("script", OUR_SCRIPTS, ids=_name)
def test_no_module_makes_html_of_data_or_asks_another_host(script: Path) -> None:
    text = script.read_text("utf-8")
    assert "innerHTML" not in text
    assert "insertAdjacentHTML" not in text
    assert "dangerouslySetInnerHTML" not in text
    assert not re.search(r"""["'`](https?:)?//[a-z]""", text.replace(NAMESPACE, ""))


@pytest.mark.parametrize("style", OUR_STYLES, ids=_name)
def test_no_style_asks_another_host(style: Path) -> None:
    assert "url(" not in style.read_text("utf-8")
    assert "@import" not in style.read_text("utf-8")


def test_every_icon_that_scripts_name_is_in_the_sprite() -> None:
    (sprite,) = (STATIC_DIR / "vendor").glob("lucide-*/sprite.svg")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite.read_text("utf-8")))
    named = set()
    for script in OUR_SCRIPTS:
        text = script.read_text("utf-8")
        named.update(re.findall(r"""<\$\{Icon\} name="([^"]+)\"""", text))
        named.update(re.findall(r"""(?:iconNode|iconMarkup)\("([^"]+)\"""", text))
    assert named
    assert named <= known


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: folder.name)
def test_every_vendored_library_has_its_licence_and_a_line_in_the_list(folder: Path) -> None:
    assert list(folder.glob("LICENSE*"))
    assert f"`{folder.name}`" in (folder.parent / "README.md").read_text("utf-8")
