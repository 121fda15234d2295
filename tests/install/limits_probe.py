"""Runs on the emulated machine, as root, by its own Python: looks at the service, then gives it too much to do."""

import json
import subprocess
import time
from pathlib import Path

UNIT = "homeroll.service"
HOMEROLL = ["runuser", "-u", "homeroll", "--", "/opt/homeroll/venv/bin/homeroll"]


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False).stdout


def show(name: str) -> str:
    return run("systemctl", "show", "--value", "--property", name, UNIT).strip()


def group() -> Path:
    return Path("/sys/fs/cgroup") / show("ControlGroup").lstrip("/")


def limits() -> dict[str, str]:
    names = ("memory.high", "memory.max", "cpu.weight", "pids.max", "memory.events")
    return {name: (group() / name).read_text().strip() for name in names if (group() / name).exists()}


def main() -> dict[str, object]:
    deadline = time.monotonic() + 400
    while show("ActiveState") != "active" and time.monotonic() < deadline:
        time.sleep(1)
    process = show("MainPID")
    said: dict[str, object] = {
        "state": show("ActiveState"),
        "memory_kb": Path("/proc/meminfo").read_text().split()[1],
        "filesystem": run("stat", "-fc", "%T", "/sys/fs/cgroup").strip(),
        "limits": limits(),
        "io": run("ionice", "-p", process).strip(),
        "nice": Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[16],
        "oom": Path(f"/proc/{process}/oom_score_adj").read_text().strip(),
    }
    # A photo of 108 megapixels takes 324 MB to read: too much for a service that may have 400 with everything.
    run("systemctl", "set-property", "--runtime", UNIT, "MemoryMax=400M", "MemoryHigh=infinity")
    said["narrowed"] = limits()
    run(*HOMEROLL, "library", "add", "/srv/photos", "--name", "photos")
    said["scanned"] = run(*HOMEROLL, "scan", "--wait", "--until", "renditions", "--json")
    said["after"] = limits()
    said["status"] = run(*HOMEROLL, "status", "--json")
    said["same_process"] = show("MainPID") == process
    said["restarts"] = show("NRestarts")
    said["state_after"] = show("ActiveState")
    said["journal"] = run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)[-3000:]
    return said


if __name__ == "__main__":
    try:
        told = main()
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits outside has to hear it
        told = {"error": repr(error)}
    print(f"\nSAID {json.dumps(told)}", flush=True)  # noqa: T201 - the console is its only way out
