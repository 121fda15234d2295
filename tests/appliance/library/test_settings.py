"""Site settings: what is taken and what is told."""

from __future__ import annotations

from datetime import datetime

import pytest

from appliance.errors import InvalidInputError
from appliance.library.settings import SITE_SETTINGS, clean_name, clean_night_window, window_is_open


def test_every_setting_explains_itself_and_accepts_its_own_default() -> None:
    names = [spec.name for spec in SITE_SETTINGS]
    assert len(set(names)) == len(names)
    for spec in SITE_SETTINGS:
        assert spec.help.endswith(".")
        assert spec.clean(spec.default) == spec.default


@pytest.mark.parametrize(
    ("given", "kept"), [("", ""), ("23:00-06:30", "23:00-06:30"), (" 1:05 – 2:00 ", "01:05-02:00")]
)
def test_a_night_window_is_written_in_one_way(given: str, kept: str) -> None:
    assert clean_night_window(given) == kept


@pytest.mark.parametrize("given", ["24:00-06:00", "22:60-06:00", "22-6", "22:00-22:00", None, 5])
def test_a_night_window_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError):
        clean_night_window(given)


@pytest.mark.parametrize(("given", "kept"), [("", "Homeroll"), ("  The Smiths'\n photos ", "The Smiths' photos")])
def test_a_name_is_one_line(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("given", ["x" * 41, "a\x1b[2J", None, 5])
def test_a_name_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError):
        clean_name(given)


@pytest.mark.parametrize(
    ("window", "hour", "is_open"),
    [
        ("", 12, True),
        ("22:00-06:00", 23, True),
        ("22:00-06:00", 5, True),
        ("22:00-06:00", 6, False),
        ("22:00-06:00", 12, False),
        ("01:00-05:00", 1, True),
        ("01:00-05:00", 5, False),
        ("01:00-05:00", 23, False),
    ],
)
def test_a_window_may_pass_midnight(window: str, hour: int, is_open: bool) -> None:
    assert window_is_open(window, datetime(2024, 5, 1, hour)) is is_open  # noqa: DTZ001 - the wall clock at home
