"""Links over HTTP: what they show to somebody without a login, what they hide, how they end, and what guests send."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from appliance.importing.uploads import Uploads
from appliance.values import now
from tests.appliance.findable import Findable
from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.web.conftest import Service

LISBON = (38.7223, -9.1393)


def located(taken: str = "2024:06:12 10:00:00", *, size: tuple[int, int] = (640, 480), shade: int = 90) -> bytes:
    """A photo that says where it was taken, with what, and by whom."""
    image = Image.effect_noise(size, shade).convert("RGB")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Canon", "EOS Secret", "Photographer Phoebe"
    exif.get_ifd(0x8769)[0x9003] = taken
    exif.get_ifd(0x8825).update({1: "N", 2: (38.0, 43.0, 20.3), 3: "W", 4: (9.0, 8.0, 21.5)})
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"A comment by Phoebe")
    return buffer.getvalue()


@pytest.fixture
async def guest(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has an address, and no login."""
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=30) as client:
        yield client


async def share(client: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    answer = await client.post("/shares", json=wish)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def album_of(client: httpx.AsyncClient, *files: dict[str, Any], name: str = "Lisbon") -> dict[str, Any]:
    album: dict[str, Any] = (await client.post("/albums", json={"name": name, "private": True})).json()
    if files:
        await client.post(f"/albums/{album['id']}/files", json={"ids": [file["id"] for file in files]})
    return album


async def picture_made(client: httpx.AsyncClient, file: dict[str, Any]) -> None:
    async with asyncio.timeout(60):
        while (await client.get(f"/files/{file['id']}")).json()["thumbhash"] is None:  # noqa: ASYNC110 - over HTTP there is no event
            await asyncio.sleep(0.05)


def said_in(data: bytes, tmp_path: Path, name: str) -> dict[str, Any]:
    """What exiftool finds in it, without what follows from the bytes themselves."""
    path = tmp_path / name
    path.write_bytes(data)
    answer = subprocess.run(["exiftool", "-j", "-G1", "-a", "-n", str(path)], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)[0]
    return {key: value for key, value in found.items() if not key.startswith(("System:", "SourceFile", "ExifTool:"))}


async def test_a_link_shows_its_album_and_nothing_else(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    shown, other = await upload(anna, photo()), await upload(anna, photo())
    await picture_made(anna, shown)
    link = await share(anna, album=(await album_of(anna, shown))["id"])
    assert link["path"] == f"/s/{link['token']}"
    base = f"/s/{link['token']}"
    told = (await guest.get(base)).json()
    assert (told["name"], told["owner"], told["total"], told["needs_password"]) == ("Lisbon", "Anna", 1, False)
    page = (await guest.get(f"{base}/files")).json()
    assert [item["id"] for item in page["items"]] == [shown["id"]]
    assert (await guest.get(f"{base}/files/{shown['id']}/thumbnail")).headers["content-type"] == "image/webp"
    assert (await guest.get(f"{base}/files/{shown['id']}/preview")).headers["content-type"] == "image/jpeg"
    for what in ("thumbnail", "preview", "video", "download"):
        assert (await guest.get(f"{base}/files/{other['id']}/{what}")).status_code in (403, 404)
    assert_error(await guest.get(f"/files/{shown['id']}"), 401)
    assert_error(await guest.get(f"{base}/files/{shown['id']}/download"), 403)
    assert (await anna.get(f"/shares/{link['id']}")).json()["views"] == 1
    await anna.post(f"/albums/{link['album']}/files/remove", json={"ids": [shown["id"]]})
    assert_error(await guest.get(f"{base}/files/{shown['id']}/thumbnail"), 404)


async def test_a_link_shows_only_what_its_maker_may_give_away(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    hers, his = await upload(anna, photo()), await upload(bruno, photo())
    album = (await anna.post("/albums", json={"name": "Ours"})).json()
    await anna.post(f"/albums/{album['id']}/files", json={"ids": [hers["id"]]})
    await bruno.post(f"/albums/{album['id']}/files", json={"ids": [his["id"]]})
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 2
    link = await share(anna, album=album["id"])
    assert [item["id"] for item in (await guest.get(f"/s/{link['token']}/files")).json()["items"]] == [hers["id"]]
    assert_error(await anna.post("/shares", json={"files": [his["id"]]}), 403)
    assert_error(await bruno.post("/shares", json={"files": [hers["id"]]}), 403)
    await anna.patch(f"/albums/{album['id']}", json={"private": True})
    assert_error(await bruno.post("/shares", json={"files": [hers["id"]]}), 404)
    assert_error(await bruno.post("/shares", json={"album": album["id"]}), 404)
    await anna.patch(f"/files/{hers['id']}", json={"hidden": True})
    assert (await guest.get(f"/s/{link['token']}/files")).json()["total"] == 0


async def test_a_password_opens_its_own_link_only(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    files = [await upload(anna, photo()) for _ in range(2)]
    first, second = [
        await share(anna, files=[file["id"]], password=f"secret {file['id']}", name="Mine") for file in files
    ]
    assert "Mine" not in (await guest.get(f"/s/{first['token']}")).text
    assert_error(await guest.get(f"/s/{first['token']}/files"), 401, "password_needed")
    assert_error(await guest.post(f"/s/{first['token']}/open", json={"password": "wrong"}), 401, "password_needed")
    opened = await guest.post(f"/s/{first['token']}/open", json={"password": f"secret {files[0]['id']}"})
    assert opened.status_code == 204
    assert f"Path=/api/v1/s/{first['token']}" in opened.headers["set-cookie"]
    assert (await guest.get(f"/s/{first['token']}/files")).json()["total"] == 1
    # The same cookie, sent where no browser would send it.
    ((name, value),) = guest.cookies.items()
    stolen = {"cookie": f"{name}={value}; {name.replace(first['token'][:8], second['token'][:8])}={value}"}
    assert_error(await guest.get(f"/s/{second['token']}/files", headers=stolen), 401, "password_needed")
    assert_error(await guest.get("/auth/me", headers={"cookie": f"homeroll_session={value}"}), 401)
    changed = await anna.patch(f"/shares/{first['id']}", json={"password": "another"})
    assert changed.json()["has_password"]
    assert_error(await guest.get(f"/s/{first['token']}/files"), 401, "password_needed")
    stored = await anna.get("/shares")
    assert "argon2" not in stored.text
    assert "password_hash" not in stored.text


async def test_guessing_a_password_is_slowed_down(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    link = await share(anna, files=[(await upload(anna, photo()))["id"]], password="secret")
    answers = [await guest.post(f"/s/{link['token']}/open", json={"password": str(n)}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    right = await guest.post(f"/s/{link['token']}/open", json={"password": "secret"})
    assert_error(right, 429, "too_many_tries")


async def test_a_link_ends(
    service: Service,
    anna: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    guest: httpx.AsyncClient,
    photo: Callable[..., bytes],
) -> None:
    file = await upload(anna, photo())
    links = [await share(anna, files=[file["id"]], expires=(now() + timedelta(days=1)).isoformat()) for _ in range(3)]
    late, taken_back, of_disabled = [f"/s/{link['token']}" for link in links]
    async with service.house.home.db.write():
        await service.house.home.db.fetch(
            'UPDATE "share_link" SET "expires" = ? WHERE "id" = ?', [now() - timedelta(seconds=1), links[0]["id"]]
        )
    assert_error(await guest.get(late), 404)
    assert (await anna.get(f"/shares/{links[0]['id']}")).json()["expired"]
    assert (await anna.delete(f"/shares/{links[1]['id']}")).status_code == 204
    assert_error(await guest.get(f"{taken_back}/files"), 404)
    assert (await guest.get(f"{of_disabled}/files")).json()["total"] == 1
    anna_id = (await anna.get("/auth/me")).json()["id"]
    await admin.patch(f"/users/{anna_id}", json={"disabled": True})
    assert_error(await guest.get(f"{of_disabled}/files"), 404)
    for wish in ({"expires": "2001-01-01T00:00:00Z"}, {"expires": "2999-01-01T00:00:00"}, {"name": "x" * 201}):
        assert (await admin.post("/shares", json={"files": [file["id"]], **wish})).status_code in (400, 404)


async def test_what_a_link_shows_does_not_go_before_the_link(anna: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    album = await album_of(anna)
    made = (await anna.get("/journal", params={"noun": "album"})).json()["items"][-1]["id"]
    link = await share(anna, album=album["id"])
    for refused in (await anna.delete(f"/albums/{album['id']}"), await anna.post(f"/journal/{made}/undo")):
        assert "Sharing" in assert_error(refused, 409, "conflict")["hint"]
    assert (await guest.get(link["path"])).status_code == 200
    await anna.delete(f"/shares/{link['id']}")
    assert (await anna.delete(f"/albums/{album['id']}")).status_code == 204


async def test_a_key_without_all_scopes_is_not_told_addresses(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    await share(anna, files=[(await upload(anna, photo()))["id"]])
    user = await service.house.home.db.value("""SELECT "id" FROM "account" WHERE "username" = 'anna'""")
    reader = {"x-api-key": await service.key(user, "read")}
    async with httpx.AsyncClient(base_url=f"{service.url}/api/v1", headers=reader) as client:
        (item,) = (await client.get("/shares")).json()["items"]
        assert (item["token"], item["path"]) == ("", "")


async def test_what_a_link_hides_is_neither_told_nor_in_what_is_downloaded(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, tmp_path: Path
) -> None:
    data = located()
    file = await upload(anna, data, "Secret name.jpg")
    await picture_made(anna, file)
    await anna.patch(f"/files/{file['id']}", json={"description": "By the river"})
    assert "EXIF:GPSLatitude" in "".join(said_in(data, tmp_path, "before.jpg")) or "GPS:" in str(
        said_in(data, tmp_path, "before.jpg")
    )
    everything = {"allow_download": True, "show_location": True, "show_metadata": True}
    for hide in ((), ("show_location",), ("show_metadata",), ("show_location", "show_metadata")):
        link = await share(anna, files=[file["id"]], **{name: name not in hide for name in everything})
        base = f"/s/{link['token']}/files"
        (item,) = (await guest.get(base)).json()["items"]
        assert ("location" in item, "place" in item) == ("show_location" not in hide,) * 2
        named = {"filename", "taken", "description", "camera"}
        assert named & item.keys() == (set() if "show_metadata" in hide else named)
        download = await guest.get(f"{base}/{file['id']}/download")
        assert download.status_code == 200
        if not hide:
            assert download.content == data
            assert item["place"]["city"] == "Lisbon"
            assert item["camera"] == "Canon EOS Secret"
            assert item["description"] == "By the river"
            assert item["taken"].startswith("2024-06-12T")
            assert "Secret" in download.headers["content-disposition"]
            continue
        assert "Secret" not in str(download.headers)
        for name, answer in (
            ("download.jpg", download),
            ("preview.jpg", await guest.get(f"{base}/{file['id']}/preview")),
            ("thumbnail.webp", await guest.get(f"{base}/{file['id']}/thumbnail")),
        ):
            found = said_in(answer.content, tmp_path, name)
            kinds = {key.partition(":")[0] for key in found}
            assert kinds <= {"File", "JFIF", "RIFF", "Composite", "VP8"}, found
            assert not any(word in answer.content for word in (b"Phoebe", b"Canon", b"Exif", b"2024"))
        image = Image.open(io.BytesIO(download.content))
        assert image.size == (640, 480)


async def test_a_video_by_a_link_holds_no_data_either(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=160x120:rate=5", "-pix_fmt"]
    command += ["yuv420p", "-metadata", "title=Phoebe", "-metadata", "location=+38.72-009.14/", "-metadata"]
    command += ["creation_time=2024-06-12T10:00:00Z", str(path)]
    await asyncio.to_thread(subprocess.run, command, check=True)
    file = await upload(anna, path.read_bytes(), "film.mp4")
    link = await share(anna, files=[file["id"]], allow_download=True)
    for what in ("video", "download"):
        answer = await guest.get(f"/s/{link['token']}/files/{file['id']}/{what}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "video/mp4"
        found = said_in(answer.content, tmp_path, f"{what}.mp4")
        text = json.dumps(found)
        assert "Phoebe" not in text
        assert "GPS" not in text
        assert not any(str(value).startswith("2024") for value in found.values()), found
        assert b"Phoebe" not in answer.content
        assert b"+38.72" not in answer.content
        assert found["Track1:ImageWidth"] == 160
    part = await guest.get(f"/s/{link['token']}/files/{file['id']}/video", headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)


async def test_what_a_guest_sends_nobody_sees_before_its_owner_accepts_it(
    service: Service,
    anna: httpx.AsyncClient,
    bruno: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    guest: httpx.AsyncClient,
) -> None:
    album = await album_of(anna)
    await anna.put(
        f"/albums/{album['id']}/members",
        json={"members": [{"user": (await bruno.get("/auth/me")).json()["id"], "role": "editor"}]},
    )
    link = await share(anna, album=album["id"], allow_upload=True, allow_download=True, show_metadata=True)
    base = f"/s/{link['token']}"
    data = located()
    sent = await guest.post(f"{base}/uploads?guest=Aunt%20Emma", files={"file": ("theirs.jpg", data)})
    assert (sent.status_code, sent.json()) == (201, {"received": 1})
    again = await guest.post(f"{base}/uploads", files={"file": ("again.jpg", data)})
    assert again.json() == {"received": 1}
    for client in (anna, bruno, admin):
        assert (await client.get("/files")).json()["total"] == 0
        assert (await client.get("/timeline")).json()["total"] == 0
    assert (await guest.get(f"{base}/files")).json()["total"] == 0
    assert await service.house.home.db.value('SELECT count(*) FROM "stored_file"') == 0
    (waiting,) = (await anna.get("/shares/uploads")).json()["items"]
    assert (waiting["guest"], waiting["filename"], waiting["album_name"]) == ("Aunt Emma", "theirs.jpg", "Lisbon")
    assert waiting["taken"] == "2024-06-12T10:00:00"
    assert (await anna.get("/shares")).json()["items"][0]["waiting"] == 1
    thumbnail = f"/shares/uploads/{waiting['id']}/thumbnail"
    assert (await anna.get(thumbnail)).headers["content-type"] == "image/webp"
    for client in (bruno, admin):
        assert (await client.get("/shares/uploads")).json()["items"] == []
        assert_error(await client.get(thumbnail), 404)
        assert_error(await client.post("/shares/uploads/accept", json={"ids": [waiting["id"]]}), 404)
        assert_error(await client.post("/shares/uploads/reject", json={"ids": [waiting["id"]]}), 404)
    (file,) = (await anna.post("/shares/uploads/accept", json={"ids": [waiting["id"]]})).json()["files"]
    assert (await anna.get(f"/files/{file}/content")).content == data
    assert [item["id"] for item in (await bruno.get(f"/albums/{album['id']}/files")).json()["items"]] == [file]
    assert [item["id"] for item in (await guest.get(f"{base}/files")).json()["items"]] == [file]
    assert (await anna.get("/shares/uploads")).json()["items"] == []
    assert list(service.house.home.paths.quarantine.iterdir()) == []
    # A second guest learns nothing from sending what is here already.
    assert (await guest.post(f"{base}/uploads", files={"file": ("x.jpg", data)})).json() == {"received": 1}


async def test_what_a_guest_sent_is_on_the_disk_before_they_are_told_so(
    service: Service, anna: httpx.AsyncClient, guest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    synced: set[int] = set()
    real = os.fsync

    def noting(fd: int) -> None:
        real(fd)
        synced.add(os.fstat(fd).st_ino)

    monkeypatch.setattr(os, "fsync", noting)
    sent = await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", located())})
    assert sent.status_code == 201
    (kept,) = service.house.home.paths.quarantine.iterdir()
    assert {kept.stat().st_ino, kept.parent.stat().st_ino} <= synced


async def test_a_guests_photo_that_a_kill_left_half_accepted_is_accepted_to_the_end(
    service: Service, anna: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    album = await album_of(anna)
    link = await share(anna, album=album["id"], allow_upload=True)
    for shade in (90, 91):
        await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", located(shade=shade))})
    home = service.house.home
    first, second = (await anna.get("/shares/uploads")).json()["items"]
    owner = (await anna.get("/auth/me")).json()["id"]
    path = home.paths.quarantine / first["id"]
    landed = await Uploads(home).land(path, user=uuid.UUID(owner), filename="a.jpg")  # and then: the kill
    answer = await anna.post("/shares/uploads/accept", json={"ids": [first["id"], second["id"]]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["files"][0] == str(landed.id)
    assert (await anna.get("/shares/uploads")).json()["items"] == []
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 2


async def test_a_guest_who_sends_again_what_is_not_whole_here_any_more_sends_it_for_good(
    service: Service, anna: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    data = located()
    await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", data)})
    (kept,) = service.house.home.paths.quarantine.iterdir()
    kept.write_bytes(data[:100])
    assert (await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", data)})).status_code == 201
    (waiting,) = (await anna.get("/shares/uploads")).json()["items"]
    (file,) = (await anna.post("/shares/uploads/accept", json={"ids": [waiting["id"]]})).json()["files"]
    assert (await anna.get(f"/files/{file}/content")).content == data


async def test_an_account_for_which_guests_photos_wait_is_not_removed(
    anna: httpx.AsyncClient, admin: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", located())})
    account = (await anna.get("/auth/me")).json()["id"]
    refused = await admin.delete(f"/users/{account}")
    assert_error(refused, 409, "conflict")
    (waiting,) = (await anna.get("/shares/uploads")).json()["items"]
    await anna.post("/shares/uploads/reject", json={"ids": [waiting["id"]]})
    assert (await admin.delete(f"/users/{account}")).status_code == 204


@pytest.mark.parametrize("end", ["revoked", "no more uploads", "its owner is out"])
async def test_what_is_still_being_sent_when_its_link_ends_is_not_taken(
    service: Service, anna: httpx.AsyncClient, admin: httpx.AsyncClient, guest: httpx.AsyncClient, end: str
) -> None:
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    account = (await anna.get("/auth/me")).json()["id"]

    async def body() -> AsyncIterator[bytes]:
        for number in range(2):
            head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{number}.jpg"\r\n\r\n'
            yield head.encode() + located(shade=60 + number) + b"\r\n"
            if not number:
                yield b'--x\r\nContent-Disposition: form-data; name="word"\r\n\r\nhello\r\n'
                async with asyncio.timeout(30):
                    while not (await anna.get("/shares/uploads")).json()["items"]:  # noqa: ASYNC110 - nothing tells
                        await asyncio.sleep(0.01)
                if end == "revoked":
                    await anna.delete(f"/shares/{link['id']}")
                elif end == "no more uploads":
                    await anna.patch(f"/shares/{link['id']}", json={"allow_upload": False})
                else:
                    await admin.patch(f"/users/{account}", json={"disabled": True})
        yield b"--x--\r\n"

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = await guest.post(f"/s/{link['token']}/uploads", content=body(), headers=kind)
    assert_error(answer, 403 if end == "no more uploads" else 404)
    kept = await service.house.home.db.fetch('SELECT "filename" FROM "guest_upload"')
    assert [row["filename"] for row in kept] == ["0.jpg"]
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_what_guests_sent_is_taken_in_once_and_all_of_it_or_nothing(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    album = await album_of(anna)
    link = await share(anna, album=album["id"], allow_upload=True)
    for shade in (60, 61, 62):
        await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", located(shade=shade))})
    first, second, third = [item["id"] for item in (await anna.get("/shares/uploads")).json()["items"]]
    assert len((await anna.post("/shares/uploads/accept", json={"ids": [first, first]})).json()["files"]) == 1
    for what in ("accept", "reject"):
        assert_error(await anna.post(f"/shares/uploads/{what}", json={"ids": [second, first, third]}), 404)
    assert len((await anna.get("/shares/uploads")).json()["items"]) == 2
    assert (await anna.post("/shares/uploads/accept", json={"ids": [second, third]})).status_code == 200
    assert (await anna.get(f"/albums/{album['id']}")).json()["count"] == 3


async def test_a_guest_can_send_nothing_but_photos_and_videos(
    service: Service, anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    album = await album_of(anna)
    link = await share(anna, album=album["id"], allow_upload=True)
    closed = await share(anna, album=album["id"])
    whole = photo()
    for name, data in (
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
        ("beginning.jpg", b"\xff\xd8\xff\xe0" + b"<script>alert(1)</script>" * 50),
        ("film.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(500)),
        ("program.exe", b"MZ" + bytes(500)),
        ("side.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"),
        ("archive.zip", b"PK\x03\x04" + whole),
        ("empty.jpg", b""),
    ):
        answer = await guest.post(f"/s/{link['token']}/uploads", files={"file": (name, data)})
        assert answer.status_code == 400, f"{name}: {answer.status_code} {answer.text}"
    assert (await anna.get("/shares/uploads")).json()["items"] == []
    quarantine = service.house.home.paths.quarantine
    assert not quarantine.exists() or list(quarantine.iterdir()) == []
    assert list(service.house.home.paths.incoming.iterdir()) == []
    refused = await guest.post(f"/s/{closed['token']}/uploads", files={"file": ("a.jpg", whole)})
    assert_error(refused, 403, "not_allowed")
    sent = await guest.post(f"/s/{link['token']}/uploads", files={"file": ("a.jpg", whole)})
    assert sent.json() == {"received": 1}
    (waiting,) = (await anna.get("/shares/uploads")).json()["items"]
    assert (await anna.post("/shares/uploads/reject", json={"ids": [waiting["id"]]})).status_code == 204
    assert list(quarantine.iterdir()) == []


async def test_a_guest_who_sends_what_its_owner_has_locked_away_learns_nothing(
    anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    secret = await upload(anna, data)
    await anna.post("/locked/files", json={"ids": [secret["id"]]})
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    known, unknown = [
        await guest.post(f"/s/{link['token']}/uploads", files={"file": ("x.jpg", one)}) for one in (data, photo())
    ]
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (201, {"received": 1})
    first, second = (await anna.get("/shares/uploads")).json()["items"]
    assert_error(await anna.post("/shares/uploads/accept", json={"ids": [first["id"]]}), 400)
    assert (await anna.post("/shares/uploads/accept", json={"ids": [second["id"]]})).status_code == 200
    assert (await anna.get("/shares/uploads")).json()["items"] == []
    assert (await guest.get(f"/s/{link['token']}/files")).json()["total"] == 1


async def test_whatever_a_guest_calls_it_a_photo_is_kept_and_given_out_as_one(
    service: Service, anna: httpx.AsyncClient, guest: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    """Each is a whole photo, and a page, a program or an archive behind it."""
    link = await share(anna, album=(await album_of(anna))["id"], allow_upload=True)
    names = {
        "page.html": "page.html.jpg",
        "picture.svg": "picture.svg.jpg",
        "holiday.jpg.exe": "holiday.jpg.exe.jpg",
        "side.xmp": "side.xmp.jpg",
        "../../../etc/cron.d/x": "x.jpg",
        "..\\..\\autorun.inf": "autorun.inf.jpg",
        "\u202egpj.exe": "gpj.exe.jpg",
        ".htaccess": ".htaccess.jpg",
        "-rf": "-rf.jpg",
        "IMG_1.JPG": "IMG_1.JPG",
        "a" * 3000 + ".jpg": "",
    }
    for name in names:
        data = photo() + b"PK\x03\x04<html><script>alert(1)</script>"
        sent = await guest.post(f"/s/{link['token']}/uploads", files={"file": (name, data)})
        assert sent.status_code == 201, f"{name}: {sent.text}"
    waiting = (await anna.get("/shares/uploads")).json()["items"]
    assert {one["mime_type"] for one in waiting} == {"image/jpeg"}
    assert [one["filename"] for one in waiting][:-1] == [name for name in names.values() if name]
    ids = [one["id"] for one in waiting]
    files = (await anna.post("/shares/uploads/accept", json={"ids": ids})).json()["files"]
    root = service.house.home.paths.uploads
    for file in files:
        given = await anna.get(f"/files/{file}/content?download=1")
        assert given.headers["content-type"] == "image/jpeg"
        assert given.headers["content-disposition"].rstrip('"').endswith((".jpg", ".JPG"))
        assert given.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in given.headers["content-security-policy"]
    kept = [path for path in root.rglob("*") if path.is_file()]
    assert len(kept) == len(names)
    assert all(path.suffix.lower() == ".jpg" and not path.name.startswith(("-", ".")) for path in kept), kept
    assert all(path.stat().st_mode & 0o111 == 0 for path in kept)


@pytest.mark.parametrize(
    "wish",
    [{}, {"album": "00000000-0000-0000-0000-000000000000"}, {"files": [], "name": "x"}, {"files": "x"}],
)
async def test_what_makes_no_link_is_refused(anna: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    assert (await anna.post("/shares", json=wish)).status_code in (400, 404)


async def test_a_saved_search_is_not_shared(anna: httpx.AsyncClient) -> None:
    album = (await anna.post("/albums", json={"name": "Sea", "query": "tag:sea"})).json()
    assert_error(await anna.post("/shares", json={"album": album["id"]}), 409)


async def test_a_link_to_a_person_or_an_event_shows_what_its_maker_owns_of_it(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient, guest: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "library").mkdir()
    findable = await Findable.create(service.house.home, tmp_path / "library")
    ids = [uuid.UUID((await client.get("/auth/me")).json()["id"]) for client in (anna, bruno)]
    otto = await findable.person("Otto")
    hers, his, familys = [await findable.file(owner=owner, people=[otto]) for owner in (*ids, None)]
    made = await anna.post("/events", json={"ids": [str(hers), str(familys)], "name": "Picnic"})
    event = made.json()["event"]
    for subject in ({"person": str(otto)}, {"event": event["id"]}):
        link = await share(anna, **subject)
        assert link["name"] in ("Otto", "Picnic")
        page = (await guest.get(f"/s/{link['token']}/files")).json()
        assert {item["id"] for item in page["items"]} == {str(hers), str(familys)}
        assert_error(await guest.get(f"/s/{link['token']}/files/{his}/preview"), 404)
        assert "Otto" not in (await guest.get(f"/s/{link['token']}/files")).text
    hidden = await findable.person("Heidi")
    await findable.file(owner=ids[1], people=[hidden])
    assert_error(await anna.post("/shares", json={"person": str(hidden)}), 404)
    assert_error(await bruno.post("/shares", json={"event": str(uuid.uuid4())}), 404)
