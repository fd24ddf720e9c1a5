"""What Chalice's functions lack: their environment, their network, a log group and a role each."""

from typing import Any

from stack import delivery, layers
from stack.functions import API, FUNCTIONS, SYNC, Function
from stack.intrinsics import NO_VALUE, Json, attribute, ref, sub, when
from stack.parameters import NAMESPACE

# What AWS lists for functions in a VPC. Only `*` will do as their resource.
NETWORK_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
SEND_ACTION = "sqs:SendMessage"

# app.py reads these while it is imported, whichever function it is imported for.
_ACCESS = {
    "OIDC_ISSUER": ref("OidcIssuer"),
    "OIDC_AUDIENCE": ref("OidcAudience"),
    "API_TOKEN_SHA256": ref("ApiTokenSha256"),
    "API_TOKEN_ROLE": ref("ApiTokenRole"),
    "CORS_ALLOW_ORIGIN": ref("CorsAllowOrigin"),
}
_DATABASE = {
    "TIMESCALE_DB_HOST": ref("DatabaseHost"),
    "TIMESCALE_DB_PORT": ref("DatabasePort"),
    "TIMESCALE_DB_NAME": ref("DatabaseName"),
    "CHANGE_EVENT_BUS": ref("ChangeEventBusName"),
    "METRICS_NAMESPACE": NAMESPACE,
}


def resources() -> dict[str, Json]:
    """The functions' additions to what Chalice generates, and what stands beside them."""
    merged: dict[str, Json] = {}
    for function in FUNCTIONS:
        merged[function.resource] = {"Properties": _properties(function)}
        merged[function.role] = {"Properties": {"Policies": policies(function)}}
        merged[function.logs] = _log_group(function)
        merged |= {layer.resource: layers.resource(layer) for layer in function.layers}
    return merged


def outputs() -> dict[str, Json]:
    """Each function's name, to invoke it by; Chalice gives the API's."""
    return {
        f"{function.resource}Name": {"Value": ref(function.resource)}
        for function in FUNCTIONS
        if function is not API
    }


def policies(function: Function) -> list[Any]:
    """All that *function* may do, in place of what the stage's policy file says."""
    granted = [_policy("logs", LOG_ACTIONS, attribute(function.logs))]
    if function.uses_database:
        granted.append(when("IsInVpc", _network_policy()))
    if function.delivery and function.delivery.is_kept:
        granted.append(_policy("dead-letters", (SEND_ACTION,), attribute(delivery.QUEUE)))
    for permission in function.may:
        name = permission.action.replace(":", "-")
        policy = _policy(name, (permission.action,), permission.resource)
        granted.append(when(permission.condition, policy) if permission.condition else policy)
    return granted


def _properties(function: Function) -> Json:
    properties: Json = {
        # Named here, a log group exists before the first line, and Lambda creates none.
        "LoggingConfig": {"LogGroup": ref(function.logs)},
        "Environment": {"Variables": _variables(function)},
    }
    if function.uses_database:
        properties["VpcConfig"] = when(
            "IsInVpc",
            {"SubnetIds": ref("VpcSubnetIds"), "SecurityGroupIds": ref("VpcSecurityGroupIds")},
        )
    if function.delivery and function.delivery.is_rule:
        properties["Events"] = delivery.rule(function, function.delivery)
    if function.queue:
        properties["Events"] = delivery.queue_source(function, function.queue)
    if function.layers:
        properties["Layers"] = [ref(layer.resource) for layer in function.layers]
    return properties


def _variables(function: Function) -> Json:
    return {
        **_ACCESS,
        **(_database(function) if function.uses_database else {}),
        **function.variables,
        "SYNC_FUNCTION_NAME": ref(SYNC.resource) if function is API else NO_VALUE,
    }


def _database(function: Function) -> Json:
    return {**_DATABASE, "TIMESCALE_DB_SECRET_ARN": function.secret}


def _log_group(function: Function) -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": sub(f"/${{AWS::StackName}}/{function.name}"),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }


def _policy(name: str, actions: tuple[str, ...], resource: Any) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {
        "PolicyName": name,
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }


def _network_policy() -> Json:
    """For the Lambda service alone: the second statement keeps the function's own code from it."""
    policy = _policy("network", NETWORK_ACTIONS, "*")
    any_function = sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*")
    refusal = {
        "Effect": "Deny",
        "Action": list(NETWORK_ACTIONS),
        "Resource": "*",
        "Condition": {"ArnLike": {"lambda:SourceFunctionArn": any_function}},
    }
    policy["PolicyDocument"]["Statement"].append(refusal)
    return policy
