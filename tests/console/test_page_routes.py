"""How the page and its assets are served; needs no browser."""

from collections.abc import Iterator

import pytest
from chalice.app import Chalice
from chalice.test import Client

from chalicelib.console.routes import ASSETS, CONTENT_SECURITY_POLICY, STATIC, routes
from web.build import VENDOR


@pytest.fixture
def client() -> Iterator[Client]:
    app = Chalice(app_name="page")
    app.register_blueprint(routes)
    with Client(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/assets/page.js", "/assets/style.css", "/assets/icon.svg"])
def test_everything_is_served_with_the_strict_headers(client: Client, path: str) -> None:
    served = client.http.get(path)
    assert served.status_code == 200
    assert served.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Referrer-Policy"] == "no-referrer"
    assert served.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}'])
def test_what_the_browser_holds_is_not_sent_again(client: Client, known: str) -> None:
    tag = client.http.get("/assets/page.js").headers["ETag"]
    again = client.http.get("/assets/page.js", headers={"If-None-Match": known.format(tag)})
    assert again.status_code == 304
    assert again.body == b""
    assert again.headers["ETag"] == tag


@pytest.mark.parametrize("name", ["nothing.js", "..%2Froutes.py", "index.html", "vendor", ""])
def test_a_name_is_looked_up_and_no_path(client: Client, name: str) -> None:
    assert client.http.get(f"/assets/{name}").status_code in (403, 404)


def test_an_asset_that_was_not_built_is_not_found(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.console.routes.STATIC", STATIC / "nowhere")
    served = client.http.get("/assets/uPlot.iife.min.js")
    assert served.status_code == 404
    assert "python -m web.build" in served.json_body["error"]["message"]


def test_every_file_is_in_the_table_and_every_name_has_a_file() -> None:
    here = {path for path in STATIC.rglob("*") if path.is_file() and path.parent != VENDOR}
    listed = {STATIC / asset.file for asset in ASSETS.values() if "vendor/" not in asset.file}
    assert listed == here - {STATIC / "index.html"}


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.*"), key=str), ids=lambda path: path.name)
def test_nothing_is_inline_and_nothing_is_read_as_html(file: object) -> None:
    text = (STATIC / str(file)).read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in text
    assert " style=" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
