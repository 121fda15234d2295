"""Whose files are seen by whom: sharing one's own with the family, by file, by library, or from the start.

The column `audience` follows by itself (`viewers.py`), and with it every list, count and search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from appliance.errors import ConflictError, InvalidInputError, NotFoundError
from appliance.library import announcing, files, journal
from appliance.library.face_index import ids_json
from appliance.messages import FileChanged
from appliance.values import now

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from appliance.messages import Bus

NOUN = "sharing"


async def share_files(
    db: Database, bus: Bus, viewer: Viewer, ids: Sequence[uuid.UUID], *, shared: bool
) -> uuid.UUID | None:
    """Let the whole family see files of one's own, or no longer; the journal's entry, None when nothing changed.

    Files of the family stay as they are.  What belongs to a photo (its RAW, its live video) goes with it.
    """
    async with db.write():
        wanted = await files.changeable_ids(db, viewer, ids)
        rows = await db.fetch(
            """UPDATE "stored_file" SET "shared" = ?1, "modified" = ?2 WHERE "id" IN (SELECT value FROM json_each(?3))
               AND "user" IS NOT NULL AND "shared" IS NOT ?1 RETURNING "id", "local_start" """,
            [int(shared), now(), ids_json(wanted)],
        )
        if not rows:
            return None
        changed = [str(row["id"]) for row in rows]
        entry = await journal.record(
            viewer,
            "share" if shared else "unshare",
            NOUN,
            changed[0],
            before={"shared": not shared, "files": changed},
            after={"shared": shared, "files": changed},
        )
    await _tell(db, bus, changed, {row["local_start"][:7] for row in rows})
    return entry


async def share_uploads(db: Database, viewer: Viewer, *, shares: bool) -> None:
    """Whether what the viewer sends from now on is the whole family's to see; what is here stays as it is."""
    if viewer.user_id is None:
        raise InvalidInputError("The local admin sends nothing", hint="Log in as somebody.")
    async with db.write():
        await db.fetch(
            'UPDATE "account" SET "shares" = ?, "modified" = ? WHERE "id" = ?', [shares, now(), str(viewer.user_id)]
        )
        await db.fetch(
            """UPDATE "library" SET "shared" = ? WHERE "user" = ? AND "kind" = 'uploads'""",
            [shares, str(viewer.user_id)],
        )
        await journal.record(viewer, "change", "user", viewer.user_id, after={"shares": shares})


async def share_library(db: Database, bus: Bus, viewer: Viewer, library: uuid.UUID, *, shared: bool) -> None:
    """Let the whole family see what is in a library of one's own, now and from now on, or no longer.

    Raises NotFoundError for another's: an admin cannot show what is somebody else's.
    """
    async with db.write():
        row = await db.fetch_one('SELECT "user", "kind" FROM "library" WHERE "id" = ?', [str(library)])
        owner = row["user"] if row else None
        if row is None or owner is None or (viewer.user_id is not None and owner != viewer.user_id):
            raise NotFoundError("There is no such library of yours", hint="What is the family's is seen by all.")
        await db.fetch(
            'UPDATE "library" SET "shared" = ?, "modified" = ? WHERE "id" = ?', [shared, now(), str(library)]
        )
        if row["kind"] == "uploads":  # what its owner sends from now on lies in it
            await db.fetch('UPDATE "account" SET "shares" = ? WHERE "id" = ?', [shared, str(owner)])
        rows = await db.fetch(
            """UPDATE "stored_file" SET "shared" = ?1 WHERE "library" = ?2 AND "user" IS NOT NULL
               AND "shared" IS NOT ?1 RETURNING "local_start" """,
            [int(shared), str(library)],
        )
        await journal.record(viewer, "change", "library", library, after={"shared": shared})
    # Which months: everyone's pages ask again, and are told what they may see.
    months = sorted({row["local_start"][:7] for row in rows} - {""})
    if months:
        bus.publish(FileChanged(ids=[], months=months, user=None))


async def put_back(db: Database, entry: Row) -> None:
    """Undo an entry of the journal, inside its `db.write()`; raises ConflictError when that was changed since."""
    before, after = msgspec.json.decode(entry["before"]), msgspec.json.decode(entry["after"])
    others = await db.value(
        """SELECT count(*) FROM "stored_file" WHERE "id" IN (SELECT value FROM json_each(?)) AND "shared" IS NOT ?""",
        [ids_json(after["files"]), int(after["shared"])],
    )
    if others:
        raise ConflictError("Some of these files were shared anew since", hint="Undo what was done after it first.")
    await db.fetch(
        """UPDATE "stored_file" SET "shared" = ?, "modified" = ? WHERE "id" IN (SELECT value FROM json_each(?))""",
        [int(before["shared"]), now(), ids_json(before["files"])],
    )


async def announce_undone(db: Database, bus: Bus, entry: Row) -> None:
    """After `put_back` is committed."""
    ids = msgspec.json.decode(entry["before"])["files"]
    await _tell(db, bus, ids, set())


async def _tell(db: Database, bus: Bus, ids: Sequence[object], months: set[str]) -> None:
    """Who sees them now hears which; everyone else only that a month looks different, for they may have shown them."""
    await announcing.tell_changed(db, bus, ids)
    if months - {""}:
        bus.publish(FileChanged(ids=[], months=sorted(months - {""}), user=None))
