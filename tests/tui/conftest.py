"""The real service, set up, empty or with a small library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pictures import make_photos
from tests.e2e.service import Service, running_service
from tests.tui.seen import ask, wait_for_work

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "correct horse battery"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.tui)


@pytest.fixture
def unused(tmp_path: Path) -> Iterator[Service]:
    """A service that was never set up."""
    with running_service(tmp_path / "data") as service:
        yield service


@pytest.fixture
def fresh(unused: Service) -> Path:
    """Its data directory."""
    return unused.data


@pytest.fixture
def data(fresh: Path) -> Path:
    """Of one whose first admin, Anna, has a password; nothing that needs a model is done."""
    settle(fresh)
    return fresh


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of six photos and a file that is none."""
    folder = tmp_path / "Pictures"
    make_photos(folder, 6)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def library(data: Path, photos: Path) -> Path:
    """The data directory of a service that has read those photos."""
    ask(data, "POST", "/libraries", {"root": str(photos), "name": "Holidays"})
    wait_for_work(data)
    return data


def settle(data: Path) -> None:
    (user,) = ask(data, "GET", "/users")["items"]
    ask(data, "PATCH", f"/users/{user['id']}", {"username": "anna", "name": "Anna", "password": PASSWORD})
    ask(data, "PATCH", "/settings", {"find_faces": "off", "text_reader": "off"})
