"""Who is asking, and the SQL that follows from it."""

from __future__ import annotations

import uuid

import msgspec

from appliance.errors import PermissionDeniedError


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """user_id is None only for the local admin on admin.sock, who sees every owner's files."""

    user_id: uuid.UUID | None
    is_admin: bool = False
    scopes: tuple[str, ...] = ("all",)

    def visible(self, table: str = "stored_file") -> tuple[str, list[object]]:
        """A condition and its arguments for `WHERE`; every listing of files contains it."""
        if self.user_id is None:
            return "1", []
        # The plus keeps SQLite from choosing the index on owners, which would read every file there is for each page.
        return f'(+{table}."user" IS NULL OR +{table}."user" = ?)', [str(self.user_id)]

    def owners(self) -> tuple[str, list[object]]:
        """The same for `month_count`, whose owner column is text and never null."""
        if self.user_id is None:
            return "1", []
        return "\"owner\" IN ('', ?)", [str(self.user_id)]

    def require_admin(self) -> None:
        if not self.is_admin:
            raise PermissionDeniedError("Only an admin may do this", hint="Ask whoever runs Homeroll at home.")


LOCAL_ADMIN = Viewer(user_id=None, is_admin=True)
