"""The chart library is copied beside the page when it differs, and only then."""

from pathlib import Path

import pytest

from web import build


def test_what_differs_is_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist, vendor = tmp_path / "dist", tmp_path / "vendor"
    dist.mkdir()
    for name in build.FILES:
        (dist / name).write_text("first")
    monkeypatch.setattr(build, "DIST", dist)
    monkeypatch.setattr(build, "VENDOR", vendor)
    monkeypatch.setattr(build, "find_node", lambda: None)
    monkeypatch.setattr(build, "install_packages", lambda project, node: None)

    assert build.build() == [vendor / name for name in build.FILES]
    assert build.build() == []
    (dist / build.FILES[0]).write_text("second")
    assert build.build() == [vendor / build.FILES[0]]
    assert {path.name for path in vendor.iterdir()} == set(build.FILES)
