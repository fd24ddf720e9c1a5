"""The reference: a section for each kind of thing, a table for each feature that has some."""

from collections.abc import Iterable
from pathlib import Path

from chalicelib.http.routes import Route
from reference import application, aws
from reference.markdown import section
from stack.declared import Declared

PATH = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
_HEAD = """\
# Reference

What each feature has, and what surrounds it in AWS: written from the declarations by
`make reference`. [Operations](operations.md) says how to run it."""


def document(declared: Declared, routes: Iterable[Route]) -> str:
    """The whole document."""
    answered = list(routes)
    sections = [
        section("Routes", application.ROLES, *application.routes(declared, answered)),
        section("Settings", application.ENVIRONMENT, *application.settings(declared)),
        section("Database", application.RIGHTS, *application.objects(declared)),
        section("Functions", *aws.functions_of(declared)),
        section("Parameters of the stack", *aws.parameters_of(declared)),
        section("Metrics", aws.DIMENSIONS, *aws.metrics_of(declared)),
        section("Alarms", aws.alarms_of(declared)),
        section("Cost of monitoring", aws.PRICES, aws.cost_of(declared)),
    ]
    return "\n\n".join([_HEAD, *sections]) + "\n"
