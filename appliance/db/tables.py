"""The tables.  Columns that need a word have it beside them; rules and queries are in `library`, nowhere else.

Piccolo names them; the frozen SQL of each change is a migration, and `tests/appliance/db/test_migrations.py` holds the
two together.
"""

from __future__ import annotations

from piccolo.columns import (
    JSON,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    DoublePrecision,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.reference import LazyTableReference
from piccolo.table import Table

from appliance.values import new_id


class User(Table, tablename="account"):
    id = UUID(primary_key=True, default=new_id)
    username = Text(unique=True)  # lower case
    name = Text()
    role = Text(default="user")  # admin | user
    password_hash = Text()
    must_change_password = Boolean(default=False)
    created = Timestamptz()
    modified = Timestamptz()
    disabled = Boolean(default=False)  # let out: no login, no session, no key
    shares = Boolean(default=False)  # what they upload is the whole family's to see


class Session(Table, tablename="session"):
    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)
    token_hash = Text(unique=True)  # SHA-256 hex of the cookie
    device = Text()
    created = Timestamptz()
    expires = Timestamptz()
    last_used = Timestamptz(null=True, default=None)
    unlocked_until = Timestamptz(null=True, default=None)  # until then it may show locked files
    address = Text()  # of the network it was last used from


class ApiKey(Table, tablename="api_key"):
    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)
    name = Text()
    key_hash = Text(unique=True)  # SHA-256 hex; the key itself is shown once and never stored
    scopes = JSON(default="[]")
    created = Timestamptz()
    last_used = Timestamptz(null=True, default=None)


class Library(Table, tablename="library"):
    id = UUID(primary_key=True, default=new_id)
    name = Text()
    root = Text(unique=True)
    kind = Text(default="folder")  # folder (scanned in place) | uploads (ours)
    user = ForeignKey(User, on_delete=OnDelete.restrict, null=True, default=None)  # null: the family's
    status = Text(default="ready")  # ready | frozen
    reason = Text()
    hint = Text()
    last_scan = Timestamptz(null=True, default=None)
    created = Timestamptz()
    modified = Timestamptz()
    shared = Boolean(default=False)  # the whole family sees what is in it, whoever owns it


class StoredFile(Table, tablename="stored_file"):
    """SQL knows three more columns, generated: `listed`, whether the timeline shows it, `searchable`, and `audience`,
    who may see it (migrations; `library/viewers.py`)."""

    id = UUID(primary_key=True, default=new_id)
    filename = Text()
    kind = Text()  # photo | video | raw | sidecar | other
    mime_type = Text()
    size_bytes = BigInt()
    metadata = JSON(default="{}")
    processor_metadata = JSON(default="{}")
    user = ForeignKey(User, on_delete=OnDelete.restrict, null=True, default=None)  # owner; null: the family
    library = ForeignKey(Library, on_delete=OnDelete.cascade, null=False)
    content = Text()  # path below the library's root; further paths of the same bytes are in FilePath
    content_sha = Text()  # SHA-256 hex
    content_sha1 = Text()
    start = Timestamptz(null=True, default=None)
    end = Timestamptz(null=True, default=None)
    utc_offset_min = Integer(null=True, default=None)
    local_start = Text()  # wall clock where it was taken, ISO-8601 without zone: what the timeline sorts by
    latitude = DoublePrecision(null=True, default=None)
    longitude = DoublePrecision(null=True, default=None)
    altitude = DoublePrecision(null=True, default=None)
    place = JSON(null=True, default=None)  # city, region, country, country_code
    width = Integer(null=True, default=None)  # upright, as shown
    height = Integer(null=True, default=None)
    orientation = SmallInt(default=1)  # EXIF 1..8
    duration_s = DoublePrecision(null=True, default=None)
    animated = Boolean(default=False)
    thumbhash = Text(null=True, default=None)  # base64
    motion_offset = BigInt(null=True, default=None)  # where the embedded video of a motion photo begins
    content_identifier = Text()  # joins the two halves of an Apple live photo
    burst_id = Text()
    rating = SmallInt(null=True, default=None)
    title = Text()
    description = Text()
    favourite = Boolean(default=False)
    archived = Boolean(default=False)
    hidden = Boolean(default=False)
    trashed_at = Timestamptz(null=True, default=None)
    missing_since = Timestamptz(null=True, default=None)  # absent from disk; everything known of it is kept
    unshowable = Boolean(default=False)  # no picture can be made of it: found among the failures, not on the timeline
    # shown through that file
    part_of: ForeignKey[StoredFile] = ForeignKey("self", on_delete=OnDelete.set_null, null=True, default=None)
    created = Timestamptz()
    modified = Timestamptz()
    shared = Boolean(default=False)  # its owner lets the whole family see it
    locked = Boolean(default=False)  # only its owner sees it, after saying the password again
    by_hand = Text()  # what a person has set of it: "date", "location", both with a comma; reading it again spares that
    adjustments = Text()  # what is done to the picture before it is shown (`media/recipe.py`), JSON; "": nothing
    adjusted = Text()  # that in twelve digits: its renditions are called <content_sha>-<adjusted>
    original_width = Integer(null=True, default=None)  # upright, as taken; null while it is shown as taken
    original_height = Integer(null=True, default=None)


class FilePath(Table, tablename="file_path"):
    """Every path at which a stored file's bytes lie; size and mtime tell a scan what needs no look."""

    id = UUID(primary_key=True, default=new_id)
    library = ForeignKey(Library, on_delete=OnDelete.cascade, null=False)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    folder = Text()  # "" is the root
    name = Text()
    size_bytes = BigInt()
    mtime_ns = BigInt()


class RelatedFile(Table, tablename="related_file"):
    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    related = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    role = Text()  # file is the <role> related: live_video | raw_of | edit_of | burst | sidecar_of


class FileVersion(Table, tablename="file_version"):
    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    content_sha = Text()
    content_sha1 = Text()
    size_bytes = BigInt()
    kept_as = Text(null=True, default=None)  # name below versions/; null when the file was in place and is gone
    created = Timestamptz()


class FileStep(Table, tablename="file_step"):
    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    step = Text()
    version = Text()
    status = Text(default="pending")  # pending | running | done | skipped | failed | ignored
    attempts = Integer(default=0)
    error = Text()
    hint = Text()
    seconds = DoublePrecision(null=True, default=None)
    modified = Timestamptz()


class Tag(Table, tablename="tag"):
    id = UUID(primary_key=True, default=new_id)
    name = Text(unique=True)
    created = Timestamptz()


class FileTag(Table, tablename="file_tag"):
    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    tag = ForeignKey(Tag, on_delete=OnDelete.cascade, null=False)
    source = Text()  # exif | manual | model:<name>
    score = DoublePrecision(null=True, default=None)  # 0..1 by the model that said it


class Event(Table, tablename="event"):
    id = UUID(primary_key=True, default=new_id)
    name = Text()
    start = Timestamptz()
    end = Timestamptz(null=True, default=None)  # null: a point in time
    source = Text()
    created = Timestamptz()
    modified = Timestamptz()
    local_start = Text()  # of a point: the wall clock there; of others ""
    around_s = Integer(default=0)  # so long before and after a point
    latitude = DoublePrecision(null=True, default=None)
    longitude = DoublePrecision(null=True, default=None)
    around_km = DoublePrecision(null=True, default=None)  # so far from it; null: anywhere


class FileEvent(Table, tablename="file_event"):
    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    event = ForeignKey(Event, on_delete=OnDelete.cascade, null=False)
    source = Text()


class SiteSetting(Table, tablename="site_setting"):
    name = Text(primary_key=True)
    value = JSON()
    modified = Timestamptz()


class Journal(Table, tablename="journal"):
    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.set_null, null=True, default=None)
    verb = Text()
    noun = Text()
    noun_id = Text()
    before = JSON(null=True, default=None)
    after = JSON(null=True, default=None)
    undone_at = Timestamptz(null=True, default=None)
    created = Timestamptz()


class JobState(Table, tablename="job_state"):
    """What somebody said of a job, and of work on files (`run_steps`)."""

    name = Text(primary_key=True)
    paused = Boolean(default=False)


class Upload(Table, tablename="upload"):
    """A resumable upload on its way; its bytes are in incoming/<id>."""

    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)
    filename = Text()
    size_bytes = BigInt()
    metadata = JSON(default="{}")
    file = ForeignKey(StoredFile, on_delete=OnDelete.set_null, null=True, default=None)  # set when it is finished
    status = Text(default="open")  # open | created | duplicate
    created = Timestamptz()
    expires = Timestamptz()


class MonthCount(Table, tablename="month_count"):
    """Files on the timeline by owner and month; kept by triggers, so that the month list costs no scan."""

    id = Integer(primary_key=True, default=None)
    owner = Text()  # user id, or "" for the family
    month = Text()  # yyyy-mm
    files = Integer()


class StepCount(Table, tablename="step_count"):
    """Files by step and status; kept by triggers, so that progress costs no scan."""

    id = Integer(primary_key=True, default=None)
    step = Text()
    status = Text()
    files = Integer()


class Person(Table, tablename="person"):
    """Somebody, or a group of faces that nobody has named yet."""

    id = UUID(primary_key=True, default=new_id)
    name = Text()  # "": not named
    name_key = Text()  # the name as names are compared: NFC, case-folded
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=True, default=None)  # private to them; null: the family's
    held = Boolean(default=False)  # a person has said something of it: grouping may add faces, never take or dissolve
    hidden = Boolean(default=False)
    favourite = Boolean(default=False)
    ignored = Boolean(default=False)  # a stranger
    birthday = Text(null=True, default=None)  # yyyy-mm-dd
    cover_face: ForeignKey[Face] = ForeignKey(
        LazyTableReference("Face", module_path=__name__), on_delete=OnDelete.set_null, null=True, default=None
    )  # chosen by hand; null: the best one
    created = Timestamptz()
    modified = Timestamptz()


class Face(Table, tablename="face"):
    """A box on one stored file.  Triggers keep `owner` and `shown`, so that counting faces reads no file."""

    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    x = DoublePrecision()  # the box: left, top, width, height as fractions of the upright image
    y = DoublePrecision()
    width = DoublePrecision()
    height = DoublePrecision()
    score = DoublePrecision()
    quality = DoublePrecision()
    usable = Boolean(default=False)  # good enough to be grouped
    reason = Text()  # why it is not
    embedding = Bytea(null=True, default=None)  # float32 little-endian, comparable within one engine and version only
    engine = Text()
    engine_version = Text()
    person = ForeignKey(Person, on_delete=OnDelete.set_null, null=True, default=None)
    source = Text(default="model")  # who saw the box: model | manual | exif
    confirmed = Boolean(default=False)  # a person (or the file's own metadata) said who it is
    removed = Boolean(default=False)  # a person said that it is no face; kept so that it is not found again
    owner = Text()  # the file's user, "" for the family
    shown = Boolean(default=False)  # the file is on the timeline
    created = Timestamptz()
    modified = Timestamptz()


class FaceRejection(Table, tablename="face_rejection"):
    """Somebody said: this face is not that person.  For ever."""

    id = UUID(primary_key=True, default=new_id)
    face = ForeignKey(Face, on_delete=OnDelete.cascade, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    created = Timestamptz()


class PersonApart(Table, tablename="person_apart"):
    """Somebody said: these two are not the same.  `person` is the lesser id."""

    id = UUID(primary_key=True, default=new_id)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    other = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    created = Timestamptz()


class PersonSuggestion(Table, tablename="person_suggestion"):
    """What the last grouping thought worth asking: may this face, and the group it stands for, be `other`?"""

    id = UUID(primary_key=True, default=new_id)
    face = ForeignKey(Face, on_delete=OnDelete.cascade, null=False)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=True, default=None)  # the group; null: it is alone
    other = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    confidence = DoublePrecision()


class FaceIndex(Table, tablename="face_index"):
    """One row: whose embeddings are compared at present, and are in `face_vectors`."""

    id = Integer(primary_key=True, default=None)
    engine = Text()
    version = Text()
    dimensions = Integer()
    metric = Text()
    changes = Integer(default=0)  # counts what may change groups: new faces, a person's words
    grouped = Integer(default=0)  # the count that the last grouping has seen


class PhotoCaption(Table, tablename="photo_caption"):
    """What models said of a file, side by side: another model loses and recomputes nothing."""

    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False, unique=True)
    captions_json = JSON(default="{}")  # model -> {"version", "tags": [[name, score, group]], "caption", ...}
    modified = Timestamptz()


class FileTextRow(Table, tablename="file_text_row"):
    """One for each stored file: its row in `file_text`, and what every search asks first; triggers keep these true."""

    id = Integer(primary_key=True, default=None)  # rowid in file_text
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False, unique=True)
    owner = Text()  # the file's user, "" for the family
    shown = Boolean(default=False)  # search may find it: on the timeline, or archived
    local_start = Text()
    kind = Text()
    rating = Integer(default=0)  # 0: none
    favourite = Boolean(default=False)
    archived = Boolean(default=False)
    located = Boolean(default=False)
    place = Text()  # city, region, country; one a line
    camera = Text()


class TagCount(Table, tablename="tag_count"):
    """Files that search may find by tag and owner; kept by triggers, so that lists of tags cost no scan."""

    id = Integer(primary_key=True, default=None)
    tag = ForeignKey(Tag, on_delete=OnDelete.cascade, null=False)
    owner = Text()  # user id, or "" for the family
    files = Integer()


class TextStale(Table, tablename="text_stale"):
    """Files whose text has changed since it was indexed; filled by triggers.  No foreign key: files go before it."""

    id = Integer(primary_key=True, default=None)
    file = UUID(unique=True, default=None)


class Album(Table, tablename="album"):
    """Files chosen by hand, or what a saved search finds."""

    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=True, default=None)  # null: the family's
    name = Text()
    query = Text(null=True, default=None)  # null: by hand
    created = Timestamptz()
    modified = Timestamptz()
    parent: ForeignKey[Album] = ForeignKey("self", on_delete=OnDelete.set_null, null=True, default=None)
    family = Text()  # what everybody in the house may do: "" nothing | viewer | editor
    sorting = Text(default="newest")  # newest | oldest | hand
    cover = ForeignKey(StoredFile, on_delete=OnDelete.set_null, null=True, default=None)  # null: the first one


class AlbumFile(Table, tablename="album_file"):
    id = UUID(primary_key=True, default=new_id)
    album = ForeignKey(Album, on_delete=OnDelete.cascade, null=False)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    created = Timestamptz()
    position = BigInt(default=0)  # in the order by hand
    granted = Boolean(default=False)  # its owner put it in: whoever sees the album sees it


class TagRejection(Table, tablename="tag_rejection"):
    """Somebody took this tag off this file: a trigger keeps it from coming back but by hand."""

    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    tag = ForeignKey(Tag, on_delete=OnDelete.cascade, null=False)
    created = Timestamptz()


class TagPlan(Table, tablename="tag_plan"):
    """One row: the tagging model, and its version, that the step `tags` is planned for."""

    id = Integer(primary_key=True, default=None)
    model = Text()
    version = Text()


class PhotoText(Table, tablename="photo_text"):
    """Text in a photo; no row where none was found."""

    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False, unique=True)
    reader = Text()
    version = Text()  # of the reader
    lines = JSON(default="[]")  # [{"text", "box": four corners, "score"}] in reading order
    text = Text()  # their texts, one on a line: what is searched


class ImageIndex(Table, tablename="image_index"):
    """One for each version of each embedding model that has seen a picture; vectors of two are never compared."""

    id = Integer(primary_key=True, default=None)
    model = Text()
    version = Text()
    dimensions = Integer()
    in_use = Boolean(default=False)
    vectors = Integer(default=0)  # kept by triggers
    learned = Integer(default=0)  # how many there were when its lists were learned
    generation = Integer(default=0)  # of its newest lists


class ImageList(Table, tablename="image_list"):
    """A list of vectors that lie near each other.  Generation 0 is the one list of what came before any was learned."""

    id = Integer(primary_key=True, default=None)
    image_index = ForeignKey(ImageIndex, on_delete=OnDelete.cascade, null=False)
    generation = Integer(default=0)
    code = Bytea()  # its centre, as ml/vectors.py makes codes


class ImageEmbedding(Table, tablename="image_embedding"):
    """What a model made of a picture, or of one of three frames of a video."""

    id = Integer(primary_key=True, default=None)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    image_index = ForeignKey(ImageIndex, on_delete=OnDelete.cascade, null=False)
    frame = SmallInt(default=0)
    vector = Bytea()  # float32 little-endian, of length 1


class ImageVector(Table, tablename="image_vectors"):
    """What a search reads: codes of one list lie side by side, because `place` begins with the list."""

    place = BigInt(primary_key=True, default=None)  # list << 40 | embedding
    embedding = ForeignKey(ImageEmbedding, on_delete=OnDelete.cascade, null=False, unique=True)
    code = Bytea()


class PhotoLooks(Table, tablename="photo_looks"):
    """What the thumbnail of a file looks like, as ml/duplicates/looks.py sees it."""

    id = Integer(primary_key=True, default=None)  # never used twice: comparing goes on while files come and go
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False, unique=True)
    bits = Bytea()  # 32 bytes; none where it is one colour
    inner = Bytea()  # the same without a border, where it has one
    contrast = DoublePrecision()
    compared = Boolean(default=False)  # with everything that was there then
    neighbours_by = Text()  # the embedding model by which it was compared with the files beside it


class DuplicatePair(Table, tablename="duplicate_pair"):
    """Two files that look alike.  `file` is the lesser id."""

    id = Integer(primary_key=True, default=None)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    other = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    kind = Text()  # copy | sequence | maybe: for an embedding model to judge | none: it has
    distance = Integer()  # bits of 256 that differ
    judged_by = Text()  # the embedding model, "" for none


class DuplicateGroup(Table, tablename="duplicate_group"):
    """Its id stands for its members: when one more joins them, that is another group."""

    id = UUID(primary_key=True, default=new_id)
    kind = Text(default="copy")  # copy | sequence
    created = Timestamptz()


class DuplicateMember(Table, tablename="duplicate_member"):
    id = Integer(primary_key=True, default=None)
    group = ForeignKey(DuplicateGroup, on_delete=OnDelete.cascade, null=False)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    content_sha = Text()  # the file's: with other content it is no member any more


class DuplicateApart(Table, tablename="duplicate_apart"):
    """Somebody said: these are no duplicates.  For ever.  `file` is the lesser id."""

    id = UUID(primary_key=True, default=new_id)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    other = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    kind = Text(default="copy")  # copy | sequence: what they are not
    created = Timestamptz()


class PersonCount(Table, tablename="person_count"):
    """Faces shown, by person and owner of the file; kept by triggers, so that the list of people counts nothing."""

    id = Integer(primary_key=True, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=False)
    owner = Text()  # user id, or "" for the family
    faces = Integer()


class FaceCell(Table, tablename="face_cell"):
    """A part of `face_vectors`: faces that are nearest to `centre`.  Where there are many, only near ones are asked."""

    id = Integer(primary_key=True, default=None)
    centre = Bytea(null=True, default=None)  # as embeddings; null: not sorted yet, always asked
    leaving = Boolean(default=False)  # its faces are being moved to others


class KeptState(Table, tablename="kept_state"):
    """What the keeper must remember and nobody sets: identity, last_backup, ..."""

    name = Text(primary_key=True)
    value = JSON()
    modified = Timestamptz()


class FileCheck(Table, tablename="file_check"):
    """When the bytes at a path were last read and compared with their hash, and what was found."""

    id = UUID(primary_key=True, default=new_id)
    path = ForeignKey(FilePath, on_delete=OnDelete.cascade, null=False, unique=True)
    checked = Timestamptz()
    verdict = Text()  # ok | changed | missing | unreadable
    why = Text()


class AlbumMember(Table, tablename="album_member"):
    """Somebody whom the owner of an album lets in."""

    id = UUID(primary_key=True, default=new_id)
    album = ForeignKey(Album, on_delete=OnDelete.cascade, null=False)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)
    role = Text(default="viewer")  # viewer | editor
    created = Timestamptz()


class AlbumRight(Table, tablename="album_right"):
    """What everybody may do with an album, those around it included; triggers keep it as the view `album_grant` is."""

    id = Integer(primary_key=True, default=None)
    album = ForeignKey(Album, on_delete=OnDelete.cascade, null=False)
    who = Text()  # user id, or "" for everybody in the house
    level = SmallInt(default=0)  # 3 owner | 2 editor | 1 viewer


class ShareLink(Table, tablename="share_link"):
    """An address that shows some files to whoever has it.

    The token is kept as it is, so that its maker can copy the address again: who reads this table reads the photos too.
    """

    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)  # whose photos, beside the family's, it may show
    kind = Text()  # album | selection | person | event
    album = ForeignKey(Album, on_delete=OnDelete.cascade, null=True, default=None)
    person = ForeignKey(Person, on_delete=OnDelete.cascade, null=True, default=None)
    event = ForeignKey(Event, on_delete=OnDelete.cascade, null=True, default=None)
    name = Text()
    token = Text(unique=True)
    password_hash = Text(null=True, default=None)
    expires = Timestamptz(null=True, default=None)
    allow_download = Boolean(default=False)
    show_location = Boolean(default=False)
    show_metadata = Boolean(default=False)
    allow_upload = Boolean(default=False)
    views = Integer(default=0)
    last_viewed = Timestamptz(null=True, default=None)
    created = Timestamptz()
    modified = Timestamptz()


class ShareFile(Table, tablename="share_file"):
    """A file of a link to a selection."""

    id = UUID(primary_key=True, default=new_id)
    link = ForeignKey(ShareLink, on_delete=OnDelete.cascade, null=False)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    position = Integer(default=0)


class ShareSession(Table, tablename="share_session"):
    """A browser that has said the password of one link."""

    id = UUID(primary_key=True, default=new_id)
    link = ForeignKey(ShareLink, on_delete=OnDelete.cascade, null=False)
    token_hash = Text(unique=True)  # SHA-256 hex of the cookie
    expires = Timestamptz()


class GuestUpload(Table, tablename="guest_upload"):
    """What a guest sent by a link, waiting for its owner; the bytes are in quarantine/<id>, and nothing else knows."""

    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=False)
    link = ForeignKey(ShareLink, on_delete=OnDelete.set_null, null=True, default=None)
    album = ForeignKey(Album, on_delete=OnDelete.set_null, null=True, default=None)  # where it will go
    guest = Text()  # how they called themselves
    filename = Text()
    kind = Text()
    mime_type = Text()
    size_bytes = BigInt()
    content_sha = Text()
    taken = Text()  # local time, ISO-8601, "" when nobody knows
    thumbnail = Bytea()
    created = Timestamptz()


class FileChange(Table, tablename="file_change"):
    """What one entry of the journal changed on one file: `file_changes.COLUMNS`, tags, rejections; what differs."""

    id = Integer(primary_key=True, default=None)
    entry = ForeignKey(Journal, on_delete=OnDelete.cascade, null=False)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False)
    before = Text()  # JSON
    after = Text()


class EventPlan(Table, tablename="event_plan"):
    """One row: whether files came, went or moved since events were last grouped; counted by triggers."""

    id = Integer(primary_key=True, default=None)
    changes = Integer(default=1)
    grouped = Integer(default=0)


class KnownPlace(Table, tablename="place"):
    """A town that some file was taken in."""

    id = Integer(primary_key=True, default=None)
    city = Text()
    region = Text()
    country = Text()
    country_code = Text()


class FileSpot(Table, tablename="file_spot"):
    """Where a file was taken, its id that of its `file_text_row`; `file_box` (R*Tree) has the same ids."""

    id = Integer(primary_key=True, default=None)
    file = ForeignKey(StoredFile, on_delete=OnDelete.cascade, null=False, unique=True)
    latitude = DoublePrecision()
    longitude = DoublePrecision()
    place = ForeignKey(KnownPlace, on_delete=OnDelete.set_null, null=True, default=None)
    owner = Text()  # the file's audience
    shown = Boolean(default=False)  # on the timeline


class MapCell(Table, tablename="map_cell"):
    """Files of the timeline by cell of the map and owner; kept by triggers: a look at the world costs no scan."""

    id = Integer(primary_key=True, default=None)
    level = Integer()
    x = Integer()
    y = Integer()
    owner = Text()
    files = Integer()
    east = Integer()  # sum of their longitudes in millionths of a degree
    north = Integer()


class PlaceCount(Table, tablename="place_count"):
    """Files of the timeline by place and owner; kept by triggers."""

    id = Integer(primary_key=True, default=None)
    place = ForeignKey(KnownPlace, on_delete=OnDelete.cascade, null=False)
    owner = Text()
    files = Integer()


class EventDismissed(Table, tablename="event_dismissed"):
    """From when to when somebody's photos are no event, because a person said so."""

    id = UUID(primary_key=True, default=new_id)
    user = ForeignKey(User, on_delete=OnDelete.cascade, null=True, default=None)  # null: the family's photos
    start = Timestamptz()
    end = Timestamptz()
    created = Timestamptz()


class JobRun(Table, tablename="job_run"):
    """One execution of a job; a few are kept of each (`library/job_runs.py`)."""

    id = Integer(primary_key=True, default=None)
    job = Text()
    started = Timestamptz()
    ended = Timestamptz(null=True, default=None)
    seconds = DoublePrecision(null=True, default=None)
    outcome = Text(default="running")  # running | done | failed | stopped | cut_off
    error = Text()
    result = Text(null=True, default=None)  # JSON


TABLES: tuple[type[Table], ...] = (
    User,
    Session,
    ApiKey,
    Library,
    StoredFile,
    FilePath,
    RelatedFile,
    FileVersion,
    FileStep,
    Tag,
    FileTag,
    Event,
    FileEvent,
    SiteSetting,
    Journal,
    JobState,
    Upload,
    MonthCount,
    StepCount,
    Person,
    Face,
    FaceRejection,
    PersonApart,
    PersonSuggestion,
    FaceIndex,
    PhotoCaption,
    FileTextRow,
    TagCount,
    TextStale,
    Album,
    AlbumFile,
    TagRejection,
    TagPlan,
    PhotoText,
    ImageIndex,
    ImageList,
    ImageEmbedding,
    ImageVector,
    PhotoLooks,
    DuplicatePair,
    DuplicateGroup,
    DuplicateMember,
    DuplicateApart,
    PersonCount,
    FaceCell,
    KeptState,
    FileCheck,
    AlbumMember,
    AlbumRight,
    ShareLink,
    ShareFile,
    ShareSession,
    GuestUpload,
    FileChange,
    EventPlan,
    KnownPlace,
    FileSpot,
    MapCell,
    PlaceCount,
    EventDismissed,
    JobRun,
)
