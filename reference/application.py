"""What the application has by itself: routes, settings, objects in the database."""

from collections.abc import Iterable, Iterator
from inspect import getdoc

from chalicelib.feature import Setting
from chalicelib.http.routes import Route
from migrations.preflight import SOURCE_TABLES
from reference.markdown import Row, code, table
from stack import database_roles
from stack.declared import Declared, title

ROLES = """\
A `viewer` reads, an `operator` also starts things, an `admin` may do everything; a `device` stands
apart, and sends what devices send. Routes of the scope `platform` are for tokens that name no
organization. `GET /openapi.json` describes bodies and parameters."""
ENVIRONMENT = """\
All of them are environment variables. A missing or malformed one is named in one sentence: exit
code 2 on the command line, a failed run in Lambda."""
RIGHTS = f"""\
All objects are in the schema `iot_data`. [Database roles](database-roles.md) says how the roles are
made, and what they need besides. Aggregates belong to
`{database_roles.role_name(database_roles.REFRESH)}`, which may read what they are made from."""


def routes(declared: Declared, answered: Iterable[Route]) -> Iterator[str]:
    """Who may call what, feature by feature, in the order of app.py."""
    known = list(answered)
    head = ("method", "path", "least role", "scope", "what it does")
    for feature in declared:
        own = [_route(route) for route in known if route.feature.name == feature.name]
        yield table(f"Routes: {title(feature)}", head, own)


def settings(declared: Declared) -> Iterator[str]:
    """The environment variables of each feature."""
    head = ("variable", "default", "what it decides")
    for feature in declared:
        rows = [_setting(setting) for setting in feature.settings]
        yield table(f"Settings: {title(feature)}", head, rows)


def objects(declared: Declared) -> Iterator[str]:
    """What each feature keeps, and which role may do what with it."""
    roles = database_roles.roles(declared)
    head = ("object", "what it holds", *(code(database_roles.role_name(role)) for role in roles))
    for feature in declared:
        rows = [
            (code(name), holds, *_rights(name, declared)) for name, holds in feature.objects.items()
        ]
        yield table(f"Objects: {title(feature)}", head, rows)
    others = [(code(name), "", *_rights(name, declared)) for name in SOURCE_TABLES]
    yield table("Objects of the platform", head, others)


def _route(route: Route) -> Row:
    least, scope = route.requirement.least, route.requirement.scope
    methods = [method for method in route.methods if method != "HEAD"]
    return (
        ", ".join(methods),
        code(route.address),
        code(least.value) if least else "",
        scope.value,
        (getdoc(route.view) or "").partition("\n\n")[0].replace("\n", " "),
    )


def _setting(setting: Setting[object]) -> Row:
    decides = setting.decides
    if setting.former_name:
        decides += f" Its former name `{setting.former_name}` counts where it is not set."
    return code(setting.name), _default(setting), decides


def _default(setting: Setting[object]) -> str:
    default = code(setting.default) or ("" if setting.is_optional else "required")
    if setting.in_stage in (None, setting.default):
        return default
    deployed = f"{code(setting.in_stage)} in a stage"
    return f"{default}; {deployed}" if default else deployed


def _rights(name: str, declared: Declared) -> Iterator[str]:
    owned = name in database_roles.aggregates(declared)
    for role in database_roles.roles(declared):
        held = [
            ", ".join(right.privileges)
            for rights in database_roles.rights(role, declared).values()
            for right in rights
            if right.name == name
        ]
        yield "refreshes it" if owned and role == database_roles.RUNTIME else "".join(held)
