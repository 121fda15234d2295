"""Heat and memory, as the kernel would show them: files of the same shape in a folder of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.protection.strain import Gauge

if TYPE_CHECKING:
    from pathlib import Path


class Machine:
    """`/sys` and `/proc` of a machine that the test heats up, and a clock that it moves."""

    def __init__(self, root: Path) -> None:
        self.sys, self.proc, self.now = root / "sys", root / "proc", 0.0
        (self.sys / "class" / "thermal").mkdir(parents=True)
        (self.proc / "pressure").mkdir(parents=True)
        self.gauge = Gauge(sys=self.sys, proc=self.proc, clock=lambda: self.now)

    def zone(self, number: int, kind: str, celsius: float) -> None:
        folder = self.sys / "class" / "thermal" / f"thermal_zone{number}"
        folder.mkdir(exist_ok=True)
        (folder / "type").write_text(f"{kind}\n")
        (folder / "temp").write_text(f"{int(celsius * 1000)}\n")

    def memory(self, available_mb: int, *, waiting: float = 0.0) -> None:
        (self.proc / "meminfo").write_text(f"MemTotal: 4000000 kB\nMemAvailable: {available_mb * 1024} kB\n")
        line = f"avg10={waiting:.2f} avg60=0.00 avg300=0.00 total=0"
        (self.proc / "pressure" / "memory").write_text(f"some {line}\nfull {line}\n")

    def level(self) -> str:
        self.now += 60
        return self.gauge.read().level


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.memory(2000)
    return made


def test_a_machine_that_tells_nothing_is_not_under_strain(tmp_path: Path) -> None:
    strain = Gauge(sys=tmp_path, proc=tmp_path).read()
    assert (strain.level, strain.message) == ("none", "")


def test_a_hot_processor_slows_work_down_until_it_has_cooled_for_good(machine: Machine) -> None:
    levels = []
    for celsius in (60, 79.9, 80, 78, 75, 74.9, 79, 90, 85, 80, 79, 75, 74):
        machine.zone(0, "cpu-thermal", celsius)
        levels.append(machine.level())
    assert levels == [
        *("none", "none", "slow", "slow", "slow", "none", "none"),
        *("halt", "halt", "halt", "slow", "slow", "none"),
    ]
    machine.zone(0, "cpu-thermal", 84)
    machine.level()
    strain = machine.gauge.read()
    assert "84 °C" in strain.message
    assert strain.hint
    assert strain.models


def test_only_the_processor_s_sensors_count_and_the_hottest_of_them(machine: Machine) -> None:
    machine.zone(0, "iwlwifi_1", 95)
    machine.zone(1, "BAT0", 95)
    assert machine.gauge.celsius() is None
    hot = Machine(machine.sys / "other")
    hot.memory(2000)
    hot.zone(0, "x86_pkg_temp", 81)
    hot.zone(1, "acpitz", 27.8)
    assert hot.gauge.celsius() == 81
    assert hot.level() == "slow"


@pytest.mark.parametrize(
    ("available_mb", "waiting", "level"),
    [(2000, 0, "none"), (384, 0, "none"), (383, 0, "slow"), (159, 0, "halt"), (2000, 10, "slow"), (2000, 30, "halt")],
)
def test_little_memory_slows_work_down_and_less_stops_it(
    machine: Machine, available_mb: int, waiting: float, level: str
) -> None:
    machine.memory(available_mb, waiting=waiting)
    assert machine.level() == level
    if level != "none":
        assert not machine.gauge.read().models
        assert "Memory is short" in machine.gauge.read().message


def test_the_limit_of_our_own_group_counts_as_the_machine_s(machine: Machine) -> None:
    (machine.proc / "self").mkdir()
    (machine.proc / "self" / "cgroup").write_text("0::/system.slice/homeroll.service\n")
    group = machine.sys / "fs" / "cgroup" / "system.slice" / "homeroll.service"
    group.mkdir(parents=True)
    (group / "memory.pressure").write_text("some avg10=50.00 total=9\nfull avg10=40.00 avg60=1.00 total=9\n")
    assert machine.level() == "halt"


def test_the_files_are_not_read_again_at_once(machine: Machine) -> None:
    machine.zone(0, "cpu-thermal", 60)
    assert machine.level() == "none"
    machine.zone(0, "cpu-thermal", 95)
    assert machine.gauge.read().level == "none"
    assert machine.level() == "halt"
