"""The API neither reads nor sets a cookie."""

from __future__ import annotations

from flask import Flask, session

from webapp.auth.access import needs


def test_a_session_is_there_for_pages_and_not_for_the_api(app: Flask) -> None:
    @needs(None)
    def remember() -> dict[str, object]:
        return dict(session)

    app.add_url_rule("/remember", "remember", remember)
    app.add_url_rule("/api/remember", "api_remember", remember)
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["seen"] = 7
    assert client.get("/remember").get_json() == {"seen": 7}
    assert client.get("/api/remember").get_json() == {}
