"""How the disk with the data is mounted: kinds and options that a database does not survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.mounts import mount_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "davfs")
WITHOUT_JOURNAL = ("vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "ext2")
IN_MEMORY = ("tmpfs", "ramfs")
#: Options by which a power cut takes more than the last moment: option -> why.
RISKY = {
    "nobarrier": "what was written may not be on the disk when it is said to be",
    "barrier=0": "what was written may not be on the disk when it is said to be",
    "nointegrity": "what was written may not be on the disk when it is said to be",
    "journal_async_commit": "the journal may be damaged by a power cut",
}


def check_mount(house: House) -> Iterator[Said]:
    root = house.paths.root
    place = next(path for path in (root, *root.parents) if path.is_dir())
    mount = mount_of(place)
    if mount is None:
        yield "ok", "this system does not tell how its disks are mounted", ""
        return
    told = f"{mount.source} ({mount.kind}) on {mount.point}"
    elsewhere = "Give the data directory (`data` in homeroll.toml) a local disk; the photos may stay where they are."
    if "ro" in mount.options or "emergency_ro" in mount.options:
        hint = (
            "The system does that to a disk that fails: look at `dmesg`, save what is on it, then check it with fsck."
        )
        yield "broken", f"{told} is read-only", hint
    elif mount.kind in NETWORK:
        yield "broken", f"{told} is a disk on the network, on which the database can be damaged", elsewhere
    elif mount.kind in IN_MEMORY:
        yield "warning", f"{told} is memory: all of it is gone after a restart", elsewhere
    elif mount.kind in WITHOUT_JOURNAL:
        yield "warning", f"{told} is a file system that a power cut can damage", elsewhere
    elif found := sorted(option for option in mount.options if option in RISKY):
        yield "warning", f"{told} is mounted with {found[0]}: {RISKY[found[0]]}", "Remove that option from /etc/fstab."
    else:
        yield "ok", told, ""
