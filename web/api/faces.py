"""Faces: the boxes on one photo, their pictures, and who they are."""

from __future__ import annotations

import contextlib
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Controller, HttpMethod, Request, Response, delete, get, patch, post, route
from litestar.params import FromPath, JSONBody

from appliance.errors import InvalidInputError, StorageError
from appliance.home import Home
from appliance.library import decisions, faces
from appliance.library.face_crops import make_crop
from web.api.schemas import Face, Items
from web.content import ASK_AGAIN, BY_HASH, POLICY
from web.params import Fraction
from web.parts import Asking, HomePart, RunnerPart
from web.ranges import is_match

READ = [HttpMethod.GET, HttpMethod.HEAD]


class FaceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of these: who it is, by id or by name (a new name makes a new person), or who it is not (`person` null: not
    who it is taken for now)."""

    person: uuid.UUID | msgspec.UnsetType | None = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    not_person: uuid.UUID | msgspec.UnsetType = msgspec.UNSET


class NewFace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`box`: left, top, width, height as fractions of the upright picture; who it is, if known."""

    file: uuid.UUID
    box: Annotated[list[Fraction], msgspec.Meta(min_length=4, max_length=4)]
    person: uuid.UUID | None = None
    name: str = ""


class ChangedFace(msgspec.Struct, frozen=True):
    """`undo` is the journal's entry: POST /journal/{undo}/undo; null when nothing changed.  A removed face is null."""

    face: Face | None
    undo: uuid.UUID | None


class PersonSuggestion(msgspec.Struct, frozen=True):
    """Is it that person?  `face` is theirs that is nearest; `confidence` is between 0 and 1."""

    person: uuid.UUID
    name: str
    face: uuid.UUID
    thumbnail_url: str
    confidence: float


class FacesController(Controller):
    tags = ("faces",)

    @get("/files/{file_id:uuid}/faces", summary="Faces on a photo, from left to right")
    async def of_file(self, home: HomePart, viewer: Asking, file_id: FromPath[uuid.UUID]) -> Items[Face]:
        return Items(msgspec.convert(await faces.faces_of_file(home.db, viewer, file_id), list[Face]))

    @post("/faces", summary="A face that was not found: draw its box")
    async def add(self, home: HomePart, viewer: Asking, runner: RunnerPart, data: JSONBody[NewFace]) -> ChangedFace:
        left, top, width, height = data.box
        face, entry = await decisions.add_face(
            home.db, home.bus, viewer, data.file, (left, top, width, height), person=data.person, name=data.name
        )
        runner.prioritise([data.file])
        return await _changed(home, viewer, face, entry)

    @get("/faces/{face_id:uuid}", summary="One face")
    async def get_one(self, home: HomePart, viewer: Asking, face_id: FromPath[uuid.UUID]) -> Face:
        return msgspec.convert(await faces.get_face(home.db, viewer, face_id), Face)

    @patch("/faces/{face_id:uuid}", summary="Say who it is, or who it is not")
    async def change(
        self, home: HomePart, viewer: Asking, face_id: FromPath[uuid.UUID], data: JSONBody[FaceChange]
    ) -> ChangedFace:
        said = [value for value in (data.person, data.name, data.not_person) if value is not msgspec.UNSET]
        if len(said) != 1:
            await faces.get_face(home.db, viewer, face_id)
            raise InvalidInputError("Say one thing: person, name or not_person")
        if isinstance(data.not_person, uuid.UUID):
            entry = await decisions.say_who_not(home.db, home.bus, viewer, [face_id], data.not_person)
        elif data.person is None:
            entry = await decisions.take_away(home.db, home.bus, viewer, face_id)
        elif isinstance(data.person, uuid.UUID):
            entry = await decisions.say_who(home.db, home.bus, viewer, [face_id], person=data.person)
        else:
            entry = await decisions.say_who(home.db, home.bus, viewer, [face_id], name=str(data.name))
        return await _changed(home, viewer, face_id, entry)

    @delete("/faces/{face_id:uuid}", status_code=200, summary="It is no face")
    async def remove(self, home: HomePart, viewer: Asking, face_id: FromPath[uuid.UUID]) -> ChangedFace:
        return ChangedFace(None, await decisions.remove_face(home.db, home.bus, viewer, face_id))

    @get("/faces/{face_id:uuid}/suggestions", summary="Who it may be, the surest first")
    async def suggestions(
        self, home: HomePart, viewer: Asking, face_id: FromPath[uuid.UUID]
    ) -> Items[PersonSuggestion]:
        rows = await faces.who_may_it_be(home.db, viewer, face_id)
        return Items(msgspec.convert(rows, list[PersonSuggestion]))

    @route("/faces/{face_id:uuid}/thumbnail", http_method=READ, summary="The face alone: a square WebP of 200 px")
    async def thumbnail(
        self, request: Request[Any, Any, Any], home: HomePart, viewer: Asking, face_id: FromPath[uuid.UUID]
    ) -> Response[bytes]:
        crop, webp = await faces.get_crop(home.db, viewer, face_id)
        if webp is None:
            webp = await make_crop(home, crop)
            with contextlib.suppress(StorageError):  # it is cut anew the next time
                await faces.keep_crop(home.db, crop, webp)
        etag = f'"{crop.key}"'
        caching = BY_HASH if request.query_params.get("v") == crop.key else ASK_AGAIN
        headers = {"ETag": etag, "Cache-Control": caching, "Content-Security-Policy": POLICY}
        if is_match(request.headers.get("if-none-match"), etag):
            return Response(b"", status_code=304, headers=headers, media_type="image/webp")
        return Response(webp, headers=headers, media_type="image/webp")


async def _changed(home: Home, viewer: Asking, face: uuid.UUID, entry: uuid.UUID | None) -> ChangedFace:
    return ChangedFace(msgspec.convert(await faces.get_face(home.db, viewer, face), Face), entry)
