"""Site settings: what an admin changes while the service runs.  What is fixed at start is in `appliance/config.py`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import time
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import InvalidInputError
from appliance.library import journal
from appliance.values import now
from ml import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from appliance.db.engine import Database, Row
    from appliance.library.viewers import Viewer
    from ml.base import Captioner, Embedder, FaceEngine, Tagger, TextReader, VectorTagger


class SiteSettingSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: `clean` returns the value to store or raises InvalidInputError; `offers` names the choices."""

    name: str
    default: Any
    help: str
    offers: Callable[[], tuple[str, ...]] = lambda: ()
    clean: Callable[[Any], Any] = lambda value: value


def clean_night_window(value: object) -> str:
    """ "" or "HH:MM-HH:MM"; it may pass midnight."""
    if not isinstance(value, str):
        raise InvalidInputError("night_window must be a text such as 23:00-06:30")
    text = value.replace(" ", "").replace("–", "-")
    if not text:
        return ""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", text)
    if not found:
        raise InvalidInputError("night_window must look like 23:00-06:30", hint="Leave it empty to work at any time.")
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in found.groups())
    if max(from_hour, to_hour) > 23 or max(from_minute, to_minute) > 59:
        raise InvalidInputError("night_window holds a time that no clock shows")
    if (from_hour, from_minute) == (to_hour, to_minute):
        raise InvalidInputError("night_window begins and ends at the same time")
    return f"{from_hour:02}:{from_minute:02}-{to_hour:02}:{to_minute:02}"


def window_is_open(window: str, moment: datetime) -> bool:
    """Whether "22:00-06:00" holds at `moment` (local time); "" is always open."""
    if not window:
        return True
    begin, end = (time.fromisoformat(part.strip()) for part in window.split("-"))
    time_of_day = moment.time()
    return begin <= time_of_day < end if begin <= end else time_of_day >= begin or time_of_day < end


def clean_folder(value: object) -> str:
    """ "" or an absolute path."""
    if not isinstance(value, str) or "\0" in value:
        raise InvalidInputError("A folder is a text such as /media/backup")
    if value and not value.startswith("/"):
        raise InvalidInputError("The folder must be named in full", hint="It begins with /, such as /media/backup.")
    return value.rstrip("/") if value.strip("/") else ""


def clean_gigabytes(value: object) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
        raise InvalidInputError("This must be a whole number of gigabytes", hint="20 is the default.")
    return value


def clean_name(value: object) -> str:
    """One line of 1 to 40 characters; "" is the default."""
    name = " ".join(str(value).split()) if isinstance(value, str) else ""
    if not isinstance(value, str) or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(f"A name has at most {LONGEST_NAME} characters", hint="Such as: The Smiths' photos.")
    return name or NAME


#: What it calls itself as long as nobody has given it a name.
NAME = "Homeroll"
LONGEST_NAME = 40
ON, OFF = "on", "off"


def _choice(name: str, default: str, help: str, offers: Callable[[], tuple[str, ...]]) -> SiteSettingSpec:  # noqa: A002 - the field's name
    def clean(value: object) -> str:
        if value not in offers():
            raise InvalidInputError(f"{name} cannot be {value!r}", hint=f"Choose one of: {', '.join(offers())}.")
        return str(value)

    return SiteSettingSpec(name=name, default=default, help=help, offers=offers, clean=clean)


def _names(
    models: Iterable[type[FaceEngine | Tagger | VectorTagger | Captioner | TextReader] | Embedder],
) -> tuple[str, ...]:
    return tuple(model.spec.name for model in models)


SITE_SETTINGS: tuple[SiteSettingSpec, ...] = (
    SiteSettingSpec(
        name="night_window",
        default="",
        help="Hours in which steps run, such as 23:00-06:30; empty: at any time.",
        clean=clean_night_window,
    ),
    SiteSettingSpec(
        name="backup_folder",
        default="",
        help="Folder on another disk for a copy of everything, every night; empty: only snapshots of the database.",
        clean=clean_folder,
    ),
    SiteSettingSpec(
        name="scrub_gb_per_night",
        default=20,
        help="How many gigabytes of originals are read again each night, to find what the disk has lost; 0: none.",
        clean=clean_gigabytes,
    ),
    _choice(
        "find_faces",
        ON,
        "Whether new photos are looked at for faces; faces and names that are there stay.",
        lambda: (ON, OFF),
    ),
    _choice(
        "face_engine",
        registry.FACE_ENGINES[0].spec.name,
        "What finds and compares faces; another one looks at every photo again and keeps every name.",
        lambda: _names(registry.FACE_ENGINES),
    ),
    _choice(
        "embedding_model",
        "siglip2",
        "What makes pictures comparable with each other and with words: search by meaning, similar photos.",
        lambda: (*_names(registry.EMBEDDERS), OFF),
    ),
    _choice(
        "tagging_model",
        "siglip2",
        "What finds words for pictures; what another one found before is kept, and a person's tags always are.",
        lambda: (*_names(registry.TAGGERS), OFF),
    ),
    _choice(
        "captioning_model",
        "im2txt",
        "What writes a sentence for a photo, when someone asks for one.",
        lambda: _names(registry.CAPTIONERS),
    ),
    _choice(
        "text_reader",
        "rapidocr",
        "What reads text in photos, so that a receipt is found by its words.",
        lambda: (*_names(registry.TEXT_READERS), OFF),
    ),
    _choice(
        "tls",
        OFF,
        "Whether Homeroll answers by https, too, with a certificate of its own; `homeroll tls` says more.",
        lambda: (OFF, ON),
    ),
    _choice(
        "record_requests",
        OFF,
        "Whether requests are looked into, to find what is slow: one in twenty (sampled), or every one (full).",
        lambda: (OFF, "sampled", "full"),
    ),
    SiteSettingSpec(
        name="name",
        default=NAME,
        help="What this Homeroll is called: on its pages, in the dashboard and on the network.",
        clean=clean_name,
    ),
)


async def list_settings(db: Database) -> list[Row]:
    stored = await _stored(db)
    return [
        {
            "name": spec.name,
            "value": stored.get(spec.name, spec.default),
            "default": spec.default,
            "help": spec.help,
            "choices": list(spec.offers()),
        }
        for spec in SITE_SETTINGS
    ]


async def get_setting(db: Database, name: str) -> Any:
    """The stored value, or the default."""
    spec = _spec(name)
    return (await _stored(db)).get(name, spec.default)


def default_of(name: str) -> Any:
    return _spec(name).default


async def change_settings(db: Database, viewer: Viewer, values: Mapping[str, object]) -> list[Row]:
    """All of `values` or none; None puts a setting back to its default."""
    viewer.require_admin()
    cleaned = {name: _clean(_spec(name), value) for name, value in values.items()}
    async with db.write(durable=True):
        stored = await _stored(db)
        for name, value in cleaned.items():
            await db.fetch(
                'INSERT INTO "site_setting" ("name", "value", "modified") VALUES (?, ?, ?) '
                'ON CONFLICT ("name") DO UPDATE SET "value" = excluded."value", "modified" = excluded."modified"',
                [name, msgspec.json.encode(value).decode(), now()],
            )
            before = stored.get(name, _spec(name).default)
            await journal.record(viewer, "change", "setting", name, before={"value": before}, after={"value": value})
    return await list_settings(db)


def _clean(spec: SiteSettingSpec, value: object) -> Any:
    if value is None:
        return spec.default
    return spec.clean(value)


def _spec(name: str) -> SiteSettingSpec:
    for spec in SITE_SETTINGS:
        if spec.name == name:
            return spec
    nearest = difflib.get_close_matches(name, [spec.name for spec in SITE_SETTINGS], n=1)
    raise InvalidInputError(
        f"There is no setting {name!r}", hint=f"Did you mean {nearest[0]}?" if nearest else "GET /settings lists them."
    )


async def _stored(db: Database) -> dict[str, Any]:
    # A column of type JSON has SQLite's numeric affinity: a number comes back as one, not as the text that was written.
    rows = await db.fetch('SELECT "name", CAST("value" AS TEXT) AS "value" FROM "site_setting"')
    return {row["name"]: msgspec.json.decode(row["value"]) for row in rows}
