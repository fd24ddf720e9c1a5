"""The feature of docs/adding-a-feature.md, put into a copy of the project."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox import PROJECT

GUIDE = PROJECT / "docs" / "adding-a-feature.md"
REGISTER = "chalicelib/features/__init__.py"
TRIGGERS = "app.py"
# What a checkout holds besides, and what the copy needs no second time.
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "build", "bench", "tests"
)
_FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PASSAGE = re.compile(r"^```(?:python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Guide:
    """What the page says: the new files by path, and the passages for the two that exist."""

    files: dict[str, str]
    register_import: str
    register_line: str
    trigger_imports: str
    triggers: str


def read_guide() -> Guide:
    """The page as it stands."""
    page = GUIDE.read_text("utf-8")
    files = {path: text for path, text in _FILE.findall(page)}
    passages = _PASSAGE.findall(page.partition("## The line and the triggers")[2])
    return Guide(files, *passages[:4])


def follow(guide: Guide, root: Path) -> None:
    """Do in a copy of the project at *root* what the page says."""
    shutil.copytree(PROJECT, root, ignore=_LEFT_OUT, symlinks=True)
    for path, text in guide.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    feature = next(path for path in guide.files if path.endswith("/feature.py"))
    (root / feature).with_name("__init__.py").touch()
    _insert(root / REGISTER, guide.register_import, before="\nFEATURES")
    _insert(root / REGISTER, guide.register_line, before=")\n\n\ndef modules")
    _insert(root / TRIGGERS, guide.trigger_imports, before="from chalicelib.http")
    _insert(root / TRIGGERS, f"{guide.triggers}\n\n", before="gate.close(")


def _insert(path: Path, text: str, before: str) -> None:
    content = path.read_text("utf-8")
    head, found, tail = content.partition(before)
    assert found, f"{path.name} has no {before!r}"
    path.write_text(head + text + found + tail, "utf-8")


def contents(root: Path) -> dict[str, bytes]:
    """Every file below *root* that a commit could hold, by path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {"node_modules", "__pycache__", "vendor"} & set(path.parts)
    }
