"""Colours that can be read, in light and dark, and nothing in scripts and styles that only one browser knows."""

from __future__ import annotations

import itertools
import re

import pytest

from web.pages.shell import STATIC_DIR

TOKENS = (STATIC_DIR / "css/tokens.css").read_text("utf-8")
LIGHT, DARK, DARK_BY_SYSTEM = ":root {", ':root[data-theme="dark"] {', ':root:not([data-theme="light"]) {'
WRITTEN = ("text", "text-2", "accent", "accent-strong", "bad", "warn", "good")
GROUNDS = ("ground", "surface", "surface-2", "surface-3", "accent-soft", "bad-soft", "warn-soft", "good-soft")
OURS = sorted(itertools.chain((STATIC_DIR / "js").rglob("*.js"), (STATIC_DIR / "css").glob("*.css")))
#: Not in every Firefox ESR and Safari 16, without anything in its place: a name, and what to do.
MISSED = {
    r"\brequestIdleCallback\b": "setTimeout",
    r"\bstartViewTransition\b|@starting-style|\binterpolate-size\b": "a transition of opacity or translate",
    r"\bpopover(target)?=|\bshowPopover\b|\banchor-name\b|\bposition-anchor\b": "ui/menu.js",
    r"\bAbortSignal\.(any|timeout)\b|\bPromise\.(withResolvers|try)\b|\bURL\.(canParse|parse)\b": "an AbortController",
    r"\.to(Sorted|Reversed|Spliced)\(|\b(Object|Map)\.groupBy\b|\.(union|intersection|difference)\(": "a loop",
    r"\(\?<[=!]": "a pattern that does not look behind",
    r"@container|@layer|@scope|^\s*&": "plain selectors and media queries",
    r"\bscrollend\b|\bnavigator\.(wakeLock|scheduling)\b|\bscheduler\.": "a timer",
    r"\bon(FocusIn|FocusOut)=": "onfocusin, onfocusout: Preact hears the others in no browser",
    r"behavior: \"smooth\"": "calmly() of lib/dom.js: some asked their system for less movement",
}


def colours(selector: str) -> dict[str, str]:
    start = TOKENS.index(selector)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", TOKENS[start : TOKENS.index("}", start)]))


def contrast(one: str, other: str) -> float:
    """Of two colours like #1b1c1f, by WCAG 2: 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("selector", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_every_ground(selector: str) -> None:
    known = colours(selector)
    pairs = [*itertools.product(WRITTEN, GROUNDS), ("on-accent", "accent"), ("on-accent", "accent-strong")]
    assert {pair for pair in pairs if contrast(known[pair[0]], known[pair[1]]) < 4.5} == set()


@pytest.mark.parametrize("selector", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_fields_and_rings_of_focus_are_seen(selector: str) -> None:
    known = colours(selector)
    pairs = itertools.product(("line-strong", "accent"), ("ground", "surface", "surface-2"))
    assert {pair for pair in pairs if contrast(known[pair[0]], known[pair[1]]) < 3} == set()


def test_dark_is_the_same_whether_chosen_or_the_systems() -> None:
    assert colours(DARK) == colours(DARK_BY_SYSTEM)
    assert colours(DARK).keys() == colours(LIGHT).keys()


@pytest.mark.parametrize(("pattern", "instead"), MISSED.items(), ids=list(MISSED.values()))
def test_nothing_is_used_that_only_some_browsers_know(pattern: str, instead: str) -> None:
    found = [path.name for path in OURS if re.search(pattern, path.read_text("utf-8"), re.MULTILINE)]
    assert found == [], f"use {instead}"


def test_whoever_asks_for_less_movement_gets_it() -> None:
    base = (STATIC_DIR / "css/base.css").read_text("utf-8")
    (block,) = re.findall(r"@media \(prefers-reduced-motion: reduce\) \{.*?\n\}", base, re.DOTALL)
    assert re.search(r"\*::before,\s+\*::after \{\s+animation-duration: 0\.01ms !important", block)
