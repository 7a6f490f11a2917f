"""The body of a request is taken whole or not at all, however it is sent."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize

from storage import IdempotencyKey
from tests.webapp.people import form_token
from tests.webapp.workers import served_by_workers

LIMIT = 65_536
JSON = b'{"title": "kept"}'
#: What gunicorn hands over for a body that ends by itself.
ENDS_BY_ITSELF = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


class Pieces(io.RawIOBase):
    """A stream that gives a few bytes at each read, as a network does."""

    def __init__(self, body: bytes, size: int = 1000) -> None:
        self.body = io.BytesIO(body)
        self.size = size

    def read(self, size: int = -1) -> bytes:
        return self.body.read(min(self.size, size) if size >= 0 else self.size)


class Broken(io.RawIOBase):
    """A stream that ends with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


def post(
    client: FlaskClient, stream: IO[bytes] | io.RawIOBase, environ: dict[str, Any] | None = None, **more: Any
) -> Any:
    overrides = (ENDS_BY_ITSELF if environ is None else environ) | {"wsgi.input": stream}
    return client.post("/api/engines", environ_overrides=overrides, content_type="application/json", **more)


def test_a_body_in_chunks_may_have_as_many_bytes_as_the_limit(client: FlaskClient) -> None:
    assert post(client, Pieces(JSON + b" " * (LIMIT - len(JSON)))).status_code == 201


@pytest.mark.parametrize("more", [b" ", b" THE REST", b" " * LIMIT])
def test_one_with_more_is_refused_and_nothing_of_it_is_kept(client: FlaskClient, more: bytes) -> None:
    response = post(client, Pieces(JSON + b" " * (LIMIT - len(JSON)) + more))
    assert (response.status_code, response.json["type"]) == (413, "/problems/content-too-large")
    assert client.get("/api/engines").json["items"] == []


def test_a_form_in_chunks_beyond_the_limit_is_refused(client: FlaskClient) -> None:
    fields = {"csrf_token": form_token(client), "title": "Raptor", "padding": "x" * LIMIT, "thrust": "7"}
    body = io.BytesIO(urlencode(fields).encode())
    sent = {"content_type": "application/x-www-form-urlencoded", "input_stream": body}
    assert client.post("/engines", environ_overrides=ENDS_BY_ITSELF, **sent).status_code == 413
    assert client.get("/api/engines").json["items"] == []


def test_the_digest_of_a_repeat_covers_all_of_a_body_in_chunks(app: Flask, client: FlaskClient) -> None:
    for body in (JSON, JSON + b" "):
        response = post(client, Pieces(body, 5), headers={"Idempotency-Key": "k"})
    assert response.json["type"] == "/problems/key-reused"
    assert app.extensions["storage"].repository(IdempotencyKey).count() == 1


def test_a_body_that_is_shorter_than_it_says_is_refused(client: FlaskClient) -> None:
    response = post(client, Pieces(JSON), {"CONTENT_LENGTH": str(len(JSON) + 1), "wsgi.input_terminated": True})
    assert (response.status_code, response.json["detail"]) == (400, "The body is shorter than Content-Length says.")


def test_of_a_body_with_a_length_no_more_is_read(client: FlaskClient) -> None:
    stream = io.BytesIO(JSON + b"the next request")
    assert post(client, stream, {"CONTENT_LENGTH": str(len(JSON))}).status_code == 201
    assert stream.read() == b"the next request"


def test_a_body_without_a_length_that_does_not_end_by_itself_is_none(client: FlaskClient) -> None:
    assert post(client, Broken(AssertionError("this would wait")), {}).status_code == 400


@pytest.mark.parametrize("error", [InvalidChunkSize(b"zz"), OSError("reset"), ValueError("closed"), EOFError()])
def test_a_body_that_cannot_be_read_is_malformed(client: FlaskClient, error: Exception) -> None:
    response = post(client, Broken(error))
    assert (response.status_code, response.json["type"]) == (400, "/problems/malformed-request")


def test_a_body_that_comes_too_slowly_is_told_so(client: FlaskClient) -> None:
    response = post(client, Broken(TimeoutError()))
    assert (response.status_code, response.json["type"]) == (408, "/problems/too-slow")


SERVED = """
from webapp import create_app
app = create_app()
app.extensions["storage"].migrations.upgrade()
"""

BODIES: list[tuple[str, bytes, int]] = [
    ("no size", b"zz\r\nabc\r\n0\r\n\r\n", 400),
    ("a size without end", b"1" * 9000, 400),
    ("no end of a chunk", b"3\r\nabcdef\r\n0\r\n\r\n", 400),
    ("a trailer that is none", b"3\r\nabc\r\n0\r\nno trailer\r\n\r\n", 400),
    ("an end in between", b"40\r\nabc", 400),
    ("no JSON", b"3\r\nabc\r\n0\r\n\r\n", 400),
    ("too long", b"10001\r\n" + b"x" * 0x10001 + b"\r\n0\r\n\r\n", 413),
    ("whole", b"%x\r\n%s\r\n0\r\n\r\n" % (len(JSON), JSON), 201),
]


def test_chunks_as_gunicorn_reads_them_are_whole_or_refused_and_never_an_error_of_ours(tmp_path: Path) -> None:
    head = b"POST /api/engines HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    statuses = {}
    with served_by_workers(tmp_path, SERVED) as workers:
        for name, body, _ in BODIES:
            statuses[name] = status(workers.address, head + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        statuses["a body that breaks off"] = status(workers.address, head + b"Content-Length: 40\r\n\r\n" + JSON)
        kept = json.loads(workers.get("/api/engines"))["items"]
    assert statuses == {name: wanted for name, _, wanted in BODIES} | {"a body that breaks off": 400}
    assert [one["title"] for one in kept] == ["kept"]
    assert "Traceback" not in "".join(workers.lines)


def status(address: str, sent: bytes) -> int:
    """Return the status of the answer to some bytes, after which the client sends nothing more."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answer:
            return int(answer.readline().split()[1])
