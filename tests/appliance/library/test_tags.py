"""Words on files, by who gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appliance.library import tags
from tests.appliance.pictures import write_jpegs

if TYPE_CHECKING:
    import uuid
    from pathlib import Path

    from appliance.home import Home
    from tests.appliance.conftest import Scan


async def words(home: Home, file: uuid.UUID) -> set[tuple[str, str]]:
    rows: list[dict[str, Any]] = await home.db.fetch(
        'SELECT t."name", ft."source" FROM "file_tag" ft JOIN "tag" t ON t."id" = ft."tag" WHERE ft."file" = ?',
        [str(file)],
    )
    return {(row["name"], row["source"]) for row in rows}


async def test_each_source_replaces_its_own_words_only(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 2)
    await scan()
    one, two = [row["id"] for row in await home.db.fetch('SELECT "id" FROM "stored_file" ORDER BY "content"')]
    async with home.db.write():
        await tags.set_tags(home.db, one, ["sea", " sea ", "", "sun"], source="exif")
        await tags.set_tags(home.db, one, ["sea"], source="manual")
        await tags.set_tags_of_many(home.db, {one: ["sun", "ice"], two: ["sea"]}, source="exif")
    assert await words(home, one) == {("sun", "exif"), ("ice", "exif"), ("sea", "manual")}
    assert await words(home, two) == {("sea", "exif")}
    assert await home.db.value('SELECT count(*) FROM "tag"') == 3
    async with home.db.write():
        await tags.set_tags(home.db, one, (), source="exif")
    assert await words(home, one) == {("sea", "manual")}
