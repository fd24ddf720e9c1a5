"""Which AWS calls the code can make, read from its source, and from which function."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp

from tests.package.packaged import function_names
from tests.sandbox import PROJECT

# Permissions that have other names than the SDK's, which are the service and its operation.
_ACTIONS = {
    "lambda.invoke": "lambda:InvokeFunction",
    # A form can do what whoever has signed it can.
    "s3.generate_presigned_post": "s3:PutObject",
    "s3.head_object": "s3:GetObject",
    "sqs.send_message_batch": "sqs:SendMessage",
}
_SERVICES = {"timestream-write": "timestream"}
# Permissions that a call needs besides its own, to be answered as the code expects.
_BESIDES = {
    # Without it, S3 answers that an object that is missing is forbidden.
    "s3.head_object": {"s3:ListBucket"},
    # The SDK asks which address to write to.
    "timestream-write.write_records": {"timestream:DescribeEndpoints"},
}
# Actions that know no resources.
WITHOUT_RESOURCES = {
    "iot:AttachThingPrincipal",
    "iot:CreateCertificateFromCsr",
    "iot:DescribeEndpoint",
    "iot:DetachThingPrincipal",
    "iot:ListCertificates",
    "timestream:DescribeEndpoints",
}
# Resources that have no name when the application is deployed: their ids are made later.
MADE_LATER = (":cert/*", ":thing/*")
# Attributes of a client that call nothing.
_LOCAL = ("meta",)


class UnreadableCallError(Exception):
    """boto3 is used in a way that this reading does not follow."""


def actions_of(call: str) -> set[str]:
    """The permissions that a call such as `lambda.invoke` takes."""
    service, _, operation = call.partition(".")
    words = "".join(word.capitalize() for word in operation.split("_"))
    named = f"{_SERVICES.get(service, service)}:{words}"
    return {_ACTIONS.get(call, named), *_BESIDES.get(call, ())}


def calls_in(source: str) -> set[str]:
    """Calls such as `lambda.invoke`, of clients made by `boto3.client("lambda")`.

    A client may be called at once, be assigned to a name, be returned by a function, or be handed
    to one under the name of its service. Whatever else is done with one is an error rather than
    overlooked.
    """
    tree = ast.parse(source)
    makers = _makers(tree)
    calls = {
        f"{service}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr not in _LOCAL
        for service in _services_of(node.value, tree, makers)
    }
    if _imports_boto3(tree) and not calls:
        raise UnreadableCallError("boto3 is imported, but none of its clients is called")
    return calls


@cache
def calls_by_module() -> dict[str, set[str]]:
    """The calls of every module that makes any."""
    found = {
        _module(path): calls_in(path.read_text("utf-8"))
        for path in sorted((PROJECT / "chalicelib").rglob("*.py"))
    }
    return {module: calls for module, calls in found.items() if calls}


@cache
def modules_reached() -> dict[str, set[str]]:
    """By function, the modules that its handler in app.py names, and all that these import."""
    graph = grimp.build_graph("chalicelib", cache_dir=None)
    return {
        name: {
            reached
            for module in _named_by_handler(name)
            for reached in (module, *graph.find_upstream_modules(module))
        }
        for name in function_names()
    }


def _makers(tree: ast.Module) -> dict[str, str]:
    """By function that returns a client, the client's service."""
    return {
        function.name: service
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for statement in ast.walk(function)
        if isinstance(statement, ast.Return)
        for service in _services_of(statement.value, function, {})
    }


def _services_of(value: ast.expr | None, scope: ast.AST, makers: dict[str, str]) -> Iterator[str]:
    """The service that *value* is a client of, if it is one."""
    if isinstance(value, ast.Call) and _is_client(value):
        yield _service(value)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        called = value.func.id
        yield from [makers[called]] if called in makers else []
        if called == "closing":
            yield from _services_of(value.args[0], scope, makers)
    elif isinstance(value, ast.Name):
        yield from [value.id] if value.id in makers.values() else []
        for bound in _bound_to(value.id, scope):
            yield from _services_of(bound, ast.Module([], []), makers)


def _bound_to(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """What *scope* assigns to *name*, or opens as it."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and any(_is_name(name, one) for one in node.targets):
            yield node.value
        elif isinstance(node, ast.withitem) and _is_name(name, node.optional_vars):
            yield node.context_expr


def _is_name(name: str, node: ast.expr | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_client(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    made_by_boto3 = "boto3" in ast.unparse(call.func.value)
    if made_by_boto3 and call.func.attr == "resource":
        raise UnreadableCallError("boto3.resource hides its calls: use a client")
    return made_by_boto3 and call.func.attr == "client"


def _service(call: ast.Call) -> str:
    service = call.args[0] if call.args else None
    if not (isinstance(service, ast.Constant) and isinstance(service.value, str)):
        raise UnreadableCallError(f"name the service in {ast.unparse(call)!r}")
    return service.value


def _imports_boto3(tree: ast.Module) -> bool:
    return any(
        alias.name == "boto3"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    )


def _module(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _named_by_handler(function_name: str) -> set[str]:
    """The API's handler is the app itself: all routes."""
    tree = ast.parse((PROJECT / "app.py").read_text("utf-8"))
    modules = {
        alias.asname or alias.name: _imported(node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chalicelib")
        for alias in node.names
    }
    if function_name == "api_handler":
        return {module for module in modules.values() if module.endswith(".routes")}
    [handler] = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == function_name
    ]
    body = ast.Module(handler.body, [])
    return {
        modules[node.id]
        for node in ast.walk(body)
        if isinstance(node, ast.Name) and node.id in modules
    }


def _imported(module: str | None, name: str) -> str:
    """`from a import b` names a module, or something inside one."""
    path = PROJECT.joinpath(*f"{module}.{name}".split("."))
    is_module = path.is_dir() or path.with_suffix(".py").is_file()
    return f"{module}.{name}" if is_module else str(module)
