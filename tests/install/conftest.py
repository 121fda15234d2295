"""Minutes of booting and upgrading are asked for by name (`-m appliance`, `just e2e-appliance`), not run by the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "appliance" in str(config.option.markexpr):
        return
    apart = [item for item in items if item.get_closest_marker("appliance")]
    if apart:
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in apart]
