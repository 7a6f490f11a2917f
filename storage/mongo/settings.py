"""The options behind the ``?`` of a URL: which are taken, which are forced, and which are refused.

An option is *taken* if it says how to reach a server, or how to be let in. It is *forced* if the contract needs one
value of it: the URL may hold it, as URLs of other programs do, and our value replaces it. Every other option is
*refused*, also one that a later release of the driver may bring. ``docs/backends.md`` holds the same table.
"""

from __future__ import annotations

from urllib.parse import unquote

TAKEN = frozenset(
    (
        *("appname", "compressors", "zlibcompressionlevel"),
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
    "driver": "is an object, which no URL can hold",
    "server_api": "is an object, which no URL can hold",
}


def without_forced(url: str) -> str:
    """Return the URL without the options that are forced: no value of theirs is for the driver to see."""
    place, separator, query = url.partition("?")
    pairs = [pair for pair in query.replace(";", "&").split("&") if name_of(pair) not in FORCED]
    return f"{place}{separator}{'&'.join(pairs)}"


def name_of(pair: str) -> str:
    """Return the name of an option as the table has it."""
    return unquote(pair.partition("=")[0]).lower()


def option_problems(query: str) -> list[str]:
    """Return, each in a sentence, the options that are refused; their names have no case."""
    names = [name_of(pair) for pair in query.replace(";", "&").split("&")]
    refused = [name for name in names if name and name not in TAKEN | FORCED]
    if refused and "@" in query:
        return ["has a ? in its user or password: write it as %3F"]
    return [f"the option {name} {REFUSED.get(name, 'is not one that MongoDB has')}" for name in refused]
