"""What a URL of MySQL asks for when it asks for TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import pytest

from storage.options import Options
from storage.sql.engine import mysql_arguments
from storage.sql.mysql_connection import BoundedConnection
from storage.sql.urls import read_address


@pytest.mark.parametrize(
    ("query", "mode", "checks_name"),
    [
        ("", ssl.CERT_REQUIRED, True),
        ("&ssl_verify_identity=false", ssl.CERT_REQUIRED, False),
        ("&ssl_verify_cert=false&ssl_verify_identity=false", ssl.CERT_NONE, False),
    ],
)
def test_who_names_an_authority_has_the_server_verified(query: str, mode: ssl.VerifyMode, checks_name: bool) -> None:
    address = read_address(f"mysql://u@db.example/x?ssl_ca={Path(certifi.where())}{query}")
    connection = BoundedConnection(host="db.example", defer_connect=True, **mysql_arguments(address, Options()))
    assert connection.ctx.verify_mode == mode
    assert connection.ctx.check_hostname is checks_name
