"""Links: addresses that show an album, a selection, a person or an event to whoever has them, without a login.

A link shows what its maker may give away: their own files and the family's, nothing locked, hidden or trashed.  What a
link shows is asked in `link_files.py`; what guests send by it is in `guest_uploads.py`.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.db.tables import ShareFile, ShareLink, ShareSession
from appliance.errors import AccessError, ConflictError, InvalidInputError, NotFoundError
from appliance.library import events, files, journal, people
from appliance.library.album_rights import OWNER, allowed_row
from appliance.library.face_index import ids_json
from appliance.library.passwords import hash_password, is_password
from appliance.library.sessions import hash_token
from appliance.values import is_printable, new_id, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

TOKEN_BYTES = 24
#: How long a browser that said the password need not say it again.
SESSION_FOR = timedelta(hours=12)
MOST_FILES = 10_000
MOST_CHARACTERS = 200
SHORTEST_PASSWORD = 4
FLAGS = ("allow_download", "show_location", "show_metadata", "allow_upload")


class PasswordNeededError(AccessError):
    """This link wants its password first."""

    code = "password_needed"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An open link, as whoever has its address may use it."""

    id: uuid.UUID
    user: uuid.UUID
    kind: str
    album: uuid.UUID | None
    person: uuid.UUID | None
    event: uuid.UUID | None
    name: str
    owner: str
    allow_download: bool
    show_location: bool
    show_metadata: bool
    allow_upload: bool

    @property
    def is_plain(self) -> bool:
        """Bytes that leave by it hold the picture and nothing else."""
        return not (self.show_location and self.show_metadata)


async def add_link(db: Database, viewer: Viewer, wish: Mapping[str, Any]) -> Row:
    """wish: one of album, person, event, files; name, password, expires and `FLAGS`.

    Raises NotFoundError for what the viewer does not see, PermissionDeniedError for what is not theirs to share.
    """
    if viewer.user_id is None:
        raise InvalidInputError("The local admin is nobody, who can share nothing", hint="Log in as somebody.")
    kinds = [kind for kind in ("album", "person", "event", "files") if wish.get(kind)]
    if len(kinds) != 1:
        raise InvalidInputError("A link shows one thing", hint="Name an album, a person, an event or files.")
    kind = "selection" if kinds == ["files"] else kinds[0]
    name, some = await _subject(db, viewer, kind, wish)
    if wish.get("allow_upload") and kind != "album":
        raise InvalidInputError("Guests can only add to an album", hint="Make an album of it, and share that.")
    link, moment = new_id(), now()
    row = {
        "id": link,
        "user": viewer.user_id,
        "kind": kind,
        "name": _clean_name(wish.get("name") or name),
        "token": secrets.token_urlsafe(TOKEN_BYTES),
        "password_hash": await _hashed(wish.get("password")),
        "expires": _checked_expiry(wish.get("expires")),
        "created": moment,
        "modified": moment,
        **{one: wish.get(one) if one == kind else None for one in ("album", "person", "event")},
        **{flag: bool(wish.get(flag)) for flag in FLAGS},
    }
    async with db.write(durable=True):
        await db.insert(ShareLink, [row])
        await db.insert(
            ShareFile,
            [{"id": new_id(), "link": link, "file": file, "position": place} for place, file in enumerate(some)],
        )
        await journal.record(viewer, "add", "link", link, after={"name": row["name"], "kind": kind})
    return await get_link(db, viewer, link)


async def _subject(db: Database, viewer: Viewer, kind: str, wish: Mapping[str, Any]) -> tuple[str, Sequence[uuid.UUID]]:
    """Its name, and the files of a selection."""
    if kind == "album":
        album = await allowed_row(db, viewer, wish["album"], OWNER)
        if album["query"] is not None:
            raise ConflictError(
                "A saved search cannot be shared: what it finds tomorrow, nobody has looked at",
                hint="Put what it finds into an album, or share a selection.",
            )
        return album["name"], ()
    if kind == "person":
        person = await people.get_person(db, viewer, wish["person"])
        return person["name"] or "Photos", ()
    if kind == "event":
        event = await events.get_event(db, viewer, wish["event"])
        return event["name"] or "Photos", ()
    chosen = list(dict.fromkeys(wish["files"]))
    if len(chosen) > MOST_FILES:
        raise InvalidInputError(f"A selection has at most {MOST_FILES} files", hint="Make an album of it.")
    mine = set(await files.changeable_ids(db, viewer, chosen))
    if not mine:
        raise files.no_such_file()
    return ("A photo" if len(mine) == 1 else f"{len(mine)} photos"), [one for one in chosen if one in mine]


async def list_links(db: Database, viewer: Viewer) -> list[Row]:
    """The viewer's own, the newest first; the local admin sees everybody's."""
    return await _select(db, viewer, *viewer_condition(viewer))


async def get_link(db: Database, viewer: Viewer, link: uuid.UUID) -> Row:
    condition, arguments = viewer_condition(viewer)
    rows = await _select(db, viewer, f's."id" = ? AND {condition}', [str(link), *arguments])
    if not rows:
        raise no_such_link()
    return rows[0]


async def change_link(db: Database, viewer: Viewer, link: uuid.UUID, changes: Mapping[str, Any]) -> Row:
    """changes: name, password ("" or None: none), expires, `FLAGS`.  Another password ends what the old one opened."""
    before = await get_link(db, viewer, link)
    values: dict[str, object] = {flag: int(changes[flag]) for flag in FLAGS if flag in changes}
    if "name" in changes:
        values["name"] = _clean_name(changes["name"])
    if "expires" in changes:
        values["expires"] = _checked_expiry(changes["expires"])
    if "password" in changes:
        values["password_hash"] = await _hashed(changes["password"])
    if values.get("allow_upload") and before["kind"] != "album":
        raise InvalidInputError("Guests can only add to an album", hint="Make an album of it, and share that.")
    if values:
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        async with db.write(durable=True):
            await db.fetch(
                f'UPDATE "share_link" SET {assignments}, "modified" = ? WHERE "id" = ?',
                [*values.values(), now(), str(link)],
            )
            if "password" in changes:
                await db.fetch('DELETE FROM "share_session" WHERE "link" = ?', [str(link)])
            await journal.record(viewer, "change", "link", link, after={"fields": sorted(changes)})
    return await get_link(db, viewer, link)


async def revoke(db: Database, viewer: Viewer, link: uuid.UUID) -> None:
    """It opens nothing from now on; what guests have sent waits on."""
    row = await get_link(db, viewer, link)
    async with db.write(durable=True):
        await db.fetch('DELETE FROM "share_link" WHERE "id" = ?', [str(link)])
        await journal.record(viewer, "revoke", "link", link, before={"name": row["name"]})


async def find_link(db: Database, token: str, session: str | None) -> Link:
    """The link that this address opens.  session: the cookie of a browser that said its password.

    Raises NotFoundError for one that is not there, has ended, or whose maker may not share it any more, and
    PasswordNeededError.
    """
    row = await _row_by_token(db, token)
    if row["password_hash"] is not None:
        moment = now()
        opened = session and await db.value(
            'SELECT 1 FROM "share_session" WHERE "token_hash" = ? AND "link" = ? AND "expires" > ?',
            [hash_token(session), str(row["id"]), moment],
        )
        if not opened:
            raise PasswordNeededError("This link wants its password", hint="Whoever sent it to you knows it.")
    return msgspec.convert({name: row[name] for name in Link.__struct_fields__}, Link, strict=False)


async def takes_uploads(db: Database, link: Link) -> bool:
    """Whether guests may send by it now.  Raises NotFoundError when it has ended since it was opened."""
    row = await db.fetch_one('SELECT "token" FROM "share_link" WHERE "id" = ?', [str(link.id)])
    if row is None:
        raise no_such_link()
    here = await _row_by_token(db, row["token"])
    return bool(here["allow_upload"]) and here["album"] is not None


async def open_with_password(db: Database, token: str, password: str) -> str:
    """The cookie for a browser that knows it; raises PasswordNeededError for a wrong one."""
    row = await _row_by_token(db, token)
    if not await is_password(password, row["password_hash"]):
        raise PasswordNeededError("That is not the password of this link", hint="Ask whoever sent it to you.")
    session, moment = secrets.token_urlsafe(TOKEN_BYTES), now()
    async with db.write():
        await db.fetch('DELETE FROM "share_session" WHERE "expires" < ?', [moment])
        await db.insert(
            ShareSession,
            [{"id": new_id(), "link": row["id"], "token_hash": hash_token(session), "expires": moment + SESSION_FOR}],
        )
    return session


async def note_view(db: Database, link: Link) -> None:
    async with db.write():
        await db.fetch(
            'UPDATE "share_link" SET "views" = "views" + 1, "last_viewed" = ? WHERE "id" = ?', [now(), str(link.id)]
        )


async def require_unshown(db: Database, kind: str, ids: Iterable[object]) -> None:
    """Raise ConflictError while a link shows one of these albums or events, which are about to go: it would end without
    a word, and undo would not bring it back.  Inside `db.write()`."""
    if await db.value(
        f"""SELECT 1 FROM "share_link" WHERE "{kind}" IN (SELECT value FROM json_each(?))
            AND ("expires" IS NULL OR "expires" > ?) LIMIT 1""",
        [ids_json(ids), now()],
    ):
        raise ConflictError(
            f"A link shows this {kind}", hint="Whoever made the link takes it back first, on the page Sharing."
        )


def viewer_condition(viewer: Viewer) -> tuple[str, list[object]]:
    """On `share_link s`: one's own."""
    if viewer.user_id is None:
        return "1", []
    return 's."user" = ?', [str(viewer.user_id)]


def no_such_link() -> NotFoundError:
    return NotFoundError("This link opens nothing", hint="It may have ended, or been taken back: ask for another one.")


async def _row_by_token(db: Database, token: str) -> Row:
    row = await db.fetch_one(
        """SELECT s.*, CASE u."name" WHEN '' THEN u."username" ELSE u."name" END AS "owner" FROM "share_link" s
           JOIN "account" u ON u."id" = s."user" AND NOT u."disabled"
           WHERE s."token" = ? AND (s."expires" IS NULL OR s."expires" > ?)
           AND (s."album" IS NULL OR EXISTS (SELECT 1 FROM "album_right" r
               WHERE r."album" = s."album" AND r."who" IN ('', s."user") AND r."level" = ?))
           AND (s."person" IS NULL OR EXISTS (SELECT 1 FROM "person" p
               WHERE p."id" = s."person" AND (p."user" IS NULL OR p."user" = s."user")))""",
        [token, now(), OWNER],
    )
    if row is None:
        raise no_such_link()
    return row


async def _select(db: Database, viewer: Viewer, condition: str, arguments: Sequence[object]) -> list[Row]:
    rows = await db.fetch(
        f"""SELECT s.*, (SELECT count(*) FROM "guest_upload" g WHERE g."link" = s."id") AS "waiting",
                (SELECT count(*) FROM "share_file" x WHERE x."link" = s."id") AS "files"
            FROM "share_link" s WHERE {condition} ORDER BY s."id" DESC""",
        arguments,
    )
    moment = now()
    return [_shown(row, moment, told="all" in viewer.scopes) for row in rows]


def _shown(row: Row, moment: datetime, *, told: bool) -> Row:
    """As its maker sees it, without the hash.  told: its address too, by which more may be done than a key may."""
    shown = {name: value for name, value in row.items() if name not in ("password_hash", "user")}
    shown |= {flag: bool(row[flag]) for flag in FLAGS}
    return shown | {
        "token": row["token"] if told else "",
        "path": f"/s/{row['token']}" if told else "",
        "has_password": row["password_hash"] is not None,
        "expired": row["expires"] is not None and row["expires"] <= moment,
    }


async def _hashed(password: str | None) -> str | None:
    if not password:
        return None
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInputError(f"The password needs at least {SHORTEST_PASSWORD} characters")
    return await hash_password(password)


def _checked_expiry(expires: datetime | None) -> datetime | None:
    if expires is not None and expires.tzinfo is None:
        raise InvalidInputError("The end needs a time zone", hint="Such as 2026-12-24T18:00:00+01:00.")
    if expires is not None and expires <= now():
        raise InvalidInputError("That moment is over", hint="Choose a later end, or none.")
    try:
        return expires and expires.astimezone(UTC)
    except OverflowError as error:  # the last day of the calendar, in a zone where it ends later
        raise InvalidInputError("That is beyond the calendar", hint="Choose an earlier end, or none.") from error


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= MOST_CHARACTERS or not is_printable(cleaned):
        raise InvalidInputError(f"A link's name has 1 to {MOST_CHARACTERS} printable characters")
    return cleaned
