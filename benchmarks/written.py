"""How many bytes reach the data disk for each imported photo, beside the bare size of what is then stored.

    python -m benchmarks.written FOLDER [--how folder|upload]

The data directory lies on an ext4 of its own, in a file (needs root): what counts is what that block device wrote
(/sys/block/loopN/stat), journal and database log included, from before the import until after a clean stop and a sync.
Stored is the growth of all files below the data directory after the stop: previews, thumbnails, rows, and, with
`--how upload`, the photos themselves.  `--how folder` leaves the photos where they are, on another disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.service import Service, running

DISK_MB = 4096
SECTOR = 512


class Disk:
    """A loop device with an ext4 of its own."""

    def __init__(self, scratch: Path) -> None:
        image, self.folder = scratch / "disk.img", scratch / "disk"
        with image.open("wb") as file:
            file.truncate(DISK_MB << 20)
        self.folder.mkdir()
        subprocess.run(
            ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)], check=True
        )
        self.device = subprocess.run(
            ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
        ).stdout.strip()
        subprocess.run(["mount", "-o", "noatime", self.device, str(self.folder)], check=True)

    def written(self) -> int:
        """Bytes since it was made, everything that waits included."""
        subprocess.run(["sync", "-f", str(self.folder)], check=True)
        time.sleep(0.5)
        fields = Path(f"/sys/block/{Path(self.device).name}/stat").read_text(encoding="ascii").split()
        return int(fields[6]) * SECTOR

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
        subprocess.run(["losetup", "-d", self.device], check=True)


def stored(data: Path) -> dict[str, int]:
    """Bytes by what they are."""
    sizes: dict[str, int] = {}
    for path in data.rglob("*"):
        if path.is_file() and not path.is_symlink():
            first = path.relative_to(data).parts[0]
            sizes[first] = sizes.get(first, 0) + path.stat().st_size
    return sizes


def upload_all(service: Service, photos: list[Path]) -> None:
    user = service.ask("GET", "/users")["items"][0]
    key = service.ask("POST", "/keys", name="bench", user=user["id"], scopes=["all"])["key"]
    with httpx.Client(base_url=f"{service.url}/api/v1", headers={"x-api-key": key}, timeout=60) as client:
        for photo in photos:
            with photo.open("rb") as file:
                client.post("/files", files={"file": (photo.name, file)}).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--how", choices=("folder", "upload"), default="folder")
    args = parser.parse_args()
    photos = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    with tempfile.TemporaryDirectory() as scratch:
        disk = Disk(Path(scratch))
        try:
            print(json.dumps(measure(disk, args.folder, photos, args.how)))
        finally:
            disk.close()


def measure(disk: Disk, folder: Path, photos: list[Path], how: str) -> dict[str, object]:
    data = disk.folder / "data"
    with running(data) as service:
        service.without_models()
        service.wait(until_steps_are_done=True)
    before, begun = stored(data), disk.written()
    with running(data) as service:
        if how == "upload":
            upload_all(service, photos)
        else:
            service.add_library(folder)
        service.wait(until_steps_are_done=True)
        time.sleep(12)  # words for the search are written some seconds later
    written, after = disk.written() - begun, stored(data)
    grown = {name: size - before.get(name, 0) for name, size in after.items() if size != before.get(name, 0)}
    total, count = sum(grown.values()), len(photos)
    return {
        "how": how,
        "photos": count,
        "photo_kb": round(sum(photo.stat().st_size for photo in photos) / count / 1000, 1),
        "written_kb_per_photo": round(written / count / 1000, 1),
        "stored_kb_per_photo": round(total / count / 1000, 1),
        "ratio": round(written / total, 3),
        "stored_kb": {name: round(size / count / 1000, 1) for name, size in sorted(grown.items())},
    }


if __name__ == "__main__":
    main()
