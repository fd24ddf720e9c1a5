"""What the documents lead to, draw and tell people to type is there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from cli import cli
from tests.house.markdown import anchors
from tests.sandbox import PROJECT

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*)")
_SHELLS = ("console", "sh")
_ELSEWHERE = ("http://", "https://", "mailto:")
# What stands for something else, and the feature that only the guide has.
_PLACEHOLDER = re.compile(r"[<>…*{}$ ]|visits")
_UNLISTED = "__init__.py"


@cache
def tracked() -> frozenset[str]:
    """Every file that is committed, and every folder, relative to the project."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    files = [Path(line) for line in listed.stdout.splitlines()]
    folders = {parent.as_posix() for file in files for parent in file.parents}
    return frozenset({file.as_posix() for file in files} | folders)


PAGES = sorted(name for name in tracked() if name.endswith(".md"))


def _text(page: str) -> str:
    return (PROJECT / page).read_text("utf-8")


def _prose(page: str) -> str:
    return _FENCED.sub("", _text(page))


def _typed(page: str) -> Iterator[str]:
    """Whatever *page* shows as something to type, a command at a time and without remarks."""
    yield from _SPAN.findall(_prose(page))
    for _, language, block in _FENCED.findall(_text(page)):
        if language in _SHELLS:
            yield from (line.partition(" #")[0] for line in block.splitlines())


def _targets_of(command: str) -> list[str]:
    """The targets in `VARIABLE=value make one two VARIABLE=value`."""
    found = re.match(r"\s*\$?\s*(?:\S+=.* )?make (.*)", command)
    words = shlex.split(found[1]) if found else []
    return [word for word in words if "=" not in word]


def _links(page: str) -> list[str]:
    found = _LINK.findall(_SPAN.sub("", _prose(page)))
    return [link for link in found if not link.startswith(_ELSEWHERE)]


def _target(page: str, link: str) -> tuple[str, str]:
    """The file and the anchor that *link* in *page* leads to."""
    path, _, anchor = link.partition("#")
    if not path:
        return page, anchor
    leads_to = ((PROJECT / page).parent / path).resolve()
    return leads_to.relative_to(PROJECT).as_posix(), anchor


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_to_a_file_that_is_committed(page: str) -> None:
    dead = [link for link in _links(page) if _target(page, link)[0] not in tracked()]
    assert dead == []


@pytest.mark.parametrize("page", PAGES)
def test_an_anchor_leads_to_a_heading(page: str) -> None:
    targets = {link: _target(page, link) for link in _links(page) if "#" in link}
    dead = [
        link
        for link, (file, anchor) in targets.items()
        if file in tracked() and anchor not in anchors(PROJECT / file)
    ]
    assert dead == []


@pytest.mark.parametrize("page", PAGES)
def test_a_path_in_a_text_is_there(page: str) -> None:
    top = {name.partition("/")[0] for name in tracked() if "/" in name}
    named = {span.rstrip("/") for span in _SPAN.findall(_prose(page)) if "/" in span}
    ours = {
        span for span in named if span.partition("/")[0] in top and not _PLACEHOLDER.search(span)
    }
    assert ours - tracked() == set()


@pytest.mark.parametrize("page", PAGES)
def test_make_knows_the_targets_that_are_named(page: str) -> None:
    known = set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))
    named = {target for command in _typed(page) for target in _targets_of(command)}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_the_command_line_knows_what_is_named(page: str) -> None:
    for command in _typed(page):
        for name, rest in re.findall(r"\bcli\.py ([a-z-]+)(.*)", command):
            assert name in cli.commands, command
            assert set(_OPTION.findall(rest)) <= _options_of(cli.commands[name]), command


def _options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("page", PAGES)
def test_a_module_that_is_to_be_run_is_there(page: str) -> None:
    named = {name for command in _typed(page) for name in re.findall(r" -m ([\w.]+)", command)}
    assert [name for name in sorted(named) if find_spec(name) is None] == []


def _drawn(page: str) -> dict[str, list[str]]:
    """The tree in *page*: the names in each of its folders, by the folder; `""` is the top."""
    [tree] = [
        block
        for _, language, block in _FENCED.findall(_text(page))
        if not language and re.search(r"\.py  ", block)
    ]
    folders: dict[str, list[str]] = {}
    folder = ""
    for line in tree.splitlines():
        names = [name.rstrip("/") for name in re.split(r"\s{2,}", line.strip())[0].split()]
        if line.startswith(" "):
            folders[folder] = [*folders.get(folder, []), *names]
        else:
            folders[""] = [*folders.get("", []), *names]
            folder = names[-1]
    return folders


def _inside(folder: str) -> list[str]:
    paths = (Path(name) for name in tracked() if name != ".")
    return sorted(path.name for path in paths if path.parent.as_posix() == folder)


def _folders_inside(folder: str) -> list[str]:
    return [name for name in _inside(folder) if (PROJECT / folder / name).is_dir()]


def test_the_tree_of_the_readme_is_the_tree() -> None:
    drawn = _drawn("README.md")
    assert sorted(drawn[""]) == _inside(".")
    assert sorted(drawn["chalicelib"]) == _folders_inside("chalicelib")


def test_the_tree_of_the_layout_is_the_tree() -> None:
    drawn = _drawn("docs/layout.md")
    assert sorted(drawn[""]) == [name for name in _inside("chalicelib") if name != _UNLISTED]
    assert sorted(drawn["features"]) == _folders_inside("chalicelib/features")
