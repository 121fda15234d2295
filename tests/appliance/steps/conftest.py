"""Models that see colours, in place of those that want weights."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from appliance.library import image_index, model_tags
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps.embedding import EmbeddingStep
from appliance.steps.metadata import MetadataStep
from appliance.steps.renditions import RenditionsStep
from appliance.steps.runner import Runner
from appliance.steps.tags import TagsStep
from ml import runtime
from tests.appliance.steps import models

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from appliance.home import Home

    Look = Callable[[], Awaitable[dict[str, dict[str, Any]]]]
    Choose = Callable[..., Awaitable[None]]

STEPS = (MetadataStep(), RenditionsStep(), EmbeddingStep(), TagsStep())


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The registries hold the models of `models.py`, and nobody has looked at anything yet."""
    monkeypatch.setattr("ml.registry.EMBEDDERS", models.EMBEDDERS)
    monkeypatch.setattr("ml.registry.TAGGERS", models.TAGGERS)
    models.ColourTower.looks.clear()
    models.Painter.looks.clear()
    yield
    runtime._held.clear()


@pytest.fixture
def choose(home: Home, colours: None) -> Choose:
    """Change site settings, and do what follows from that."""

    async def run(**values: str) -> None:
        await change_settings(home.db, LOCAL_ADMIN, values)
        await image_index.prepare(home.db)
        await model_tags.prepare(home.db)

    return run


@pytest.fixture
def look(home: Home, colours: None) -> Look:
    """Run the steps up to `tags`, until nothing is left but what waits; returns the progress items by name."""

    async def run() -> dict[str, dict[str, Any]]:
        runner = Runner(home, STEPS)
        await runner.start()
        try:
            async with asyncio.timeout(90):
                while any(  # noqa: ASYNC110 - polled, as clients do
                    item["running"] or (item["pending"] and not item["waits"]) for item in await runner.progress()
                ):
                    await asyncio.sleep(0.02)
            return {item["name"]: item for item in await runner.progress()}
        finally:
            await runner.stop()

    return run
