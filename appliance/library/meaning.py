"""Search by what pictures mean: the words become a vector, and what is near it is found as far as `cutoff` believes it.

The vector is made in the models' process, by the text tower of the embedding model in use.  Without one, search goes by
words alone and says what to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from appliance.errors import ComputeError, ModelError, NotFoundError
from appliance.library import cutoff, image_index
from appliance.library.settings import OFF, get_setting
from ml import registry
from ml.runtime import installed

if TYPE_CHECKING:
    import uuid

    from appliance.db.engine import Database
    from appliance.home import Home
    from appliance.library.conditions import Condition
    from appliance.library.viewers import Viewer
    from ml.base import Embedder, Runtime

log = logging.getLogger(__name__)

#: Loading a text tower takes seconds on a small machine; what waits longer is answered by words alone.
TIMEOUT_S = 60.0
KEPT_VECTORS = 256
#: More pictures than these are not looked at: nobody turns so many pages of a search.
MOST = 1000


class Availability(msgspec.Struct, frozen=True):
    """Whether pictures are searched by what they mean; `hint`: what to do when not."""

    available: bool
    hint: str = ""


class Asked(msgspec.Struct, frozen=True):
    """The words of a query as a vector of `model`; None where there is nothing to ask or nobody to ask it of."""

    availability: Availability
    model: str = ""
    vector: bytes | None = None


class Vectors:
    """The vectors of the last queries: paging and typing ask for the same words again."""

    def __init__(self, most: int = KEPT_VECTORS) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def get(self, key: tuple[str, str, str]) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: tuple[str, str, str], vector: bytes) -> None:
        self._kept[key] = vector
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


_recent = Vectors()


def embed_query(name: str, words: str, runtime: Runtime) -> bytes:
    """In the models' process: float32 little-endian, of length 1.  Raises ModelError."""
    from ml.runtime import loaded

    embedder = registry.embedder(name)
    assert embedder.text is not None
    vector = loaded(embedder.text, runtime).embed_texts([words])[0]
    data: bytes = vector.astype("<f4").tobytes()
    return data


async def ask(home: Home, words: str) -> Asked:
    """Never raises: whatever is wrong with the model is the hint."""
    name = await get_setting(home.db, "embedding_model")
    if name == OFF:
        return _without("Search by meaning is off; the setting embedding_model names a model.")
    try:
        embedder = registry.embedder(name)
    except NotFoundError:
        return _without(f"The embedding model {name} is not known any more; choose another in the settings.")
    if embedder.text is None:
        return _without(f"{_title(embedder)} cannot read words; for search by meaning choose another embedding model.")
    if not await asyncio.to_thread(installed, home.runtime.models_dir, embedder.spec):
        return _without(f"To search by what is on the photos: homeroll models pull {name}")
    if not words.strip():
        return Asked(Availability(True), name)
    key = (name, embedder.spec.version, " ".join(words.split()).lower())
    vector = _recent.get(key)
    if vector is None:
        try:
            vector = await home.compute.run(
                embed_query, name, words, home.runtime, models=True, urgent=True, timeout_s=TIMEOUT_S
            )
        except (ModelError, ComputeError) as error:
            return _without(error.message)
        except Exception:  # whatever a model stumbles over, words are still searched
            log.exception("model=%s words=%r: could not be embedded", name, words)
            return _without("The embedding model stumbled over these words; the log has the details.")
        _recent.keep(key, vector)
    return Asked(Availability(True), name, vector)


async def find(db: Database, viewer: Viewer, asked: Asked, condition: Condition) -> dict[uuid.UUID, float]:
    """File -> how far it is believed to mean what was asked, the surest first; only what is to be shown.

    condition: on `file_text_row r`, beside what the viewer may find at all.
    """
    if asked.vector is None:
        return {}
    index = await image_index.in_use(db)
    if index is None or index.model != asked.model or len(asked.vector) != index.dimensions * 4:
        return {}
    visible, arguments = viewer.visible("f")
    everything = f'f."searchable" AND {visible}'
    usual = await image_index.background(db, asked.vector, condition=everything, arguments=arguments)
    near = await image_index.nearest(
        db,
        asked.vector,
        condition=f"""{everything} AND f."id" IN (SELECT r."file" FROM "file_text_row" r WHERE {condition.sql})"""
        if condition.sql != "1"
        else everything,
        arguments=[*arguments, *condition.arguments],
        count=MOST,
    )
    owners, owner_arguments = viewer.owners()
    among = await db.value(f'SELECT sum("files") FROM "month_count" WHERE {owners}', owner_arguments) or 0
    believing = cutoff.cutoff_of(asked.model)
    found: dict[uuid.UUID, float] = {}
    for file, cosine in near:
        belief = believing.belief(cosine, _deviations(cosine, usual), among=among)
        if belief < cutoff.SHOWN_FROM:
            break  # the rest is further away still
        found[file] = belief
    return found


def _deviations(cosine: float, usual: image_index.Background) -> float | None:
    if usual.files < cutoff.FEW_PICTURES or usual.deviation <= 0:
        return None
    return (cosine - usual.mean) / usual.deviation


def _without(hint: str) -> Asked:
    return Asked(Availability(False, hint))


def _title(embedder: Embedder) -> str:
    return embedder.spec.title.partition(":")[0] or embedder.spec.name
