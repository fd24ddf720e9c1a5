"""What Chalice reads: the functions' sizes, and the stages with their variables and policies."""

import re

from chalicelib.feature import Function, Permission
from stack import names
from stack.compute import LOG_ACTIONS, NETWORK_ACTIONS, SECRET_ACTION
from stack.declared import APP, Declared, functions
from stack.intrinsics import WHOLE, Json
from stack.streams import READ_ACTIONS

# Deployed stages, with what differs from the settings' own value in a stage.
STAGES: dict[str, dict[str, str]] = {"dev": {"LOG_LEVEL": "DEBUG"}, "prod": {}}
LOCAL = "local"
# What stands before a resource's name in an ARN, by service, where anything does.
_KINDS = {"kinesis": "stream/", "lambda": "function:", "secretsmanager": "secret:"}
_ANY_FUNCTION = "arn:*:lambda:*:*:function:*"
_NAMED = re.compile(r"\$\{[^}]+\}")


def config(declared: Declared) -> Json:
    """`.chalice/config.json`."""
    return {
        "version": "2.0",
        "app_name": APP,
        "automatic_layer": False,
        "manage_iam_role": True,
        "autogen_policy": False,
        "minimum_compression_size": 1024,
        "lambda_functions": {one.name: _size(one) for one in functions(declared)},
        "stages": {
            **{stage: _stage(stage, declared) for stage in STAGES},
            LOCAL: {"api_gateway_stage": LOCAL},
        },
    }


def policy(stage: str, declared: Declared) -> Json:
    """What `chalice deploy` lets all functions of *stage* do, by names rather than resources.

    It deploys neither layers nor dead-letter queues, so a function with a layer cannot run there,
    and its rights are left out.
    """
    own = f"{APP}-{stage}-*"
    statements = [
        _allow(f"arn:*:logs:*:*:log-group:/aws/lambda/{own}", "logs:CreateLogGroup", *LOG_ACTIONS),
        _allow("*", *NETWORK_ACTIONS),
        _denied_to_the_code(),
        _allow(_coarse(stage, SECRET_ACTION, "${Secret}", declared), SECRET_ACTION),
    ]
    granted: dict[str, set[str]] = {}
    for permission in _permissions(declared):
        for text in permission.resources:
            resource = _coarse(stage, permission.action, text, declared)
            granted.setdefault(resource, set()).add(permission.action)
    statements += [_allow(resource, *sorted(actions)) for resource, actions in granted.items()]
    return {"Version": "2012-10-17", "Statement": statements}


def _size(function: Function) -> Json:
    size = {"lambda_memory_size": function.memory_mb, "lambda_timeout": function.timeout_s}
    limit = {"reserved_concurrency": function.concurrency}
    return size | (limit if function.concurrency is not None else {})


def _stage(stage: str, declared: Declared) -> Json:
    variables = {
        setting.name: setting.in_stage.replace("{stage}", stage)
        for feature in declared
        for setting in feature.settings
        if setting.in_stage is not None
    }
    return {
        "api_gateway_stage": stage,
        "iam_policy_file": f"policy-{stage}.json",
        "environment_variables": {**variables, **STAGES[stage]},
        "tags": {"project": APP, "stage": stage},
    }


def _permissions(declared: Declared) -> list[Permission]:
    deployed = [function for function in functions(declared) if not function.layers]
    needed = (each for one in deployed for each in (*one.may, *_reading(one.stream)))
    return list(dict.fromkeys(needed))


def _reading(stream: str | None) -> list[Permission]:
    arn = f"${{{stream}.Arn}}"
    return [Permission(action, (arn,)) for action in READ_ACTIONS] if stream else []


def _coarse(stage: str, action: str, text: str, declared: Declared) -> str:
    """The ARNs that *text* may stand for: of a function by its name, else by the stage's."""
    resource = WHOLE.fullmatch(text)
    if resource is None:
        return _NAMED.sub(f"{APP}-{stage}*", re.sub(r"\$\{AWS::\w+\}", "*", text))
    service = action.partition(":")[0]
    named = [one.name for one in functions(declared) if names.resource(one.name) == resource[1]]
    name = f"{APP}-{stage}-{named[0] if named else '*'}"
    return f"arn:*:{service}:*:*:{_KINDS.get(service, '')}{name}"


def _allow(resource: str, *actions: str) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _denied_to_the_code() -> Json:
    """Network interfaces are for the Lambda service alone."""
    return {
        "Effect": "Deny",
        "Action": list(NETWORK_ACTIONS),
        "Resource": "*",
        "Condition": {"ArnLike": {"lambda:SourceFunctionArn": _ANY_FUNCTION}},
    }
