"""Words of the API's description that belong to no single route: what it is, its parts, and names that come again."""

from __future__ import annotations

ABOUT = """The family's photos, at home.

Programs send a key as `x-api-key` or `Authorization: Bearer`; `POST /keys` or `homeroll key create` makes one.

Every error is `{code, message, hint}`: `code` for programs, the others for people.  What you may not see is answered as
what is not there: 404.

Lists answer `{items, total, next}`: `next` is the `cursor` of the following part, or null.  Times are ISO 8601 in UTC,
wall clocks have no zone; durations are in seconds, sizes in bytes or pixels as their names say, places in degrees.

What changes something answers with `undo`, the journal's entry that takes it back, or null where nothing has changed.
"""

#: Part of the API -> what it is about.
NOUNS: dict[str, str] = {
    "server": "Who answers here, and how it is doing",
    "auth": "First setup, logging in and out, one's own password",
    "users": "The people of the house, for admins; where somebody is logged in",
    "keys": "Keys for programs",
    "family": "Who lives here, and what of one's own the others see",
    "libraries": "Folders that are read where they are, and those that uploads go to",
    "files": "Photos, videos, RAW and sidecars: lists, one, changes of many at once",
    "content": "The bytes of a file: as it came, as a preview, as a thumbnail, as what plays",
    "uploads": "Resumable uploads by tus 1.0.0",
    "timeline": "Months with counts, and one month as columns",
    "search": "By words, operators and meaning",
    "tags": "Words on photos, those in others with a slash: animals/dog",
    "albums": "By hand or as saved searches; nested; shared with somebody or everybody",
    "sharing": "Links for those who do not live here, and what they sent",
    "links": "What a link shows to whoever has it; no login",
    "locked": "Photos that need the password again; for browsers",
    "people": "Who is on the photos",
    "faces": "Boxes on photos, and who they are",
    "events": "Days out and trips",
    "memories": "This day and week in other years, trips, somebody through the years",
    "places": "The map, the tree of places, towns",
    "duplicates": "Groups of files that show the same",
    "trash": "What was put away, until it is deleted for good",
    "journal": "What was done by hand, and taking it back",
    "integrity": "Backups, what the disk has lost, and when it is full",
    "jobs": "Work on the whole library",
    "steps": "Work on single files, what failed, what is looked at first",
    "settings": "What an admin changes while it runs",
    "models": "Models: fetching, checking, removing",
    "tls": "https",
    "messages": "What changes, as it happens",
    "requests": "What requests cost",
}

#: Parameters whose routes say nothing of them.
PARAMETERS: dict[str, str] = {
    "file_id": "The file's `id`",
    "album_id": "The album's `id`",
    "person_id": "The person's `id`",
    "face_id": "The face's `id`",
    "event_id": "The event's `id`",
    "share_id": "The link's `id`; its address has the `token`",
    "token": "Of a link: the last part of its address",
    "library_id": "The library's `id`",
    "upload_id": "As `Location` says, or the list of what guests sent",
    "version_id": "The older content's `id`",
    "user_id": "The user's `id`",
    "group_id": "The group's `id`",
    "key_id": "The key's `id`, which is not the key itself",
    "session_id": "The session's `id`",
    "entry_id": "The entry's `id`: what changes answer as `undo`",
    "path_id": "As the list of what is damaged says",
    "request_id": "As the list of requests says",
    "memory": "The memory's `id`",
    "name": "As the list says; a tag with its slashes",
    "download": "Save it under its name instead of showing it",
    "adjusted": "As it was turned, cropped and lit, not as it came",
    "user": "Somebody else's, for admins",
    "model": "The model that writes it; the one in use, if none is named",
    "everything": "All of it, for jobs that do a part at a time",
    "statement": "Its number among the request's statements",
    "limit": "How many at most; more is as many as there may be",
    "cursor": "`next` of the part before; without it, the first part",
    "kind": "Only files of this kind",
}
