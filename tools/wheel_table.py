"""What tools/wheels runs in an environment of its own: asks pip about every pin for every machine, prints a table.

pip chooses for another machine by what a wheel's name says, but reads conditions such as `python_version < "3.12"` for
the interpreter it runs on.  So each pin is asked for alone, and what a package wants elsewhere is worked out here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from pip._vendor.packaging.markers import default_environment
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename

PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
OLDEST_GLIBC = 36  # 2.36: Debian 12 and the Raspberry Pi OS made from it; Ubuntu 24.04 has 2.39, Debian 13 2.41


def pip_report(scratch: Path, *arguments: str) -> tuple[list[dict[str, Any]], str]:
    """What pip would install, and what it complains about."""
    report = scratch / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-input"]
    command += ["--only-binary=:all:", "--target", str(scratch / "target"), "--report", str(report), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (json.loads(report.read_text())["install"] if report.exists() else []), done.stderr


def for_machine(python: str, machine: str) -> list[str]:
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(OLDEST_GLIBC, 4, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return ["--python-version", python, *(f"--platform={tag}" for tag in tags)]


def wheels(scratch: Path, pins: list[str], python: str, machine: str) -> dict[str, str]:
    """File names by package; one that is missing is not among them."""
    wanted = list(pins)
    while True:
        (scratch / "pins").write_text("\n".join(wanted))
        chosen, problem = pip_report(scratch, "--no-deps", "-r", str(scratch / "pins"), *for_machine(python, machine))
        if chosen:
            break
        missing = re.search(r"No matching distribution found for (\S+?)==", problem)
        if not missing:
            sys.exit(problem)
        wanted = [pin for pin in wanted if canonicalize_name(pin.split("==")[0]) != canonicalize_name(missing[1])]
    return {
        canonicalize_name(item["metadata"]["name"]): item["download_info"]["url"].rpartition("/")[2] for item in chosen
    }


def unpinned(described: list[dict[str, Any]], python: str, machine: str, known: set[str]) -> set[str]:
    """Packages that these want on that machine, and that nothing pins."""
    there = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "extra": "",
    }
    wanted = (Requirement(text) for item in described for text in item["metadata"].get("requires_dist", ()))
    needed: set[str] = {
        canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate(there)
    }
    return needed - known


def needed_glibc(file: str) -> int:
    """The 28 of glibc 2.28; 0 if it needs none.  A file of several tags runs where the easiest of them does."""
    tags = re.findall(r"manylinux_2_(\d+)_|(manylinux2014)_", file)
    return min((int(minor) if minor else 17 for minor, _ in tags), default=0)


def cell(files: dict[str, str | None]) -> str:
    """The wheels of one package for one machine, shortly: which Python, which glibc."""
    missing = [python for python, file in files.items() if file is None]
    tags = {next(iter(parse_wheel_filename(file)[3])) for file in files.values() if file}
    named = sorted({tag.interpreter if tag.abi != "abi3" else f"{tag.interpreter}-abi3" for tag in tags})
    glibc = {needed_glibc(file) for file in files.values() if file} - {0}
    text = f"{' '.join(named)}{f', glibc 2.{max(glibc)}' if glibc else ''}"
    return f"{text}, **none for {', '.join(missing)}**" if missing else text


def main(scratch: Path) -> int:
    project = tomllib.loads(Path("pyproject.toml").read_text())
    asked = project["project"]["dependencies"]
    (scratch / "wanted").write_text("\n".join(asked))
    described, problem = pip_report(scratch, "-c", "constraints.txt", "-r", str(scratch / "wanted"))
    if not described:
        sys.exit(problem)
    pins = [f"{item['metadata']['name']}=={item['metadata']['version']}" for item in described]
    known: set[str] = {canonicalize_name(pin.split("==")[0]) for pin in pins}
    found = {(python, machine): wheels(scratch, pins, python, machine) for python in PYTHONS for machine in MACHINES}
    failed = False
    rows, anywhere = [], 0
    for pin in sorted(pins, key=str.lower):
        name = canonicalize_name(pin.split("==")[0])
        by_machine = {machine: {python: found[python, machine].get(name) for python in PYTHONS} for machine in MACHINES}
        failed |= any(file is None for files in by_machine.values() for file in files.values())
        if all(file and file.endswith("-none-any.whl") for files in by_machine.values() for file in files.values()):
            anywhere += 1
            continue
        rows.append(f"| {pin.replace('==', ' ')} | {' | '.join(cell(by_machine[machine]) for machine in MACHINES)} |")
    print("| | x86-64 | aarch64 |\n|---|---|---|")
    print(*rows, sep="\n")
    print(f"\n{anywhere} more are plain Python and the same file everywhere.")
    for python, machine in found:
        # What comes without its dependencies is looked after by install.sh.
        if wanted := unpinned(described, python, machine, known):
            failed = True
            print(f"Python {python} on {machine} wants besides, and nothing pins: {', '.join(sorted(wanted))}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
