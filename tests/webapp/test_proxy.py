"""Behind a proxy, and not: what ``X-Forwarded-*`` and ``X-Request-ID`` are believed."""

from __future__ import annotations

import pytest
from flask import Flask, request

from storage.flask import ConfigurationError
from tests.webapp.conftest import MakeApp
from webapp.auth.access import needs

FORWARDED = {
    "X-Forwarded-For": "203.0.113.7, 198.51.100.2",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "engines.example",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/elsewhere",
}
HOSTS = ["engines.example"]


def seen(app: Flask, headers: dict[str, str] = FORWARDED) -> dict[str, str]:
    """What a view sees of the client."""

    @app.get("/seen")
    @needs(None)
    def seen() -> dict[str, str | None]:
        return {"url": request.url, "remote": request.remote_addr}

    return app.test_client().get("/seen", headers=headers).get_json()


def test_by_default_nothing_that_is_forwarded_is_believed(make_app: MakeApp) -> None:
    assert seen(make_app()) == {"url": "http://localhost/seen", "remote": "127.0.0.1"}


def test_behind_one_proxy_its_word_is_believed_and_that_of_its_client_is_not(make_app: MakeApp) -> None:
    assert seen(make_app(TRUSTED_PROXIES=1, TRUSTED_HOSTS=HOSTS)) == {
        "url": "https://engines.example/seen",
        "remote": "198.51.100.2",
    }


def test_behind_two_proxies_the_outer_one_names_the_client(make_app: MakeApp) -> None:
    headers = {name: f"{value}, {value}" for name, value in FORWARDED.items() if name != "X-Forwarded-For"}
    headers["X-Forwarded-For"] = FORWARDED["X-Forwarded-For"]
    assert seen(make_app(TRUSTED_PROXIES=2, TRUSTED_HOSTS=HOSTS), headers)["remote"] == "203.0.113.7"


@pytest.mark.parametrize("value", [-1, True, "1", 1.0, None])
def test_another_value_than_a_number_of_proxies_is_refused(make_app: MakeApp, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"TRUSTED_PROXIES is .*: it must be a whole number"):
        make_app(TRUSTED_PROXIES=value)


def answered_id(app: Flask, given: str) -> str:
    """The request id that is answered when one is given."""
    return app.test_client().get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]


def test_the_request_id_of_a_trusted_proxy_is_kept(make_app: MakeApp) -> None:
    assert answered_id(make_app(TRUSTED_PROXIES=1), "0af7651916cd43dd-8448eb211c80319c") == (
        "0af7651916cd43dd-8448eb211c80319c"
    )


def test_the_request_id_of_anybody_else_is_not(make_app: MakeApp) -> None:
    assert answered_id(make_app(), "0af7651916cd43dd") != "0af7651916cd43dd"


@pytest.mark.parametrize("given", ["", "short", "a" * 65, 'quote"quote"', "line line", "ümläutümläut"])
def test_a_request_id_that_is_not_well_formed_is_replaced(make_app: MakeApp, given: str) -> None:
    assert answered_id(make_app(TRUSTED_PROXIES=1), given) != given


def test_every_request_has_another_id(make_app: MakeApp) -> None:
    client = make_app().test_client()
    assert len({client.get("/healthz").headers["X-Request-ID"] for _ in range(10)}) == 10
