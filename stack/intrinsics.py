"""CloudFormation's functions, in their long form: Chalice merges JSON."""

from typing import Any

Json = dict[str, Any]
NO_VALUE: Json = {"Ref": "AWS::NoValue"}


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
