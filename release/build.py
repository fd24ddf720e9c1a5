"""From a checkout to a package that can be deployed."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from release import archive, bytecode, checks, contents, interpreter, template
from release.chalice_package import TEMPLATE, ZIP, chalice_package, region
from release.project import Project, require_stage
from release.template import Function


@dataclass(frozen=True)
class Release:
    """What was made, and what there is to say about it."""

    out: Path
    runtime: str
    functions: list[Function]
    sizes: dict[str, int]
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
    """Leave `deployment.zip` and `sam.json` in *out*.

    Raises `ReleaseRefusedError`, and then leaves neither, not even those of an earlier one:
    what is there may be deployed.
    """
    withdraw(out)
    runtime = interpreter.runtime()
    require_stage(project, stage)
    checks.require_page(project)
    with TemporaryDirectory(prefix="release-") as folder:
        made = Path(folder)
        chalice_package(project, stage, made)
        declared = template.functions(made / TEMPLATE)
        checks.require_functions(declared, runtime)
        remarks = template.lint(made / TEMPLATE, region())
        _rewrite(made, project)
        sizes = archive.sizes(made / ZIP)
        checks.require_size((made / ZIP).stat().st_size, sum(sizes.values()))
        _hand_over(made, out)
    return Release(out, runtime, declared, sizes, [*interpreter.warnings(), *remarks])


def withdraw(out: Path) -> None:
    """Remove an earlier package from *out*."""
    for name in (ZIP, TEMPLATE):
        (out / name).unlink(missing_ok=True)


def _rewrite(made: Path, project: Project) -> None:
    """Chalice's zip with bytecode, and without what never runs."""
    root = made / "root"
    archive.unpack(made / ZIP, root)
    checks.require_wheels(root, project.requirements())
    checks.require_migrations(root, project)
    contents.leave_out_dead_weight(root)
    bytecode.compile_below(root)
    archive.pack(root, made / ZIP)


def _hand_over(made: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in (ZIP, TEMPLATE):
        shutil.copyfile(made / name, out / name)
