"""The settings behind the ``?`` of a URL: which are taken, which are forced, and which are refused.

A setting is *taken* if it says how to reach a server, or how to be let in. It is *forced* if the contract needs one
value of it: the URL may hold it, as URLs of other programs do, and our value replaces it. Every other setting is
*refused*, also one that a later release of a driver may bring. ``docs/backends.md`` holds the same tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import Invalid


@dataclass(frozen=True, slots=True)
class Table:
    """The settings of one driver: those taken, with what reads a value, those forced, and why others are refused.

    ``needing``: of a setting that would have no effect without another one, that other one.
    """

    taken: Mapping[str, Callable[[str], Any]]
    forced: frozenset[str]
    refused: Mapping[str, str]
    needing: Mapping[str, str] = field(default_factory=dict)


def text(value: str) -> str:
    """Take a value as it is."""
    return value


def seconds(value: str) -> float:
    """Read a time above 0."""
    with suppress(ValueError):
        found = float(value)
        if 0 < found < float("inf"):
            return found
    raise ValueError("must be a number of seconds above 0")


def whole_seconds(value: str) -> int:
    """Read a whole number of seconds, at least 1."""
    with suppress(ValueError):
        found = int(value)
        if found >= 1:
            return found
    raise ValueError("must be a whole number of seconds above 0")


def switch(value: str) -> bool:
    """Read ``true`` or ``false``."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    try:
        return words[value.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def whole_number(value: str) -> str:
    """Take a whole number as it is."""
    if not re.fullmatch("-?[0-9]+", value, re.ASCII):
        raise ValueError("must be a whole number")
    return value


def one_of(*values: str) -> Callable[[str], str]:
    """Return what takes one of some values."""

    def read(value: str) -> str:
        if value not in values:
            raise ValueError(f"must be {', '.join(values[:-1])} or {values[-1]}")
        return value

    return read


def file(value: str) -> str:
    """Take the name of a file that can be read."""
    if not Path(value).is_file():
        raise ValueError("names no file that can be read")
    return value


def threshold(value: str) -> bool:
    """Read psycopg's ``prepare_threshold``: nothing or ``none`` means that no statement is prepared."""
    if value.lower() in ("", "none"):
        return False
    if not value.isdecimal():
        raise ValueError("must be a whole number, or none: no statement is prepared then")
    return True


#: Ours: what belongs to a session, or to how the driver gives values, is for the contract to say.
OURS = "is set by storage, and the same on every database"
OPTION = "is an option of storage: see storage.options.Options"
OTHER_WAY = "is named in another part of the URL"
NOT_A_URL = "is an object, which no URL can hold"

TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

LIBPQ = dict.fromkeys(
    (
        *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "options"),
        *("application_name", "fallback_application_name", "target_session_attrs", "load_balance_hosts"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslkeylogfile", "sslpassword"),
        *("sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version", "max_protocol_version"),
        *("require_auth", "requirepeer", "channel_binding", "scram_client_key", "scram_server_key"),
        *("krbsrvname", "gssencmode", "gsslib", "gssdelegation"),
        *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    ),
    text,
)

#: libpq reads these when it connects, and takes a value that is none for a server that does not answer.
LIBPQ_VALUES = {
    **dict.fromkeys(("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"), whole_number),
    "tcp_user_timeout": whole_number,
    **dict.fromkeys(("sslcompression", "sslsni", "gssdelegation"), one_of("0", "1")),
    "sslmode": one_of("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": one_of("postgres", "direct"),
    **dict.fromkeys(("sslcertmode", "gssencmode"), one_of("disable", "allow", "prefer", "require")),
    "channel_binding": one_of("disable", "prefer", "require"),
    "load_balance_hosts": one_of("disable", "random"),
    "target_session_attrs": one_of("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    **dict.fromkeys(("ssl_min_protocol_version", "ssl_max_protocol_version"), one_of(*TLS_VERSIONS)),
    **dict.fromkeys(("min_protocol_version", "max_protocol_version"), one_of("3.0", "3.2", "latest")),
}

POSTGRESQL = Table(
    taken={**LIBPQ, **LIBPQ_VALUES, "connect_timeout": whole_seconds, "prepare_threshold": threshold},
    forced=frozenset({"client_encoding", "autocommit"}),
    refused={
        "replication": OURS,
        "row_factory": NOT_A_URL,
        "cursor_factory": NOT_A_URL,
        "context": NOT_A_URL,
    },
)

MYSQL = Table(
    taken={
        "unix_socket": text,
        "bind_address": text,
        "program_name": text,
        "connect_timeout": seconds,
        "server_public_key": text,
        "ssl_ca": file,
        "ssl_cert": file,
        "ssl_key": file,
        "ssl_key_password": text,
        "ssl_disabled": switch,
        "ssl_verify_cert": switch,
        "ssl_verify_identity": switch,
    },
    forced=frozenset({"charset", "collation", "use_unicode", "sql_mode", "autocommit"}),
    refused={
        **dict.fromkeys(("init_command", "client_flag", "binary_prefix", "local_infile", "max_allowed_packet"), OURS),
        **dict.fromkeys(("compress", "named_pipe", "defer_connect"), OURS),
        **dict.fromkeys(("read_default_file", "read_default_group"), "could change any other setting"),
        **dict.fromkeys(("read_timeout", "write_timeout"), OPTION),
        **dict.fromkeys(("user", "password", "passwd", "host", "port", "database", "db"), OTHER_WAY),
        **dict.fromkeys(("conv", "cursorclass", "auth_plugin_map"), NOT_A_URL),
        "ssl": "is an object: write ssl_ca, ssl_verify_cert, ssl_disabled and so on",
    },
    # PyMySQL checks no name without an authority, whatever this says.
    needing={"ssl_verify_identity": "ssl_ca"},
)

SQLITE = Table(
    taken={"mode": one_of("ro", "rw", "rwc"), "immutable": one_of("0", "1"), "uri": text},
    forced=frozenset(),
    refused={
        **dict.fromkeys(("timeout", "cached_statements"), OPTION),
        **dict.fromkeys(("isolation_level", "autocommit", "check_same_thread", "detect_types"), OURS),
        **dict.fromkeys(("cache", "vfs", "nolock", "psow", "modeof"), "could break the promises of the file"),
        "factory": NOT_A_URL,
        "database": OTHER_WAY,
    },
)


def read_settings(table: Table, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that are taken, as the driver has them; ``Invalid`` names all that are refused."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in table.forced:
            continue
        if name not in table.taken:
            reason = table.refused.get(name, "is not one that this driver takes here")
            problems.append(f"the setting {name} {reason}")
            continue
        try:
            found[name] = table.taken[name](value)
        except ValueError as error:
            problems.append(f"the setting {name} {error}")
    for name, other in table.needing.items():
        if found.get(name) and not found.get(other):
            problems.append(f"the setting {name} has no effect without {other}")
    if problems:
        raise Invalid({"url": "; ".join(problems)})
    return found
