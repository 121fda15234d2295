"""People: who is on the photos, for the whole family.  What changes somebody answers with how to undo it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from appliance.library import decisions, people
from web.api.schemas import Face, Items, Page
from web.params import Cursor, Limit1000
from web.parts import Asking, HomePart

Ids = Annotated[list[uuid.UUID], msgspec.Meta(min_length=1, max_length=10_000)]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a group without a name (`name` is empty then).

    `faces` counts those on photos you may see; `cover_face` is the chosen one, else the best of them.  `private`: only
    you know of this person.  `ignored`: a stranger.
    """

    id: uuid.UUID
    name: str
    faces: int
    hidden: bool
    favourite: bool
    ignored: bool
    private: bool
    birthday: str | None
    cover_face: uuid.UUID | None
    cover_chosen: bool
    thumbnail_url: str | None
    created: datetime
    modified: datetime


class PersonChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only the fields that are there are changed.  A birthday is yyyy-mm-dd; a cover_face of null: the best one."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    hidden: bool | msgspec.UnsetType = msgspec.UNSET
    favourite: bool | msgspec.UnsetType = msgspec.UNSET
    ignored: bool | msgspec.UnsetType = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET
    birthday: str | msgspec.UnsetType | None = msgspec.UNSET
    cover_face: uuid.UUID | msgspec.UnsetType | None = msgspec.UNSET


class ChangedPerson(msgspec.Struct, frozen=True):
    """`undo` is the journal's entry: POST /journal/{undo}/undo; null when nothing changed."""

    person: Person
    undo: uuid.UUID | None


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`people` become `into`."""

    into: uuid.UUID
    people: Ids


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    faces: Ids
    name: str = ""


class SomeFaces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    faces: Ids


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: uuid.UUID
    other: uuid.UUID


class MergeSuggestion(msgspec.Struct, frozen=True):
    """Is `person` the same as `other`?  `confidence` is between 0 and 1."""

    person: Person
    other: Person
    confidence: float


class FaceSuggestion(msgspec.Struct, frozen=True):
    """Is this face that person?"""

    face: Face
    confidence: float


class PeopleController(Controller):
    path = "/people"
    tags = ("people",)

    @get(summary="Favourites, the named, then groups; those with most photos first")
    async def list(
        self,
        home: HomePart,
        viewer: Asking,
        limit: Limit1000 = 100,
        cursor: Cursor = None,
        named: Annotated[bool | None, QueryParameter(description="only those with, or without, a name")] = None,
        hidden: Annotated[bool, QueryParameter(description="the hidden ones instead")] = False,
        ignored: Annotated[bool, QueryParameter(description="the strangers instead")] = False,
        q: Annotated[str, QueryParameter(description="beginning of any word of the name")] = "",
    ) -> Page[Person]:
        page = await people.list_people(
            home.db, viewer, limit=limit, cursor=cursor, named=named, hidden=hidden, ignored=ignored, q=q
        )
        return msgspec.convert({"items": page.items, "total": page.total, "next": page.next}, Page[Person])

    @get("/suggestions", summary="Pairs who may be one person")
    async def merge_suggestions(
        self, home: HomePart, viewer: Asking, limit: FromQuery[int] = 20
    ) -> Items[MergeSuggestion]:
        rows = await people.merge_suggestions(home.db, viewer, limit=min(max(1, limit), 100))
        return Items(msgspec.convert(rows, list[MergeSuggestion]))

    @post("/merge", status_code=200, summary="These are one person")
    async def merge(self, home: HomePart, viewer: Asking, data: JSONBody[Merge]) -> ChangedPerson:
        entry = await decisions.merge(home.db, home.bus, viewer, data.into, data.people)
        return await _changed(home, viewer, data.into, entry)

    @post("/apart", status_code=200, summary="These two are not one person; it is not asked again")
    async def keep_apart(self, home: HomePart, viewer: Asking, data: JSONBody[Pair]) -> ChangedPerson:
        entry = await decisions.keep_apart(home.db, home.bus, viewer, data.person, data.other)
        return await _changed(home, viewer, data.person, entry)

    @get("/{person_id:uuid}", summary="One person")
    async def get_one(self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID]) -> Person:
        return msgspec.convert(await people.get_person(home.db, viewer, person_id), Person)

    @patch("/{person_id:uuid}", summary="Name, hide, favourite, ignore, keep private; birthday, cover")
    async def change(
        self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID], data: JSONBody[PersonChange]
    ) -> ChangedPerson:
        marks = {name: value for name in decisions.MARKS if (value := getattr(data, name)) is not msgspec.UNSET}
        entry = await decisions.change_person(home.db, home.bus, viewer, person_id, marks)
        return await _changed(home, viewer, person_id, entry)

    @get("/{person_id:uuid}/faces", summary="Every face of this person, the best pictures first")
    async def faces(
        self,
        home: HomePart,
        viewer: Asking,
        person_id: FromPath[uuid.UUID],
        limit: Limit1000 = 100,
        cursor: Cursor = None,
    ) -> Page[Face]:
        page = await people.list_faces(home.db, viewer, person_id, limit=limit, cursor=cursor)
        return msgspec.convert({"items": page.items, "total": page.total, "next": page.next}, Page[Face])

    @get("/{person_id:uuid}/suggestions", summary="Faces that may be this person, the surest first")
    async def face_suggestions(
        self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID], limit: FromQuery[int] = 20
    ) -> Items[FaceSuggestion]:
        rows = await people.face_suggestions(home.db, viewer, person_id, limit=min(max(1, limit), 100))
        return Items(msgspec.convert(rows, list[FaceSuggestion]))

    @post("/{person_id:uuid}/split", summary="Some faces of this person are somebody else; answers with the new one")
    async def split(
        self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID], data: JSONBody[Split]
    ) -> ChangedPerson:
        new, entry = await decisions.split(home.db, home.bus, viewer, person_id, data.faces, name=data.name)
        return await _changed(home, viewer, new, entry)

    @post("/{person_id:uuid}/reject", status_code=200, summary="These faces are not this person, for ever")
    async def reject(
        self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID], data: JSONBody[SomeFaces]
    ) -> ChangedPerson:
        entry = await decisions.say_who_not(home.db, home.bus, viewer, data.faces, person_id)
        return await _changed(home, viewer, person_id, entry)

    @post("/{person_id:uuid}/confirm", status_code=200, summary="These faces are this person")
    async def confirm(
        self, home: HomePart, viewer: Asking, person_id: FromPath[uuid.UUID], data: JSONBody[SomeFaces]
    ) -> ChangedPerson:
        entry = await decisions.say_who(home.db, home.bus, viewer, data.faces, person=person_id)
        return await _changed(home, viewer, person_id, entry)


async def _changed(home: HomePart, viewer: Asking, person: uuid.UUID, entry: uuid.UUID | None) -> ChangedPerson:
    row = await people.get_changed_person(home.db, viewer, person)
    return ChangedPerson(msgspec.convert(row, Person), entry)
