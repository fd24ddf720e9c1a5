"""Makes one script of many modules, so that many small modules are not as many requests.

API Gateway lets a burst of forty requests through, and Lambda may start a container for each of
them. So the console is one script, and the view of a feature is one, whatever they are made of.

Each module keeps its scope: it becomes a function that returns what the module exports. Four forms
of import and export are understood, one a line; any other is refused, rather than misread.
"""

import re
from collections.abc import Iterator, Mapping

from chalicelib.errors import ApplicationError

_NAMES = r"(?P<names>\w+(?:, \w+)*)"
_SOURCE = r'"\./(?P<source>[\w.]+)"'
_IMPORT = re.compile(rf"import \{{ {_NAMES} \}} from {_SOURCE};")
_DEFAULT_IMPORT = re.compile(rf"import (?P<names>\w+) from {_SOURCE};")
_PASSED_ON = re.compile(rf"export \{{ {_NAMES} \}} from {_SOURCE};")
_EXPORT = re.compile(r"export (?P<rest>(?:async )?(?:function|const|class) (?P<name>\w+)\b.*)")
_STATEMENT = re.compile(r"(?:import|export)\b")


class UnreadableModuleError(ApplicationError):
    """A module imports or exports in a form that is not understood, or in a circle."""


def joined(entry: str, modules: Mapping[str, str]) -> str:
    """One script that exports what the module *entry* does; *modules* are texts by name.

    What is imported from elsewhere is imported by the script.
    """
    order = _in_order(entry, modules)
    outside = {source for name in order for source in _sources(modules[name])} - modules.keys()
    lines = [f'import * as {_variable(source)} from "./{source}";' for source in sorted(outside)]
    for name in order:
        lines += ["", f"// {name}", *_as_function(name, modules[name])]
    exported = ", ".join(_exported(modules[entry]))
    return "\n".join([*lines, "", f"export const {{ {exported} }} = {_variable(entry)};", ""])


def _in_order(
    name: str, modules: Mapping[str, str], above: tuple[str, ...] = (), done: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The modules that *name* needs, then itself; each after whatever it needs."""
    if name in above:
        raise UnreadableModuleError(f"modules import each other: {' → '.join((*above, name))}")
    if name in done or name not in modules:
        return done
    for source in _sources(modules[name]):
        done = _in_order(source, modules, (*above, name), done)
    return (*done, name)


def _sources(text: str) -> list[str]:
    patterns = (_IMPORT, _DEFAULT_IMPORT, _PASSED_ON)
    found = [pattern.fullmatch(line) for line in text.splitlines() for pattern in patterns]
    return [match["source"] for match in found if match]


def _exported(text: str) -> list[str]:
    names = []
    for line in text.splitlines():
        if match := _EXPORT.fullmatch(line):
            names.append(match["name"])
        elif match := _PASSED_ON.fullmatch(line):
            names += match["names"].split(", ")
    return names


def _as_function(name: str, text: str) -> Iterator[str]:
    yield f"const {_variable(name)} = (() => {{"
    for number, line in enumerate(text.splitlines(), start=1):
        yield _inside(line, f"{name}, line {number}") if _STATEMENT.match(line) else line
    yield f"return {{ {', '.join(_exported(text))} }};"
    yield "})();"


def _inside(line: str, place: str) -> str:
    """An import or export as it reads inside of a function."""
    if match := _EXPORT.fullmatch(line):
        return match["rest"]
    if match := _IMPORT.fullmatch(line) or _PASSED_ON.fullmatch(line):
        return f"const {{ {match['names']} }} = {_variable(match['source'])};"
    if match := _DEFAULT_IMPORT.fullmatch(line):
        return f"const {match['names']} = {_variable(match['source'])}.default;"
    raise UnreadableModuleError(f"{place}: this form is not understood: {line}")


def _variable(name: str) -> str:
    """The variable that holds the exports of the module *name*; no other name begins like this."""
    return "$" + re.sub(r"\W", "_", name)
