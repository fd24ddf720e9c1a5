"""A container as Lambda starts it: the runtime's own client, the package, and nothing else."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Any

from packaging.requirements import Requirement

from lambdaenv.errors import ContainerError
from lambdaenv.runtime_api import Answer, RuntimeApi

# What Lambda's Python images carry in /var/runtime.
RUNTIME_DISTRIBUTIONS = ("awslambdaric", "boto3")
# How Lambda's own record of an error begins, with its log format set to text.
RUNTIME_RECORD = "[ERROR]"
_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_INIT_SECONDS = 20.0
# The packages of this environment stay out; what Lambda brings along is on PYTHONPATH.
INTERPRETER = (sys.executable, "-s", "-S")


def link_runtime(target: Path) -> None:
    """Put links to the distributions of Lambda's runtime into *target*."""
    for name in sorted(_closure(RUNTIME_DISTRIBUTIONS)):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "")}:
            if top != "__pycache__":
                (target / top).symlink_to(Path(str(found.locate_file(top))))


def _closure(names: tuple[str, ...]) -> set[str]:
    known: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            needed = [Requirement(line) for line in distribution(name).requires or ()]
            waiting += [
                need.name
                for need in needed
                if not need.marker or need.marker.evaluate({"extra": ""})
            ]
    return known


class Container(AbstractContextManager["Container"]):
    """One execution environment of a function, from its first event to its end.

    *opt* is where its layers are unpacked, if it has any.
    """

    def __init__(
        self,
        root: Path,
        runtime: Path,
        handler: str,
        variables: dict[str, str],
        output: Path,
        opt: Path | None = None,
    ) -> None:
        self.root = root
        self._output = output
        self._read_until = 0
        self._api = RuntimeApi()
        with output.open("wb") as stream:
            self._process = subprocess.Popen(
                [*INTERPRETER, "-m", "awslambdaric", handler],
                cwd=root,
                env=environment(root, runtime, handler, self._api.address, variables, opt),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def invoke(self, event: object, seconds: float = 20) -> Answer:
        """The answer to *event*, within *seconds*.

        A function that gives none by then is killed, and `ContainerError` is raised.
        """
        answer = self.invoke_until_killed(event, seconds)
        if answer is None:
            raise ContainerError(f"timed out after {seconds} seconds:\n{self.output()}")
        return answer

    def invoke_until_killed(self, event: object, seconds: float) -> Answer | None:
        """The answer to *event*, or None where the function gave none in time and was killed."""
        self._read_until = self._output.stat().st_size
        answer = self._api.invoke(event, seconds)
        if answer is None:
            self.kill()
        return answer

    def wait_for_init_error(self) -> Answer:
        """The report of a function that cannot even start."""
        answer = self._api.wait(_INIT_SECONDS)
        if answer is None:
            raise ContainerError(f"no error at its start:\n{self.output()}")
        return answer

    def wait_until_started(self) -> None:
        """Return when the function has been imported and asks for its first event."""
        if not self._api.has_started.wait(_INIT_SECONDS):
            raise ContainerError(f"not started after {_INIT_SECONDS} seconds:\n{self.output()}")

    def output(self) -> str:
        """Everything written since the container was started."""
        return self._output.read_text(encoding="utf-8")

    def log(self) -> list[dict[str, Any]]:
        """What the last invocation logged; raises `ValueError` for a line that is not JSON."""
        with self._output.open("rb") as stream:
            stream.seek(self._read_until)
            # Lambda takes a line feed as the end of a record; an error's own lines end otherwise.
            lines = stream.read().decode().rstrip("\n").split("\n")
        return [json.loads(line) for line in lines if line and not line.startswith(RUNTIME_RECORD)]

    def peak_memory_mb(self) -> float:
        """The most memory that it has had at once, in megabytes."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

    def cpu_seconds(self) -> float:
        """How long its threads have been on a processor."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it in the middle of whatever it does, as Lambda does at the deadline."""
        self._process.kill()
        self._process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._api.__exit__(kind, error, trace)


def environment(
    root: Path,
    runtime: Path,
    handler: str,
    address: str,
    variables: dict[str, str],
    opt: Path | None = None,
) -> dict[str, str]:
    """What Lambda sets, and what the function's configuration adds.

    It looks into its package first, then into its layers, then into what the runtime has.
    """
    name = f"device-parameters-prod-{handler.rpartition('.')[2]}"
    return {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{_RUNTIME}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": ":".join([*([str(opt / "python")] if opt else []), str(runtime)]),
        "TZ": ":UTC",
        "_HANDLER": handler,
        **variables,
    }
