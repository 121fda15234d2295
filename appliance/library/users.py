"""The people of the house: who may log in, as what, and the first admin's one-time password."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from appliance.db.tables import User
from appliance.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from appliance.library import journal
from appliance.library.passwords import check_password, hash_password, is_password, one_time_password
from appliance.library.viewers import LOCAL_ADMIN
from appliance.values import new_id, now

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer

Role = Literal["admin", "user"]

FIRST_ADMIN = "admin"
MAX_NAME = 64
COLUMNS = '"id", "username", "name", "role", "must_change_password", "created", "disabled", "shares"'


class OneTimePassword(msgspec.Struct, frozen=True):
    """What the terminal prints while nobody has set the service up."""

    username: str
    password: str


async def ensure_first_admin(db: Database) -> OneTimePassword | None:
    """Make the admin on the very first start; until someone chose a password, every start prints a new one.

    None once an admin has a password of their own.
    """
    if not await is_setup_required(db):
        return None
    password = one_time_password()
    password_hash = await hash_password(password)
    async with db.write(durable=True):
        rows = await db.fetch(
            """SELECT "id", "username" FROM "account" WHERE "role" = 'admin' ORDER BY "created" LIMIT 1"""
        )
        if rows:
            username = str(rows[0]["username"])
            await db.fetch(
                'UPDATE "account" SET "password_hash" = ?, "must_change_password" = 1, "modified" = ? WHERE "id" = ?',
                [password_hash, now(), rows[0]["id"]],
            )
            await db.fetch('DELETE FROM "session" WHERE "user" = ?', [rows[0]["id"]])
        else:
            username = FIRST_ADMIN
            await _insert(
                username=username, name="", role="admin", password_hash=password_hash, must_change_password=True
            )
    return OneTimePassword(username=username, password=password)


async def is_setup_required(db: Database) -> bool:
    """True until one admin has chosen their own password."""
    found = await db.value("""SELECT 1 FROM "account" WHERE "role" = 'admin' AND NOT "must_change_password" LIMIT 1""")
    return found is None


async def set_up(db: Database, *, one_time: str, username: str, name: str, password: str) -> Row:
    """Turn the first admin into a person: their own name and password instead of the printed one.

    Raises ConflictError when that was done before, AuthenticationError when `one_time` is not the printed one.
    """
    if not await is_setup_required(db):
        raise ConflictError("Homeroll is already set up", hint="Log in instead.")
    username = clean_username(username)
    check_password(password)
    admin = await db.fetch_one(
        """SELECT "id", "password_hash" FROM "account" WHERE "role" = 'admin' ORDER BY "created" LIMIT 1"""
    )
    if admin is None or not await is_password(one_time.strip(), str(admin["password_hash"])):
        raise AuthenticationError(
            "That is not the one-time password",
            hint="It is printed where Homeroll was started; each start prints a new one.",
        )
    password_hash = await hash_password(password)
    async with db.write(durable=True):
        await _refuse_taken(db, username, but=admin["id"])
        await db.fetch(
            'UPDATE "account" SET "username" = ?, "name" = ?, "password_hash" = ?, "must_change_password" = 0, '
            '"modified" = ? WHERE "id" = ?',
            [username, clean_name(name), password_hash, now(), admin["id"]],
        )
        await db.fetch('DELETE FROM "session" WHERE "user" = ?', [admin["id"]])
        await journal.record(LOCAL_ADMIN, "set_up", "user", admin["id"], after={"username": username})
    return await get_user(db, admin["id"])


async def log_in(db: Database, *, username: str, password: str) -> Row:
    """The user whose password this is; raises AuthenticationError without saying which of the two was wrong."""
    row = await db.fetch_one(
        f'SELECT {COLUMNS}, "password_hash" FROM "account" WHERE "username" = ?',
        [folded(username)],
    )
    known = await is_password(password, str(row["password_hash"]) if row else None)
    if not known or row is None or row["disabled"]:
        raise AuthenticationError("That name and password do not belong together", hint="Check both and try again.")
    return _shown(row)


async def check_own_password(db: Database, viewer: Viewer, password: str) -> None:
    """Raise AuthenticationError unless it is the viewer's."""
    stored = await db.value('SELECT "password_hash" FROM "account" WHERE "id" = ?', [viewer.user_id])
    if not await is_password(password, stored):
        raise AuthenticationError("That is not your password", hint="It is the one you log in with.")


async def change_password(db: Database, viewer: Viewer, *, current: str, new: str) -> None:
    """Also ends every session of that user: whoever knew the old password is out."""
    check_password(new)
    if viewer.user_id is None:
        raise InvalidInputError("The local admin has no password")
    stored = await db.value('SELECT "password_hash" FROM "account" WHERE "id" = ?', [viewer.user_id])
    if not await is_password(current, stored):
        raise AuthenticationError("That is not your present password", hint="An admin can set a new one for you.")
    password_hash = await hash_password(new)
    async with db.write(durable=True):
        await _set_password(db, viewer.user_id, password_hash, must_change=False)
        await journal.record(viewer, "change_password", "user", viewer.user_id)


async def list_users(db: Database) -> list[Row]:
    rows = await db.fetch(f'SELECT {COLUMNS} FROM "account" ORDER BY "username"')
    return [_shown(row) for row in rows]


async def get_user(db: Database, user_id: uuid.UUID) -> Row:
    row = await db.fetch_one(f'SELECT {COLUMNS} FROM "account" WHERE "id" = ?', [user_id])
    if row is None:
        raise NotFoundError("There is no such user")
    return _shown(row)


async def find_user(db: Database, username: str) -> Row:
    """By name, in any case of letters; raises NotFoundError."""
    row = await db.fetch_one(
        f'SELECT {COLUMNS} FROM "account" WHERE "username" = ?',
        [folded(username)],
    )
    if row is None:
        raise NotFoundError(f"There is no user called {username!r}", hint="`homeroll user list` shows them all.")
    return _shown(row)


async def add_user(
    db: Database, viewer: Viewer, *, username: str, password: str, name: str = "", role: Role = "user"
) -> Row:
    viewer.require_admin()
    username = clean_username(username)
    check_password(password)
    password_hash = await hash_password(password)
    async with db.write(durable=True):
        await _refuse_taken(db, username)
        user_id = await _insert(
            username=username, name=clean_name(name), role=role, password_hash=password_hash, must_change_password=False
        )
        await journal.record(viewer, "add", "user", user_id, after={"username": username, "role": role})
    return await get_user(db, user_id)


async def change_user(
    db: Database,
    viewer: Viewer,
    user_id: uuid.UUID,
    *,
    username: str | None = None,
    name: str | None = None,
    role: Role | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> Row:
    """None leaves a field alone.  A new password ends that user's sessions; who is disabled is out at once, with every
    session, key and link, until they are let in again."""
    viewer.require_admin()
    before = await get_user(db, user_id)
    after: dict[str, Any] = {}
    if username is not None:
        after["username"] = clean_username(username)
    if name is not None:
        after["name"] = clean_name(name)
    if role is not None:
        after["role"] = role
    if disabled is not None:
        after["disabled"] = disabled
    password_hash = None
    if password is not None:
        check_password(password)
        password_hash = await hash_password(password)
    async with db.write(durable=True):
        if "username" in after:
            await _refuse_taken(db, after["username"], but=user_id)
        if after.get("role") == "user" or disabled:
            await _refuse_last_admin(db, user_id)
        if disabled:
            await db.fetch('DELETE FROM "session" WHERE "user" = ?', [user_id])
        for column, value in after.items():
            await db.fetch(f'UPDATE "account" SET "{column}" = ? WHERE "id" = ?', [value, user_id])
        if password_hash is not None:
            await _set_password(db, user_id, password_hash, must_change=False)
        await db.fetch('UPDATE "account" SET "modified" = ? WHERE "id" = ?', [now(), user_id])
        await journal.record(viewer, "change", "user", user_id, before={k: before[k] for k in after}, after=after)
    return await get_user(db, user_id)


async def remove_user(db: Database, viewer: Viewer, user_id: uuid.UUID) -> None:
    """Raises ConflictError while files or folders belong to them: people's photos never go with an account."""
    viewer.require_admin()
    user = await get_user(db, user_id)
    async with db.write(durable=True):
        await _refuse_last_admin(db, user_id)
        files = await db.value('SELECT count(*) FROM "stored_file" WHERE "user" = ?', [user_id])
        if files:
            raise ConflictError(
                f"{user['username']} still has {files} files here", hint="Trash them first, or keep the account."
            )
        if waiting := await db.value('SELECT count(*) FROM "guest_upload" WHERE "user" = ?', [user_id]):
            raise ConflictError(
                f"{waiting} photos that guests sent wait for {user['username']}",
                hint="Nobody else can look at them: let them be taken in or removed first.",
            )
        await db.fetch("""DELETE FROM "library" WHERE "user" = ? AND "kind" = 'uploads'""", [user_id])
        if await db.value('SELECT count(*) FROM "library" WHERE "user" = ?', [user_id]):
            raise ConflictError(f"A library belongs to {user['username']}", hint="Remove that library first.")
        await db.fetch('DELETE FROM "account" WHERE "id" = ?', [user_id])
        await journal.record(viewer, "remove", "user", user_id, before={"username": user["username"]})


def clean_username(username: str) -> str:
    """Lower case and free of surprises; raises InvalidInputError."""
    name = folded(username)
    if not name:
        raise InvalidInputError("The user name is empty")
    if len(name) > MAX_NAME:
        raise InvalidInputError(f"The user name may have at most {MAX_NAME} characters")
    if not all(letter.isalnum() or letter in "._-@+" for letter in name):
        raise InvalidInputError("The user name may hold letters, digits and . _ - @ + only")
    return name


def clean_name(name: str) -> str:
    shown = "".join(letter for letter in unicodedata.normalize("NFC", name) if letter.isprintable()).strip()
    if len(shown) > MAX_NAME:
        raise InvalidInputError(f"The name may have at most {MAX_NAME} characters")
    return shown


def folded(username: str) -> str:
    """Names that differ only in how they are written are one: logging in, and whoever counts its tries, asks this."""
    return unicodedata.normalize("NFKC", username).strip().lower()


def _shown(row: Row) -> Row:
    """Without the hash, whatever was selected."""
    return {
        "id": row["id"],
        "username": row["username"],
        "name": row["name"],
        "role": row["role"],
        "must_change_password": bool(row["must_change_password"]),
        "disabled": bool(row["disabled"]),
        "shares": bool(row["shares"]),
        "created": row["created"],
    }


async def _insert(*, username: str, name: str, role: Role, password_hash: str, must_change_password: bool) -> uuid.UUID:
    moment = now()
    user = User(
        id=new_id(),
        username=username,
        name=name,
        role=role,
        password_hash=password_hash,
        must_change_password=must_change_password,
        created=moment,
        modified=moment,
    )
    await User.insert(user)
    user_id: uuid.UUID = user.id
    return user_id


async def _set_password(db: Database, user_id: uuid.UUID, password_hash: str, *, must_change: bool) -> None:
    await db.fetch(
        'UPDATE "account" SET "password_hash" = ?, "must_change_password" = ?, "modified" = ? WHERE "id" = ?',
        [password_hash, must_change, now(), user_id],
    )
    await db.fetch('DELETE FROM "session" WHERE "user" = ?', [user_id])


async def _refuse_taken(db: Database, username: str, *, but: object = None) -> None:
    taken = await db.value('SELECT "id" FROM "account" WHERE "username" = ?', [username])
    if taken is not None and taken != but:
        raise ConflictError(f"There is already a user called {username}", hint="Choose another name.")


async def _refuse_last_admin(db: Database, user_id: uuid.UUID) -> None:
    others = await db.value(
        """SELECT count(*) FROM "account" WHERE "role" = 'admin' AND NOT "disabled" AND "id" <> ?""", [user_id]
    )
    if not others:
        raise ConflictError("This is the only admin", hint="Make someone else an admin first.")
