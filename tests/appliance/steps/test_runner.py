"""The runner: what is due is done in order, what goes wrong costs one row, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from appliance.errors import DatabaseBusyError
from appliance.files import TEMPORARY_PREFIX
from appliance.library import failures
from appliance.library import steps as plan
from appliance.library.intake import ABSENT
from appliance.library.settings import change_settings
from appliance.library.viewers import LOCAL_ADMIN
from appliance.steps import runner as runner_module
from appliance.steps.base import Step, spec
from appliance.steps.registry import STEPS
from appliance.steps.runner import Runner
from tests.appliance.pictures import jpeg, write_jpegs
from tests.appliance.steps.steps import Sayer

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    import pytest

    from appliance.home import Home

    RunSteps = Callable[[], Awaitable[list[dict[str, Any]]]]
    Scan = Callable[..., Awaitable[Any]]


@contextlib.asynccontextmanager
async def running(home: Home, *steps: Step, clock: Callable[[], datetime] = datetime.now) -> AsyncIterator[Runner]:
    runner = Runner(home, steps, clock=clock)
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - polled, as clients do
            await asyncio.sleep(0.01)


async def finished(runner: Runner) -> None:
    async def holds() -> bool:
        return not any(item["pending"] or item["running"] for item in await runner.progress())

    await until(holds)


async def rows(home: Home, step: str = "renditions") -> dict[str, dict[str, Any]]:
    """filename -> its row of the step."""
    found = await home.db.fetch(
        """SELECT s.*, f."filename" FROM "file_step" s JOIN "stored_file" f ON f."id" = s."file" WHERE s."step" = ?""",
        [step],
    )
    return {row["filename"]: row for row in found}


async def statuses(home: Home, step: str = "renditions") -> dict[str, str]:
    return {name: row["status"] for name, row in (await rows(home, step)).items()}


async def ids(home: Home, names: Sequence[str]) -> list[uuid.UUID]:
    by_name = {row["filename"]: row["id"] for row in await home.db.fetch('SELECT "id", "filename" FROM "stored_file"')}
    return [by_name[name] for name in names]


def put(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).write_bytes(jpeg(number + len(name) * 100))


async def test_a_step_waits_for_those_it_needs(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 5)
    await scan()
    first, second = Sayer("first", slowly_s=0.02), Sayer("second", needs=("first",))
    order: list[tuple[str, str]] = []
    for step in (first, second):
        real = step.save

        async def save(home: Home, row: Any, result: Any, step: Sayer = step, real: Any = real) -> str:
            order.append((step.name, result))
            return str(await real(home, row, result))

        step.save = save  # type: ignore[method-assign]  # watches the order of the calls
    async with running(home, first, second) as runner:
        await finished(runner)
    assert len(order) == 10
    for name in first.saved:
        assert order.index(("first", name)) < order.index(("second", name))


async def test_what_failed_holds_nothing_up_and_a_bad_file_is_one_failure(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a-torn.jpg")
    await scan()
    first, second = Sayer("first"), Sayer("second", needs=("first",))
    async with running(home, first, second) as runner:
        await finished(runner)
        assert await statuses(home, "first") == {"a-torn.jpg": "skipped"}
        assert await statuses(home, "second") == {"a-torn.jpg": "failed"}
        assert (await failures.failures(home.db, LOCAL_ADMIN))["total"] == 1
        assert await failures.retry(home.db) == 1
        runner.wake()
        await finished(runner)
    assert (len(first.failed), len(second.failed)) == (2, 2)


async def test_a_new_step_and_a_new_version_make_every_file_due(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    async with running(home, Sayer("novel")) as runner:
        await finished(runner)
    again = Sayer("novel")
    async with running(home, again) as runner:
        await finished(runner)
    assert again.saved == []
    newer = Sayer("novel", version="2")
    async with running(home, newer) as runner:
        await finished(runner)
        (item,) = await runner.progress()
    assert sorted(newer.saved) == ["0000.jpg", "0001.jpg", "0002.jpg"]
    assert (item["version"], item["done"], item["failed"]) == ("2", 3, 0)
    assert {row["version"] for row in (await rows(home, "novel")).values()} == {"2"}


async def test_bad_files_are_failed_rows_with_reasons_and_their_neighbours_are_done(
    home: Home, photos: Path, scan: Scan
) -> None:
    bad = ("torn", "crash", "memory", "bug", "nosuch", "unpreparable")
    write_jpegs(photos, 20)
    put(photos, *(f"x-{word}.jpg" for word in bad))
    await scan()
    step = Sayer()
    async with running(home, step) as runner:
        await finished(runner)
    found = await rows(home)
    assert sorted(name for name, row in found.items() if row["status"] == "failed") == sorted(
        f"x-{word}.jpg" for word in bad
    )
    assert len(step.saved) == 20
    assert len(step.failed) == len(bad)
    assert (found["x-torn.jpg"]["error"], found["x-torn.jpg"]["hint"]) == ("It is torn.", "Mend it.")
    for word in bad:
        error = found[f"x-{word}.jpg"]["error"]
        assert error
        assert not any(secret in error for secret in ("Error", "Traceback", "None", ".py", "/"))


async def test_a_crash_is_tried_once_more_and_then_it_is_the_files_own(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a-crash.jpg", "b-memory.jpg", "c-torn.jpg")
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
    assert {name: row["attempts"] for name, row in (await rows(home)).items()} == {
        "a-crash.jpg": 2,
        "b-memory.jpg": 2,
        "c-torn.jpg": 1,
    }


async def test_a_failed_file_is_not_tried_again_until_someone_asks(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a-torn.jpg")
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
    second = Sayer()
    async with running(home, second) as runner:
        await finished(runner)
        assert second.failed == []
        assert await failures.retry(home.db) == 1
        runner.wake()
        await finished(runner)
    assert len(second.failed) == 1


async def test_an_ignored_failure_stays_away_until_somebody_asks_or_the_step_is_another(
    home: Home, photos: Path, scan: Scan
) -> None:
    put(photos, "a-torn.jpg", "b-torn.jpg")
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
        (kept,) = await ids(home, ["a-torn.jpg"])
        assert await failures.ignore(home.db, LOCAL_ADMIN, file_id=kept, step="renditions") == 1
        (item,) = await runner.progress()
    assert (item["failed"], item["ignored"]) == (1, 1)
    again = Sayer()
    async with running(home, again) as runner:  # neither a start nor a scan is a reason
        await scan()
        async with home.db.write():  # nor are thumbnails that were lost
            await plan.make_due_again(home.db, "renditions", ignored=False)
        runner.wake()
        await finished(runner)
        assert await statuses(home) == {"a-torn.jpg": "ignored", "b-torn.jpg": "failed"}
        assert len(again.failed) == 1
        told = await failures.failures(home.db, LOCAL_ADMIN)
        assert ([one["filename"] for one in told["items"]], told["total"], told["ignored"]) == (["b-torn.jpg"], 1, 1)
        left = await failures.failures(home.db, LOCAL_ADMIN, ignored=True)
        assert ([one["filename"] for one in left["items"]], left["total"]) == (["a-torn.jpg"], 1)
        assert left["items"][0]["error"] == "It is torn."
        assert await failures.retry(home.db, ignored_of=LOCAL_ADMIN) == 1
        runner.wake()
        await finished(runner)
        assert await failures.ignore(home.db, LOCAL_ADMIN) == 2
    newer = Sayer(version="2")
    async with running(home, newer) as runner:
        await finished(runner)
    assert set((await statuses(home)).values()) == {"failed"}
    assert len(newer.failed) == 2


async def test_an_ignored_failure_is_due_when_its_file_is_another(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a-torn.jpg")
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
        await failures.ignore(home.db, LOCAL_ADMIN)
        put(photos, "a-torn.jpg", "b.jpg")  # the same bytes again
        await scan()
        await finished(runner)
        assert await statuses(home) == {"a-torn.jpg": "ignored", "b.jpg": "done"}
        (photos / "a-torn.jpg").write_bytes(jpeg(99))
        await scan()
        await finished(runner)
        assert (await statuses(home))["a-torn.jpg"] == "failed"


async def test_what_failed_later_for_an_ignored_reason_is_one_failure_again(
    home: Home, photos: Path, scan: Scan
) -> None:
    put(photos, "a-torn.jpg")
    await scan()
    async with running(home, Sayer("first")) as runner:
        await finished(runner)
        await failures.ignore(home.db, LOCAL_ADMIN)
    async with running(home, Sayer("first"), Sayer("second", needs=("first",))) as runner:
        await finished(runner)
    assert await statuses(home, "first") == {"a-torn.jpg": "skipped"}
    assert await statuses(home, "second") == {"a-torn.jpg": "failed"}


async def test_a_file_that_cannot_be_shown_stays_so_while_that_is_ignored(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a-torn.jpg")
    await scan()
    async with running(home, Sayer(), Sayer("other")) as runner:
        await finished(runner)
    (file,) = await ids(home, ["a-torn.jpg"])
    await home.db.fetch('UPDATE "stored_file" SET "unshowable" = 1')
    await failures.ignore(home.db, LOCAL_ADMIN, step="renditions")

    async def unshowable() -> bool:
        return bool(await home.db.value('SELECT "unshowable" FROM "stored_file"'))

    assert await failures.retry(home.db) == 1
    assert await unshowable()
    assert await failures.retry(home.db, file_id=file, step="renditions") == 1  # by name, ignored or not
    assert not await unshowable()


async def test_failures_are_found_by_their_own_indexes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = home.db.fetch

    async def fetch(statement: str, arguments: Sequence[object] = ()) -> Any:
        asked.append(statement)
        return await real(statement, arguments)

    monkeypatch.setattr(home.db, "fetch", fetch)
    for ignored in (False, True):
        await failures.failures(home.db, LOCAL_ADMIN, ignored=ignored)
    await failures.ignore(home.db, LOCAL_ADMIN)
    await failures.retry(home.db, ignored_of=LOCAL_ADMIN)
    monkeypatch.undo()
    plans = [
        " ".join(row["detail"] for row in await real(f"EXPLAIN QUERY PLAN {statement}", [1] * statement.count("?")))
        for statement in asked
        if '"file_step"' in statement
    ]
    assert len(plans) == 7
    assert not [plan for plan in plans if "USING INDEX file_step_" not in plan or "SCAN f" in plan], plans


async def test_a_result_that_the_tables_refuse_costs_its_own_file_only(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 10)
    await scan()
    step = Sayer()
    step.refuse_to_save = {"0004.jpg"}
    async with running(home, step) as runner:
        await finished(runner)
    found = await rows(home)
    assert [name for name, row in found.items() if row["status"] != "done"] == ["0004.jpg"]
    assert found["0004.jpg"]["error"] == "What was read from this file could not be stored"
    titles = await home.db.fetch("""SELECT "filename" FROM "stored_file" WHERE "title" <> 'renditions'""")
    assert [row["filename"] for row in titles] == ["0004.jpg"]


async def test_a_warning_is_kept_beside_done(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "odd.jpg")
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
    row = (await rows(home))["odd.jpg"]
    assert (row["status"], row["error"]) == ("done", "a warning")


async def test_what_someone_looks_at_comes_first_the_latest_request_before_older_ones(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 120)
    await scan()
    step = Sayer(slowly_s=0.01)
    runner = Runner(home, [step])
    runner.prioritise(await ids(home, ["0101.jpg", "0100.jpg"]))
    runner.prioritise(await ids(home, ["0111.jpg", "0110.jpg"]))
    await runner.start()
    try:
        await finished(runner)
    finally:
        await runner.stop()
    assert set(step.saved[:4]) == {"0111.jpg", "0110.jpg", "0101.jpg", "0100.jpg"}
    assert len(step.saved) == 120


async def test_pause_survives_a_restart(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 4)
    await scan()
    step = Sayer()
    runner = Runner(home, [step])
    await runner.pause()
    await runner.start()
    await asyncio.sleep(0.2)
    await runner.stop()
    async with running(home, step) as runner:
        assert runner.paused
        await asyncio.sleep(0.2)
        assert step.saved == []
        await runner.resume()
        await finished(runner)
    assert len(step.saved) == 4


async def test_outside_the_night_window_only_light_and_asked_for_work_is_done(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 4)
    await scan()
    await change_settings(home.db, LOCAL_ADMIN, {"night_window": "22:00-06:00"})
    hours = [12]
    light, heavy = Sayer("light"), Sayer("heavy", light=False)
    async with running(
        home,
        light,
        heavy,
        clock=lambda: datetime(2024, 5, 1, hours[0]),  # noqa: DTZ001 - as above
    ) as runner:

        async def light_is_done() -> bool:
            return len(light.saved) == 4

        await until(light_is_done)
        runner.prioritise(await ids(home, ["0002.jpg"]))

        async def asked_for_is_done() -> bool:
            return heavy.saved == ["0002.jpg"]

        await until(asked_for_is_done)
        hours[0] = 23
        runner.wake()
        await finished(runner)
    assert len(heavy.saved) == 4


async def test_a_full_disk_pauses_with_a_reason_and_goes_on_by_itself(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 6)
    await scan()
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.05)
    free = [0]

    def statvfs(_: object) -> Any:
        return SimpleNamespace(f_flag=0, f_frsize=1, f_bavail=free[0], f_files=0, f_favail=0)

    monkeypatch.setattr("appliance.protection.room.os.statvfs", statvfs)
    step = Sayer()
    async with running(home, step) as runner:

        async def is_waiting() -> bool:
            return bool(runner.storage_problem)

        await until(is_waiting)
        assert "free" in runner.storage_problem
        assert step.saved == []
        free[0] = 1 << 40
        await finished(runner)

        async def is_well() -> bool:
            return not runner.storage_problem

        await until(is_well)
    assert len(step.saved) == 6


async def test_a_disk_that_fills_up_while_writing_loses_no_result(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 6)
    await scan()
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.05)
    step = Sayer()
    step.disk_is_full = True
    async with running(home, step) as runner:

        async def is_waiting() -> bool:
            return bool(runner.storage_problem)

        await until(is_waiting)
        assert step.saved == []
        assert step.failed == []
        step.disk_is_full = False
        await finished(runner)
    assert len(step.saved) == 6
    assert {row["attempts"] for row in (await rows(home)).values()} == {1}


async def test_a_machine_short_of_space_is_not_the_files_fault(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(photos, "a-full.jpg", "b.jpg")
    await scan()
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.05)
    monkeypatch.setenv("TEST_DISK_IS_FULL", "1")
    step = Sayer()
    async with running(home, step) as runner:

        async def is_waiting() -> bool:
            return "No space left" in runner.storage_problem

        await until(is_waiting)
        monkeypatch.delenv("TEST_DISK_IS_FULL")
        await finished(runner)
    assert await statuses(home) == {"a-full.jpg": "done", "b.jpg": "done"}


async def test_a_database_that_cannot_be_written_for_a_while_loses_nothing(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 6)
    await scan()
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.05)
    real, left = plan.finish, [3]

    async def finish(db: Any, outcomes: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise DatabaseBusyError("The database is busy")
        await real(db, outcomes)

    monkeypatch.setattr(plan, "finish", finish)
    step = Sayer()
    async with running(home, step) as runner:
        await finished(runner)
    assert set(step.saved) == {f"{number:04}.jpg" for number in range(6)}
    assert set((await statuses(home)).values()) == {"done"}


async def test_an_unexpected_error_in_the_runner_itself_gives_the_work_back(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 6)
    await scan()
    monkeypatch.setattr(runner_module, "STORAGE_RETRY_S", 0.05)
    real, left = plan.finish, [2]

    async def finish(db: Any, outcomes: Any) -> None:
        if outcomes and left[0]:
            left[0] -= 1
            raise ZeroDivisionError
        await real(db, outcomes)

    monkeypatch.setattr(plan, "finish", finish)
    async with running(home, Sayer()) as runner:
        await finished(runner)
    assert set((await statuses(home)).values()) == {"done"}


async def test_a_file_that_vanished_is_skipped_and_due_again_when_it_is_back(
    home: Home, photos: Path, scan: Scan
) -> None:
    put(photos, "a.jpg", "b-vanishing.jpg", "c.jpg")
    await scan()
    data = {name: (photos / name).read_bytes() for name in ("a.jpg", "b-vanishing.jpg")}
    (photos / "a.jpg").unlink()
    async with running(home, Sayer()) as runner:
        await finished(runner)
    found = await rows(home)
    assert {name: row["status"] for name, row in found.items()} == {
        "a.jpg": "skipped",
        "b-vanishing.jpg": "skipped",
        "c.jpg": "done",
    }
    assert found["a.jpg"]["error"] == ABSENT
    (photos / "a.jpg").write_bytes(data["a.jpg"])
    (photos / "b-stays.jpg").write_bytes(data["b-vanishing.jpg"])
    await scan()
    async with running(home, Sayer()) as runner:
        await finished(runner)
    assert set((await statuses(home)).values()) == {"done"}


async def test_what_was_read_from_a_file_that_changed_meanwhile_is_not_kept(
    home: Home, photos: Path, scan: Scan
) -> None:
    put(photos, "a.jpg", "b-changing.jpg", "c.jpg")
    await scan()
    (photos / "a.jpg").write_bytes(jpeg(77))
    step = Sayer()
    async with running(home, step) as runner:
        await finished(runner)
    assert step.saved == ["c.jpg"]
    assert step.failed == []
    (photos / "b-changing.jpg").rename(photos / "b.jpg")
    await scan()
    async with running(home, step) as runner:
        await finished(runner)
    assert sorted(step.saved) == ["a.jpg", "b.jpg", "c.jpg"]


async def test_a_result_for_a_plan_that_a_scan_replaced_is_dropped(home: Home, photos: Path, scan: Scan) -> None:
    put(photos, "a.jpg")
    await scan()
    step = Sayer(slowly_s=0.3)
    async with running(home, step) as runner:
        await step.began.wait()
        async with home.db.write():
            await home.db.fetch("""UPDATE "file_step" SET "status" = 'skipped' WHERE "step" = 'renditions'""")
        await asyncio.sleep(0.6)
        assert step.saved == []
        assert await statuses(home) == {"a.jpg": "skipped"}
        await finished(runner)


async def test_stopping_gives_back_what_was_claimed_as_if_it_had_never_been_begun(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 40)
    await scan()
    step = Sayer(slowly_s=0.2)
    async with running(home, step):
        await step.began.wait()
    found = (await rows(home)).values()
    assert {row["status"] for row in found} <= {"pending", "done"}
    assert {row["attempts"] for row in found if row["status"] == "pending"} == {0}


async def test_what_a_kill_interrupted_is_due_again(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 3)
    await scan()
    async with home.db.write():
        await home.db.fetch(
            """UPDATE "file_step" SET "status" = 'running', "attempts" = 1 WHERE "step" = 'renditions'"""
        )
    half_written = home.paths.previews / f"{TEMPORARY_PREFIX}abc"
    half_written.write_bytes(b"half")
    async with running(home, Sayer()) as runner:
        await finished(runner)
    assert {(row["status"], row["attempts"]) for row in (await rows(home)).values()} == {("done", 1)}
    assert not half_written.exists()


async def test_claiming_a_few_does_not_look_at_all_that_was_ever_done(
    home: Home, photos: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpegs(photos, 2)
    await scan()
    asked: list[tuple[str, Sequence[object]]] = []
    fetch = home.db.fetch

    async def listen(sql: str, values: Sequence[object] = ()) -> Any:
        asked.append((sql, values))
        return await fetch(sql, values)

    with monkeypatch.context() as patched:
        patched.setattr(home.db, "fetch", listen)
        async with home.db.write():
            claimed = await plan.claim(home.db, step="renditions", needs=[], limit=4)
            await plan.unfinished(home.db, [due.file for due in claimed])
            await plan.unclaim_all(home.db)
    assert len(claimed) == 2
    for sql, values in asked:
        looked = [row["detail"] for row in await fetch(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert not [line for line in looked if line.startswith("SCAN s") and "file_step_due" not in line], looked


async def test_progress_counts_what_the_tables_say(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 30)
    put(photos, "x-torn.jpg")
    await scan()
    step = Sayer(slowly_s=0.01)
    async with running(home, step) as runner:
        rates = set()
        while True:
            (item,) = await runner.progress()
            assert sum(item[status] for status in plan.STATUSES) == 31
            rates.add(item["rate"])
            if not item["pending"] and not item["running"]:
                break
            await asyncio.sleep(0.02)
    assert (item["done"], item["failed"], item["seconds_left"]) == (30, 1, None)
    assert max(rates) > 0


async def test_the_real_steps_make_every_rendition(home: Home, photos: Path, scan: Scan, run_steps: Any) -> None:
    write_jpegs(photos, 5)
    (photos / "torn.jpg").write_bytes(jpeg(1)[:300])
    await scan()
    await run_steps()
    found = await home.db.fetch('SELECT * FROM "stored_file" ORDER BY "filename"')
    for row in found[:5]:
        assert home.paths.preview(row["content_sha"]).stat().st_size > 0
        assert row["thumbhash"]
        assert not row["unshowable"]
    assert found[5]["unshowable"]
    assert await home.db.value("SELECT count(*) FROM thumbs.thumbnail") == 5
    assert [spec(step).name for step in STEPS] == [
        "metadata",
        "renditions",
        "faces",
        "embedding",
        "tags",
        "ocr",
        "caption",
    ]


async def test_a_hindered_step_says_why_and_neither_it_nor_what_needs_it_is_held_up(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 3)
    await scan()
    model, after = Sayer("embedding", hindrance="The model is not here"), Sayer("tags", needs=("embedding",))
    async with running(home, model, after) as runner:

        async def tagged() -> bool:
            return set((await statuses(home, "tags")).values()) == {"done"}

        await until(tagged)
        items = {item["name"]: item for item in await runner.progress()}
        assert items["embedding"]["waits"] == "The model is not here"
        assert (items["embedding"]["pending"], model.saved) == (3, [])
        assert items["tags"]["waits"] == ""
        model.hindered_by = ""
        runner.reconsider()
        await finished(runner)
    assert len(model.saved) == 3


async def test_a_step_on_demand_is_done_for_those_that_were_asked_for_and_again_when_asked_again(
    home: Home, photos: Path, scan: Scan
) -> None:
    write_jpegs(photos, 4)
    await scan()
    step = Sayer("caption", on_demand=True)
    async with running(home, step) as runner:
        assert await rows(home, "caption") == {}
        wanted = sorted(row["filename"] for row in await home.db.fetch('SELECT "filename" FROM "stored_file"'))[:2]
        for _ in range(2):
            async with home.db.write():
                assert await plan.request(home.db, spec(step), await ids(home, wanted)) == 2
            runner.wake()
            await finished(runner)
        assert sorted(step.saved) == sorted([*wanted, *wanted])
        assert await statuses(home, "caption") == dict.fromkeys(wanted, "done")


async def test_models_look_at_pictures_when_nothing_else_is_left_to_do(home: Home, photos: Path, scan: Scan) -> None:
    write_jpegs(photos, 60)
    await scan()
    order: list[str] = []
    shown, looked = Sayer("renditions", slowly_s=0.005), Sayer("tags", models=True)
    for step in (shown, looked):
        real = step.save

        async def save(home: Home, row: Any, result: Any, step: Sayer = step, real: Any = real) -> str:
            order.append(step.name)
            return str(await real(home, row, result))

        step.save = save  # type: ignore[method-assign]  # watches the order of the calls
    async with running(home, shown, looked) as runner:
        await finished(runner)
    assert len(order) == 120
    assert order.index("tags") >= 30


async def test_a_file_that_cannot_even_be_asked_for_keeps_no_other_from_being_worked_on(
    home: Home, photos: Path, scan: Scan, run_steps: RunSteps
) -> None:
    """Its folder was closed to the service, or its share went stale: the system answers with an error, not with no."""
    write_jpegs(photos, 3)
    await scan()
    async with home.db.write():
        await home.db.fetch(
            """UPDATE "stored_file" SET "content" = ? WHERE "filename" = '0001.jpg'""", [f"{'x' * 300}/0001.jpg"]
        )
    await run_steps()
    rows = await home.db.fetch(
        """SELECT f."filename", s."status" FROM "file_step" s JOIN "stored_file" f ON f."id" = s."file"
           WHERE s."step" = 'renditions' ORDER BY 1"""
    )
    assert [row["status"] for row in rows] == ["done", "skipped", "done"]
