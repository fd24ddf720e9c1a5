"""What Chalice's functions lack: their environment, their network, a log group and a role each."""

from typing import Any

from chalicelib.feature import Function, Permission
from stack import delivery, layers, names, streams
from stack.declared import API, Declared, functions
from stack.intrinsics import NO_VALUE, Json, attribute, filled, ref, sub, when
from stack.parameters import NAMESPACE, secret

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
SECRET_ACTION = "secretsmanager:GetSecretValue"  # noqa: S105 an action's name

# app.py reads these while it is imported, whichever function it is imported for.
_ACCESS = {
    "OIDC_ISSUER": ref("OidcIssuer"),
    "OIDC_AUDIENCE": ref("OidcAudience"),
    "OIDC_REQUIRE_TOKEN_USE": ref("OidcRequireTokenUse"),
    "TRUST_ROLE_CLAIM": ref("TrustRoleClaim"),
    "OIDC_CLIENT_ID": ref("OidcClientId"),
    "OIDC_SCOPES": ref("OidcScopes"),
    "OIDC_ENDPOINT_ORIGINS": ref("OidcEndpointOrigins"),
    "API_TOKENS": ref("ApiTokens"),
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


def resources(declared: Declared) -> dict[str, Json]:
    """The functions' additions to what Chalice generates, and what stands beside them."""
    merged: dict[str, Json] = {}
    for function in functions(declared):
        name = function.name
        merged[names.resource(name)] = {"Properties": _properties(function, declared)}
        merged[names.role(name)] = {"Properties": {"Policies": _policies(function, declared)}}
        merged[names.logs(name)] = _log_group(function)
        merged |= {layer.resource: layers.resource(layer) for layer in function.layers}
    return merged


def outputs(declared: Declared) -> dict[str, Json]:
    """Each function's name, to invoke it by; Chalice gives the API's."""
    invoked = [names.resource(one.name) for one in functions(declared) if one.name != API]
    return {f"{resource}Name": {"Value": ref(resource)} for resource in invoked}


def _policies(function: Function, declared: Declared) -> list[Any]:
    """The policies of *function*, in place of what the stage's policy file says."""
    granted = [_policy("logs", LOG_ACTIONS, attribute(names.logs(function.name)))]
    if function.uses_database:
        granted.append(when("IsInVpc", _network_policy()))
    if function.stream or (function.delivery and function.delivery.is_kept):
        granted.append(_policy("dead-letters", (SEND_ACTION,), attribute(delivery.QUEUE)))
    if function.stream:
        granted.append(_policy("stream", streams.READ_ACTIONS, attribute(function.stream)))
    if function.uses_database:
        granted.append(_policy("login", (SECRET_ACTION,), secret(function, declared)))
    return granted + _declared_policies(function.may)


def _declared_policies(permissions: tuple[Permission, ...]) -> list[Any]:
    """One policy for each action and condition.

    The second of two with the same name would replace the first.
    """
    resources: dict[tuple[str, str | None], list[str]] = {}
    for permission in permissions:
        key = (permission.action, permission.condition)
        resources.setdefault(key, []).extend(permission.resources)
    return [
        _declared_policy(action, condition, list(dict.fromkeys(texts)))
        for (action, condition), texts in resources.items()
    ]


def _declared_policy(action: str, condition: str | None, texts: list[str]) -> Any:
    name = "-".join([*action.split(":"), *([condition] if condition else [])])
    resource = filled(texts[0] if len(texts) == 1 else texts)
    policy = _policy(name, (action,), resource)
    return when(condition, policy) if condition else policy


def _properties(function: Function, declared: Declared) -> Json:
    properties: Json = {
        # Named here, a log group exists before the first line, and Lambda creates none.
        "LoggingConfig": {"LogGroup": ref(names.logs(function.name))},
        "Environment": {"Variables": _variables(function, declared)},
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
    if function.stream:
        properties["Events"] = streams.source(function, function.stream)
    if function.layers:
        properties["Layers"] = [ref(layer.resource) for layer in function.layers]
    return properties


def _variables(function: Function, declared: Declared) -> Json:
    # The stage's own values are for functions without a stack, which have other names.
    for_routes_only = {name: NO_VALUE for feature in declared for name in feature.api_variables}
    return {
        **_ACCESS,
        **(_database(function, declared) if function.uses_database else {}),
        **for_routes_only,
        **filled(function.variables),
    }


def _database(function: Function, declared: Declared) -> Json:
    return {**_DATABASE, "TIMESCALE_DB_SECRET_ARN": secret(function, declared)}


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
