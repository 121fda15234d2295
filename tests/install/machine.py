"""A fresh Debian or Ubuntu in a directory: debootstrap, a private mount namespace, and this machine's way to packages.

The client configuration (apt, pip, certificates, proxies) is the host's and is copied in here, by the test: install.sh
itself names no host and must work with whatever a machine has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
#: Debian 12 each time; `just e2e-install` adds Debian 13 (trixie), which takes two minutes more.
SUITES = tuple(os.environ.get("TEST_SUITES", "bookworm").split(","))
#: Suites of Ubuntu, and the mirror to take them from, which this machine's own apt does not know.
UBUNTU, UBUNTU_MIRROR = ("noble",), os.environ.get("TEST_UBUNTU", "")
#: debootstrap's script for every Ubuntu; those of Debian 12 do not know the newest by name.
UBUNTU_SCRIPT = "/usr/share/debootstrap/scripts/gutsy"
CONFIGURATION = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d",
    "etc/apt/auth.conf.d",
    "etc/apt/keyrings",
    "etc/apt/trusted.gpg.d",
    "etc/pip.conf",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/resolv.conf",
    "etc/hosts",
    "root/.config/pip/pip.conf",
)
PASSED_ON = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def missing_for_a_fresh_machine() -> str:
    """What this machine lacks to make another one; empty if nothing."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in ("debootstrap", "unshare", "chroot") if not shutil.which(name)]
    if absent:
        return f"needs {', '.join(absent)}"
    if set(SUITES) & set(UBUNTU) and not UBUNTU_MIRROR:
        return "needs a mirror of Ubuntu in $TEST_UBUNTU"
    return "" if _mirror() else "needs a Debian mirror in the apt sources"


def _mirror() -> str:
    """The first address this machine's own apt takes Debian from."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.[ls]*"))]
    for file in sources:
        if file.suffix not in {".list", ".sources"} or not file.is_file():
            continue
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["URIs:"], ["deb"]):
                address = next((word for word in words if "://" in word), "")
                if address.rstrip("/").endswith("/debian"):
                    return address
    return ""


def copy_in(name: str, root: Path) -> None:
    """This machine's file or folder of that name, into the other one."""
    source, target = Path("/") / name, root / name
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)


def _of_suite(text: str, suite: str) -> str:
    """The host's apt sources, for another version of Debian."""
    for other in SUITES:
        text = re.sub(rf"\b{other}\b", suite, text)
    return text


def make_machine(root: Path, suite: str, *, packages: tuple[str, ...] = ()) -> None:
    """A minimal system with python3, git, ca-certificates and `packages` below `root`.  Takes about a minute."""
    include = f"--include={','.join(('python3', 'git', 'ca-certificates', *packages))}"
    source = [suite, str(root), _mirror()]
    if suite in UBUNTU:
        # A Debian has no keys of Ubuntu to check its packages with; this machine is for a test alone.
        include += " --components=main,universe --no-check-gpg"
        source = [suite, str(root), UBUNTU_MIRROR, UBUNTU_SCRIPT]
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", *include.split(), *source],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:]
    configure(root, suite)


def configure(root: Path, suite: str) -> None:
    """Give it this machine's way to its packages, and `suite` to ask for."""
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for name in CONFIGURATION:
        if suite not in UBUNTU or not name.startswith("etc/apt/"):
            copy_in(name, root)
    if suite in UBUNTU:
        source = f"deb [trusted=yes] {UBUNTU_MIRROR} {{}} main universe\n"
        (root / "etc/apt/sources.list").write_text(source.format(suite) + source.format(f"{suite}-updates"))
    for file in [root / "etc/apt/sources.list", *(root / "etc/apt/sources.list.d").glob("*")]:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            file.write_text(_of_suite(file.read_text(), suite))
    for file in Path("/etc/apt/apt.conf.d").iterdir():
        if "Acquire" in file.read_text():  # how to fetch, not what to do with it
            copy_in(str(file.relative_to("/")), root)


def copy_repository(root: Path, *, to: str = "root/homeroll") -> Path:
    """The working tree, without what git ignores, into the machine; the path as the machine sees it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        source, target = REPOSITORY / name, root / to / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return Path("/", to)


def start_in(root: Path, *command: str, photos: Path, cwd: Path) -> subprocess.Popen[str]:
    """Start a command on the machine, with `photos` mounted read-only at /media/formats; output and errors together.

    Everything it starts, mounts included, is gone when the returned process is: it leads its own namespaces.
    """
    (root / "media/formats").mkdir(parents=True, exist_ok=True)
    script = """
        set -e
        root=$1 photos=$2 cwd=$3; shift 3
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --bind "$photos" "$root/media/formats"
        mount -o remount,bind,ro "$root/media/formats"
        exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$cwd" "$@"
    """
    environment = {name: value for name, value in os.environ.items() if name.upper().startswith(PASSED_ON)}
    environment |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--propagation", "private"]
    return subprocess.Popen(
        [*unshare, "/bin/sh", "-c", script, "sh", str(root), str(photos), str(cwd), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
