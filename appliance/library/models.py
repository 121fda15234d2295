"""Models as people see them: which there are, which are in use, which fit, how far a pull is; and what may be asked.

What is asked for is a file in the models folder (`ml.asked`); the job `fetch_models` does it.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ConflictError, InvalidInputError, ModelUnavailableError
from appliance.library.settings import list_settings
from appliance.messages import ModelProgress, ModelsChanged
from appliance.values import now
from ml import asked, registry, store
from ml.asked import Asked
from ml.runtime import check_fits, installed

if TYPE_CHECKING:
    from appliance.home import Home
    from ml.base import ModelSpec

JOB = "fetch_models"
#: Site setting -> what the model that it names does.
USES: dict[str, str] = {
    "face_engine": "finding and comparing faces",
    "embedding_model": "search by meaning and similar photos",
    "tagging_model": "tags",
    "captioning_model": "captions",
    "text_reader": "reading text in photos",
}
VERIFY_TIMEOUT_S = 1800.0
STOP_S = 10.0


async def list_models(home: Home) -> list[dict[str, Any]]:
    """One item for each model, as GET /models answers them; those in use first."""
    specs = list(registry.models().values())
    return await _items(home, specs)


async def get_model(home: Home, name: str) -> dict[str, Any]:
    """Raises NotFoundError."""
    (item,) = await _items(home, [registry.model(name)])
    return item


async def free_bytes(home: Home) -> int:
    return (await asyncio.to_thread(shutil.disk_usage, home.paths.models)).free


async def ask_pull(home: Home, name: str, *, force: bool = False) -> None:
    """Note that a model is wanted.

    force: also one that needs more memory than models may use here.
    Raises ConflictError for one that cannot be had or not be used here, DiskFullError when there is no room.
    """
    spec = registry.model(name)
    _check_wanted(home, spec, force=force)
    if not store.can_be_pulled(spec):
        raise ConflictError(
            f"{name} is not published in the form that is needed here.",
            hint=f"Bring its files: homeroll models add {name} DIR",
        )
    await _check_not_paused(home)
    try:
        await asyncio.to_thread(_check_machine, home, spec)
    except ModelUnavailableError as error:
        raise ConflictError(error.message, hint=error.hint) from error
    await _ask(home, spec, Asked(action="pull", asked=now().isoformat(), total_bytes=spec.size_bytes))


async def ask_add(home: Home, name: str, folder: str, *, force: bool = False) -> None:
    """Note that a model's files are to be taken from `folder`; raises as `ask_pull`, and InvalidInputError."""
    spec = registry.model(name)
    _check_wanted(home, spec, force=force)
    if not Path(folder).is_absolute() or not await asyncio.to_thread(_is_folder, Path(folder)):
        raise InvalidInputError(
            f"There is no folder {folder} that Homeroll may read",
            hint="Give its whole path on the machine that Homeroll runs on; the service's account must be allowed in.",
        )
    await _check_not_paused(home)
    await _ask(home, spec, Asked(action="add", folder=folder, asked=now().isoformat()))


async def stop(home: Home, name: str) -> None:
    """Let a pull rest; what is there is kept, and `ask_pull` goes on from it."""
    spec = registry.model(name)
    wish = await asyncio.to_thread(asked.get, home.paths.models, name)
    if wish is None:
        raise ConflictError(f"{name} is not being fetched.")
    running = home.pulls.get(name)
    total = running.total_bytes if running else wish.total_bytes
    rest = msgspec.structs.replace(wish, paused=True, error="", hint="", total_bytes=total)
    await asyncio.to_thread(asked.put, home.paths.models, name, rest)
    await _until_still(home, name)
    await tell(home, spec.name)


async def verify(home: Home, name: str) -> list[str]:
    """What is wrong with its files, for people; all of them are read."""
    spec = registry.model(name)
    problems = await home.compute.run(store.verify, home.paths.models, spec, timeout_s=VERIFY_TIMEOUT_S, urgent=True)
    home.bus.publish(ModelsChanged())
    return problems


async def remove(home: Home, name: str) -> dict[str, Any]:
    """Remove its files and what is there of a pull; returns `freed_bytes` and `stops`: what does not work any more."""
    spec = registry.model(name)
    if not spec.needs_download:
        raise ConflictError(f"{name} came with Homeroll and stays.", hint="Choose another one in the settings.")
    models_dir = home.paths.models
    used = await uses(home)
    was_installed = await asyncio.to_thread(installed, models_dir, spec)
    await asyncio.to_thread(asked.forget, models_dir, name)
    await _until_still(home, name)
    freed = await asyncio.to_thread(asked.bytes_there, models_dir, name)
    await asyncio.to_thread(asked.tidy, models_dir, name)
    freed += await asyncio.to_thread(store.remove, models_dir, spec)
    home.bus.publish(ModelsChanged())
    await tell(home, name)
    return {"freed_bytes": freed, "stops": [USES[use] for use in used.get(name, []) if was_installed]}


async def uses(home: Home) -> dict[str, list[str]]:
    """Model -> the site settings that name it."""
    found: dict[str, list[str]] = {}
    for setting in await list_settings(home.db):
        if setting["name"] in USES:
            found.setdefault(setting["value"], []).append(setting["name"])
    return found


async def tell(home: Home, name: str) -> None:
    """Tell listeners what GET /models would say of it."""
    home.bus.publish(ModelProgress(name=name, item=await get_model(home, name)))


def _check_wanted(home: Home, spec: ModelSpec, *, force: bool) -> None:
    if not spec.needs_download:
        raise ConflictError(f"{spec.name} came with Homeroll: there is nothing to fetch.")
    if not force:
        try:
            check_fits(spec, home.runtime)
        except ModelUnavailableError as error:
            raise ConflictError(error.message, hint=f"{error.hint}  --force fetches it all the same.") from error


def _check_machine(home: Home, spec: ModelSpec) -> None:
    store.check_requirements(spec)
    there = asked.bytes_there(home.paths.models, spec.name)
    if spec.size_bytes is not None and not installed(home.paths.models, spec):
        wanted = max(0, spec.size_bytes - there)
        store.check_space(home.paths.models, wanted, home.settings.reserve_mb << 20, what=spec.name)


async def _check_not_paused(home: Home) -> None:
    if await _job_paused(home):
        raise ConflictError("“Fetch models” is paused", hint="Resume it first, among the jobs.")


async def _job_paused(home: Home) -> bool:
    return bool(await home.db.value('SELECT "paused" FROM "job_state" WHERE "name" = ?', [JOB]))


async def _ask(home: Home, spec: ModelSpec, wish: Asked) -> None:
    await asyncio.to_thread(asked.put, home.paths.models, spec.name, wish)
    await tell(home, spec.name)


async def _until_still(home: Home, name: str) -> None:
    """Until the process that fetched it has ended; the job looks every half second."""
    async with asyncio.timeout(STOP_S):
        while name in home.pulls:  # noqa: ASYNC110 - the job has no event per model
            await asyncio.sleep(0.05)


async def _items(home: Home, specs: list[ModelSpec]) -> list[dict[str, Any]]:
    used, job_paused = await uses(home), await _job_paused(home)
    items = await asyncio.to_thread(lambda: [_item(home, spec, used, job_paused) for spec in specs])
    return sorted(items, key=lambda item: not item["in_use"])


def _item(home: Home, spec: ModelSpec, used: dict[str, list[str]], job_paused: bool) -> dict[str, Any]:
    fits_hint = ""
    try:
        check_fits(spec, home.runtime)
    except ModelUnavailableError as error:
        fits_hint = f"{error.message} {error.hint}"
    here = installed(home.paths.models, spec)
    return {
        "name": spec.name,
        "title": spec.title or spec.name,
        "task": spec.task,
        "version": spec.version,
        "licence": spec.licence,
        "source": spec.source,
        "size_bytes": _size(spec),
        "size_exact": spec.size_bytes is not None or not spec.needs_download,
        "memory_mb": spec.memory_mb,
        "fits": not fits_hint,
        "fits_hint": fits_hint,
        "installed": here,
        "in_use": spec.name in used,
        "uses": [USES[setting] for setting in used.get(spec.name, [])],
        "needs_download": spec.needs_download,
        "can_be_pulled": store.can_be_pulled(spec),
        "requires": list(spec.requires),
        "missing_requirements": store.missing_requirements(spec, to_convert=not here),
        "converted": spec.converted,
        "pull": _pull(home, spec, job_paused),
    }


def _pull(home: Home, spec: ModelSpec, job_paused: bool) -> dict[str, Any] | None:
    wish = asked.get(home.paths.models, spec.name)
    if wish is None:
        return None
    running = home.pulls.get(spec.name)
    done = running.done_bytes if running else asked.bytes_there(home.paths.models, spec.name)
    total = (running.total_bytes if running else None) or wish.total_bytes
    status = "paused" if wish.paused or job_paused else "failed" if wish.error and not running else "running"
    return {
        "status": status,
        "done_bytes": done,
        "total_bytes": total,
        "rate": running.rate if running else None,
        "seconds_left": running.seconds_left if running else None,
        "error": wish.error if status == "failed" else "",
        "hint": wish.hint if status == "failed" else "",
    }


def _is_folder(folder: Path) -> bool:
    try:
        next(folder.iterdir(), None)
    except (OSError, ValueError):  # ValueError: a zero byte
        return False
    return True


def _size(spec: ModelSpec) -> int | None:
    """What a pull fetches: exactly, or about; None when nobody can say."""
    if not spec.needs_download:
        return 0
    about = None if spec.about_mb is None else spec.about_mb * 1_000_000
    return spec.size_bytes if spec.size_bytes is not None else about
