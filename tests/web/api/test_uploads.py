"""Uploads: multipart and tus, with an independent client, through crashes and hard names."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tusclient.client import TusClient

from tests.web.conftest import assert_error, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Service

TUS = {"tus-resumable": "1.0.0"}
BYTES = TUS | {"content-type": "application/offset+octet-stream"}
HARD_NAMES = (
    "-rf.jpg",
    "--help.jpg",
    ".hidden.jpg",
    "..",
    "...jpg",
    "../../../etc/passwd.jpg",
    "..\\..\\windows.jpg",
    "/absolute.jpg",
    "a" * 300 + ".jpg",
    "家" * 100 + ".jpg",
    "new\nline\ttab\x00nul.jpg",
    "trailing. . .",
    "con.jpg",
    "no_extension",
    " spaces  .jpg ",
    "'; DROP TABLE stored_file; --.jpg",
    "<script>alert(1)</script>.jpg",
    "👨‍👩‍👧‍👦 family 🎄.jpg",
    "a.b" + "c" * 300,
)


def metadata(name: str) -> str:
    return f"filename {base64.b64encode(name.encode('utf-8', 'surrogatepass')).decode()}"


async def begin(client: httpx.AsyncClient, size: int, name: str = "photo.jpg", **headers: str) -> httpx.Response:
    return await client.post(
        "/uploads", headers=TUS | {"upload-length": str(size), "upload-metadata": metadata(name)} | headers
    )


async def send(client: httpx.AsyncClient, url: str, data: bytes, offset: int = 0, **headers: str) -> httpx.Response:
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.patch(url, content=data, headers=BYTES | {"upload-offset": str(offset)} | extra)


def uploaded_files(service: Service) -> list[Path]:
    return [path for path in service.house.home.paths.uploads.rglob("*") if path.is_file()]


async def test_several_files_in_one_form(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    one, two = photo(), photo()
    answer = await anna.post(
        "/files", files=[("file", ("1.jpg", one)), ("file", ("2.jpg", two)), ("file", ("again.jpg", one))]
    )
    assert answer.status_code == 201
    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["created", "created", "duplicate"]
    assert items[2]["file"]["id"] == items[0]["file"]["id"]
    assert sorted(path.read_bytes() for path in uploaded_files(service)) == sorted([one, two])
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_forms_that_are_none(service: Service, anna: httpx.AsyncClient) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert_error(await anna.post("/files", content=b"x", headers={"content-type": "image/jpeg"}), 400, "invalid_input")
    assert_error(await anna.post("/files", content=b"", headers=form), 400, "invalid_input")
    assert_error(await anna.post("/files", content=b"--x\r\nbroken", headers=form), 400, "invalid_input")
    assert_error(await anna.post("/files", files={"other": ("a.jpg", b"x")}), 400, "invalid_input")
    assert_error(await anna.post("/files", files={"file": ("empty.jpg", b"")}), 400, "invalid_input")
    assert_error(await anna.post("/files", files={"file": ("run.exe", b"MZ\x90\x00")}), 415, "unsupported_format")
    assert uploaded_files(service) == []
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_a_damaged_photo_is_kept_all_the_same(service: Service, anna: httpx.AsyncClient) -> None:
    damaged = b"\xff\xd8\xff\xe0" + b"\x00" * 500
    shown = await upload(anna, damaged, "damaged.jpg")
    assert shown["kind"] == "photo"
    (path,) = uploaded_files(service)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("name", HARD_NAMES)
async def test_names_are_labels(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes], name: str
) -> None:
    await _keeps_its_name(service, anna, photo, name)


@pytest.mark.corpus
async def test_hard_names_of_the_corpus(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes], corpus: Path
) -> None:
    for name in json.loads((corpus / "names" / "hard_names.json").read_text()):
        await _keeps_its_name(service, anna, photo, name)


async def _keeps_its_name(service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes], name: str) -> None:
    data = photo("2024:05:01 12:00:00")
    created = await begin(anna, len(data), name)
    assert created.status_code == 201, created.text
    done = await send(anna, created.headers["location"].removeprefix("/api/v1"), data)
    assert done.status_code == 204, done.text
    shown = (await anna.get(f"/files/{done.headers['homeroll-file']}")).json()
    assert shown["content"].startswith("2024/05/")
    on_disk = shown["content"].removeprefix("2024/05/")
    assert "/" not in on_disk
    assert len(on_disk.encode()) <= 255
    assert not on_disk.startswith(("-", "."))
    assert on_disk.isprintable()
    assert shown["filename"]
    assert shown["filename"].isprintable()
    path = service.house.home.paths.uploads / shown["user"] / shown["content"]
    assert path.read_bytes() == data
    download = await anna.get(f"/files/{shown['id']}/content?download=1")
    assert download.content == data


async def test_equal_names_get_numbers(service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    contents = [(await upload(anna, photo("2024:05:01 12:00:00"), "a.jpg"))["content"] for _ in range(3)]
    assert contents == ["2024/05/a.jpg", "2024/05/a-2.jpg", "2024/05/a-3.jpg"]


async def test_duplicate_is_only_said_when_the_original_is_whole(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo("2024:05:01 12:00:00")
    shown = await upload(anna, data)
    again = (await anna.post("/files", files={"file": ("x.jpg", data)})).json()["items"][0]
    assert (again["status"], again["file"]["id"]) == ("duplicate", shown["id"])
    path = service.house.home.paths.uploads / shown["user"] / shown["content"]
    damages: tuple[Callable[[Path], object], ...] = (
        lambda path: path.write_bytes(data[:1] + bytes(len(data) - 1)),
        lambda path: path.write_bytes(data[:-1]),
        Path.unlink,
    )
    for damage in damages:
        damage(path)
        healed = (await anna.post("/files", files={"file": ("x.jpg", data)})).json()["items"][0]
        assert (healed["status"], healed["file"]["id"]) == ("created", shown["id"])
        assert (await anna.get(f"/files/{shown['id']}/content")).content == data
        path = service.house.home.paths.uploads / shown["user"] / healed["file"]["content"]
    assert (await anna.get("/files")).json()["total"] == 1


async def test_sending_again_what_is_in_the_trash_takes_it_out(
    anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    shown = await upload(anna, data)
    await anna.delete(f"/files/{shown['id']}")
    again = await upload(anna, data)
    assert (again["id"], again["trashed_at"]) == (shown["id"], None)


async def test_two_people_each_have_their_own(
    anna: httpx.AsyncClient, bruno: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    assert (await upload(anna, data))["id"] != (await upload(bruno, data))["id"]
    assert (await bruno.get("/files")).json()["total"] == 1


async def test_the_same_photo_twenty_times_at_once_is_one_file(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo()
    answers = await asyncio.gather(*(anna.post("/files", files={"file": ("a.jpg", data)}) for _ in range(20)))
    statuses = sorted(answer.json()["items"][0]["status"] for answer in answers)
    assert statuses == ["created"] + ["duplicate"] * 19
    assert len(uploaded_files(service)) == 1


async def test_tus_tells_what_it_can(anna: httpx.AsyncClient) -> None:
    headers = (await anna.options("/uploads")).headers
    assert headers["tus-version"] == "1.0.0"
    for extension in ("creation", "creation-with-upload", "termination", "checksum", "expiration"):
        assert extension in headers["tus-extension"].split(",")
    assert "sha256" in headers["tus-checksum-algorithm"]
    assert int(headers["tus-max-size"]) > 1 << 30


async def test_tus_step_by_step(service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    data = photo()
    created = await begin(anna, len(data))
    url = created.headers["location"].removeprefix("/api/v1")
    assert created.headers["upload-expires"].endswith("GMT")
    assert (await send(anna, url, data[:100])).headers["upload-offset"] == "100"
    head = await anna.head(url)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("100", str(len(data)))
    assert head.headers["cache-control"] == "no-store"
    assert "homeroll-file" not in head.headers
    assert_error(await send(anna, url, data[100:], offset=50), 409)
    done = await send(anna, url, data[100:], offset=100)
    assert done.status_code == 204
    assert done.headers["homeroll-status"] == "created"
    again = await anna.head(url)
    assert again.headers["homeroll-file"] == done.headers["homeroll-file"]
    assert again.headers["upload-offset"] == str(len(data))
    assert (await anna.get(f"/files/{done.headers['homeroll-file']}/content")).content == data
    second = await begin(anna, len(data))
    done = await send(anna, second.headers["location"].removeprefix("/api/v1"), data)
    assert done.headers["homeroll-status"] == "duplicate"
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_tus_creation_with_upload(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    data = photo()
    headers = BYTES | {"upload-length": str(len(data)), "upload-metadata": metadata("a.jpg")}
    answer = await anna.post("/uploads", content=data, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(len(data))
    assert answer.headers["homeroll-status"] == "created"


async def test_tus_checksums(anna: httpx.AsyncClient, photo: Callable[..., bytes]) -> None:
    data = photo()
    url = (await begin(anna, len(data))).headers["location"].removeprefix("/api/v1")

    def checksum(part: bytes) -> str:
        return f"sha256 {base64.b64encode(hashlib.sha256(part).digest()).decode()}"

    assert_error(await send(anna, url, data[:50], upload_checksum=checksum(b"other")), 460)
    assert (await anna.head(url)).headers["upload-offset"] == "0"
    assert_error(await send(anna, url, data[:50], upload_checksum="crc32 AAAA"), 400)
    assert_error(await send(anna, url, data[:50], upload_checksum="sha256 %%%"), 400)
    assert (await send(anna, url, data[:50], upload_checksum=checksum(data[:50]))).status_code == 204
    assert (await send(anna, url, data[50:], offset=50, upload_checksum=checksum(data[50:]))).status_code == 204


async def test_tus_termination_and_strangers(
    service: Service, anna: httpx.AsyncClient, bruno: httpx.AsyncClient
) -> None:
    url = (await begin(anna, 1000)).headers["location"].removeprefix("/api/v1")
    assert (await bruno.head(url)).status_code == 404
    assert_error(await send(bruno, url, b"x"), 404)
    assert_error(await bruno.delete(url), 404)
    assert (await anna.delete(url)).status_code == 204
    assert_error(await send(anna, url, b"x"), 404)
    assert list(service.house.home.paths.incoming.iterdir()) == []


async def test_tus_refusals(anna: httpx.AsyncClient) -> None:
    assert_error(await anna.post("/uploads", headers={"upload-length": "5"}), 412)
    assert_error(await anna.post("/uploads", headers=TUS), 400)
    assert_error(await anna.post("/uploads", headers=TUS | {"upload-length": "-5"}), 400)
    assert_error(await anna.post("/uploads", headers=TUS | {"upload-defer-length": "1"}), 400)
    assert_error(await begin(anna, 1 << 60), 413, "too_large")
    assert_error(await begin(anna, 5, **{"upload-metadata": "filename %%%"}), 400)
    url = (await begin(anna, 5)).headers["location"].removeprefix("/api/v1")
    assert_error(await anna.patch(url, content=b"x", headers=TUS | {"content-type": "image/jpeg"}), 415)
    assert_error(await send(anna, url, b"123456"), 413, "too_large")


async def test_an_upload_without_room_is_refused_before_it_is_read(
    service: Service, anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, photo: Callable[..., bytes]
) -> None:
    full = SimpleNamespace(f_flag=0, f_frsize=1, f_bavail=1, f_files=0, f_favail=0)
    monkeypatch.setattr("appliance.protection.room.os.statvfs", lambda path: full)
    assert_error(await anna.post("/files", files={"file": ("a.jpg", photo())}), 507, "disk_full")
    assert_error(await begin(anna, 1000), 507, "disk_full")
    assert uploaded_files(service) == []


async def test_a_client_that_hangs_up_goes_on_later(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo(size=(2000, 1500)) + bytes(3 << 20)
    url = (await begin(anna, len(data))).headers["location"]
    host, port = service.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: {host}\r\nx-api-key: {anna.headers['x-api-key']}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[: 2 << 20])
    await writer.drain()
    await asyncio.sleep(0.3)
    writer.transport.abort()
    path = url.removeprefix("/api/v1")
    async with asyncio.timeout(60):
        while (offset := int((await anna.head(path)).headers["upload-offset"])) == 0:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.05)
        while (done := await send(anna, path, data[offset:], offset=offset)).status_code == 423:
            await asyncio.sleep(0.05)
            offset = int((await anna.head(path)).headers["upload-offset"])
    assert 0 < offset <= 2 << 20
    assert done.headers["homeroll-status"] == "created"
    assert (await anna.get(f"/files/{done.headers['homeroll-file']}/content")).content == data


async def test_an_independent_client_uploads_in_parts(
    service: Service, anna: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    data = photo(size=(1200, 900)) + bytes(100_000)
    headers = {"x-api-key": anna.headers["x-api-key"]}

    def by_tuspy() -> str:
        uploader = TusClient(f"{service.url}/api/v1/uploads", headers=headers).uploader(
            file_stream=io.BytesIO(data), chunk_size=30_000, metadata={"filename": "tuspy.jpg"}, upload_checksum=True
        )
        uploader.upload()
        return str(uploader.url)

    url = await asyncio.to_thread(by_tuspy)
    done = await anna.head(url)
    assert (await anna.get(f"/files/{done.headers['homeroll-file']}/content")).content == data


SERVE = """
import asyncio, sys
from pathlib import Path
from appliance.config import Settings
from appliance.daemon import serve
settings = Settings(data=Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), compute="inline", watch=False,
                    scan_interval_min=0, reserve_mb=0)
asyncio.run(serve(settings))
"""


class _Served:
    """The whole service as a process that can be killed."""

    def __init__(self, data: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(data), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        )
        assert self._process.stdout is not None
        self.printed: dict[str, str] = {}
        for line in self._process.stdout:
            name, _, value = line.strip().partition(": ")
            self.printed[name] = value
            if line.startswith("HOMEROLL READY"):
                break

    def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.mark.slow
def test_uploads_go_on_after_the_service_was_killed(tmp_path: Path, photo: Callable[..., bytes]) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = photo("2024:05:01 12:00:00", size=(1200, 900)) + bytes(400_000)
    served = _Served(tmp_path / "data", port)
    try:
        login = {"username": served.printed["User"], "password": served.printed["Password"]}
        with httpx.Client(base_url=f"{served.url}/api/v1", headers={"sec-fetch-site": "same-origin"}) as client:
            assert client.post("/auth/login", json=login).status_code == 200
            key = client.post("/keys", json={"name": "phone", "scopes": ["all"]}).json()["key"]
        headers = {"x-api-key": key}
        tus = TusClient(f"{served.url}/api/v1/uploads", headers=headers)
        uploader = tus.uploader(file_stream=io.BytesIO(data), chunk_size=60_000, metadata={"filename": "a.jpg"})
        for _ in range(3):
            uploader.upload_chunk()  # type: ignore[no-untyped-call]  # tuspy is typed in part
        url = str(uploader.url)
        served.end(signal.SIGKILL)
        served = _Served(tmp_path / "data", port)
        resumed = tus.uploader(file_stream=io.BytesIO(data), chunk_size=60_000, url=url)
        assert resumed.offset == 180_000
        resumed.upload()
        done = httpx.head(url, headers=headers)
        file_id = done.headers["homeroll-file"]
        served.end(signal.SIGKILL)
        served = _Served(tmp_path / "data", port)
        content = httpx.get(f"{served.url}/api/v1/files/{file_id}/content", headers=headers)
        assert content.content == data
        again: Any = httpx.post(f"{served.url}/api/v1/files", headers=headers, files={"file": ("b.jpg", data)}).json()
        assert again["items"][0]["status"] == "duplicate"
        assert list((tmp_path / "data" / "incoming").iterdir()) == []
    finally:
        served.end(signal.SIGTERM)
