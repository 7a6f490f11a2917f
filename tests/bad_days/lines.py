"""The lines between a storage and its server, as the tests lay and read them."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.proxy import Proxy, SilentHost


def url_through(proxy: Proxy | SilentHost, url: str) -> str:
    """Return the URL of the same database through a proxy."""
    parts = urlsplit(url)
    parts = parts._replace(
        netloc=f"{parts.username}@127.0.0.1:{proxy.port}" if parts.username else f"127.0.0.1:{proxy.port}"
    )
    if parts.scheme == "mongodb":
        # A replica set would tell its own address, and the driver would go past the proxy. Polling ends a
        # driver's wait for a server that it lost at once, where a stream of heartbeats takes half a second.
        parts = parts._replace(query="directConnection=true&serverMonitoringMode=poll")
    if parts.scheme == "mysql":
        # MySQL offers TLS by itself, and the proxy has to see which statement it passes on.
        parts = parts._replace(query="ssl_disabled=true")
    return parts.geturl()


def is_call(message: bytes) -> bool:
    """Match what a call of ours sends, not what PyMongo sends by itself to watch the server."""
    return b"helloOk" not in message and b"topologyVersion" not in message and b"endSessions" not in message
