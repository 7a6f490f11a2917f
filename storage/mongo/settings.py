"""The options behind the ``?`` of a URL: which are taken, which are forced, and which are refused.

An option is *taken* if it says how to reach a server, or how to be let in. It is *forced* if the contract needs one
value of it: the URL may hold it, as URLs of other programs do, and our value replaces it. Every other option is
*refused*, also one that a later release of the driver may bring. ``docs/backends.md`` holds the same table.
"""

from __future__ import annotations

from urllib.parse import unquote

TAKEN = frozenset(
    (
        *("appname", "driver", "compressors", "zlibcompressionlevel"),
        *("authmechanism", "authmechanismproperties", "authsource"),
        *("directconnection", "loadbalanced", "replicaset", "localthresholdms", "heartbeatfrequencyms"),
        *("maxconnecting", "maxidletimems", "minpoolsize", "servermonitoringmode"),
        *("retryreads", "retrywrites", "enableoverloadretargeting", "maxadaptiveretries"),
        *("srvallowedhostssuffix", "srvmaxhosts", "srvservicename"),
        *("ssl", "tls", "tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"),
        *("tlscafile", "tlscertificatekeyfile", "tlscertificatekeyfilepassword", "tlscrlfile"),
        "tlsdisableocspendpointcheck",
    )
)

FORCED = frozenset(
    (
        *("w", "journal", "wtimeoutms", "fsync"),
        *("readconcernlevel", "readpreference", "readpreferencetags", "maxstalenessseconds"),
        *("tz_aware", "datetime_conversion", "unicode_decode_error_handler", "uuidrepresentation"),
        *("connect", "maxpoolsize", "waitqueuetimeoutms"),
        *("connecttimeoutms", "serverselectiontimeoutms", "sockettimeoutms"),
    )
)

REFUSED = {
    "timeoutms": "is an option of storage: see storage.options.Options",
    "waitqueuemultiple": "is known to no server any more",
    "server_api": "is an object, which no URL can hold",
}


def option_problems(query: str) -> list[str]:
    """Return, each in a sentence, the options that are refused; their names have no case."""
    names = [unquote(pair.partition("=")[0]) for pair in query.replace(";", "&").split("&")]
    refused = [name for name in names if name and name.lower() not in TAKEN | FORCED]
    return [f"the option {name} {REFUSED.get(name.lower(), 'is not one that MongoDB has')}" for name in refused]
