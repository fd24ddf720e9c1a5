"""`chalice package`, on a clean copy and in a clean environment."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from release.errors import ReleaseRefusedError
from release.project import Project

# `chalice package` needs a region, and writes none into the template.
REGION_PLACEHOLDER = "us-east-1"
ZIP, TEMPLATE = "deployment.zip", "sam.json"
_MISSING = "Could not install dependencies:\n"
# Read when app.py is imported: what is deployed is for the stage to say, not for this terminal.
_OF_THE_STAGE = ("AUTH_MODE", "CORS_ALLOW_ORIGIN", "LOG_LEVEL")


def chalice_package(project: Project, stage: str, out: Path) -> None:
    """Leave `deployment.zip` and `sam.json` in *out*.

    Raises `ReleaseRefusedError` where Chalice fails, and where it should have failed: it prints
    only a remark when there is no wheel, and goes on.
    """
    with TemporaryDirectory(prefix="release-") as folder:
        staged = Path(folder) / "project"
        staged.mkdir()
        project.copy_to(staged)
        command = [_script("chalice"), "package", "--stage", stage]
        command += ["--merge-template", ".chalice/resources.json", str(out.resolve())]
        done = subprocess.run(
            command,
            cwd=staged,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    require_success(done.returncode, done.stdout)


def require_success(exit_code: int, output: str) -> None:
    """Raise `ReleaseRefusedError` for what Chalice reports, whatever its exit code."""
    if exit_code:
        raise ReleaseRefusedError(f"chalice package failed:\n{output.strip()}")
    if _MISSING in output:
        wheels = output.partition(_MISSING)[2].split("You will have to", 1)[0].split()
        raise ReleaseRefusedError(
            f"there is no wheel for Lambda of {', '.join(wheels)}: pin a version that has one, or "
            "put the built package into vendor/"
        )


def region() -> str:
    """The region that this terminal deploys to, or a placeholder where it names none."""
    return os.environ.get("AWS_DEFAULT_REGION") or REGION_PLACEHOLDER


def _script(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_STAGE}
    # Importing the application must not leave anything beside what is then packaged.
    return {**kept, "AWS_DEFAULT_REGION": region(), "PYTHONDONTWRITEBYTECODE": "1"}
