"""`homeroll config`: values, origins, and changing what may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance import cli
from appliance.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll


def test_every_setting_has_a_value_an_origin_and_a_help_text(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "homeroll.toml").write_text("trash_days = 7\nport = 1\n")
    monkeypatch.setenv("HOMEROLL_PORT", "9000")
    ran = run("config", "--json")
    items = {item["name"]: item for item in ran.json}
    assert set(items) == {field.name for field in msgspec.structs.fields(Settings)}
    assert all(item["help"] for item in items.values())
    assert (items["trash_days"]["value"], items["trash_days"]["origin"]) == (7, f"{data}/homeroll.toml")
    assert (items["port"]["value"], items["port"]["origin"]) == (9000, "HOMEROLL_PORT")
    assert (items["data"]["value"], items["data"]["origin"]) == (str(data), "--data")
    assert items["host"]["origin"] == "default"
    assert "No service is running" in ran.err


def test_without_a_service_or_data_the_defaults_are_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["config"]) == 0
    assert "0.0.0.0" in capsys.readouterr().out


def test_a_site_setting_is_changed_with_the_type_it_has(run: Run, homeroll: FakeHomeroll) -> None:
    assert run("config", "set", "quota_mb", "500").out == "quota_mb is now 500\n"
    assert homeroll.settings[1]["value"] == 500
    assert run("config", "set", "night_window", "22:00-06:00").code == 0
    assert homeroll.settings[0]["value"] == "22:00-06:00"


def test_an_unknown_site_setting_names_the_nearest_one(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("config", "set", "night_windw", "x")
    assert ran.code == 1
    assert "Did you mean night_window?" in ran.err


def test_a_setting_fixed_at_start_is_said_to_be_one(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("config", "set", "port", "80")
    assert ran.code == 1
    assert "homeroll.toml" in ran.err
