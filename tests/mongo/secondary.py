"""A server that says it is a secondary of a replica set: the few commands of the wire protocol that our calls send."""

from __future__ import annotations

import socketserver
import struct
import threading
from typing import Any, Self

import bson

HEADER = struct.Struct("<iiii")
QUERY, REPLY, MESSAGE = 2004, 1, 2013

HELLO = {
    "helloOk": True,
    "ok": 1.0,
    "setName": "rs0",
    "hosts": ["127.0.0.1:1"],
    "me": "127.0.0.1:2",
    "isWritablePrimary": False,
    "ismaster": False,
    "secondary": True,
    "maxWireVersion": 21,
    "minWireVersion": 0,
    "maxBsonObjectSize": 2**24,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "logicalSessionTimeoutMinutes": 30,
}
NOT_PRIMARY = {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "not primary"}


class Connection(socketserver.StreamRequestHandler):
    """One connection of a client."""

    server: Secondary

    def handle(self) -> None:
        """Answer each command until the client is gone."""
        while header := self.rfile.read(HEADER.size):
            length, request, _, kind = HEADER.unpack(header)
            body = self.rfile.read(length - HEADER.size)
            # Behind flags, the name of the collection and two numbers; behind flags and the kind of the section.
            document = body[body.index(b"\0", 4) + 9 :] if kind == QUERY else body[5:]
            size = int.from_bytes(document[:4], "little")
            answer = bson.encode(self.server.answer(bson.decode(document[:size])))
            if kind == QUERY:
                self.send(request, REPLY, struct.pack("<iqii", 8, 0, 0, 1) + answer)
            else:
                self.send(request, MESSAGE, struct.pack("<ib", 0, 0) + answer)

    def send(self, request: int, kind: int, body: bytes) -> None:
        """Send an answer."""
        self.wfile.write(HEADER.pack(HEADER.size + len(body), 0, request, kind) + body)


class Secondary(socketserver.ThreadingTCPServer):
    """The server, for the length of a block. ``written`` names the writes that it was sent."""

    daemon_threads = True

    def __init__(self, documents: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.documents = documents
        self.written: list[str] = []

    @property
    def url(self) -> str:
        """The URL of a database of this server alone."""
        return f"mongodb://127.0.0.1:{self.server_address[1]}/engines?directConnection=true"

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Answer one command."""
        name = next(iter(command))
        if name in ("hello", "ismaster", "isMaster"):
            return HELLO
        if name == "find":
            batch = self.documents.get(command["find"], [])
            return {"ok": 1.0, "cursor": {"id": 0, "ns": f"engines.{command['find']}", "firstBatch": batch}}
        if name in ("ping", "endSessions"):
            return {"ok": 1.0}
        self.written.append(name)
        return NOT_PRIMARY

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
