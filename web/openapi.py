"""The API's description (OpenAPI 3.1), completed: what Litestar cannot know of this API.

Litestar lists routes and their parameters.  From here come bodies as msgspec describes them, which reads and writes
them, so that limits are those which are enforced; the errors of every route; and what `web/answers.py` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI
from litestar.routes import BaseRoute, HTTPRoute

from appliance.errors import HomerollError
from web.answers import ANSWERS, Answers, Headers, Sent
from web.errors import STATUS, WORDS, ErrorBody, WebError
from web.security import EXEMPT, SAFE_METHODS
from web.takes import TAKES
from web.words import PARAMETERS

COMPONENTS = "#/components/schemas/{name}"
#: Statuses of errors that say more than their body does.
ERROR_HEADERS: dict[int, Headers] = {
    401: {"WWW-Authenticate": ({"type": "string"}, "How to log in")},
    416: {"Content-Range": ({"type": "string"}, "How many bytes there are")},
    429: {"Retry-After": ({"type": "integer", "minimum": 1}, "Seconds to wait")},
}
#: For statuses that have no phrase of their own, or one that says too little.
PHRASES = {
    404: "There is no such thing, or it is not yours",
    409: "It clashes with what is there",
    460: "The bytes were damaged on their way",
}
FAULTS = "5XX"


@dataclass
class Description(OpenAPIConfig):
    """What Litestar makes the document from; `routes` are the application's, once it has some."""

    routes: Callable[[], Iterable[BaseRoute]] = field(default=tuple)

    def to_openapi_schema(self) -> OpenAPI:
        plain = super().to_openapi_schema()
        document = Document(**{one.name: getattr(plain, one.name) for one in fields(plain)})
        document.routes = self.routes
        return document


class Document(OpenAPI):
    """The document; whoever wants it as JSON gets the completed one."""

    routes: Callable[[], Iterable[BaseRoute]]

    def to_schema(self) -> dict[str, Any]:
        document = super().to_schema()
        handlers = {
            (str(method), route.path_format): handler
            for route in self.routes()
            if isinstance(route, HTTPRoute)
            for method, (handler, _) in route.route_handler_map.items()
        }
        return complete(document, handlers)


def operation_id(handler: HTTPRouteHandler, method: Any, _: object) -> str:
    """`albums_list`, `albums_get_one`: the noun and what is done, as in the code; HEAD is told from GET."""
    owner, _dot, name = handler.fn.__qualname__.rpartition(".")
    noun = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", owner.removesuffix("Controller")).lower()
    return f"{noun}_{name}" + ("_head" if method == "HEAD" and len(handler.http_methods) > 1 else "")


def complete(document: dict[str, Any], handlers: dict[tuple[str, str], HTTPRouteHandler]) -> dict[str, Any]:
    """`document` with bodies, errors and headers of every operation filled in."""
    described = list(_operations(document, handlers))
    types = {ErrorBody: None}
    handlers_of = [handler for _, _, handler in described]
    for key, _, handler in described:
        types |= dict.fromkeys(kind for kind in (*_sent_types(key, handler), _taken_type(handler)) if kind is not None)
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENTS)
    known = dict(zip(types, schemas, strict=True))
    _require_what_is_always_there(components, taken=[known[kind] for kind in map(_taken_type, handlers_of) if kind])
    for component in components.values():
        if "description" in component:
            component["description"] = cleandoc(component["description"])
    document["components"]["schemas"] = components
    errors: dict[str, Any] = {}
    for key, operation, handler in described:
        _complete_request(key, operation, handler, known)
        answers = {str(status): _answer(sent, known) for status, sent in _sent(key, handler).items()}
        statuses = _errors(key, operation)
        errors |= {_name(status): _error(status) for status in statuses}
        answers |= {
            str(status): {"$ref": f"#/components/responses/{_name(status)}"}
            for status in sorted(statuses, key=str)
            if str(status) not in answers
        }
        operation["responses"] = answers if key[0] != "HEAD" else _without_content(answers, errors)
        if key in EXEMPT:
            operation["security"] = []
    document["components"]["responses"] = dict(sorted(errors.items()))
    return document


def _require_what_is_always_there(components: dict[str, Any], *, taken: list[dict[str, Any]]) -> None:
    """Fields of answers that have a default are there all the same: only who asks may leave them out."""
    asked: set[str] = set()
    waiting = [name for schema in taken for name in _references(schema)]
    while waiting:
        if (name := waiting.pop()) not in asked:
            asked.add(name)
            waiting += _references(components[name])
    for name in components.keys() - asked:
        fields_of = components[name].get("properties", {})
        always = {field for field, schema in fields_of.items() if "default" in schema}
        if always:
            components[name]["required"] = [
                field for field in fields_of if field in always or field in components[name].get("required", ())
            ]


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _references(value)]
    return [name for value in schema for name in _references(value)] if isinstance(schema, list) else []


def _operations(
    document: dict[str, Any], handlers: dict[tuple[str, str], HTTPRouteHandler]
) -> Iterator[tuple[tuple[str, str], dict[str, Any], HTTPRouteHandler]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield (method.upper(), path), operation, handlers[method.upper(), path]


def _answers(key: tuple[str, str]) -> Answers:
    """HEAD answers as GET does, without the body, where it has no line of its own."""
    return ANSWERS.get(key) or ANSWERS.get(("GET", key[1]) if key[0] == "HEAD" else key, Answers())


def _sent(key: tuple[str, str], handler: HTTPRouteHandler) -> dict[int, Sent]:
    if sent := _answers(key).sent:
        return sent
    return {handler.status_code: Sent(body=_returned(handler))}


def _sent_types(key: tuple[str, str], handler: HTTPRouteHandler) -> list[Any]:
    return [one.body for one in _sent(key, handler).values()]


def _returned(handler: HTTPRouteHandler) -> Any:
    """The type that a handler answers with as JSON; None where there is no body."""
    returned = handler.parsed_fn_signature.return_type
    if returned.is_subclass_of(Response):
        returned = returned.inner_types[0]
    return None if returned.annotation in (None, type(None)) else returned.annotation


def _taken_type(handler: HTTPRouteHandler) -> Any:
    data = handler.parsed_fn_signature.parameters.get("data")
    return None if data is None else data.annotation


def _complete_request(
    key: tuple[str, str], operation: dict[str, Any], handler: HTTPRouteHandler, known: dict[Any, dict[str, Any]]
) -> None:
    if (taken := _taken_type(handler)) is not None:
        required = not handler.parsed_fn_signature.parameters["data"].is_optional
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": known[taken]}}}
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
        parameter.setdefault("description", PARAMETERS.get(parameter["name"], ""))
    takes = TAKES.get(key) or TAKES.get(("GET", key[1]) if key[0] == "HEAD" else key)
    if takes is None:
        return
    headers = [
        {"name": name, "in": "header", "required": name in takes.required, "schema": schema, "description": says}
        for name, (schema, says) in takes.headers.items()
    ]
    queries = [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": says}
        for name, (schema, says) in takes.queries.items()
    ]
    operation["parameters"] = [*operation.get("parameters", ()), *queries, *headers]
    if takes.media:
        operation["requestBody"] = {"required": takes.body_required, "content": {takes.media: takes.content}}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A text that may be left out is never null: in an address it would be the text.  Others may say so: left out."""
    real: list[dict[str, Any]] = [one for one in schema.get("oneOf", ()) if one != {"type": "null"}]
    if len(real) != 1 or real[0] != {"type": "string"}:
        return schema
    return real[0] | {name: value for name, value in schema.items() if name not in ("oneOf", "default")}


def _answer(sent: Sent, known: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": sent.says or ("Done" if sent.body or sent.media else "Done; no body")}
    if sent.body is not None:
        answer["content"] = {"application/json": {"schema": known[sent.body]}}
    elif sent.media:
        answer["content"] = {media: {} for media in sent.media}
    if sent.headers:
        answer["headers"] = _headers(sent.headers)
    return answer


def _headers(headers: Headers) -> dict[str, Any]:
    return {
        name: {"schema": schema, "required": True, **({"description": says} if says else {})}
        for name, (schema, says) in headers.items()
    }


def _errors(key: tuple[str, str], operation: dict[str, Any]) -> set[int | str]:
    """What any route may be refused for, by what it takes; beside it what its line in `ANSWERS` says."""
    method, _ = key
    exempt, changes, takes_body = key in EXEMPT, method not in SAFE_METHODS, "requestBody" in operation
    found: set[int | str] = {400, 401, FAULTS, *_answers(key).errors}
    found |= {403} if changes or not exempt else set()
    found |= {404} if takes_body or operation.get("parameters") else set()
    found |= {409} if changes and not exempt else set()
    found |= {413} if takes_body else set()
    return found


def _name(status: int | str) -> str:
    return f"Error{status}"


def _error(status: int | str) -> dict[str, Any]:
    if status == FAULTS:
        says = "Homeroll is at fault, or its disk: 500 internal, 503 storage and the like, 507 disk_full"
        return {"description": says, "content": _error_content()}
    assert isinstance(status, int)
    phrase = PHRASES.get(status) or HTTPStatus(status).description or HTTPStatus(status).phrase
    answer = {"description": f"{phrase}.  Code: {', '.join(codes_of(status))}", "content": _error_content()}
    if headers := ERROR_HEADERS.get(status):
        answer["headers"] = _headers(headers)
    return answer


def _error_content() -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": COMPONENTS.format(name=ErrorBody.__name__)}}}


def codes_of(status: int) -> list[str]:
    """The `code`s that come with a status."""
    found = {kind.code for kind, its in STATUS.items() if its == status}
    found |= {kind.code for kind in _below(WebError) if getattr(kind, "status", None) == status}
    if status in WORDS:
        found.add(WORDS[status][0])
    return sorted(found)


def _below(kind: type[HomerollError]) -> Iterator[type[HomerollError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _without_content(answers: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    bare = {}
    for status, answer in answers.items():
        whole = errors[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        bare[status] = {name: value for name, value in whole.items() if name != "content"}
    return bare
