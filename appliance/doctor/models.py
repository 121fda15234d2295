"""Models: whether those that the settings name are here, whole, and small enough for this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said


def check_models(house: House) -> Iterator[Said]:
    """Sizes only: `homeroll models verify` compares hashes, which takes as long as reading them."""
    import msgspec

    from appliance.errors import HomerollError, ModelUnavailableError
    from appliance.library.models import USES
    from appliance.library.settings import default_of
    from ml import registry
    from ml.base import Runtime
    from ml.runtime import check_fits, model_path

    chosen: dict[str, Any] = {
        name: msgspec.json.decode(value)
        for name, value in house.rows("SELECT name, CAST(value AS TEXT) FROM site_setting")
        if name in USES
    }
    runtime = Runtime(house.paths.models, house.settings.models_memory_mb(), house.settings.workers())
    for setting, use in USES.items():
        name = str(chosen.get(setting, default_of(setting)))
        if name == "off":
            continue
        try:
            spec = registry.model(name)
            check_fits(spec, runtime)
            missing = [
                file.name for file in spec.files if spec.needs_download and not _is_there(house, name, file.name)
            ]
            if missing and len(missing) == len(spec.files):
                yield "ok", f"{name} is not fetched, so there is no {use}: homeroll models pull {name}", ""
                continue
            for file in spec.files if spec.needs_download else ():
                model_path(house.paths.models, spec, file)
        except ModelUnavailableError as error:
            yield "warning", error.message, error.hint or f"homeroll models pull {name}"
        except HomerollError as error:
            yield "warning", f"{setting} names a model that is not known: {error.message}", error.hint
        else:
            yield "ok", f"{name} ({use})", ""


def _is_there(house: House, model: str, file: str) -> bool:
    return any((folder / file).is_file() for folder in (house.paths.models / model, house.paths.models))
