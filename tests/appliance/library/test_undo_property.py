"""Whatever people did in whatever order, undoing it backwards leads through the same states to the first one."""

from __future__ import annotations

import ast
import contextlib
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import HomerollError
from appliance.library import (
    adjustments,
    albums,
    decisions,
    duplicate_choices,
    duplicates,
    edits,
    event_changes,
    event_points,
    journal,
    tagging,
    tags,
    trash,
    undo,
    users,
)
from appliance.library.adjustments import Change
from appliance.library.duplicate_groups import regroup_around
from appliance.library.edits import Edit, Location
from appliance.library.viewers import LOCAL_ADMIN, Viewer
from appliance.media.recipe import Light
from tests.appliance import people
from tests.appliance.changes import derived, state
from tests.appliance.findable import Findable
from tests.appliance.library.test_sharing_undo import NAMES, Sharer
from tests.fakes import FakeFaceEngine, OtherFaceEngine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from appliance.home import Home

ACTIONS = 25
WORDS = ("beach", "dog", "last day", "Sea")
VIENNA, SYDNEY = Location(latitude=48.2, longitude=16.37), Location(latitude=-33.86, longitude=151.2)
PLACES = (VIENNA, SYDNEY, None)


@pytest.fixture(autouse=True)
def face_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.registry.FACE_ENGINES", (FakeFaceEngine, OtherFaceEngine))


@dataclass
class Family:
    """A small library, and somebody who does things at random."""

    findable: Findable
    chance: random.Random
    files: list[uuid.UUID]

    @property
    def home(self) -> Home:
        return self.findable.home

    def some(self) -> list[uuid.UUID]:
        return self.chance.sample(self.files, self.chance.randint(1, len(self.files)))

    async def edit(self, **changes: Any) -> None:
        await edits.edit_files(self.home, LOCAL_ADMIN, self.some(), Edit(**changes))

    async def mark(self) -> None:
        name, values = self.chance.choice(
            [
                ("favourite", (True, False)),
                ("archived", (True, False)),
                ("hidden", (True, False)),
                ("rating", (None, 0, 3, 5)),
                ("description", ("", "Summer", "Süden ☀")),
            ]
        )
        await self.edit(**{name: self.chance.choice(values)})

    async def move_date(self) -> None:
        name, values = self.chance.choice(
            [
                ("shift_s", (1, -86_400, 5_000_000)),
                ("date", ("2019-06-12T09:00:00", "2001-02-03")),
                ("first_date", ("2010-01-01T00:00:00",)),
                ("utc_offset_min", (-300, 0, 330)),
            ]
        )
        await self.edit(**{name: self.chance.choice(values)})

    async def place(self) -> None:
        await self.edit(location=self.chance.choice(PLACES))

    async def tag(self) -> None:
        added, removed = self.chance.sample(WORDS, 2)
        await self.edit(add_tags=[added], remove_tags=[removed])

    async def tag_one(self) -> None:
        await tagging.set_by_hand(
            self.home.db, self.home.bus, LOCAL_ADMIN, self.chance.choice(self.files), self.chance.sample(WORDS, 2)
        )

    async def reject_tag(self) -> None:
        file, word = self.chance.choice(self.files), self.chance.choice(WORDS)
        await tagging.reject(self.home.db, self.home.bus, LOCAL_ADMIN, file, word)

    async def adjust(self) -> None:
        light = Light(exposure=self.chance.choice((0.0, 0.5)), black_and_white=self.chance.random() < 0.3)
        change = self.chance.choice(
            [
                Change(turns=1),
                Change(turns=2, mirror=True),
                Change(mirror=True),
                Change(light=light),
                Change(reset=True),
            ]
        )
        await adjustments.adjust_files(self.home, LOCAL_ADMIN, self.some(), change)

    async def throw_away(self) -> None:
        await trash.trash_files(self.home.db, self.home.bus, LOCAL_ADMIN, self.some())

    async def take_out(self) -> None:
        await trash.restore_files(self.home.db, self.home.bus, LOCAL_ADMIN, self.some())

    async def name_person(self) -> None:
        who = self.chance.choice(await self.ids("person"))
        await decisions.change_person(
            self.home.db, self.home.bus, LOCAL_ADMIN, who, {"name": self.chance.choice(("Anna", "Bruno", ""))}
        )

    async def merge_people(self) -> None:
        everybody = await self.ids("person")
        one, other = self.chance.choice(everybody), self.chance.choice(everybody)
        await decisions.merge(self.home.db, self.home.bus, LOCAL_ADMIN, one, [other])

    async def say_who(self) -> None:
        face = self.chance.choice(await self.ids("face"))
        await decisions.say_who(self.home.db, self.home.bus, LOCAL_ADMIN, [face], name=self.chance.choice("XYZ"))

    async def remove_face(self) -> None:
        await decisions.remove_face(
            self.home.db, self.home.bus, LOCAL_ADMIN, self.chance.choice(await self.ids("face"))
        )

    async def make_event(self) -> None:
        name = self.chance.choice(("", "Party"))
        await event_changes.make(self.home.db, self.home.bus, LOCAL_ADMIN, self.some(), name=name)

    async def name_event(self) -> None:
        event = self.chance.choice(await self.ids("event") or [uuid.uuid4()])
        await event_changes.rename(
            self.home.db, self.home.bus, LOCAL_ADMIN, event, self.chance.choice(("", "Sea", "Lake"))
        )

    async def merge_events(self) -> None:
        everything = await self.ids("event") or [uuid.uuid4()]
        one, other = self.chance.choice(everything), self.chance.choice(everything)
        await event_changes.merge(self.home.db, self.home.bus, LOCAL_ADMIN, one, [other])

    async def dismiss_event(self) -> None:
        event = self.chance.choice(await self.ids("event") or [uuid.uuid4()])
        await event_changes.dismiss(self.home.db, self.home.bus, LOCAL_ADMIN, event)

    async def make_point(self) -> None:
        moment = self.chance.choice(("2019-06-12T09:00:00", "2024-05-01T12:30:00"))
        point = event_points.Point(datetime.fromisoformat(moment), timedelta(hours=1))
        await event_points.make(self.home.db, self.home.bus, LOCAL_ADMIN, point, name="At six")

    async def mark_person(self) -> None:
        faces = await self.ids("face")
        marks: dict[str, Any] = {
            "hidden": self.chance.random() < 0.5,
            "favourite": self.chance.random() < 0.5,
            "ignored": self.chance.random() < 0.5,
            "birthday": self.chance.choice((None, "2019-04-23")),
            "cover_face": self.chance.choice((None, *faces)),
        }
        chosen = self.chance.sample(sorted(marks), 2)
        who = self.chance.choice(await self.ids("person"))
        await decisions.change_person(
            self.home.db, self.home.bus, LOCAL_ADMIN, who, {name: marks[name] for name in chosen}
        )

    async def split_person(self) -> None:
        row = self.chance.choice(await self.home.db.fetch('SELECT "id", "person" FROM "face" WHERE "person" <> \'\''))
        await decisions.split(self.home.db, self.home.bus, LOCAL_ADMIN, row["person"], [row["id"]], name="Q")

    async def keep_apart(self) -> None:
        everybody = await self.ids("person")
        one, other = self.chance.choice(everybody), self.chance.choice(everybody)
        await decisions.keep_apart(self.home.db, self.home.bus, LOCAL_ADMIN, one, other)

    async def reject_faces(self) -> None:
        face, who = self.chance.choice(await self.ids("face")), self.chance.choice(await self.ids("person"))
        await decisions.say_who_not(self.home.db, self.home.bus, LOCAL_ADMIN, [face], who)

    async def add_face(self) -> None:
        box = (self.chance.choice((0.4, 0.7)), self.chance.choice((0.4, 0.7)), 0.2, 0.2)
        file = self.chance.choice(self.files)
        await decisions.add_face(self.home.db, self.home.bus, LOCAL_ADMIN, file, box, name=self.chance.choice("XYZ"))

    async def decide_on_duplicates(self) -> None:
        groups = await duplicates.list_groups(self.home.db, LOCAL_ADMIN, kind=self.chance.choice((None, "sequence")))
        group = self.chance.choice(groups["items"] or [{"id": uuid.uuid4(), "files": [{"id": uuid.uuid4()}]}])
        if self.chance.random() < 0.3:
            await duplicate_choices.dismiss(self.home.db, LOCAL_ADMIN, group["id"])
            return
        kept = self.chance.sample([file["id"] for file in group["files"]], 1)
        await duplicate_choices.keep(self.home.db, self.home.bus, LOCAL_ADMIN, group["id"], kept)

    async def locate(self) -> None:
        where = {file: self.chance.choice((VIENNA, SYDNEY)) for file in self.some()}
        await edits.locate_files(self.home, LOCAL_ADMIN, where)

    async def change_albums(self) -> None:
        """Beside all else: what is kept of duplicates takes over albums and covers."""
        known = await self.ids("album")
        if len(known) < 2:
            await albums.add_album(self.home.db, LOCAL_ADMIN, name=f"A{len(known)}")
            return
        album, some = self.chance.choice(known), self.some()
        if self.chance.random() < 0.4:
            await albums.change_album(self.home.db, LOCAL_ADMIN, album, {"cover": some[0]})
        else:
            remove = self.chance.random() < 0.3
            await albums.change_files(self.home.db, LOCAL_ADMIN, album, some, remove=remove)

    async def ids(self, table: str) -> list[uuid.UUID]:
        return [row["id"] for row in await self.home.db.fetch(f'SELECT "id" FROM "{table}" ORDER BY "id"')]

    def actions(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            *(self.mark, self.move_date, self.place, self.tag, self.tag_one, self.reject_tag),
            *(self.make_event, self.name_event, self.merge_events, self.make_point, self.dismiss_event),
            *(
                self.adjust,
                self.throw_away,
                self.take_out,
                self.name_person,
                self.merge_people,
                self.say_who,
                self.remove_face,
            ),
            *(self.mark_person, self.split_person, self.keep_apart, self.reject_faces, self.add_face),
            *(self.decide_on_duplicates, self.decide_on_duplicates, self.locate, self.change_albums),
        ]

    async def everything(self) -> tuple[dict[str, Any], ...]:
        return await state(self.home), await people.state(self.home), await derived(self.home)

    async def entries(self) -> list[uuid.UUID]:
        rows = await self.home.db.fetch('SELECT "id" FROM "journal" ORDER BY rowid')
        return [row["id"] for row in rows]


async def make_family(home: Home, root: Path, seed: int) -> Family:
    findable = await Findable.create(home, root)
    who = [await findable.person(name) for name in ("", "Carla", "")]
    made = [
        await findable.file(
            f"{number}.jpg",
            start=f"20{10 + number}-05-01T12:00:00.000",
            tag=WORDS[number % 3 :][:1],
            people=[who[number % 3]],
            rating=number if number < 5 else None,
            latitude=10.0 * number if number % 2 else None,
            longitude=1.0 if number % 2 else None,
            width=400 + number,
            height=300,
        )
        for number in range(6)
    ]
    made.append(await findable.file("0.dng", kind="raw", part_of=made[0]))
    async with home.db.write():
        await tags.set_tags(home.db, made[1], ["Sea", "dog"], source="model:siglip2")
        await home.db.fetch("""UPDATE "file_tag" SET "score" = 0.75 WHERE "source" = 'model:siglip2'""")
        for kind, (one, other) in (("copy", made[1:3]), ("sequence", made[3:5])):
            await home.db.fetch(
                """INSERT INTO "duplicate_pair" ("file", "other", "kind", "distance", "judged_by")
                   VALUES (?, ?, ?, 1, '')""",
                [*sorted((str(one), str(other))), kind],
            )
        await regroup_around(home.db, made[1:5])
    return Family(findable, random.Random(seed), made)


@pytest.mark.parametrize("seed", range(12))
async def test_undoing_everything_backwards_leads_through_every_earlier_state(
    home: Home, tmp_path: Path, seed: int
) -> None:
    family = await make_family(home, tmp_path, seed)
    steps: list[tuple[list[uuid.UUID], tuple[dict[str, Any], ...]]] = []
    refused = 0
    while len(steps) < ACTIONS:
        before, known = await family.everything(), len(await family.entries())
        try:
            await family.chance.choice(family.actions())()
        except HomerollError:
            refused += 1  # such as a tag that is not on the file: then nothing may have happened
            assert await family.everything() == before
            assert refused < 10 * ACTIONS
            continue
        new = (await family.entries())[known:]
        assert bool(new) == (await family.everything() != before), "an entry for each change, and none without one"
        if new:
            steps.append((new, before))
    for entries, before in reversed(steps):
        for entry in reversed(entries):
            await undo.undo(home.db, LOCAL_ADMIN, entry)
        assert await family.everything() == before
    assert await home.db.fetch("PRAGMA foreign_key_check") == []


def verbs_in_code() -> set[str]:
    """What entries that can be undone are called, wherever the library writes one."""
    found: set[str] = set()
    for path in Path(journal.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            told: list[ast.expr | None] = []
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="journal"), attr="record"), args=[_, verb, noun, *_]
                ):
                    told = [verb] if not isinstance(noun, ast.Constant) or noun.value in journal.UNDOABLE else []
                case ast.Call(func=ast.Attribute(attr="record"), args=[verb, *_]):
                    told = [verb]
                case ast.Call(func=ast.Name(id="_record" | "_mark" | "_replace"), args=arguments):
                    told = [*arguments]
                case ast.Assign(targets=[ast.Name(id="verb" | "VERB")], value=value) | ast.keyword("verb", value):
                    told = [value]
                case ast.arguments(kwonlyargs=names, kw_defaults=defaults):
                    told = [default for name, default in zip(names, defaults, strict=True) if name.arg == "verb"]
            found |= {
                one.value
                for value in told
                for one in ([value.body, value.orelse] if isinstance(value, ast.IfExp) else [value])
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found


async def test_every_change_that_can_be_undone_is_among_those_that_are_undone_at_random(
    home: Home, tmp_path: Path
) -> None:
    """A new kind of entry is to be added to one of the two properties."""
    wanted = verbs_in_code()
    assert {"merge", "trash", "restore", "locate", "adjust", "keep", "let_in", "unshare", "rename_tag"} <= wanted
    seen: set[str] = set()
    bruno = await users.add_user(home.db, LOCAL_ADMIN, username="bruno", password="long enough")
    for seed in range(60):
        (tmp_path / f"{seed}").mkdir()
        family = await make_family(home, tmp_path / f"{seed}", seed)
        row = await users.add_user(home.db, LOCAL_ADMIN, username=f"anna{seed}", password="long enough")
        own = [await family.findable.file(owner=row["id"], tag=NAMES[:2]) for _ in range(3)]
        sharer = Sharer(home, seed, Viewer(user_id=row["id"]), bruno["id"], own)
        for _ in range(ACTIONS):
            with contextlib.suppress(HomerollError):
                await family.chance.choice(family.actions())()
            await sharer.act()
        seen = {entry["verb"] for entry in await home.db.fetch('SELECT DISTINCT "verb" FROM "journal"')}
        if wanted <= seen:
            break
    assert wanted - seen == set()
