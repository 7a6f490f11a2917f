"""The same script of random requests gets byte-identical answers from every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from tests.servers import KINDS
from webapp import create_app

SEED = 20260131
REQUESTS = 200

# Letters whose order, case or length engines disagree about: case pairs, folds to two letters, a combining
# accent and its composed twin, ligatures, beyond the basic plane, and the special ones of LIKE and of regex.
LETTERS = ["a", "A", "b", "B", "z", "Z", "ß", "ẞ", "ss", "İ", "i", "ı", "I", "ﬁ", "e\u0301", "é", "É", "𝛀", "🚀"]
LETTERS += ["\uffff", "%", "_", ".*", "\\", "'", '"', "$", "-", " ", "0", "9", "10"]
NUMBERS = [-(2**31), -1, 0, 1, 7, 845, 2300, 2**31 - 1]
MOMENTS = ["1000-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2026-01-31T12:00:00.9995+02:00", None]
MOMENTS += ["2026-01-31T10:00:00.999Z", "9999-12-31T23:59:59.999999Z"]
BAD_FIELDS = [{"title": ""}, {"title": "a\x00"}, {"title": "x" * 129}, {"title": {"$gt": ""}}, {"title": " a"}]
BAD_FIELDS += [{"thrust": True}, {"thrust": 2**31}, {"thrust": 1.5}, {"thrust": None}, {"last_fired": "now"}]
BAD_FIELDS += [{"id": 7}, {"version": 1}, {"colour": "red", "thrust": "7"}, {"last_fired": "0999-01-01T00:00:00Z"}]
BAD_BODIES = [b"", b"{", b"[]", b'{"title": "a", "title": "b"}', b'{"thrust": NaN}', b"\xff", b"[" * 9000]
BAD_QUERIES = ["sort=version", "limit=0", "limit=x", "cursor=x", "cursor=", "colour=red", "q=a&q=b", "q=%00"]
BAD_QUERIES += ["thrust_min=9999999999", "fired=maybe", "fired_after=2026", "title=", "sort=-", "limit=1001"]
BAD_IDS = ["0", "-1", "x", "1.5", "01", str(2**63 - 1), str(2**63), "9" * 40]


@dataclass(frozen=True)
class Answer:
    """A request, and all that a client sees of its answer."""

    request: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Script:
    """Requests that depend on the seed, and on the answers before: cursors are walked as they are given."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.random = Random(SEED)
        self.answers: list[Answer] = []

    def run(self) -> list[Answer]:
        actions = [self.create] * 6 + [self.walk] * 4 + [self.change] * 4 + [self.read, self.delete, self.fire] * 2
        actions += [self.send_bad_fields, self.send_bad_body, self.ask_badly, self.name_bad_id]
        while len(self.answers) < REQUESTS:
            self.random.choice(actions)()
        return self.answers[:REQUESTS]

    def send(self, method: str, path: str, **content: Any) -> Any:
        response = self.client.open(path, method=method, **content)
        headers = tuple(sorted(pair for pair in response.headers.items() if pair[0] != "X-Request-ID"))
        request = f"{len(self.answers)}: {method} {path} {content}"
        self.answers.append(Answer(request, response.status_code, headers, response.data))
        return response

    def id(self) -> int:
        """Return an id that was given out, or nearly."""
        return self.random.randint(1, 5 + sum(answer.status == 201 for answer in self.answers))

    def title(self) -> str:
        return "".join(self.random.choices(LETTERS, k=self.random.randint(1, 6))).strip() or "x"

    def fields(self) -> dict[str, object]:
        every = {
            "title": self.title(),
            "thrust": self.random.choice(NUMBERS),
            "last_fired": self.random.choice(MOMENTS),
        }
        return {name: value for name, value in every.items() if self.random.random() < 0.7}

    def create(self) -> None:
        self.send("POST", "/api/engines", json={"title": self.title(), **self.fields()})

    def read(self) -> None:
        self.send("GET", f"/api/engines/{self.id()}")

    def change(self) -> None:
        self.send("PATCH", f"/api/engines/{self.id()}", json=self.fields())

    def delete(self) -> None:
        self.send("DELETE", f"/api/engines/{self.id()}")

    def fire(self) -> None:
        self.send("POST", f"/api/engines/{self.id()}/fire")

    def walk(self) -> None:
        """Ask for a list in some order with some filters, and follow its cursors for some pages."""
        sort = self.random.choice(["", "-"]) + self.random.choice(["id", "title", "thrust", "last_fired"])
        query: dict[str, object] = {"sort": sort, "limit": self.random.randint(1, 5)}
        filters = {
            "q": self.random.choice(LETTERS),
            "thrust_min": self.random.choice(NUMBERS),
            "fired": self.random.choice(["true", "false"]),
            "fired_before": "2026-01-31T10:00:01Z",
        }
        query |= {name: value for name, value in filters.items() if self.random.random() < 0.2}
        for _ in range(self.random.randint(1, 8)):
            following = self.send("GET", f"/api/engines?{urlencode(query)}").get_json()["next"]
            if following is None:
                return
            query["cursor"] = following

    def send_bad_fields(self) -> None:
        self.send("POST", "/api/engines", json={"title": "x"} | self.random.choice(BAD_FIELDS))
        self.send("PATCH", f"/api/engines/{self.id()}", json=self.random.choice(BAD_FIELDS))

    def send_bad_body(self) -> None:
        body = self.random.choice(BAD_BODIES)
        self.send("POST", "/api/engines", data=body, content_type="application/json")
        self.send("POST", "/api/engines", data=b'{"title": "x"}', content_type="text/plain")

    def ask_badly(self) -> None:
        self.send("GET", f"/api/engines?{self.random.choice(BAD_QUERIES)}")

    def name_bad_id(self) -> None:
        self.send(self.random.choice(["GET", "DELETE"]), f"/api/engines/{self.random.choice(BAD_IDS)}")


class Clock:
    """A clock that goes on by the same step each time that it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1_234_567)
        return self.now


Answers = Callable[[str], list[Answer]]


@pytest.fixture(scope="module")
def answers(make_database: Callable[[str], str]) -> Answers:
    """``answers(kind)`` runs the script on a fresh database of that kind, once."""
    known: dict[str, list[Answer]] = {}

    def of(kind: str) -> list[Answer]:
        if kind not in known:
            config = {"SECRET_KEY": "a key of the tests", "TESTING": True, "ALLOW_ANONYMOUS_WRITES": True}
            app = create_app(config | {"CLOCK": Clock(), "STORAGE_URL": make_database(kind)})
            with closing(app.extensions["storage"]) as storage:
                storage.migrations.upgrade()
                known[kind] = Script(app.test_client()).run()
        return known[kind]

    return of


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_answer_is_that_of_the_embedded_database_to_the_byte(answers: Answers, kind: str) -> None:
    differing = [pair for pair in zip(answers(KINDS[0]), answers(kind), strict=True) if pair[0] != pair[1]]
    assert differing[:3] == []


def test_the_script_meets_every_kind_of_answer(answers: Answers) -> None:
    statuses = Counter(answer.status for answer in answers(KINDS[0]))
    assert sum(statuses.values()) == REQUESTS
    assert {200, 201, 204, 400, 404, 415, 422} == set(statuses)
    assert statuses[200] + statuses[201] > REQUESTS / 2


def test_the_script_walks_cursors(answers: Answers) -> None:
    followed = [answer for answer in answers(KINDS[0]) if "&cursor=" in answer.request]
    assert len([answer for answer in followed if answer.status == 200]) > 10
