"""install.sh itself: what it refuses, what it says then, and that an interrupted run leaves nothing half-trusted."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.ports import free_port

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SCRIPT = REPOSITORY / "install.sh"
#: What is compiled beforehand is not what is tested, and takes as long as everything else.
ENVIRONMENT = os.environ | {"PIP_COMPILE": "0"}
OLD = "of-the-run-before"  # lies in an environment that must not be built upon


def _run(*arguments: str, script: Path = SCRIPT, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Every call here ends before anything is installed: what can be known at once is said at once."""
    command = [str(script), *arguments]
    return subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


def test_help_names_every_command() -> None:
    done = _run("help")
    assert done.returncode == 0
    for word in (
        *("try", "test", "deps", "bundle", "--port", "--data", "--no-browser"),
        *("--offline", "--snapshot", "--uninstall"),
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("tyr",),
        ("try", "--prot", "1"),
        ("try", "--port"),
        ("try", "--port", "http"),
        ("try", "--port", "70000"),
        ("try", "one", "two"),
        ("bundle",),
        ("--snapshot",),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_wrong(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip()


def test_a_missing_folder_is_refused_by_its_full_name(tmp_path: Path) -> None:
    done = _run("try", "My Pictures", "--no-browser", cwd=tmp_path)
    assert done.returncode == 1
    assert f"there is no folder {tmp_path / 'My Pictures'}" in done.stderr


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    done = _run("try", str(tmp_path / "a.jpg"))
    assert done.returncode == 1
    assert "is not a folder" in done.stderr


def test_a_port_in_use_is_said_before_anything_is_installed(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run("try", str(tmp_path), "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} is already in use" in done.stderr
    assert "--port" in done.stderr
    assert "[1/" not in done.stdout


def test_the_data_directory_may_not_lie_inside_the_photos(tmp_path: Path) -> None:
    done = _run("try", str(tmp_path), "--data", str(tmp_path / "data"), "--port", str(free_port()))
    assert done.returncode == 1
    assert "lies inside the photos" in done.stderr


def test_a_folder_one_may_not_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    photos.chmod(0)
    if os.access(photos, os.R_OK):
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and setpriv is not here to be somebody else")
        script = Path("/tmp") / f"homeroll-install-{os.getpid()}.sh"  # where somebody else can read it too
        shutil.copy(SCRIPT, script)
        script.chmod(0o755)
        for parent in [tmp_path, *tmp_path.parents]:
            if parent.owner() == "root" and parent != Path("/") and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
        someone = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        try:
            done = subprocess.run(
                [*someone, str(script), "try", str(photos)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                cwd="/",
            )
        finally:
            script.unlink()
    else:
        done = _run("try", str(photos))
    assert done.returncode == 1
    assert "may not read" in done.stderr
    assert "chmod" in done.stderr


@pytest.mark.install
@pytest.mark.timeout(600)
def test_a_run_interrupted_at_any_moment_goes_on_to_a_complete_environment(tmp_path: Path) -> None:
    for name in ("install.sh", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for package in ("appliance", "web", "ml", "tui"):
        shutil.copytree(REPOSITORY / package, tmp_path / package)
    script = tmp_path / "install.sh"
    venv = tmp_path / ".venv"
    python = venv / "bin/python"
    for looked_up, there, how in (
        (0, 0, signal.SIGINT),
        (1, 0, signal.SIGKILL),
        (15, 0, signal.SIGTERM),
        (0, 5, signal.SIGINT),
    ):
        running = _begin(script, venv, looked_up=looked_up, there=there)
        running.send_signal(how)
        running.communicate(timeout=60)
        assert running.returncode != 0
        if how == signal.SIGKILL:  # what it had started goes on by itself, and holds the lock until then
            os.killpg(running.pid, signal.SIGKILL)
            with (tmp_path / ".install-state/lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # they die in their own time
        assert not list(venv.glob("stamp-*"))
    complete = _run_to_the_end(script)
    assert complete.returncode == 0, complete.stdout + complete.stderr
    checked = subprocess.run([str(python), "-m", "pip", "check"], capture_output=True, text=True, check=False)
    wrong = [line for line in checked.stdout.splitlines() if "requires dlib, which is not installed" not in line]
    assert wrong in ([], ["No broken requirements found."])  # dlib is there by another name: dlib-bin
    faces = (
        "from ml.base import Runtime; from ml.registry import face_engine; face_engine('dlib')().load(Runtime(None))"
    )
    assert subprocess.run([str(python), "-c", faces], cwd=tmp_path, check=False).returncode == 0

    again = _run_to_the_end(script)
    assert again.returncode == 0
    assert again.stdout.count("all there") == 2

    (rarely_used,) = venv.glob("lib/*/site-packages/rich/_emoji_codes.py")
    rarely_used.unlink()  # nothing notices that at start, and something does much later
    mending = _begin(script, venv, looked_up=1, there=0)
    mending.send_signal(signal.SIGINT)
    mending.communicate(timeout=60)
    assert not list(venv.glob("stamp-*"))


def _begin(script: Path, venv: Path, *, looked_up: int, there: int) -> subprocess.Popen[str]:
    """Let it make the environment anew, and come so far with it."""
    if venv.exists():
        (venv / OLD).touch()
    running = subprocess.Popen(
        [str(script), "deps"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=ENVIRONMENT,
        text=True,
    )
    _wait_for(running, venv, looked_up=looked_up, there=there)
    return running


def _wait_for(running: subprocess.Popen[str], venv: Path, *, looked_up: int, there: int) -> None:
    """Until the environment that it makes anew has come so far: packages looked up by pip, packages in it."""
    deadline = time.monotonic() + 300
    log = venv.parent / ".install-state/install.log"
    while not (
        venv.exists()
        and not (venv / OLD).exists()
        and log.read_text().count("Collecting ") >= looked_up
        and len(list(venv.glob("lib/*/site-packages/*.dist-info"))) >= (2 + there if there else 0)  # pip and setuptools
    ):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def _run_to_the_end(script: Path) -> subprocess.CompletedProcess[str]:
    command = [str(script), "deps"]
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=ENVIRONMENT,
    )
