"""Asks the whole API at random, by its own description, as one caller: what was asked, and what did not hold."""

from __future__ import annotations

import base64
import uuid
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.generation.meta import TestPhase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemathesis.core.failures import Failure
    from schemathesis.core.transport import Response
    from schemathesis.generation.case import Case
    from schemathesis.hooks import HookContext

BYTES = "application/offset+octet-stream"


@schemathesis.serializer(BYTES)
def as_bytes(ctx: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


#: Checks that do not fit this API, and why.
OFF = {
    # what no schema can say is refused with 400: a merge of one person with themselves, a date that no month has
    "positive_data_acceptance": "rules between fields",
    # asks as two people what one of them made; `test_permissions.py` asks every route as ten
    "object_level_authorization": "has a test of its own",
}
#: What random texts hardly ever are: cursors that look like ours, paths, days at the ends of the calendar.
SPITEFUL = (
    *(base64.urlsafe_b64encode(text).decode().rstrip("=") for text in (
        b"[]", b'["x","x","x"]', b'["x","x","x","x","x"]', b"[{},{},{}]", b"[[[[", b'[1e400,"x"]', b"-1", b"9" * 20,
        b'[1.5,"00000000-0000-0000-0000-000000000000",99999999999999999999]',
    )),
    "/\0", "/" + "x" * 300, "~nobody", "/dev/null", "../..", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59", "-180,-90,180,90", "nan,nan", "\0", "\u202e", "%00", "%", "_",
)  # fmt: skip
#: Beside DELETE, what takes things away: of all that is there, only half is named in such requests.
ENDS = ("/locked/files", "/trash", "/empty", "/merge", "/split", "/keep", "/remove", "/reject", "/leave", "/on")
#: What uvicorn itself answers to a header that no header may be (a zero byte): no application ever sees that.
NO_HTTP = b"Invalid HTTP request received."
#: Answers of the service that are no fault of it, where nothing of that kind is there: status by operation.
EXPECTED = {"POST /api/v1/files/{file_id}/caption": "503"}  # the model that would write it is not installed


@dataclass
class Asked:
    """`asked` and `answered` (status) by operation; `broken`: what did not hold, in words, once each."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    broken: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, other: Asked) -> None:
        self.asked += other.asked
        for label, statuses in other.answered.items():
            self.answered[label] += statuses
        self.broken = other.broken | self.broken

    def report(self) -> str:
        return "\n\n".join(f"{label}: {title}\n{text}" for (label, title), text in sorted(self.broken.items()))


def ask(
    url: str,
    document: dict[str, Any],
    *,
    key: str | None,
    ids: Mapping[str, list[str]],
    folder: Path,
    seed: int,
    examples: int,
    thorough: bool,
    kept: frozenset[str],
) -> Asked:
    """Every operation of `document`, in every phase that Schemathesis has; blocks until it is done.

    ids: name of a parameter or field -> values that exist, which take the place of most of what is made up.
    folder: what lies outside of it is named in no request.  kept: ids that no request that ends something may name.
    examples: for each operation; thorough: beside them what its description alone brings about (every limit, every
    field left out or of another type, methods that it has not), and chains of requests that use what others made.
    """
    config = SchemathesisConfig.from_dict(_config(url, key=key, seed=seed, examples=examples, thorough=thorough))
    schema = schemathesis.openapi.from_dict(document, config=config)
    done = Asked()
    ids = {name: [one for one in there if one not in kept] for name, there in ids.items()}
    ended = {name: there[len(there) // 2 :] for name, there in ids.items()}
    spared = frozenset(one for name, there in ids.items() for one in there if one not in ended[name])

    @schema.hook
    def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
        if case.headers is not None:
            for name, value in case.headers.items():
                case.headers[name] = "".join(one for one in str(value) if one.isprintable() and one < "\x7f").strip()
        if case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL:
            return case  # it asks for what an answer before has named
        tus = {"upload_id": ids["tus"]} if case.operation.path.startswith("/api/v1/uploads") else {}
        number = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))
        ends = case.method == "DELETE" or case.operation.path.endswith(ENDS)
        named = (ended if ends else ids) | tus
        spare = spared if ends else frozenset()
        as_it_is = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
        for name, value in (case.path_parameters or {}).items():
            if there := named.get(name) if (number % 4 and not as_it_is) or value in spare else None:
                case.path_parameters[name] = there[number // 4 % len(there)]
        if isinstance(case.body, dict | list):
            case.body = _filled(case.body, named, number, spare)
        return case

    @schema.hook
    def filter_case(context: HookContext, case: Case[Any]) -> bool:
        ends = case.method in ("DELETE", "PATCH") and kept & {str(v) for v in (case.path_parameters or {}).values()}
        # The backup makes its folder: nobody but the test may name one.
        names_folder = isinstance(case.body, dict) and bool(case.body.get("backup_folder"))
        return not ends and not names_folder and all(_is_harmless(text, folder) for text in _texts(case.body))

    @schema.hook
    def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
        done.asked[case.operation.label] += 1
        done.answered[case.operation.label][response.status_code] += 1

    @schema.hook
    def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        return response.content != NO_HTTP

    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, done)
        elif isinstance(event, events.NonFatalError):
            done.broken[event.label, "error"] = str(event.info.format())
        elif isinstance(event, events.FatalError):
            raise event.exception
    return done


def _config(url: str, *, key: str | None, seed: int, examples: int, thorough: bool) -> dict[str, Any]:
    checks: dict[str, Any] = {name: {"enabled": False} for name in OFF}
    usual = ["2xx", "3xx", "4xx"]
    tus = {"enabled": True, "expected-statuses": ["4xx"]}  # 412 is what tus says to another version
    return {
        "seed": seed,
        "dictionaries": {"spiteful": {"values": list(SPITEFUL)}},
        "base-url": url,
        "headers": {"x-api-key": key} if key else {},
        "workers": 1,
        "continue-on-failure": True,
        "request-timeout": 60,
        "suppress-health-check": ["all"],
        "generation": {
            "max-examples": examples,
            "database": "none",
            "no-shrink": True,
            "dictionaries": {"string": {"dictionary": "spiteful", "probability": 0.15}},
            "with-security-parameters": False,
        },
        "phases": {name: {"enabled": thorough} for name in ("examples", "coverage", "stateful")},
        "checks": checks,
        "operations": [
            {
                "include-name": name,
                "checks": {"not_a_server_error": {"expected-statuses": [*usual, status]}},
            }
            for name, status in EXPECTED.items()
        ]
        + [
            # in a multipart body everything is bytes: what is no array of them cannot be written
            {"include-name": name, "checks": {"negative_data_rejection": {"enabled": False}}}
            for name in ("POST /api/v1/files", "POST /api/v1/s/{token}/uploads")
        ]
        + [
            {
                "include-name": "PATCH /api/v1/uploads/{upload_id}",
                # its body may be anything, and headers that nobody knows are no error
                "checks": {"missing_required_header": tus, "negative_data_rejection": {"enabled": False}},
            },
            {
                "include-name": "POST /api/v1/uploads",
                "checks": {"missing_required_header": tus, "negative_data_rejection": tus},
            },
        ],
    }


def _note(event: events.ScenarioFinished, done: Asked) -> None:
    recorder = event.recorder
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            case = recorder.cases[case_id].value
            key = (case.operation.label, f"{check.name}: {failure.title}")
            interaction = recorder.interactions.get(case_id)
            status, body = "", b""
            if interaction is not None and interaction.response is not None:
                status, body = str(interaction.response.status_code), interaction.response.content[:600]
            done.broken.setdefault(
                key, f"{failure.message[:1500]}\n{check.failure_info.code_sample[:1500]}\n-> {status} {body!r}"
            )


def _filled(value: Any, ids: Mapping[str, list[str]], number: int, spare: frozenset[str], name: str = "") -> Any:
    """Ids that were made up replaced by those of things that are there, most of them; `spare` are always."""
    if isinstance(value, dict):
        return {key: _filled(one, ids, number, spare, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, ids, number + place, spare, name) for place, one in enumerate(value)]
    there = ids.get(name)
    if there and isinstance(value, str) and (value in spare or (number % 5 and _is_id(value))):
        return there[number // 5 % len(there)]
    return value


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _is_harmless(text: str, folder: Path) -> bool:
    """Whether a text names no folder of this machine but those of the test."""
    if not text.startswith("/") or "\0" in text:
        return True
    try:
        path = Path(text).resolve()
        return not path.exists() or path.is_relative_to(folder)
    except (OSError, ValueError):
        return True
