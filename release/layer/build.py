"""From the pinned wheel to the zip that Lambda unpacks to /opt."""

import ast
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from release import archive, bytecode, interpreter
from release.errors import ReleaseRefusedError
from release.layer import contents, trial, wheel
from release.project import Project

ZIP = "pyarrow-layer.zip"
# Lambda has it in the search path, behind the function's own package.
FOLDER = "python"
PLACE = f"/opt/{FOLDER}"
_LIBRARY = "pyarrow"


@dataclass(frozen=True)
class BuiltLayer:
    """A layer that was made, with its sizes and the remarks about it."""

    requirement: str
    zipped: int
    unzipped: int
    remarks: list[str]


def build(project: Project, task_root: Path, target: Path) -> BuiltLayer:
    """Leave `pyarrow-layer.zip` in *target*, for the package that is unpacked at *task_root*.

    Raises `ReleaseRefusedError` where the loads in that package would not start with it.
    """
    requirement = project.layer_requirement()
    root = target / "layer"
    fetched = wheel.fetch(requirement, target / "wheels")
    archive.unpack(fetched.path, root / FOLDER)
    contents.leave_out_what_reads_no_parquet(root / FOLDER)
    bytecode.compile_below(root / FOLDER, PLACE)
    tried = try_out(task_root, root / FOLDER)
    archive.pack(root, target / ZIP)
    sizes = archive.sizes(target / ZIP)
    return BuiltLayer(
        requirement=str(requirement),
        zipped=(target / ZIP).stat().st_size,
        unzipped=sum(sizes.values()),
        remarks=[*tried, *glibc_warnings(str(requirement), fetched.glibc)],
    )


def glibc_warnings(
    requirement: str, glibc: tuple[int, int], version: tuple[int, int] = sys.version_info[:2]
) -> list[str]:
    """A warning where the wheel needs a newer system than Lambda's.

    The functions without the layer run there all the same.
    """
    there = interpreter.GLIBC[version]
    if glibc <= there:
        return []
    return [
        f"{requirement} needs glibc {_written(glibc)}, and Lambda's python{_written(version)} has "
        f"{_written(there)}: the functions that use {ZIP} will fail there. Package with Python "
        "3.12 or 3.13."
    ]


def layered(root: Path) -> list[str]:
    """The modules of the application below *root* that import what the layer carries."""
    paths = sorted((root / "chalicelib").rglob("*.py"))
    return [_module(path.relative_to(root)) for path in paths if _imports_library(path)]


def try_out(task_root: Path, layer: Path) -> list[str]:
    """Remarks on it; raises `ReleaseRefusedError` where the loads do not start with *layer*."""
    if (platform.system(), platform.machine()) != ("Linux", wheel.ARCHITECTURE):
        return [f"{ZIP} was not tried out: this machine is no Linux on {wheel.ARCHITECTURE}"]
    program = [sys.executable, "-I", "-S", "-W", "error", trial.__file__]
    done = subprocess.run(
        [*program, str(task_root), str(layer), *layered(task_root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseRefusedError(f"the layer lacks what the loads use:\n{done.stdout.strip()}")
    return []


def _imports_library(path: Path) -> bool:
    return any(
        name.partition(".")[0] == _LIBRARY
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    )


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def _module(path: Path) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def _written(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
