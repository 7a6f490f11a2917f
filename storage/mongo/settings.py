"""The options behind the ``?`` of a URL: which are taken, which are forced, and which are refused.

An option is *taken* if it says how to reach a server, or how to be let in. It is *forced* if the contract needs one
value of it: the URL may hold it, as URLs of other programs do, and our value replaces it. Every other option is
*refused*, also one that a later release of the driver may bring. ``docs/backends.md`` holds the same table.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from urllib.parse import unquote, unquote_plus

TAKEN = frozenset(
    (
        *("appname", "compressors", "zlibcompressionlevel"),
        *("authmechanism", "authmechanismproperties", "authsource"),
        *("directconnection", "replicaset", "localthresholdms", "heartbeatfrequencyms"),
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
    "loadbalanced": "is not supported: a scan would keep its connection between batches. Name the servers",
    "timeoutms": "is an option of storage: see storage.options.Options",
    "waitqueuemultiple": "is known to no server any more",
    "driver": "is an object, which no URL can hold",
    "server_api": "is an object, which no URL can hold",
}


#: The mechanisms of authentication that PyMongo leaves to another package, the modules of which one suffices, and the
#: extra of PyMongo that brings it.
MECHANISMS = {
    "GSSAPI": (("winkerberos", "kerberos"), "pymongo[gssapi]"),
    "MONGODB-AWS": (("pymongo_auth_aws",), "pymongo[aws]"),
}

#: The extras of PyMongo that bring a compressor's package.
COMPRESSORS = {"snappy": "pymongo[snappy]", "zstd": "pymongo[zstd]"}


def without_forced(url: str) -> str:
    """Return the URL without the options that are forced: no value of theirs is for the driver to see."""
    place, separator, query = url.partition("?")
    pairs = [pair for pair in query.replace(";", "&").split("&") if name_of(pair) not in FORCED]
    return f"{place}{separator}{'&'.join(pairs)}"


def name_of(pair: str) -> str:
    """Return the name of an option as the table has it."""
    return unquote(pair.partition("=")[0]).lower()


def values_of(query: str, name: str) -> list[str]:
    """Return the values that a URL has for an option; of several, the driver takes the last."""
    pairs = [pair for pair in query.replace(";", "&").split("&") if name_of(pair) == name]
    return [unquote_plus(pair.partition("=")[2]) for pair in pairs]


def package_problems(query: str, compressors: Iterable[str]) -> list[str]:
    """Return, each in a sentence, what the URL asks for and no installed package can do.

    ``compressors`` are those that the driver has: it leaves out every other with a warning, and notices a missing
    package for authentication only once it is connected.
    """
    asked = [one for value in values_of(query, "compressors")[-1:] for one in value.split(",")]
    lacking = [(f"compressors={one}", COMPRESSORS.get(one)) for one in asked if one not in compressors]
    for mechanism in values_of(query, "authmechanism"):
        modules, extra = MECHANISMS.get(mechanism, (("pymongo",), None))
        if not any(map(find_spec, modules)):
            lacking.append((f"authMechanism={mechanism}", extra))
    return [
        f"{option} takes a package that is not installed: pip install '{extra}'" if extra else f"{option} is not known"
        for option, extra in lacking
    ]


def option_problems(query: str) -> list[str]:
    """Return, each in a sentence, the options that are refused; their names have no case."""
    names = [name_of(pair) for pair in query.replace(";", "&").split("&")]
    refused = [name for name in names if name and name not in TAKEN | FORCED]
    if refused and "@" in query:
        return ["has a ? in its user or password: write it as %3F"]
    return [f"the option {name} {REFUSED.get(name, 'is not one that MongoDB has')}" for name in refused]
