"""The style sheets and scripts: ours and those of others, and how they are sent."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "webapp/static"
VENDORED = [STATIC / "vendor", ROOT / "tests/browser/vendor"]


def addresses(client: FlaskClient) -> list[str]:
    """The style sheets, scripts and pictures that the pages ask for."""
    text = client.get("/").text + client.get("/engines").text
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', text)


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: folder.parent.name)
def test_what_is_vendored_is_what_the_manifest_says(folder: Path) -> None:
    packages = json.loads((folder / "vendor.json").read_text())
    for package in packages:
        assert package["integrity"].startswith("sha512-")
        assert package["licence"]
        assert any("LICENSE" in file["path"] for file in package["files"])
        for file in package["files"]:
            assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"], file["path"]
    named = {file["path"] for package in packages for file in package["files"]}
    assert {path.name for path in folder.iterdir()} == named | {"vendor.json"}


def test_every_file_of_a_page_may_be_kept_for_a_year_under_the_name_of_its_content(person: FlaskClient) -> None:
    person.post("/engines", data={"title": "Raptor", "thrust": "2300"})
    assert len(set(addresses(person))) == 8
    for address in addresses(person):
        with person.get(address) as response:
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert address.endswith(f"?v={hashlib.sha256(response.data).hexdigest()[:12]}")


def test_a_file_without_its_fingerprint_is_asked_for_again_each_time(client: FlaskClient) -> None:
    with client.get("/static/style.css") as response:
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["style.css", "enhance.js", "logo.svg"])
def test_a_file_is_compressed_for_who_can_read_that(client: FlaskClient, name: str) -> None:
    with client.get(f"/static/{name}", headers={"Accept-Encoding": "br, gzip"}) as response:
        assert (response.headers["Content-Encoding"], response.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert response.content_length == len(response.data)
        assert gzip.decompress(response.data) == (STATIC / name).read_bytes()
    with client.get(f"/static/{name}") as response:
        assert "Content-Encoding" not in response.headers
        assert response.data == (STATIC / name).read_bytes()


def test_a_compressed_file_that_has_not_changed_is_not_sent_again(client: FlaskClient) -> None:
    with client.get("/static/style.css", headers={"Accept-Encoding": "gzip"}) as response:
        tag = response.headers["ETag"]
    asked = {"Accept-Encoding": "gzip", "If-None-Match": tag}
    with client.get("/static/style.css", headers=asked) as response:
        assert (response.status_code, response.data) == (304, b"")


def test_a_file_of_a_page_that_has_not_changed_may_be_kept_for_a_year_again(client: FlaskClient) -> None:
    address = addresses(client)[0]
    with client.get(address) as response:
        tag = response.headers["ETag"]
    with client.get(address, headers={"If-None-Match": tag}) as response:
        assert response.status_code == 304
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_page_is_not_compressed(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/engines", headers={"Accept-Encoding": "gzip"}).headers


def test_a_file_that_does_not_exist_is_a_page_with_404(client: FlaskClient) -> None:
    assert client.get("/static/nothing.css").status_code == 404


@pytest.mark.parametrize("file", [*STATIC.glob("*.js"), *STATIC.glob("*.css")], ids=lambda file: file.name)
def test_nothing_of_ours_is_fetched_from_elsewhere(file: Path) -> None:
    assert not re.search(r"https?:|//[a-z]+\.|@import", file.read_text())


@pytest.mark.parametrize("template", sorted((ROOT / "webapp/templates").glob("*.html")), ids=lambda file: file.name)
def test_no_template_has_a_script_or_a_style_within(template: Path) -> None:
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|hx-on|js:", template.read_text())
