"""Who may not open the socket is told so in one line, before anything is drawn."""

from __future__ import annotations

import grp
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.service import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
GROUP = "adm"  # Debian's; any that exists will do


@pytest.fixture
def closed() -> Iterator[Path]:
    """A data directory of another account that only its group may enter; not below one that is closed itself."""
    folder = Path(tempfile.mkdtemp(prefix="homeroll-closed-"))
    shutil.chown(folder, group=GROUP)
    folder.chmod(0o750)
    yield folder
    shutil.rmtree(folder)


def opened_by_nobody(data: Path) -> subprocess.CompletedProcess[str]:
    """`homeroll`, without a command, on a terminal, by an account without rights."""
    master, terminal = pty.openpty()
    try:
        return subprocess.run(
            [sys.executable, "-m", "appliance.cli", "--data", str(data)],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(master)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_without_permission_one_line_names_the_group_to_join(closed: Path) -> None:
    if GROUP not in {group.gr_name for group in grp.getgrall()}:
        pytest.skip(f"no group {GROUP} here")
    done = opened_by_nobody(closed)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"join the group {GROUP} (sudo usermod -aG {GROUP} $USER" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_where_no_group_may_enter_it_names_the_account(closed: Path) -> None:
    closed.chmod(0o700)
    done = opened_by_nobody(closed)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "sudo -u root" in done.stderr


@pytest.mark.parametrize("words", [[], ["--data", "{data}"]], ids=["no word", "a folder"])
def test_without_a_command_and_a_terminal_it_prints_the_status(words: list[str], tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HOMEROLL_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "appliance.cli", *(word.format(data=tmp_path) for word in words)]
    done = subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False)
    assert f"No service runs on {tmp_path}" in done.stdout + done.stderr
