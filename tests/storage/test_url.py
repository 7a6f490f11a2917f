from __future__ import annotations

import pytest

from storage.url import masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql+psycopg://user:secret@host/db", "postgresql+psycopg://user:***@host/db"),
        ("mongodb+srv://user:secret@host/db?retryWrites=true", "mongodb+srv://user:***@host/db?retryWrites=true"),
        ("mongodb://user:secret@one:1,two:2/db", "mongodb://user:***@one:1,two:2/db"),
        ("mysql://:secret@host/db", "mysql://:***@host/db"),
        ("mysql://user:@host/db", "mysql://user:***@host/db"),
        ("postgresql://user:se:cr@et@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:se/cr?et#@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:se\ncret@host/db", "postgresql://user:***@host/db"),
        ("user:secret@host/db", "user:***@host/db"),
        ("redis:user:secret@host/db", "redis:***@host/db"),
    ],
)
def test_a_password_is_masked(url: str, shown: str) -> None:
    """15.3 However it was written."""
    assert masked(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://host/db?password=secret", "postgresql://host/db?password=***"),
        ("postgresql://host/db?a=1&sslpassword=secret&b=2", "postgresql://host/db?a=1&sslpassword=***&b=2"),
        ("mysql://host/db?passwd=secret", "mysql://host/db?passwd=***"),
        (
            "mongodb://host/db?tlsCertificateKeyFilePassword=secret",
            "mongodb://host/db?tlsCertificateKeyFilePassword=***",
        ),
        (
            "mongodb://host/?authMechanismProperties=AWS_SESSION_TOKEN:secret",
            "mongodb://host/?authMechanismProperties=***",
        ),
        ("postgresql://host/db?PASSWORD=secret", "postgresql://host/db?PASSWORD=***"),
    ],
)
def test_a_parameter_that_holds_a_secret_is_masked(url: str, shown: str) -> None:
    """15.3 In whatever case its name is written."""
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///engines.db",
        "sqlite:////home/user@work/engines.db",
        "sqlite://",
        "postgresql://host/db",
        "postgresql://user@host/db",
        "mongodb://host:27017/db?replicaSet=rs0",
        "",
        "nothing",
    ],
)
def test_a_url_without_secrets_is_shown_as_it_is(url: str) -> None:
    assert masked(url) == url
