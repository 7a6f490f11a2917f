"""Requests that nobody should send, made from a seed: each is wrong in a way of its own."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from random import Random
from typing import Any
from urllib.parse import quote, unquote, urlencode

from flask import Response
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from storage.entities import Engine
from storage.entity import describe
from storage.query import Filter, Position, checked_filters, write_cursor
from storage.query.paging import checked_order, scope
from webapp.listing import PARAMETERS

ENGINES = describe(Engine)

#: What databases take for an operator, code or a path; a list of forbidden names would miss one of them.
OPERATORS: list[Any] = [
    {"$gt": ""}, {"$gt": 0}, {"$ne": None}, {"$regex": "^R"}, {"$where": "1"}, {"$in": [1]}, {"$exists": True},
    {"$expr": {"$gt": ["$thrust", 0]}}, {"$or": [{}]}, {"$function": {"body": "x", "args": [], "lang": "js"}},
    {"__proto__": {"admin": True}}, {"constructor": {"prototype": {}}}, {"a": {"b": [{"$where": "1"}]}},
    ["$gt", ""], [{"$gt": ""}], [], {}, [[["a"]]],
]  # fmt: skip
TEXTS = [
    "' OR '1'='1",
    "1; DROP TABLE engine",
    "title); DELETE FROM engine; --",
    "$where",
    "{{7*7}}",
    "${7*7}",
    "../../x",
]
TEXTS += [
    "__import__('os').system('id')",
    "sleep(5)",
    "\x00",
    "a\x00b",
    "\ud800".encode("utf-8", "replace").decode(),
    "%00",
]
ORDERS = ["title.x", "title->>'$.a'", "engine.title", "title;", "title desc", "1", "(select 1)", "title_key", "digest"]
ORDERS += [
    "version",
    "-version",
    "$natural",
    "--id",
    "id,title",
    "title nulls first",
    "\u0131d",
    "Id",
    " id",
    "id ",
    "",
]
NUMBERS = [
    "",
    "x",
    "1.5",
    "1e3",
    "0x10",
    "+1",
    "--1",
    "٣",
    "9" * 20,
    "9" * 5000,
    "NaN",
    "Infinity",
    "1_000",
    " 1",
    "null",
]
MOMENTS = ["", "now", "2026-13-01T00:00:00Z", "2026-01-01", "0999-12-31T23:59:59Z", "2026-01-01T00:00:00", "1769853600"]
FLAGS = ["", "1", "yes", "TRUE", "null", "True"]


#: What all requests have in common.
ENVIRON = create_environ()


@dataclass(frozen=True)
class BadRequest:
    """A request, and how to send it."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: FlaskClient) -> Response:
        """Send it as it is, past the test client, whose own work would take most of the time."""
        body = self.body or b""
        environ = ENVIRON | {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": unquote(self.path, "latin-1"),
            "QUERY_STRING": self.query,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        if self.body is not None:
            environ["CONTENT_TYPE"] = "application/json"
        answer, status, headers = run_wsgi_app(client.application, environ)
        return Response(b"".join(answer), status, headers)


def listing(**parameters: object) -> BadRequest:
    """Return a request for the list."""
    return BadRequest("GET", "/api/engines", urlencode(parameters))


def sent(method: str, path: str, document: object) -> BadRequest:
    """Return a request with a document as its body."""
    return BadRequest(method, path, body=json.dumps(document).encode())


def cursor(order: str, *filters: Filter, value: Any = None, id: int = 1) -> str:
    """Return a cursor of ours."""
    conditions = checked_filters(ENGINES, filters)
    return write_cursor(Position(value, id), *scope(ENGINES, conditions, checked_order(ENGINES, order)))


def forged(order: str, value: Any, id: Any, entity: Any = "engine", fingerprint: Any = None) -> str:
    """Return a cursor whose checksum is right, whatever it holds."""
    own = scope(ENGINES, (), checked_order(ENGINES, order))[2] if fingerprint is None else fingerprint
    text = json.dumps([entity, order, own, value, id], separators=(",", ":"))
    return urlsafe_b64encode(f"{zlib.crc32(text.encode()):08x}{text}".encode()).rstrip(b"=").decode()


def flipped(random: Random) -> BadRequest:
    """Damage a cursor of ours: flip, cut, repeat or add some of its letters."""
    order = random.choice(["id", "-id", "title", "-thrust", "last_fired"])
    value = {"id": 1, "-id": 1, "title": "Raptor", "-thrust": 2300, "last_fired": None}[order]
    text = cursor(order, value=value)
    place = random.randrange(len(text))
    letter = random.choice("ABCXYZabcxyz0189-_=+/ .%\u00e9")
    damaged = random.choice(
        [
            text[:place] + letter + text[place + 1 :],
            text[:place],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1 :],
            text[place:] + text[:place],
        ]
    )
    return listing(sort=order, cursor=damaged if damaged != text else text + "A")


def foreign(random: Random) -> BadRequest:
    """Send a cursor of ours with another order, or with other filters."""
    orders = ["id", "-id", "title", "-title", "thrust", "-thrust", "last_fired", "-last_fired"]
    order, other = random.sample(orders, 2)
    values = {"id": 7, "title": random.choice(["a", "Räptor", "x" * 128]), "thrust": random.randrange(2**31)}
    mine = cursor(order, value=values.get(order.lstrip("-")), id=7)
    if random.random() < 0.5:
        return listing(sort=other, cursor=mine)
    return listing(sort=order, cursor=mine, thrust_min=random.randrange(-1000, 1000))


def forged_values(random: Random) -> BadRequest:
    """Send a cursor whose checksum is right and whose values are not what the order has."""
    wrong: dict[str, list[Any]] = {
        "id": [*OPERATORS, None, True, "1", 1.5, 0, -1, 2**63, 10**30, 2],
        "title": [*OPERATORS, None, True, 1, "", " a", "a\x00", "x" * 129, "\ud800", "x" * 9000],
        "thrust": [*OPERATORS, None, False, "1", 2**31, -(2**31) - 1, 1e300, "$thrust"],
        "last_fired": [*OPERATORS, True, "2026-01-01", 1.5, 10**18, -(10**18), 10**40],
    }
    order = random.choice([*wrong])
    value = random.choice(wrong[order])
    id = random.choice([1, 1, 1, *OPERATORS, None, "1", True, 0, 2**63])
    entity = random.choice(["engine", "engine", "api_token", {"$ne": ""}, None])
    return listing(sort=order, cursor=forged(order, value, id, entity))


def mutated_body(random: Random) -> BadRequest:
    """Damage the bytes of a body in which every field is wrong already."""
    document = {
        "title": random.choice(OPERATORS),
        "thrust": random.choice(["7", 1.5, True, 2**31, random.choice(OPERATORS)]),
        "last_fired": random.choice(["never", 7, random.choice(OPERATORS)]),
        random.choice(["__proto__", "$set", "title.$where", "id", "version", "digest", "constructor"]): 1,
    }
    body = bytearray(json.dumps(document).encode())
    for _ in range(random.randint(0, 3)):
        place = random.randrange(len(body))
        body[place : place + random.randint(0, 2)] = random.choice(
            [b"", b"\x00", b"\xff", b'"', b"{", b"]", b",", b"1e999"]
        )
    method, path = random.choice([("POST", "/api/engines"), ("PATCH", "/api/engines/1")])
    return BadRequest(method, path, body=bytes(body))


def operator_somewhere(random: Random) -> BadRequest:
    """Put an operator, a text or a wrong value where a value can stand: path, query, body or header."""
    operator, text = json.dumps(random.choice(OPERATORS)), random.choice(TEXTS)
    name = random.choice(PARAMETERS)
    values = {"sort": ORDERS, "limit": [*NUMBERS, "0", "1001"], "cursor": [*TEXTS, operator], "fired": FLAGS}
    wrong = values.get(name, NUMBERS if name.startswith("thrust") else MOMENTS)
    method = random.choice(["GET", "PATCH", "DELETE"])
    header = random.choice(["If-Match", "If-None-Match"])
    choices = [
        BadRequest(method, f"/api/engines/{quote(random.choice([operator, text]), safe='')}"),
        BadRequest("POST", f"/api/engines/{quote(operator, safe='')}/fire"),
        listing(**{f"{name}[{random.choice(['$gt', '$regex', '$where', '', 'a'])}]": "1"}),
        listing(
            **{random.choice([f"{name}.$gt", "$where", "where", "filter", "digest", "title_key", "__proto__"]): text}
        ),
        BadRequest("GET", "/api/engines", f"{name}=1&{name}=2"),
        BadRequest("GET", "/api/engines/1", urlencode({name: operator})),
        BadRequest(method, "/api/engines/1", headers={header: random.choice([operator, "1", '"', "W/3", '"a" "b"'])}),
        BadRequest(
            "POST", "/api/engines/1/fire", headers={"Idempotency-Key": random.choice(["", "a b", "a,b", "x" * 300])}
        ),
        BadRequest("POST", "/api/engines", body=operator.encode(), headers={"Idempotency-Key": quote(operator)}),
        BadRequest("POST", "/api/engines/1/fire", body=operator.encode()),
        listing(**{name: random.choice(wrong)}) if name not in ("q", "title") else listing(**{name: "a\x00" + text}),
    ]
    return random.choice(choices)


KINDS_OF_BAD: dict[str, Callable[[Random], BadRequest]] = {
    "cursors with their bytes flipped": flipped,
    "cursors of other queries": foreign,
    "cursors with a right checksum": forged_values,
    "bodies": mutated_body,
    "operators in each place": operator_somewhere,
}


def requests(kind: str, seed: int, number: int) -> Iterator[BadRequest]:
    """Yield requests of a kind."""
    random = Random(seed)
    for _ in range(number):
        yield KINDS_OF_BAD[kind](random)
