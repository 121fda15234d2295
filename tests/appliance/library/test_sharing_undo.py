"""Whatever is done to albums, tags and sharing, in whatever order: undone in turn, everything is exactly as it was."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import HomerollError
from appliance.library import albums, ownership, tag_names, undo, users
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from tests.appliance.findable import Findable

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.home import Home

#: Everything that those may change, without ids of rows and the moments of a change.
TABLES = (
    'SELECT "id", "user", "name", "query", "parent", "family", "sorting", "cover", "created" FROM "album" ORDER BY 1',
    'SELECT "album", "user", "role" FROM "album_member" ORDER BY 1, 2',
    'SELECT "album", "file", "position", "granted" FROM "album_file" ORDER BY 1, 2',
    'SELECT "album", "who", "level" FROM "album_right" ORDER BY 1, 2',
    'SELECT ft."file", t."name", ft."source" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag" ORDER BY 1, 2, 3',
    'SELECT r."file", t."name" FROM "tag_rejection" r JOIN "tag" t ON t."id" = r."tag" ORDER BY 1, 2',
    'SELECT "id", "shared", "locked", "audience" FROM "stored_file" ORDER BY 1',
    'SELECT "owner", "month", "files" FROM "month_count" ORDER BY 1, 2',
    'SELECT "file", "owner", "shown" FROM "file_text_row" ORDER BY 1',
    'SELECT t."name", c."owner", c."files" FROM "tag_count" c JOIN "tag" t ON t."id" = c."tag" WHERE c."files" <> 0 '
    "ORDER BY 1, 2",
)
NAMES = ("sea", "beach", "animals", "animals/dog", "garden")


class Sharer:
    """Does one thing after another, by chance, as anna."""

    def __init__(self, home: Home, seed: int, viewer: Viewer, other: uuid.UUID, files: list[uuid.UUID]) -> None:
        self.home, self.chance, self.viewer, self.other, self.files = home, random.Random(seed), viewer, other, files

    async def act(self) -> None:
        what = self.chance.choice(
            [self.add, self.change, self.delete, self.let_in, self.put, self.take, self.order, self.share, self.tag]
        )
        try:
            await what()
        except HomerollError:
            return  # not possible at the moment: another is tried

    async def album(self) -> uuid.UUID:
        rows = await self.home.db.fetch('SELECT "id" FROM "album" ORDER BY "id"')
        chosen: uuid.UUID = self.chance.choice([row["id"] for row in rows] or [uuid.uuid4()])
        return chosen

    def some(self) -> list[uuid.UUID]:
        return self.chance.sample(self.files, self.chance.randint(1, len(self.files)))

    async def add(self) -> None:
        parent = await self.album() if self.chance.random() < 0.4 else None
        private = self.chance.random() < 0.5
        await albums.add_album(
            self.home.db, self.viewer, name=f"A{self.chance.random()}", private=private, parent=parent
        )

    async def change(self) -> None:
        changes: dict[str, Any] = {
            "name": f"B{self.chance.random()}",
            "family": self.chance.choice(["", "viewer", "editor"]),
            "sorting": self.chance.choice(["newest", "oldest", "hand"]),
            "cover": self.chance.choice([None, *self.files]),
            "parent": self.chance.choice([None, await self.album()]),
        }
        chosen = self.chance.sample(sorted(changes), 2)
        await albums.change_album(
            self.home.db, self.viewer, await self.album(), {name: changes[name] for name in chosen}
        )

    async def delete(self) -> None:
        await albums.delete_album(self.home.db, self.viewer, await self.album())

    async def let_in(self) -> None:
        members = {self.other: self.chance.choice(["viewer", "editor"])} if self.chance.random() < 0.7 else {}
        await albums.let_in(self.home.db, self.viewer, await self.album(), members)

    async def put(self) -> None:
        await albums.change_files(self.home.db, self.viewer, await self.album(), self.some())

    async def take(self) -> None:
        await albums.change_files(self.home.db, self.viewer, await self.album(), self.some(), remove=True)

    async def order(self) -> None:
        before = self.chance.choice([None, *self.files])
        await albums.order_files(self.home.db, self.viewer, await self.album(), self.some(), before=before)

    async def share(self) -> None:
        shared = self.chance.random() < 0.5
        await ownership.share_files(self.home.db, self.home.bus, self.viewer, self.some(), shared=shared)

    async def tag(self) -> None:
        db, bus = self.home.db, self.home.bus
        one, other = self.chance.sample(NAMES, 2)
        way = self.chance.choice(["rename", "merge", "remove"])
        if way == "rename":
            await tag_names.rename(db, bus, self.viewer, one, f"{other}{self.chance.randint(0, 3)}")
        elif way == "merge":
            await tag_names.merge(db, bus, self.viewer, [one], other)
        else:
            await tag_names.remove(db, bus, self.viewer, one)


async def state(home: Home) -> list[Any]:
    async with home.db.read():
        return [await home.db.fetch(table) for table in TABLES]


@pytest.mark.parametrize("seed", range(6))
async def test_undoing_everything_in_turn_leads_back_exactly(home: Home, tmp_path: Path, seed: int) -> None:
    (tmp_path / "library").mkdir()
    findable = await Findable.create(home, tmp_path / "library")
    anna, bruno = [
        (await users.add_user(home.db, LOCAL_ADMIN, username=name, password="long enough"))["id"]
        for name in ("anna", "bruno")
    ]
    chance = random.Random(seed)
    files = [
        await findable.file(
            owner=chance.choice([anna, anna, None]),
            tag=chance.sample(NAMES, 2),
            start=f"202{chance.randint(0, 3)}-0{chance.randint(1, 9)}-01T00:00:00.000",
        )
        for _ in range(8)
    ]
    sharer = Sharer(home, seed, Viewer(user_id=anna), bruno, files)
    states = [await state(home)]
    entries: list[uuid.UUID] = []
    while len(entries) < 25:
        known = await home.db.value('SELECT max("id") FROM "journal"')
        await sharer.act()
        newest = await home.db.value('SELECT max("id") FROM "journal"')
        if newest != known:
            entries.append(newest)
            states.append(await state(home))
    for entry in reversed(entries):
        assert await state(home) == states.pop()
        await undo.undo(home.db, sharer.viewer, uuid.UUID(str(entry)))
    assert [await state(home)] == states
