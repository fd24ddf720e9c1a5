"""CloudFormation's functions, in their long form: Chalice merges JSON."""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.feature import If

Json = dict[str, Any]
NO_VALUE: Json = {"Ref": "AWS::NoValue"}
# `${Name}` or `${Name.Attribute}`, and nothing else.
WHOLE = re.compile(r"\$\{([\w:]+)(?:\.(\w+))?\}")


def ref(name: str) -> Json:
    """The value of a parameter, or the id of a resource."""
    return {"Ref": name}


def attribute(resource: str, name: str = "Arn") -> Json:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [resource, name]}


def sub(text: str, **values: Any) -> Json:
    """*text* with each `${Name}` replaced, by *values* first."""
    return {"Fn::Sub": [text, values] if values else text}


def when(condition: str, then: Any, otherwise: Any = NO_VALUE) -> Json:
    """*then* where *condition* holds; what is left out otherwise is as if it were not written."""
    return {"Fn::If": [condition, then, otherwise]}


def is_given(parameter: str) -> Json:
    """A condition: *parameter* is not empty."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def filled(value: object) -> Any:
    """*value* of a declaration, with what its texts name in the template."""
    if isinstance(value, If):
        otherwise = NO_VALUE if value.otherwise is None else filled(value.otherwise)
        return when(value.condition, filled(value.then), otherwise)
    if isinstance(value, Mapping):
        return {name: filled(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one) for one in value]
    return _filled_text(value) if isinstance(value, str) else value


def _filled_text(text: str) -> Any:
    whole = WHOLE.fullmatch(text)
    if whole:
        return attribute(whole[1], whole[2]) if whole[2] else ref(whole[1])
    return sub(text) if "${" in text else text
