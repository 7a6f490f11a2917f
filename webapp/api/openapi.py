"""The OpenAPI 3.1 document, written from the application: its addresses, views, roles, rules and problems."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from flask import Flask, current_app, request
from werkzeug.routing import Rule

from storage import Engine
from storage.entity import ID, Description, Field
from storage.flask import current_storage
from webapp import problems
from webapp.api import idempotency, preconditions
from webapp.api.endpoint_spec import Promise
from webapp.api.schemas import Schema, component_schemas, parameter_schema, reference, value_schema
from webapp.auth.access import Role
from webapp.listing import FILTERS
from webapp.problems import PROBLEMS, Problem

DOCUMENT = "openapi"

SUMMARIES = {
    "sort": "The order, descending with - in front; then by id in the same direction.",
    "limit": "How many engines a page has at most.",
    "cursor": "Where the page before ended: its `next`, unchanged, with the same other parameters.",
}
HEADERS: dict[str, Schema] = {
    "ETag": {"description": "The version of the engine, in quotes.", "schema": {"type": "string"}},
    "Location": {"description": "The address of the new engine.", "schema": {"type": "string"}},
    "Link": {"description": "The first page of the list, and the next one.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds after which trying again can help.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}},
}
INTRODUCTION = """The engines of a spaceship.

Every error is `application/problem+json`; its `type` tells which kind it is, and `errors` names each bad field. \
An id may be larger than 2^53: a reader that keeps numbers as doubles, as browsers do, rounds it.
"""


def document() -> dict[str, Any]:
    """Return the document of the current application, which is written once for the path that it is served under."""
    app, root = current_app, request.script_root
    known: tuple[str | None, dict[str, Any]] = app.extensions.get(DOCUMENT, (None, {}))
    if known[0] != root:
        known = app.extensions[DOCUMENT] = root, written(app, current_storage.description(Engine))
    return known[1]


def written(app: Flask, engines: Description[Engine]) -> dict[str, Any]:
    """Write the document."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view: Any = app.view_functions[rule.endpoint]
        if hasattr(view, "promise"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                path = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
                path[method.lower()] = operation(rule, view, engines)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Engine Room", "version": version("engine-room"), "description": INTRODUCTION},
        "servers": [{"url": request.script_root or "/"}],
        "paths": paths,
        "components": {
            "schemas": component_schemas(engines, request.script_root),
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "An API token."}},
        },
    }


def operation(rule: Rule, view: Any, engines: Description[Engine]) -> dict[str, Any]:
    """Return what the document says of one view."""
    promise: Promise = view.promise
    summary, _, description = inspect.cleandoc(view.__doc__).partition("\n\n")
    told: dict[str, Any] = {"operationId": rule.endpoint.rpartition(".")[2], "summary": summary}
    if description:
        told["description"] = plain_code(description)
    told["security"] = security(view.required_role)
    if parameters := [*parameters_of(rule, promise, engines)]:
        told["parameters"] = parameters
    if promise.body:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference(promise.body)}}}
    return told | {"responses": responses(rule, promise)}


def plain_code(text: str) -> str:
    """Return a docstring's text as Markdown."""
    return text.replace("``", "`").replace("\n", " ")


def security(role: Role) -> list[dict[str, list[str]]]:
    """Return who may: a token, and without one those whom the configuration lets in."""
    config = current_app.config
    is_open = config["ALLOW_ANONYMOUS_WRITES"] or (role is Role.READ and config["ALLOW_ANONYMOUS_READS"])
    return [{}, {"token": []}] if is_open else [{"token": []}]


def parameters_of(rule: Rule, promise: Promise, engines: Description[Engine]) -> Iterator[dict[str, Any]]:
    """Yield the parameters in the path, the query and the headers."""
    for name in sorted(rule.arguments):
        yield {"name": name, "in": "path", "required": True, "schema": value_schema(Field(name, ID))}
    for name in promise.query:
        summary = FILTERS[name].summary if name in FILTERS else SUMMARIES[name]
        yield {"name": name, "in": "query", "description": summary, "schema": parameter_schema(name, engines)}
    if promise.conditional:
        condition = {"type": "string", "pattern": f"^({preconditions.CONDITION})$"}
        for name in preconditions.CONDITIONS:
            yield {"name": name, "in": "header", "description": "Entity tags, or an asterisk.", "schema": condition}
    if promise.repeatable:
        key = {"type": "string", "pattern": f"^{idempotency.KEY}$"}
        summary = "A text of the client's, random and new for each request: sent again with it, it is done once."
        yield {"name": idempotency.HEADER, "in": "header", "description": summary, "schema": key}


def responses(rule: Rule, promise: Promise) -> dict[str, Any]:
    """Return every answer of a view by its status."""
    success: dict[str, Any] = {"description": "Done."}
    names = {"Engine": ["ETag"], "Page": ["Link"]}.get(str(promise.answer), [])
    names = ["Location", *names] if promise.status == 201 else names
    if names:
        success["headers"] = {name: {**HEADERS[name], "required": True} for name in names}
    if promise.answer:
        success["content"] = {"application/json": {"schema": reference(promise.answer)}}
    answers = {str(promise.status): success}
    if promise.conditional and rule.methods and "GET" in rule.methods:
        answers["304"] = {"description": "The client has this version.", "headers": {"ETag": HEADERS["ETag"]}}
    for problem in problems_of(rule, promise):
        answers[str(problem.status)] = refusal(answers.get(str(problem.status)), problem)
    return dict(sorted(answers.items()))


def refusal(known: dict[str, Any] | None, problem: Problem) -> dict[str, Any]:
    """Return the answer that is a problem; of several with one status, the description lists all."""
    line = f"`{problem.type(request.script_root)}`: {problem.title}."
    if known is not None:
        return known | {"description": f"{known['description']} {line}"}
    answer = {"description": line, "content": {"application/problem+json": {"schema": reference("Problem")}}}
    headers = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(problem.status, [])
    return answer | {"headers": {name: HEADERS[name] for name in headers}} if headers else answer


def problems_of(rule: Rule, promise: Promise) -> list[Problem]:
    """Return what can go wrong with a request to a view."""
    found = {
        problems.MALFORMED, problems.BAD_PARAMETERS, problems.UNAUTHORIZED, problems.FORBIDDEN,
        problems.NOT_ACCEPTABLE, problems.TOO_MANY_REQUESTS, problems.INTERNAL_ERROR, problems.UNAVAILABLE,
        problems.OUT_OF_ORDER, problems.SCHEMA_OUT_OF_DATE,
    }  # fmt: skip
    if rule.arguments:
        found.add(problems.NOT_FOUND)
    if rule.methods and "GET" not in rule.methods:
        found |= {problems.READ_ONLY, problems.BUSY, problems.UNKNOWN_OUTCOME, problems.TOO_LARGE, problems.TOO_SLOW}
    if promise.body:
        found |= {problems.UNSUPPORTED_MEDIA_TYPE, problems.INVALID_FIELDS}
    if promise.conditional:
        found.add(problems.PRECONDITION_FAILED)
    if promise.repeatable:
        found |= {problems.KEY_REUSED, problems.UNFINISHED}
    return [problem for problem in PROBLEMS.values() if problem in found]
