"""Promises of the house itself: what an import costs, where modules may stand, what a pin is."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("appliance", "web", "ml", "tui")
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())

# What the main process must never load by importing its parts: each belongs to the compute child or to one command.
HEAVY = (
    "PIL",
    "numpy",
    "rawpy",
    "simplejpeg",
    "pi_heif",
    "tzfpy",
    "textual",
    "torch",
    "onnxruntime",
    "dlib",
    "face_recognition",
    "cryptography",
    "faker",
    "polyfactory",
    "IPython",
    "pyinstrument",
)


def _modules(package: str) -> list[str]:
    """Dotted names of every module of a package, scripts for migrations left out."""
    files = sorted((REPOSITORY / package).rglob("*.py"))
    dotted = (file.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".") for file in files)
    return [name.removesuffix(".__init__") for name in dotted if "piccolo_migrations." not in name]


def _loaded_by(modules: list[str]) -> set[str]:
    code = f"import sys; {'; '.join(f'import {name}' for name in modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_service_loads_no_heavy_library() -> None:
    compute_only = ("appliance.media", "appliance.importing.demo", "appliance.certificates")
    modules = [name for name in _modules("appliance") + _modules("web") if not name.startswith(compute_only)]
    assert sorted(_loaded_by(modules) & set(HEAVY)) == []


def test_an_open_service_holds_no_heavy_library_either(tmp_path: Path) -> None:
    """What a part finds out to be installed, it may take for wanted."""
    code = """
import asyncio, pathlib, sys
from appliance.config import Settings
from appliance.daemon import open_house

async def look() -> None:
    async with open_house(Settings(data=pathlib.Path(sys.argv[1]), mdns=False)):
        print(*sys.modules)

asyncio.run(look())
"""
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(set(done.stdout.split()) & {*HEAVY, "pydantic", "pydantic_core"}) == []


def test_importing_the_dashboard_loads_nothing_of_the_library() -> None:
    loaded = _loaded_by(_modules("tui"))
    assert sorted(name for name in loaded if name.startswith(("appliance.db", "appliance.library", "piccolo"))) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_starts_no_thread_and_writes_nothing(package: str, tmp_path: Path) -> None:
    names = "; ".join(f"import {name}" for name in _modules(package))
    code = f"{names}; import threading; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []


def test_init_files_hold_one_docstring_and_nothing_else() -> None:
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("__init__.py"):
            body = ast.parse(file.read_text()).body
            assert len(body) <= 1, f"{file} holds code"
            assert all(isinstance(node, ast.Expr) for node in body), f"{file} holds code"


def test_every_module_opens_with_a_docstring() -> None:
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            if "piccolo_migrations" not in file.parts:
                assert ast.get_docstring(ast.parse(file.read_text())), f"{file} does not say what it holds"


def test_every_part_of_the_appliance_has_its_place_in_the_layers() -> None:
    contract = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    placed = {name.strip(" ()") for line in contract["layers"] for name in line.replace("|", ":").split(":")}
    parts = {
        f"appliance.{child.stem}"
        for child in (REPOSITORY / "appliance").iterdir()
        if (child.suffix == ".py" or (child / "__init__.py").is_file()) and child.stem != "__init__"
    }
    assert sorted(parts - placed) == []


def test_every_dependency_is_pinned_exactly_says_why_and_is_in_the_constraints() -> None:
    constrained = {
        line.split("==")[0].lower().replace("_", "-"): line.split("==")[1]
        for line in (REPOSITORY / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    project = PYPROJECT["project"]
    pins = project["dependencies"] + [pin for extra in project["optional-dependencies"].values() for pin in extra]
    pins += PYPROJECT["tool"]["homeroll"]["without_dependencies"]
    lines = (REPOSITORY / "pyproject.toml").read_text().splitlines()
    for pin in pins:
        name, _, version = pin.partition("==")
        assert constrained.get(name.lower().replace("_", "-")) == version, f"{pin}: run tools/lock"
        line = next(line for line in lines if f'"{pin}"' in line)
        assert "  # " in line, f"{pin} does not say why"


def _third_party_imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names - set(PACKAGES) - set(sys.stdlib_module_names) - {"__future__"}


def test_everything_the_code_imports_is_pinned_by_us_and_not_by_chance_there() -> None:
    project = PYPROJECT["project"]
    pins = project["dependencies"] + PYPROJECT["tool"]["homeroll"]["without_dependencies"]
    pins += project["optional-dependencies"]["torch"]
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    distributions = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            for name in _third_party_imports(file):
                brought_by = {found.lower().replace("_", "-") for found in distributions.get(name, [])}
                assert brought_by & pinned, f"{file} imports {name}: pin it in pyproject.toml, then run tools/lock"


def test_nothing_in_the_repository_names_a_registry_host() -> None:
    """Where packages come from is the machine's own configuration."""
    for name in ("install.sh", "constraints.txt", "pyproject.toml", ".ci/run", "justfile", "tools/lock"):
        text = (REPOSITORY / name).read_text()
        for word in ("index-url", "trusted-host", "find-links", "deb http", "pypi"):
            assert word not in text, f"{name} names {word}"
