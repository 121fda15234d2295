"""What the overview says, as text: what needs somebody, the photos, the machine, who is here, what is being done."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from tui.attention import points
from tui.words import bar, clean, curve, cut, days_since, graph, plural, size, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.content import Content

    from tui.house import House

    Part = Content | str | tuple[str, str]

MONTHS = 24  # with photos, as many as the curve has room for
VISITORS = 4
LABEL = 11  # columns
NAME = 28  # columns of a library's name, so that what is said of it stays on its line
CURVE = 24  # the newest of what is kept; graphs have room for more
GRAPH = 6  # lines
BROAD = 72  # columns in which a step and why it waits fit one line


def attention(house: House) -> list[Part]:
    """What needs somebody; one line when nothing does."""
    if "health" not in house.known:
        return []
    found = points(house)
    if not found:
        return [("All is well.", "$text-success"), "\n"]
    parts: list[Part] = [("Needs attention\n", "bold")]
    for point in found:
        style = "$text-error" if point.grave else "$text-warning"
        parts += [(f"● {clean(point.message)}", style), f" {clean(point.hint)}\n"]
    return parts


def state(house: House, page: Sequence[str], room: int) -> list[Part]:
    if "timeline" not in house.known:
        return []
    months = house.known["timeline"].get("months", [])
    taken = curve([month["count"] for month in reversed(months[:MONTHS])])
    lines = [("Photos", f"{house.total('timeline'):,} photos and videos")]
    if len(months) > 1:
        lines.append(("By month", f"{taken}  {months[min(len(months), MONTHS) - 1]['month']} to {months[0]['month']}"))
    for item in house.items("libraries"):
        scan = "scanning" if item["status"] == "scanning" else f"scanned {when(item['last_scan'])}"
        frozen = "frozen, " if item["status"] == "frozen" else ""
        lines.append(("Library", f"{cut(clean(item['name']), NAME)}: {plural(item['files'], 'file')}, {frozen}{scan}"))
    known = house.known.get("growth", {})
    if (known.get("files_added") or 0) > 0 and (days := days_since(known["since"])):
        lines.insert(1, ("Photos", f"{known['files_added']:,} of them came in the last {plural(days, 'day')}"))
    for disk in known.get("disks", []):
        used = 1 - disk["free_bytes"] / disk["total_bytes"] if disk["total_bytes"] else 0
        free = f"{size(disk['free_bytes'])} free of {size(disk['total_bytes'])}"
        lines.append(("Disk", f"{bar(used, 10)} {free}, {clean(disk['mount'])} ({clean(', '.join(disk['holds']))})"))
        if disk.get("days_left") is not None:
            lines.append(("Disk", f"full in {plural(round(disk['days_left']), 'day')} at the present rate"))
    known = house.known.get("integrity", {})
    lines.append(("Backup", _backup(known.get("last_backup"))))
    lines.append(("Rehearsal", _drill(known.get("last_drill"))))
    lines.append(("Originals", _scrub(known.get("last_scrub"))))
    lines += [("Address", address) for address in page]
    return _paragraph(lines, room)


def machine(house: House, room: int) -> list[Part]:
    """Nothing for a service elsewhere: its machine is not known here."""
    known = house.machine
    if known is None:
        return []
    share = known.memory_used_bytes / known.memory_total_bytes
    warm = f", {known.temperature_c:.0f} °C" if known.temperature_c is not None else ""
    lines = [
        ("CPU", f"{curve([*house.busy][-CURVE:], most=1.0)} {known.busy:.0%} of {plural(known.cores, 'core')}{warm}"),
        ("Memory", f"{bar(share, 10)} {size(known.memory_used_bytes)} of {size(known.memory_total_bytes)}"),
    ]
    return _paragraph(lines, room)


def visitors(house: House, room: int) -> list[Part]:
    """Who is logged in, those seen last first."""
    if "sessions" not in house.known:
        return []
    found = sorted(house.items("sessions"), key=lambda one: str(one["last_seen"]), reverse=True)
    lines = [("Logged in", f"{clean(one['username'])}: {device(one)}") for one in found[:VISITORS]]
    if len(found) > VISITORS:
        lines.append(("Logged in", f"and on {len(found) - VISITORS} more"))
    return _paragraph(lines or [("Logged in", "nobody, in no browser")], room)


def device(session: dict[str, Any]) -> str:
    """Such as: Firefox on Android, 192.168.1.20, 3 min ago."""
    address = f", {clean(session['address'])}" if session["address"] else ""
    return f"{clean(session['device'])}{address}, {when(session['last_seen'])}"


def _paragraph(lines: Sequence[tuple[str, str]], room: int) -> list[Part]:
    """Each with its label, once for lines of the same; what is longer than `room` goes on below its beginning."""
    parts: list[Part] = []
    last = ""
    for name, text in lines:
        label = "" if name == last else name
        for part in textwrap.wrap(text, max(LABEL, room - LABEL), drop_whitespace=False) or [""]:
            parts += [label.ljust(LABEL), f"{part.rstrip() if label else part.strip()}\n"]
            label = ""
        last = name
    return parts


def graphs(house: House, room: int) -> list[Part]:
    """The last minutes, for windows with room to spare; one column for each look at the machine."""
    parts: list[Part] = []
    width = min(room, house.busy.maxlen or room)
    for title, values, most in (
        ("Processor", [*house.busy][-width:], 1.0),
        ("Steps of files that came to an end", [float(value) for value in house.pace][-width:], None),
    ):
        if any(values):
            highest = f"{max(values):.0%}" if most else f"{max(values):,.0f}"
            parts += [(title, "bold"), (f"  at most {highest}\n", "$foreground-muted")]
            parts += [(f"{line}\n", "$text-primary") for line in graph(values, GRAPH, most=most)]
            parts.append("\n")
    return parts


def _backup(last: dict[str, Any] | None) -> str:
    if last is None:
        return "none yet"
    where = f"to {clean(last['folder'])}" if last.get("folder") else "snapshot of the database, no copy elsewhere"
    return f"{when(last['at'])}, {where}"


def _drill(last: dict[str, Any] | None) -> str:
    if last is None:
        return "a restore was never tried"
    failed = last.get("failed") or 0
    return f"{when(last['at'])}, " + (f"{plural(failed, 'file')} would be lost" if failed else "everything came back")


def _scrub(last: dict[str, Any] | None) -> str:
    return "never read again" if last is None else f"{last.get('checked', 0):,} read again {when(last['at'])}"


def work(house: House, room: int) -> list[Part]:
    """Steps as lines of at most `room` columns, then jobs that run."""
    if "steps" not in house.known:
        return []
    steps = house.known["steps"]
    paused = "  paused" if steps.get("paused") else ""
    night = f"  only {steps['night_window']}" if steps.get("night_window") else ""
    pace = f"  {curve([*house.pace][-CURVE:])}" if any([*house.pace][-CURVE:]) else ""
    parts: list[Part] = [("Steps", "bold"), (pace, "$text-primary"), (f"{paused}{night}\n", "$text-warning")]
    for step in steps["items"]:
        parts += _step(step, room)
    running = [job for job in house.items("jobs") if job["status"] == "running"]
    parts.append(("\nJobs\n", "bold"))
    for job in running:
        total = job.get("total") or 0
        far = f"{bar((job.get('done') or 0) / total, 10)} {job['done']:,} of {total:,}" if total else "…"
        parts.append(f"{cut(job['title'], room - 32):<30} {far}\n")
    planned = [job for job in house.items("jobs") if job["next_run"] and job["status"] != "running"]
    if planned and not running:
        soonest = min(planned, key=lambda job: str(job["next_run"]))
        parts.append((f"none runs; next: {soonest['title']}, {when(soonest['next_run'])}\n", "$foreground-muted"))
    return parts


def _step(step: dict[str, Any], room: int) -> list[Part]:
    waiting = step["pending"] + step["running"]
    finished = step["done"] + step["skipped"] + step["failed"] + step["ignored"]
    share = finished / (finished + waiting) if finished + waiting else 1.0
    line = f"{step['name']:<{LABEL}}{bar(share, 10)} {share:>4.0%} {finished:>9,}"
    told = ""
    if waiting and step["waits"]:
        told = step["waits"]
    elif waiting:
        rate = f", {step['rate']:.3g}/s" if step.get("rate") else ""
        left = f", {span(step['seconds_left'])} left" if step.get("seconds_left") else ""
        told = f"{waiting:,} wait{rate}{left}"
    failed = f" {step['failed']:,} failed" if step["failed"] else ""
    style = "$text-warning" if step["waits"] else "$foreground-muted"
    if step["waits"] and room < BROAD:  # why it waits has a line of its own there
        told = f"\n{'':<{LABEL}}{cut(clean(told), room - LABEL)}" if told else ""
    else:
        told = f"  {cut(clean(told), room - len(line) - len(failed) - 2)}"
    return [line, (failed, "$text-error"), (told, style), "\n"]
