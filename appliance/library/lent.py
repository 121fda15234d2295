"""What somebody learns of a file that others let them see in an album, and that is not in their own lists.

The picture, what it is called, when, where and with what it was taken, and what was written about it to be read: that
is what an album shows.  How its owner keeps it is theirs: tags, people, the event it is part of (which tells of photos
that are not in the album), its folder, stars, and names that another program wrote into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library.viewers import LOCKED

if TYPE_CHECKING:
    from appliance.library.viewers import Viewer

#: Of what was read from the file and the sidecar beside it: whatever says who is on it or what it is about.
_SAID = ("keywords", "face_regions", "rating", "tags")


def is_lent(viewer: Viewer, item: dict[str, Any]) -> bool:
    """Whether the viewer sees it only because somebody put it into an album."""
    if viewer.user_id is None:
        return False
    owner = "" if item["user"] is None or item["shared"] else str(item["user"])
    audience = f"{item['user'] or ''}{LOCKED}" if item["locked"] else owner
    return not viewer.may_see(audience) and str(item["user"] or "") != str(viewer.user_id)


def as_sent(item: dict[str, Any]) -> dict[str, Any]:
    """A file of one's own as a key is told of it that may send, and not look: what the sender knows itself."""
    said: dict[str, Any] = {"albums": [], "captions": [], "related_files": [], "description": "", "title": ""}
    return as_lent(item) | said


def as_lent(item: dict[str, Any]) -> dict[str, Any]:
    """The same file without how its owner keeps it."""
    metadata = item["metadata"]
    return item | {
        "metadata": metadata and {name: value for name, value in metadata.items() if name not in _SAID},
        "processor_metadata": None,
        "content": item["filename"],
        "paths": [item["filename"]],
        "tags": [],
        "events": [],
        "faces": [],
        "favourite": False,
        "archived": False,
        "rating": None,
    }
