"""How the console and its assets are found and served; needs no browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.test import Client

from chalicelib.console.assets import (
    ASSETS,
    FEATURE_FOLDERS,
    STATIC,
    VIEWS,
    VIEWS_MODULE,
    Asset,
    assets,
    views_module,
)
from chalicelib.console.page import policy
from chalicelib.console.routes import routes
from chalicelib.service.feature import SERVICE

EVERY_KIND = [
    "/",
    "/assets/console.js",
    "/assets/views.js",
    "/assets/style.css",
    "/assets/icon.svg",
]


@pytest.fixture
def client() -> Iterator[Client]:
    app = Chalice(app_name="page")
    app.register_blueprint(routes)
    with Client(app) as client:
        yield client


@pytest.mark.parametrize("path", [*EVERY_KIND, "/assets/heartbeats.view.js"])
def test_everything_is_served_with_the_strict_headers(client: Client, path: str) -> None:
    served = client.http.get(path)
    assert served.status_code == 200
    assert served.headers["Content-Security-Policy"] == policy()
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert served.headers["Referrer-Policy"] == "no-referrer"
    assert served.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}'])
@pytest.mark.parametrize("path", ["/assets/console.js", "/assets/views.js"])
def test_what_the_browser_holds_is_not_sent_again(client: Client, path: str, known: str) -> None:
    tag = client.http.get(path).headers["ETag"]
    again = client.http.get(path, headers={"If-None-Match": known.format(tag)})
    assert again.status_code == 304
    assert again.body == b""
    assert again.headers["ETag"] == tag


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Froutes.py", "index.html", "vendor", "view.js", "shell.js", ""]
)
def test_a_name_is_looked_up_and_no_path(client: Client, name: str) -> None:
    assert client.http.get(f"/assets/{name}").status_code in (403, 404)


@pytest.mark.parametrize("name", ["uPlot.iife.min.js", "preact.js"])
def test_an_asset_that_was_not_built_is_not_found(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(ASSETS, name, Asset(STATIC / "nowhere" / name))
    served = client.http.get(f"/assets/{name}")
    assert served.status_code == 404
    assert "python -m web.build" in served.json_body["error"]["message"]


def test_a_view_is_found_in_the_folder_of_its_feature(client: Client) -> None:
    served = client.http.get("/assets/device_parameters.view.js").body.decode()
    folder = FEATURE_FOLDERS / "device_parameters"
    for module in folder.glob("view*.js"):
        assert f"// {module.name}" in served
    assert "export const { view }" in served


def test_the_shell_is_told_of_each_feature_that_has_a_view(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = client.http.get(f"/assets/{VIEWS}").body.decode()
    assert told == VIEWS_MODULE
    with_view = [f'"{view.parent.name}"' for view in FEATURE_FOLDERS.glob("*/view.js")]
    assert with_view
    assert all(name in told for name in [*with_view, f'"{SERVICE.name}"'])

    for feature in ("seen", "unseen"):
        (tmp_path / feature).mkdir()
    (tmp_path / "seen" / "view.js").touch()
    monkeypatch.setattr("chalicelib.console.assets.FEATURE_FOLDERS", tmp_path)
    features = ["seen", "unseen"]
    assert views_module(features, assets(features)) == 'export const FEATURES = ["seen"];\n'
