"""Where the page's own files are looked for: a name that no file can have is one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.file_system import BaseLocalFileSystem

if TYPE_CHECKING:
    from litestar.types import PathType
    from litestar.types.file_types import FileInfo


class OwnFiles(BaseLocalFileSystem):
    """Litestar answers 500 for names with a zero byte, too long ones, and those below a file."""

    async def info(self, path: PathType, **kwargs: Any) -> FileInfo:
        try:
            return await super().info(path, **kwargs)
        except PermissionError:
            raise
        except (OSError, ValueError) as error:
            raise FileNotFoundError(path) from error
