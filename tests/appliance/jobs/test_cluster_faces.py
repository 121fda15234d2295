"""Grouping: people form by themselves, and what somebody said of them holds through every further run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.jobs.base import Progress
from appliance.jobs.cluster_faces import ClusterFaces
from tests.appliance.portraits import portrait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from appliance.home import Home


async def cluster(home: Home, *, quick: bool = False) -> dict[str, Any]:
    return await ClusterFaces().run(home, Progress(lambda: None), quick=quick)


async def who(home: Home) -> dict[str, list[str]]:
    """Person id -> names of the files they are on."""
    rows = await home.db.fetch(
        """SELECT fa."person", f."filename" FROM "face" fa JOIN "stored_file" f ON f."id" = fa."file"
           WHERE fa."person" IS NOT NULL ORDER BY 1, 2"""
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(str(row["person"]), []).append(row["filename"])
    return found


async def test_faces_of_one_person_become_a_group(
    home: Home, photos: Path, scan: Callable[..., Awaitable[Any]], run_steps: Callable[[], Awaitable[Any]]
) -> None:
    for number in range(3):
        (photos / f"a{number}.jpg").write_bytes(portrait("anna", "bruno", number=number))
    (photos / "c.jpg").write_bytes(portrait("carla"))
    await scan()
    await run_steps()
    result = await cluster(home)
    assert result["faces"] == 7
    assert sorted((await who(home)).values()) == [["a0.jpg", "a1.jpg", "a2.jpg"]] * 2
    assert (await cluster(home))["moved"] == 0
    assert (await cluster(home, quick=True))["faces"] == 0
