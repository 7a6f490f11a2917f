"""The page that lists the engines."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from storage import Engine


def test_the_page_says_which_backend_serves_it(fresh_app: Flask) -> None:
    storage = fresh_app.extensions["storage"]
    storage.migrations.upgrade()
    text = fresh_app.test_client().get("/").text
    assert f"Served by {storage.server_version()} (<code>{storage.backend}</code>)" in text


def test_an_empty_page_says_how_an_engine_is_added(client: FlaskClient) -> None:
    assert "by a POST to <code>/api/engines</code>" in client.get("/").text


def test_the_page_shows_every_field_of_an_engine(client: FlaskClient) -> None:
    client.post("/api/engines", json={"title": "Raptor", "thrust": 2300})
    client.post("/api/engines/1/fire")
    text = client.get("/").text
    assert '<td class="title">Raptor</td>' in text
    assert '<td class="number">2300</td>' in text
    assert '<time datetime="2026-01-31T09:30:00.123Z">2026-01-31 09:30:00 UTC</time>' in text


def test_a_title_that_looks_like_a_script_is_shown_as_text(client: FlaskClient) -> None:
    client.post("/api/engines", json={"title": "<script>alert(1)</script>"})
    text = client.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text


def test_the_link_to_the_next_page_shows_the_rest(app: Flask, client: FlaskClient) -> None:
    app.extensions["storage"].engines.add_many(Engine(title=f"Engine {number}") for number in range(1, 52))
    link = re.search(r'<a rel="next" href="([^"]+)"', client.get("/").text)
    assert link is not None
    text = client.get(link[1]).text
    assert re.findall(r'class="title">([^<]+)<', text) == ["Engine 51"]
    assert 'rel="next"' not in text


def test_a_damaged_cursor_is_a_page_with_400(client: FlaskClient) -> None:
    response = client.get("/?cursor=x")
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert "cursor is damaged" in response.text


def test_the_style_is_a_file_of_ours(client: FlaskClient) -> None:
    link = re.search(r'<link rel="stylesheet" href="([^"]+)"', client.get("/").text)
    assert link is not None
    with client.get(link[1]) as response:
        assert response.mimetype == "text/css"
