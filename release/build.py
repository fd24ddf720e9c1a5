"""From a checkout to a package that can be deployed."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from release import archive, bytecode, checks, contents, interpreter, template
from release.chalice_package import TEMPLATE, ZIP, chalice_package, region
from release.layer import build as layers
from release.layer.build import BuiltLayer
from release.project import Project, require_stage
from release.template import PackagedFunction

_ROOT = "root"
_MADE = (ZIP, TEMPLATE, layers.ZIP)


@dataclass(frozen=True)
class Release:
    """A package that was made, with its sizes and the remarks about it."""

    out: Path
    runtime: str
    functions: list[PackagedFunction]
    sizes: dict[str, int]
    layer: BuiltLayer | None
    remarks: list[str]

    @property
    def zipped(self) -> int:
        """Bytes to upload."""
        return (self.out / ZIP).stat().st_size

    @property
    def unzipped(self) -> int:
        """Bytes in Lambda's task root."""
        return sum(self.sizes.values())


def build(project: Project, stage: str, out: Path) -> Release:
    """Leave `deployment.zip` and `sam.json` in *out*, and the layer where a function has it.

    Raises `ReleaseRefusedError`, and then leaves none of them, not even those of an earlier build:
    whatever is there may be deployed.
    """
    withdraw(out)
    runtime = interpreter.runtime()
    require_stage(project, stage)
    checks.require_page(project)
    with TemporaryDirectory(prefix="release-") as folder:
        made = Path(folder)
        chalice_package(project, stage, made)
        template.say_what_layers_run_on(made / TEMPLATE, runtime)
        declared = template.functions(made / TEMPLATE)
        checks.require_functions(declared, runtime)
        remarks = [*interpreter.warnings(), *template.lint(made / TEMPLATE, region())]
        _rewrite(made, project)
        sizes = archive.sizes(made / ZIP)
        layer = _layer(project, declared, made)
        _require_sizes(made, sizes, layer)
        _hand_over(made, out)
    return Release(
        out, runtime, declared, sizes, layer, [*remarks, *(layer.remarks if layer else ())]
    )


def withdraw(out: Path) -> None:
    """Remove an earlier package from *out*."""
    for name in _MADE:
        (out / name).unlink(missing_ok=True)


def _rewrite(made: Path, project: Project) -> None:
    """Add bytecode to Chalice's zip, and remove what never runs."""
    root = made / _ROOT
    archive.unpack(made / ZIP, root)
    checks.require_wheels(root, project.requirements())
    checks.require_migrations(root, project)
    contents.leave_out_dead_weight(root)
    bytecode.compile_below(root)
    archive.pack(root, made / ZIP)


def _layer(project: Project, functions: list[PackagedFunction], made: Path) -> BuiltLayer | None:
    """The layer, tried out with the package.

    It takes long to make, so it is made only where a function has it.
    """
    if not any(function.layers for function in functions):
        return None
    return layers.build(project, made / _ROOT, made)


def _require_sizes(made: Path, sizes: dict[str, int], layer: BuiltLayer | None) -> None:
    """Each zip has to fit an upload, and all of them together, unpacked, a function."""
    checks.require_size((made / ZIP).stat().st_size, sum(sizes.values()))
    if layer:
        checks.require_size(layer.zipped, layer.unzipped, "the layer")
        together = sum(sizes.values()) + layer.unzipped
        checks.require_size(0, together, "the package with its layer")


def _hand_over(made: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in _MADE:
        if (made / name).is_file():
            shutil.copyfile(made / name, out / name)
