"""Models: fetched with progress from a hub on this machine, stopped, gone on with, verified and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ml import registry
from tests.e2e.service import running_service
from tests.hub import COMMIT, Hub
from tests.tui.conftest import settle
from tests.tui.seen import ask, dashboard, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tui.seen import Seen

NAME = "siglip2"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The service, started after this, asks here for models."""
    with Hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        spec = registry.model(NAME)
        running.commits[spec.revision] = COMMIT
        for file in spec.files:
            running.publish(spec.source, file.name, bytes(2_000_000), revision=spec.revision)
        yield running


@pytest.fixture
def beside_hub(hub: Hub, tmp_path: Path) -> Iterator[Path]:
    with running_service(tmp_path / "data") as service:
        settle(service.data)
        yield service.data


def model(data: Path) -> Any:
    return ask(data, "GET", f"/models/{NAME}")


async def choose(seen: Seen) -> None:
    await seen.press("7")
    await seen.see("SigLIP 2")
    while NAME not in seen.text:
        await seen.press("down")


async def test_a_model_is_fetched_stopped_gone_on_with_and_removed(beside_hub: Path, hub: Hub) -> None:
    hub.slow = 150_000
    async with watching(dashboard(beside_hub)) as seen:
        await choose(seen)
        await seen.press("p")
        await seen.see("Fetch SigLIP 2", "from the internet", "licence")
        await seen.press("enter")
        await seen.see("━", "/s")
        await seen.press("s")
        await seen.until(lambda: (model(beside_hub)["pull"] or {}).get("status") == "paused", "stopped")
        hub.settle()
        await seen.see("Fetch")
        await seen.press("p")
        await seen.see("Fetch SigLIP 2")
        await seen.press("enter")
        await seen.until(lambda: model(beside_hub)["installed"], "it is here")
        await seen.see("in use", "Verify")
        await seen.press("v")
        await seen.see("as it was published")
        await seen.press("d")
        await seen.see("Remove SigLIP 2", "no search by meaning")
        await seen.press("y")
        await seen.until(lambda: not model(beside_hub)["installed"], "it is gone")


async def test_a_hub_that_is_down_is_said(beside_hub: Path, hub: Hub) -> None:
    hub.down = True
    async with watching(dashboard(beside_hub)) as seen:
        await choose(seen)
        await seen.press("p")
        await seen.see("Fetch SigLIP 2")
        await seen.press("enter")
        await seen.see("failed")
        assert model(beside_hub)["pull"]["error"][:20] in seen.text
