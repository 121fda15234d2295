"""Editing files by hand, one or thousands: one transaction, one entry of the journal, which can be undone.

What a person says here holds: reading the file again changes neither a date nor a place that was set by hand
(`by_hand` of the row; `intake.redescribe`).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from appliance.errors import InvalidInputError
from appliance.library import edit_dates, file_changes, files, tags
from appliance.library.face_index import ids_json
from appliance.library.file_changes import LOCATION, FileRecording, Values, said_by_hand
from appliance.messages import EditProgress
from appliance.values import new_id, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.home import Home
    from appliance.library.viewers import Viewer
    from appliance.media.values import Place
    from appliance.messages import Bus

MOST_FILES = 10_000
#: What one file may be given by itself.
MARKS = ("favourite", "rating", "archived", "hidden", "description")


def _says(**schema: object) -> msgspec.Meta:
    """What the API's description says of a limit that is looked at here, where it is refused in better words."""
    return msgspec.Meta(extra_json_schema=schema)


Names = Annotated[list[Annotated[str, _says(minLength=1, maxLength=100)]], msgspec.Meta(max_length=200)]
Rating = Annotated[int, _says(minimum=0, maximum=5)]
Shift = Annotated[int, _says(minimum=-edit_dates.MOST_SHIFT_S, maximum=edit_dates.MOST_SHIFT_S)]


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """WGS84 degrees; metres above the sea, if known."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    altitude: Annotated[float, msgspec.Meta(ge=-12_000, le=100_000)] | None = None


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what is there is changed.  Of `shift_s`, `date` and `first_date` one at most: so many seconds later; this
    wall clock (2019-06-12T14:30:00) for each; this one for the earliest, the others as far from it as they are.
    A location of null takes it away."""

    favourite: bool | msgspec.UnsetType = msgspec.UNSET
    rating: Rating | msgspec.UnsetType | None = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    hidden: bool | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    shift_s: Shift | msgspec.UnsetType = msgspec.UNSET
    date: str | msgspec.UnsetType = msgspec.UNSET
    first_date: str | msgspec.UnsetType = msgspec.UNSET
    utc_offset_min: Annotated[int, msgspec.Meta(ge=-14 * 60, le=14 * 60)] | msgspec.UnsetType = msgspec.UNSET
    location: Location | msgspec.UnsetType | None = msgspec.UNSET
    add_tags: Names = []
    remove_tags: Names = []

    @property
    def marks(self) -> Values:
        return {name: value for name in MARKS if (value := getattr(self, name)) is not msgspec.UNSET}

    @property
    def moves_date(self) -> bool:
        named = (self.shift_s, self.date, self.first_date, self.utc_offset_min)
        return any(value is not msgspec.UNSET for value in named)


class Edited(msgspec.Struct, frozen=True):
    """How many files differ now, and the journal's entry, None when none does."""

    changed: int
    undo: uuid.UUID | None


async def edit_files(home: Home, viewer: Viewer, ids: Sequence[uuid.UUID], edit: Edit) -> Edited:
    """Change those of `ids` that the viewer sees; raises NotFoundError when that is none, InvalidInputError for values
    that no file may have."""
    check_marks(edit.marks)
    shift = edit_dates.understood(edit) if edit.moves_date else None
    place = None
    if isinstance(edit.location, Location):
        place = await home.compute.run(place_at, edit.location.latitude, edit.location.longitude, urgent=True)

    def changes(rows: Mapping[str, Values]) -> dict[str, Values]:
        moved = shift(rows) if shift else {}
        wanted = {}
        for file, row in rows.items():
            values = _stored(edit.marks) | moved.get(file, {})
            wanted[file] = values | _located(edit.location, row | values, place)
        return wanted

    return await _edit(home.db, home.bus, viewer, ids, changes, edit)


async def locate_files(home: Home, viewer: Viewer, positions: Mapping[uuid.UUID, Location]) -> Edited:
    """Give each file a position of its own."""
    places = await home.compute.run(places_at, [(one.latitude, one.longitude) for one in positions.values()])
    known = {str(file): (one, place) for (file, one), place in zip(positions.items(), places, strict=True)}

    def changes(rows: Mapping[str, Values]) -> dict[str, Values]:
        return {file: _located(known[file][0], row, known[file][1]) for file, row in rows.items()}

    return await _edit(home.db, home.bus, viewer, list(positions), changes, Edit(), verb="locate")


async def change_file(db: Database, bus: Bus, viewer: Viewer, file: uuid.UUID, marks: Mapping[str, Any]) -> Row:
    """Set some of `MARKS` of one file; raises InvalidInputError for a value that none of them may have."""
    check_marks(marks)
    await files.get_file(db, viewer, file)

    def changes(rows: Mapping[str, Values]) -> dict[str, Values]:
        return dict.fromkeys(rows, _stored(marks))

    await _edit(db, bus, viewer, [file], changes, Edit())
    return await files.get_file(db, viewer, file)


def place_at(latitude: float, longitude: float) -> Place | None:
    """In the compute process: the table of towns is none of the service's memory."""
    from appliance.media.places import find_place

    return find_place(latitude, longitude)


def places_at(positions: Sequence[tuple[float, float]]) -> list[Place | None]:
    """`place_at` for many."""
    return [place_at(latitude, longitude) for latitude, longitude in positions]


def check_marks(marks: Mapping[str, Any]) -> None:
    rating = marks.get("rating")
    if rating is not None and not 0 <= rating <= 5:
        raise InvalidInputError("rating must be between 0 and 5")
    for name in ("favourite", "archived", "hidden", "description"):
        if name in marks and marks[name] is None:
            raise InvalidInputError(f"{name} cannot be null")
    if len(marks.get("description") or "") > files.MAX_DESCRIPTION:
        raise InvalidInputError(f"The description may have at most {files.MAX_DESCRIPTION} characters")


async def _edit(
    db: Database,
    bus: Bus,
    viewer: Viewer,
    ids: Sequence[uuid.UUID],
    changes: Any,
    edit: Edit,
    *,
    verb: str = "change",
) -> Edited:
    """changes: of rows as they are, what they shall be; only columns that differ are written."""
    if not 1 <= len(set(ids)) <= MOST_FILES:
        raise InvalidInputError(f"Choose between 1 and {MOST_FILES} files")
    added, removed = (
        [tags.clean_name(name) for name in edit.add_tags],
        [tags.clean_name(name) for name in edit.remove_tags],
    )
    async with db.write():
        seen = await changeable_ids(db, viewer, ids)
        recording = FileRecording(db, viewer, seen, tags=bool(added or removed))
        await recording.begin()
        wanted: dict[str, Values] = {
            file: {name: value for name, value in values.items() if recording.rows[file][name] != value}
            for file, values in changes(recording.rows).items()
        }
        months = {str(recording.rows[file]["local_start"])[:7] for file, values in wanted.items() if values}
        await _write(db, bus, viewer, wanted)
        if added:
            await _add_tags(db, viewer, seen, added)
        if removed:
            await _remove_tags(db, viewer, seen, removed)
        entry, changed = await recording.record(verb)
    if changed:
        await file_changes.announce(db, bus, changed, months=months)
    return Edited(changed=len(changed), undo=entry)


async def changeable_ids(
    db: Database, viewer: Viewer, ids: Sequence[uuid.UUID], *, parts: bool = False
) -> list[uuid.UUID]:
    """Those of `ids` that the viewer may change; raises NotFoundError when that is none, PermissionDeniedError when
    one of them is somebody else's to change.

    parts: with them what is shown through them, such as the RAW of a photo and the video of a live one.
    """
    found = await files.changeable_ids(db, viewer, list(dict.fromkeys(ids)))
    if not found:
        raise files.no_such_file()
    if parts:
        changeable, arguments = viewer.changeable("f")
        rows = await db.fetch(
            f"""SELECT f."id" FROM "stored_file" f
                WHERE f."part_of" IN (SELECT value FROM json_each(?)) AND {changeable}""",
            [ids_json(found), *arguments],
        )
        found += [row["id"] for row in rows]
    return list(dict.fromkeys(found))


async def _write(db: Database, bus: Bus, viewer: Viewer, wanted: Mapping[str, Values]) -> None:
    """In parts, so that whoever waits sees it move; still one transaction."""
    some = list(wanted.items())
    step = file_changes.AT_ONCE
    for start in range(0, len(some), step):
        await file_changes.set_columns(db, dict(some[start : start + step]))
        if len(some) > step:
            done = min(start + step, len(some))
            bus.publish(EditProgress(done=done, total=len(some), user=str(viewer.user_id) if viewer.user_id else None))


def _stored(marks: Mapping[str, Any]) -> Values:
    """As SQLite has them."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in marks.items()}


def _located(location: Location | msgspec.UnsetType | None, row: Values, place: Place | None) -> Values:
    if location is msgspec.UNSET:
        return {}
    by_hand = {"by_hand": said_by_hand(row["by_hand"], LOCATION)}
    if location is None:
        return {"latitude": None, "longitude": None, "altitude": None, "place": None, **by_hand}
    # 0.0 is added so that a position of -0.0 is not another one than 0.0.
    return {
        "latitude": float(location.latitude) + 0.0,
        "longitude": float(location.longitude) + 0.0,
        "altitude": location.altitude,
        "place": msgspec.json.encode(place).decode() if place else None,
        **by_hand,
    }


async def _add_tags(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID], names: Sequence[str]) -> None:
    known = await tags.spelled(db, viewer, names)
    moment = now()
    await db.execute_many(
        'INSERT INTO "tag" ("id", "name", "created") VALUES (?, ?, ?) ON CONFLICT ("name") DO NOTHING',
        [[str(new_id()), name, moment] for name in known],
    )
    await db.execute_many(
        """INSERT INTO "file_tag" ("id", "file", "tag", "source")
           SELECT ?, ?, "id", 'manual' FROM "tag" WHERE "name" = ? ON CONFLICT DO NOTHING""",
        [[str(new_id()), str(file), name] for file in ids for name in known],
    )


async def _remove_tags(db: Database, viewer: Viewer, ids: Sequence[uuid.UUID], names: Sequence[str]) -> None:
    """Whoever gave them; only a person's hand brings them back."""
    known, moment = await tags.spelled(db, viewer, names), now()
    rows = await db.fetch(
        """SELECT DISTINCT ft."file", ft."tag" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag"
           WHERE ft."file" IN (SELECT value FROM json_each(?))
           AND t."name" IN (SELECT value FROM json_each(?))""",
        [ids_json(ids), msgspec.json.encode(known).decode()],
    )
    await db.execute_many(
        'DELETE FROM "file_tag" WHERE "file" = ? AND "tag" = ?', [[str(row["file"]), str(row["tag"])] for row in rows]
    )
    await db.execute_many(
        'INSERT INTO "tag_rejection" ("id", "file", "tag", "created") VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        [[str(new_id()), str(row["file"]), str(row["tag"]), moment] for row in rows],
    )
