"""The logical ids of what belongs to a function, some of which Chalice and SAM decide."""

import re

from stack.declared import API


def camel(name: str) -> str:
    """*name* without its `_` and `-`, each word with a capital."""
    return "".join(word.capitalize() for word in re.split("[_-]", name))


def resource(function_name: str) -> str:
    """The function itself, as Chalice calls it."""
    return "APIHandler" if function_name == API else camel(function_name)


def role(function_name: str) -> str:
    """Its role, as Chalice calls it."""
    return f"{camel(function_name)}Role"


def logs(function_name: str) -> str:
    """Its log group."""
    return f"{resource(function_name)}Logs"


def event(function_name: str) -> str:
    """The rule or schedule that invokes it, below its properties, as Chalice calls it."""
    return f"{resource(function_name)}Event"


def rule(function_name: str) -> str:
    """The same as a resource, as SAM calls it."""
    return resource(function_name) + event(function_name)
