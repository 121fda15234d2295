"""`homeroll config`: values, origins, and changing what may change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from appliance import cli
from appliance.config import Settings
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
@pytest.mark.parametrize("words", [("status",), ("library", "list"), ("config",), ("backup",), ("doctor",)])
@pytest.mark.parametrize("shut", ["its folder", "its settings"])
def test_what_is_closed_to_this_account_is_said_in_one_line_with_the_group_to_join(
    words: tuple[str, ...], shut: str
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="homeroll-closed-"))
    try:
        (folder / "homeroll.toml").write_text("trash_days = 7\n")
        closed = folder if shut == "its folder" else folder / "homeroll.toml"
        folder.chmod(0o755)
        shutil.chown(closed, group="adm")
        closed.chmod(0o750 if closed == folder else 0o640)
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli", "--data", str(folder), *words],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            user=65534,
            group=65534,
            extra_groups=[],
            check=False,
        )
    finally:
        shutil.rmtree(folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "join the group adm (sudo usermod -aG adm $USER" in done.stderr
