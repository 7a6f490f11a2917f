"""The list of engines: pages, orders, filters, and what is refused."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

ENGINES = [
    {"title": "Raptor", "thrust": 2300, "last_fired": "2026-01-01T00:00:00Z"},
    {"title": "Merlin", "thrust": 845, "last_fired": "2026-01-02T00:00:00Z"},
    {"title": "raptor vacuum", "thrust": 2500},
    {"title": "Rutherford", "thrust": -25},
    {"title": "100% Ion_drive", "thrust": 0, "last_fired": "2026-01-03T00:00:00Z"},
]


@pytest.fixture(autouse=True)
def engines(client: FlaskClient) -> None:
    """Five engines, with the ids 1 to 5."""
    for engine in ENGINES:
        client.post("/api/engines", json=engine)


def listed(client: FlaskClient, **parameters: object) -> list[int]:
    response = client.get("/api/engines", query_string=parameters)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.get_json()["items"]]


def refused(client: FlaskClient, query: str) -> dict[str, str]:
    response = client.get(f"/api/engines?{query}")
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    return {error["field"]: error["detail"] for error in response.get_json()["errors"]}


def test_the_last_page_has_no_next_one(client: FlaskClient) -> None:
    assert client.get("/api/engines").get_json()["next"] is None


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("id", [1, 2, 3, 4, 5]),
        ("-id", [5, 4, 3, 2, 1]),
        ("title", [5, 2, 1, 4, 3]),
        ("-thrust", [3, 1, 2, 5, 4]),
        ("last_fired", [3, 4, 1, 2, 5]),
        ("-last_fired", [5, 2, 1, 4, 3]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_walking_the_cursors_gives_every_engine_once_in_order(
    client: FlaskClient, sort: str, ids: list[int], limit: int
) -> None:
    walked, cursor = [], {}
    while True:
        page = client.get("/api/engines", query_string={"sort": sort, "limit": limit, **cursor}).get_json()
        walked += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert walked == ids


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"q": "RAPTOR"}, [1, 3]),
        ({"q": "% ion_"}, [5]),
        ({"q": "_"}, [5]),
        ({"q": ""}, [1, 2, 3, 4, 5]),
        ({"title": "Raptor"}, [1]),
        ({"title": "raptor"}, []),
        ({"thrust_min": 0, "thrust_max": 2300}, [1, 2, 5]),
        ({"thrust_max": -25}, [4]),
        ({"fired": "true"}, [1, 2, 5]),
        ({"fired": "false"}, [3, 4]),
        ({"fired_after": "2026-01-01T00:00:00Z", "fired_before": "2026-01-03T01:00:00+01:00"}, [2]),
        ({"q": "raptor", "fired": "true"}, [1]),
    ],
)
def test_filters_narrow_the_list(client: FlaskClient, filters: dict[str, object], ids: list[int]) -> None:
    assert listed(client, **filters) == ids


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("colour=red", {"colour"}),
        ("sort=id&sort=title", {"sort"}),
        ("sort=version", {"sort"}),
        ("sort=--id", {"sort"}),
        ("sort=title_key", {"sort"}),
        ("sort=title,id", {"sort"}),
        ("sort=", {"sort"}),
        ("limit=0", {"limit"}),
        ("limit=1001", {"limit"}),
        ("limit=x", {"limit"}),
        ("limit=%D9%A1", {"limit"}),
        ("limit=" + "9" * 5000, {"limit"}),
        ("cursor=", {"cursor"}),
        ("cursor=x", {"cursor"}),
        ("cursor=%F0%9F%9A%80", {"cursor"}),
        ("q=%00", {"q"}),
        ("title=", {"title"}),
        ("title=%00&q=%00", {"title"}),
        ("thrust_min=1.5", {"thrust_min"}),
        ("thrust_min=&thrust_max=2147483648", {"thrust_min", "thrust_max"}),
        ("thrust_min[$gt]=1", {"thrust_min[$gt]"}),
        ("fired=1", {"fired"}),
        ("fired_after=2026-01-01", {"fired_after"}),
        ("fired_before=0999-01-01T00:00:00Z&limit=x", {"fired_before", "limit"}),
    ],
)
def test_what_is_wrong_with_the_parameters_is_named(client: FlaskClient, query: str, names: set[str]) -> None:
    assert set(refused(client, query)) == names


def test_a_cursor_of_another_order_is_refused(client: FlaskClient) -> None:
    cursor = client.get("/api/engines?sort=title&limit=1").get_json()["next"]
    assert "another query" in refused(client, f"sort=-title&cursor={cursor}")["cursor"]


def test_a_cursor_of_other_filters_is_refused(client: FlaskClient) -> None:
    cursor = client.get("/api/engines?q=r&limit=1").get_json()["next"]
    assert "another query" in refused(client, f"q=s&cursor={cursor}")["cursor"]


def test_the_limit_may_change_between_pages(client: FlaskClient) -> None:
    cursor = client.get("/api/engines?limit=1").get_json()["next"]
    assert listed(client, limit=3, cursor=cursor) == [2, 3, 4]


def links(client: FlaskClient, query: str = "") -> dict[str, str]:
    header = client.get(f"/api/engines{query}").headers["Link"]
    return {relation: address for address, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', header)}


def test_the_link_to_the_next_page_carries_the_whole_query(client: FlaskClient) -> None:
    query = "?q=r&sort=-thrust&fired_after=2025-01-01T00:00:00%2B01:00&limit=1"
    assert listed_at(client, links(client, query)["next"]) == [2]


def test_the_links_can_be_walked_to_the_last_page_and_back_to_the_first(client: FlaskClient) -> None:
    pages, address = [], "/api/engines?limit=2"
    while address:
        pages.append(listed_at(client, address))
        found = links(client, address.removeprefix("/api/engines"))
        address = found.get("next", "")
    assert pages == [[1, 2], [3, 4], [5]]
    assert listed_at(client, found["first"]) == [1, 2]


def listed_at(client: FlaskClient, address: str) -> list[int]:
    return [item["id"] for item in client.get(address).get_json()["items"]]
