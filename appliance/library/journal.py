"""Who did what: one row for each change a person makes, with what was there before, so that it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.db.tables import Journal
from appliance.values import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.library.viewers import Viewer


async def record(
    viewer: Viewer,
    verb: str,
    noun: str,
    noun_id: object,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry; only inside the `db.write()` of the change itself, so that both happen or neither.

    `before` and `after` hold only the fields that changed.
    """
    await Journal.insert(
        Journal(
            user=viewer.user_id,
            verb=verb,
            noun=noun,
            noun_id=str(noun_id),
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
            created=now(),
        )
    )
