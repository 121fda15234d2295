"""The editor of the browser: what it shows is what the server makes; by mouse, finger and keys, and the way back."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.appliance.media.pictures import difference
from tests.e2e.flows import open_library

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

    from tests.e2e.conftest import Watched
    from tests.e2e.service import Service

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LIGHT = {"exposure": 0.4, "contrast": 0.3, "highlights": -0.6, "shadows": 0.5, "warmth": -0.4, "saturation": 0.3}
RECIPES: tuple[dict[str, Any], ...] = (
    {"turns": 1},
    {"turns": 3, "mirror": True, "crop": [0.1, 0.2, 0.8, 0.7]},
    {"angle": 12.5, "crop": [0, 0.1, 0.9, 0.9]},
    {"turns": 2, "mirror": True, "angle": -31},
    {"light": LIGHT},
    {"turns": 1, "angle": 3, "crop": [0.3, 0.3, 0.4, 0.4], "light": {**LIGHT, "black_and_white": True}},
)
DRAWN = """async ([id, recipe]) => {
  const { fetchPicture, render } = await import("/static/js/adjust/picture.js");
  const { NOTHING, NO_LIGHT } = await import("/static/js/adjust/recipe.js");
  const whole = { ...NOTHING, ...recipe, light: { ...NO_LIGHT, ...recipe.light } };
  return render(await fetchPicture(id), whole).toDataURL("image/png").split(",")[1];
}"""
SAVED = """async ([id, recipe]) => {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(recipe);
  const answer = await fetch(`/api/v1/files/${id}/adjustments`, { method: "PUT", headers, body });
  const { file } = await answer.json();
  const bytes = new Uint8Array(await (await fetch(file.preview_url)).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


async def first_id(page: Page) -> str:
    address = await page.locator(".tile").first.get_attribute("href")
    assert address is not None
    return address.rpartition("/")[2]


async def open_editor(page: Page) -> None:
    await page.locator(".tile").first.click()
    await page.locator(".pswp[data-ready]").wait_for()
    await page.get_by_role("button", name="Adjust").click()
    await expect(page.get_by_role("dialog", name="Adjust photo")).to_be_visible()


async def shape_of_first_tile(page: Page) -> float:
    box = await page.locator(".tile").first.bounding_box()
    assert box is not None
    return box["width"] / box["height"]


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")


async def test_what_the_editor_shows_is_what_the_server_makes(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile.loaded")).to_have_count(9)
    file = await first_id(page)
    for recipe in RECIPES:
        drawn = opened(await page.evaluate(DRAWN, [file, recipe]))
        made = opened(await page.evaluate(SAVED, [file, recipe]))
        assert drawn.width / drawn.height == pytest.approx(made.width / made.height, abs=0.005), recipe
        small = (made.width // 3, made.height // 3)  # what a browser smooths otherwise at an edge is no difference
        apart = difference(drawn.resize(small, Image.Resampling.BOX), made.resize(small, Image.Resampling.BOX))
        assert apart < 1.5, f"{json.dumps(recipe)}: {apart}"
    watched.assert_clean(service)


async def test_a_photo_is_adjusted_with_mouse_and_keys_and_taken_back(
    service: Service, photos: Path, watched: Watched
) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile.loaded")).to_have_count(9)
    before = await shape_of_first_tile(page)
    other = await page.context.new_page()
    await other.goto(service.url)
    tile = other.locator(".tile").first
    as_taken = await tile.evaluate("node => node.tile.source")
    await page.bring_to_front()
    await open_editor(page)
    editor = page.get_by_role("dialog", name="Adjust photo")
    await page.keyboard.press("r")
    await page.keyboard.press("Escape")
    await expect(editor).to_be_hidden()
    await expect(page.locator(".pswp")).to_be_visible()  # only the editor was left, and nothing was sent

    await page.keyboard.press("e")
    await expect(editor).to_be_visible()
    await page.keyboard.press("r")
    await editor.get_by_role("radio", name="Square").click()
    handle = await editor.locator(".adjust-handle.is-se").bounding_box()
    assert handle is not None
    await page.mouse.move(handle["x"] + 10, handle["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(handle["x"] - 90, handle["y"] - 90, steps=4)
    await page.mouse.up()
    crop = await editor.locator(".adjust-crop").bounding_box()
    assert crop is not None
    assert crop["width"] == pytest.approx(crop["height"], abs=2)
    await editor.locator(".adjust-crop").focus()
    await page.keyboard.press("ArrowRight")
    moved = await editor.locator(".adjust-crop").bounding_box()
    assert moved is not None
    assert moved["x"] > crop["x"]
    await page.keyboard.press("Control+z")
    await expect(editor.get_by_role("button", name="Save")).to_be_enabled()
    await page.keyboard.press("2")
    await editor.get_by_label("Exposure").fill("0.5")
    await page.keyboard.down("b")
    await expect(editor.get_by_text("As taken")).to_be_visible()
    await page.keyboard.up("b")
    await expect(editor.get_by_text("As taken")).to_be_hidden()
    await editor.get_by_role("button", name="Save").click()
    await expect(editor).to_be_hidden()
    await expect(page.get_by_text("Saved. The original stays as it was taken.")).to_be_visible()
    image = page.locator(".pswp__item[aria-hidden=false] img.pswp__img").last
    await expect(image).to_have_js_property("complete", value=True)
    shown = await image.evaluate("node => [node.naturalWidth, node.naturalHeight]")
    assert shown[0] == pytest.approx(shown[1], abs=2)
    await other.bring_to_front()
    await expect(tile).not_to_have_js_property("tile.source", as_taken)
    assert await shape_of_first_tile(other) == pytest.approx(1, abs=0.03)
    await page.bring_to_front()

    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("As it was before.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".pswp")).to_have_count(0)
    assert await shape_of_first_tile(page) == pytest.approx(before, abs=0.03)
    watched.assert_clean(service)


@pytest.mark.parametrize("watched", [PHONE], indirect=True)
async def test_a_finger_crops_and_many_are_turned(service: Service, photos: Path, watched: Watched) -> None:
    page = watched.page
    await open_library(page, service, photos)
    await expect(page.locator(".tile.loaded")).to_have_count(9)
    await open_editor(page)
    editor = page.get_by_role("dialog", name="Adjust photo")
    handle = await editor.locator(".adjust-handle.is-n").bounding_box()
    whole = await editor.locator(".adjust-crop").bounding_box()
    assert handle is not None
    assert whole is not None
    touch = await page.context.new_cdp_session(page)
    spot = {"x": handle["x"] + 22, "y": handle["y"] + 20}
    for kind, down in (("touchStart", 0), ("touchMove", 60), ("touchMove", 120), ("touchEnd", None)):
        points = [] if down is None else [{"x": spot["x"], "y": spot["y"] + down}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    cut = await editor.locator(".adjust-crop").bounding_box()
    assert cut is not None
    assert cut["height"] == pytest.approx(whole["height"] - 120, abs=8)
    await expect(editor.locator(".adjust-shade.is-dragged")).to_have_count(0)
    # Not a tap: Chromium takes one that follows a drag within milliseconds for the end of a fling.
    await editor.get_by_role("button", name="Save").click()
    await expect(editor).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.locator(".pswp")).to_have_count(0)

    shapes = await page.locator(".tile").evaluate_all("nodes => nodes.map((node) => node.tile.source)")
    await page.locator(".tile").nth(1).focus()
    await page.keyboard.press("x")
    bar = page.get_by_role("region", name="Chosen photos")
    await bar.get_by_role("button", name="More").tap()
    await page.get_by_role("menuitem", name="Turn left").tap()
    await expect(page.get_by_text("1 photo turned.")).to_be_visible()
    await expect(page.locator(".tile").nth(1)).not_to_have_js_property("tile.source", shapes[1])
    watched.assert_clean(service)
