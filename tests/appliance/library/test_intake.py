"""What registering writes, batch by batch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from appliance.errors import ConflictError
from appliance.importing.ingest import examine, sighting
from appliance.library import intake, libraries
from appliance.values import new_id
from tests.appliance.pictures import jpeg

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from pathlib import Path

    from appliance.home import Home
    from appliance.library.intake import Registered


async def register(
    home: Home, root: Path, names: Sequence[str], *, file_id: uuid.UUID | None = None
) -> list[Registered]:
    library = await home.db.value('SELECT "id" FROM "library" WHERE "root" = ?', [str(root)])
    if library is None:
        await libraries.add_library(home.db, name="x", root=str(root))
        library = await home.db.value('SELECT "id" FROM "library" WHERE "root" = ?', [str(root)])
    seen = [sighting("", name, await asyncio.to_thread(examine, root / name)) for name in names]
    async with home.db.write():
        return await intake.register(
            home.db, library=library, owner=None, sightings=seen, steps=home.steps, file_id=file_id
        )


async def test_copies_in_one_batch_are_one_file(home: Home, photos: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (photos / name).write_bytes(jpeg(1))
    registered = await register(home, photos, ["a.jpg", "b.jpg", "c.jpg"])
    assert [one.what for one in registered] == ["added", "joined", "joined"]
    assert len({one.id for one in registered}) == 1
    assert await home.db.value('SELECT count(*) FROM "file_path"') == 3
    assert [one.what for one in await register(home, photos, ["b.jpg", "a.jpg"])] == ["same", "same"]


async def test_a_batch_costs_a_handful_of_statements_however_many_files_it_has(
    home: Home, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(16):
        (photos / f"{number}.jpg").write_bytes(jpeg(number))
    await register(home, photos, ["0.jpg"])
    statements = []
    real_fetch, real_many = home.db.fetch, home.db.execute_many

    async def fetch(sql: str, args: Sequence[object] = ()) -> list[dict[str, object]]:
        statements.append(sql)
        return await real_fetch(sql, args)

    async def execute_many(sql: str, rows: Sequence[Sequence[object]]) -> None:
        statements.append(sql)
        await real_many(sql, rows)

    monkeypatch.setattr(home.db, "fetch", fetch)
    monkeypatch.setattr(home.db, "execute_many", execute_many)
    registered = await register(home, photos, [f"{number}.jpg" for number in range(1, 16)])
    assert [one.what for one in registered] == ["added"] * 15
    assert len(statements) <= 6, "one to find the library, one to read, one each for files, steps and paths"


async def test_one_batch_can_take_content_from_a_changed_file_and_give_it_to_a_new_one(
    home: Home, photos: Path
) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    (first,) = await register(home, photos, ["a.jpg"])
    (photos / "a.jpg").write_bytes(jpeg(2))
    (photos / "b.jpg").write_bytes(jpeg(1))
    changed, added = await register(home, photos, ["a.jpg", "b.jpg"])
    assert (changed.what, changed.id, added.what) == ("changed", first.id, "added")


async def test_a_file_whose_place_was_taken_is_worked_on_by_no_step_until_it_is_found_again(
    home: Home, photos: Path
) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    (photos / "b.jpg").write_bytes(jpeg(2, size=(80, 60)))
    a, b = await register(home, photos, ["a.jpg", "b.jpg"])
    (photos / "a.jpg").write_bytes(jpeg(2, size=(80, 60)))
    assert [one.id for one in await register(home, photos, ["a.jpg"])] == [b.id]

    async def renditions(file: uuid.UUID) -> str:
        status: str = await home.db.value(
            """SELECT "status" FROM "file_step" WHERE "file" = ? AND "step" = 'renditions'""", [str(file)]
        )
        return status

    assert (await renditions(a.id), await renditions(b.id)) == ("skipped", "pending")
    assert await home.db.value('SELECT "missing_since" FROM "stored_file" WHERE "id" = ?', [str(a.id)]) is None
    (photos / "b.jpg").write_bytes(jpeg(1))
    (again,) = await register(home, photos, ["b.jpg"])
    assert (again.id, again.what, await renditions(a.id)) == (a.id, "joined", "pending")
    contents = await home.db.fetch('SELECT "id", "content" FROM "stored_file"')
    assert {row["id"]: row["content"] for row in contents} == {a.id: "b.jpg", b.id: "a.jpg"}


async def test_a_client_may_choose_the_id_of_a_new_file_but_not_take_anothers(home: Home, photos: Path) -> None:
    (photos / "a.jpg").write_bytes(jpeg(1))
    (photos / "b.jpg").write_bytes(jpeg(2))
    chosen = new_id()
    (one,) = await register(home, photos, ["a.jpg"], file_id=chosen)
    assert one.id == chosen
    with pytest.raises(ConflictError):
        await register(home, photos, ["b.jpg"], file_id=chosen)
    assert await home.db.value('SELECT count(*) FROM "file_path"') == 1
