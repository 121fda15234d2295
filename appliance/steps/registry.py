"""Every step, in the order of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.steps.caption import CaptionStep
from appliance.steps.embedding import EmbeddingStep
from appliance.steps.faces import FacesStep
from appliance.steps.metadata import MetadataStep
from appliance.steps.ocr import OcrStep
from appliance.steps.renditions import RenditionsStep
from appliance.steps.tags import TagsStep

if TYPE_CHECKING:
    from appliance.steps.base import Step

STEPS: tuple[Step, ...] = (
    MetadataStep(),
    RenditionsStep(),
    FacesStep(),
    EmbeddingStep(),
    TagsStep(),
    OcrStep(),
    CaptionStep(),
)


def check(steps: tuple[Step, ...]) -> None:
    """Raise ValueError for a name used twice or a `needs` that does not come before it; the daemon asks at start."""
    seen: set[str] = set()
    for step in steps:
        if step.name in seen:
            raise ValueError(f"two steps are called {step.name}")
        missing = set(step.needs) - seen
        if missing:
            raise ValueError(f"step {step.name} needs {', '.join(sorted(missing))}, which does not come before it")
        seen.add(step.name)
