"""Who is asking, and the SQL that follows from it.

Every file has an `audience`, a column that SQLite keeps from its other columns: "" the whole family, a user's id only
that user, `<id>:locked` that user after saying the password again.  Triggers copy it to whatever is counted or searched
beside files (`owner` of month_count, tag_count, person_count, face, file_text_row), so that one comparison is enough
anywhere.  Three questions, each one fragment:

    visible     is it in this viewer's lists, searches, counts, maps, messages?       audience "" or their own
    reach       may they open it by its id?    also what others shared in an album, and the locked ones while unlocked;
                not what others shared, and hid or trashed since
    changeable  may they change it?            the family's files and their own, not what others let them see
"""

from __future__ import annotations

import uuid

import msgspec

from appliance.errors import PermissionDeniedError

#: What follows an owner's id in the audience of a locked file.
LOCKED = ":locked"
#: Files that are shown where somebody may see them at all: not in the trash, not hidden, not locked; neither is what
#: they are shown through, for a live photo's video goes with it.
_GIVEN = """NOT {t}."locked" AND NOT {t}."hidden" AND {t}."trashed_at" IS NULL AND NOT EXISTS (
    SELECT 1 FROM "stored_file" w WHERE w."id" = {t}."part_of" AND (w."hidden" OR w."trashed_at" IS NOT NULL))"""
#: Somebody put it into an album, being its owner, the viewer sees that album, and that owner does still.
_BY_ALBUM = """EXISTS (
    SELECT 1 FROM "album_file" given JOIN "album_right" r ON r."album" = given."album" AND r."who" IN ('', ?)
    JOIN "album_right" o ON o."album" = given."album" AND o."who" IN ('', {t}."user")
    WHERE given."file" IN ({t}."id", {t}."part_of") AND given."granted")"""


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """user_id is None only for the local admin on admin.sock, who sees every owner's files but the locked ones.

    session: the browser's, None for programs.  unlocked: it may show the user's locked files at present.
    """

    user_id: uuid.UUID | None
    is_admin: bool = False
    scopes: tuple[str, ...] = ("all",)
    session: uuid.UUID | None = None
    unlocked: bool = False

    @property
    def reads(self) -> bool:
        """Whether it may look at what is here, which a key that only sends or counts may not."""
        return "all" in self.scopes or "read" in self.scopes

    def visible(self, table: str = "stored_file") -> tuple[str, list[object]]:
        """A condition and its arguments for `WHERE`; every listing of files contains it."""
        # The plus keeps SQLite from choosing an index that would read every file there is for each page.
        return self._audience(f'+{table}."audience"')

    def owners(self, table: str = "") -> tuple[str, list[object]]:
        """The same for tables whose column `owner` follows the audience of files."""
        return self._audience(f'{table}."owner"' if table else '"owner"')

    def reach(self, table: str = "stored_file") -> tuple[str, list[object]]:
        """A condition for single files, given by id; every argument is the same."""
        if self.user_id is None:
            return self.visible(table)
        me = str(self.user_id)
        own = f"?, ? || '{LOCKED}'" if self.unlocked else "?"
        # What is the family's is everybody's to show again; what somebody shares is seen while they show it.
        family = f"""{table}."audience" = '' AND ({table}."user" IS NULL OR {table}."user" = ?)"""
        lent = f"""({table}."audience" = '' OR {_BY_ALBUM.format(t=table)}) AND {_GIVEN.format(t=table)}"""
        condition = f'({table}."audience" IN ({own}) OR {family} OR {lent})'
        return condition, [me] * condition.count("?")

    def changeable(self, table: str = "stored_file") -> tuple[str, list[object]]:
        """A condition for files that the viewer may change, trash, share or put into the locked space."""
        if self.user_id is None:
            return self.visible(table)
        locked = "" if self.unlocked else f'AND NOT {table}."locked"'
        return f'(({table}."user" IS NULL OR {table}."user" = ?) {locked})', [str(self.user_id)]

    def owning(self, table: str) -> tuple[str, list[object]]:
        """A condition for tables with a column `user`: what is the family's, and the viewer's own."""
        if self.user_id is None:
            return "1", []
        return f'({table}."user" IS NULL OR {table}."user" = ?)', [str(self.user_id)]

    def may_see(self, audience: str | None) -> bool:
        """Whether a message about files with this audience is for them; None is the family."""
        if self.user_id is None:
            return not (audience or "").endswith(LOCKED)
        return not audience or audience == str(self.user_id)

    def require_admin(self) -> None:
        if not self.is_admin:
            raise PermissionDeniedError("Only an admin may do this", hint="Ask whoever runs Homeroll at home.")

    def _audience(self, column: str) -> tuple[str, list[object]]:
        if self.user_id is None:
            return f"{column} NOT LIKE '%{LOCKED}'", []
        return f"{column} IN ('', ?)", [str(self.user_id)]


LOCAL_ADMIN = Viewer(user_id=None, is_admin=True)
