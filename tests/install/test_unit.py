"""The unit file as systemd itself reads it, on any machine that has its tools; nothing is installed or started."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
UNIT = REPOSITORY / "systemd/homeroll.service"
#: What is asked for; 0 is a service that can do nothing, 10 one without any protection.
MOST_EXPOSED = 2.0

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze (systemd)")


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def _settings() -> dict[str, dict[str, str]]:
    """By section; of a setting that is given more than once, the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the standard library says to keep case
    parser.read(UNIT)
    return {name: dict(parser[name]) for name in parser.sections()}


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    # The program is not installed here: another one stands in, since a missing one would be what is told.
    unit.write_text(UNIT.read_text().replace("ExecStart=/opt/homeroll/venv/bin/homeroll ", "ExecStart=/bin/true "))
    told = _analyze("verify", "--man=no", str(unit))
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@needs_systemd
def test_systemd_would_tell_of_a_mistake(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    assert "NoNewPrivilege" in _analyze("verify", "--man=no", str(unit)).stderr


@needs_systemd
def test_the_unit_is_exposed_by_no_more_than_2() -> None:
    told = _analyze("security", "--offline=true", str(UNIT))
    level = re.search(r"Overall exposure level for homeroll\.service: ([\d.]+)", told.stdout)
    assert level, told.stderr
    sys.stdout.write(f"exposure {level[1]} of 10\n")
    assert float(level[1]) <= MOST_EXPOSED


def test_the_unit_says_how_it_starts_is_watched_limited_and_where_it_writes() -> None:
    service = _settings()["Service"]
    assert service["Type"] == "notify"
    assert service["Restart"] == "on-failure"
    assert {"WatchdogSec", "MemoryHigh", "MemoryMax", "CPUWeight", "IOSchedulingClass"} <= service.keys()
    assert service["StateDirectory"] == service["CacheDirectory"] == service["RuntimeDirectory"] == "homeroll"
    # It would make the settings writable for the service.
    assert "ConfigurationDirectory" not in service


def test_a_service_that_fails_as_fast_or_as_slowly_as_it_can_is_given_up() -> None:
    """Restarts do not loop: the slowest way to fail must fit as often into the interval as the limit counts."""
    unit, service = _settings()["Unit"], _settings()["Service"]
    slowest_s = max(_seconds(service["TimeoutStartSec"]), _seconds(service["WatchdogSec"]))
    slowest_s += _seconds(service["TimeoutStopSec"]) + _seconds(service["RestartSec"])
    assert slowest_s * int(unit["StartLimitBurst"]) <= _seconds(unit["StartLimitIntervalSec"])


def _seconds(span: str) -> float:
    return sum(float(number) * {"s": 1, "min": 60, "h": 3600}[of] for number, of in re.findall(r"([\d.]+)(\w+)", span))
