"""What is decided when the stack is deployed: parameters, and the conditions they decide."""

from chalicelib.feature import Feature, Function, Parameter
from stack.declared import Declared, title
from stack.intrinsics import Json, is_given, ref, when

Groups = dict[str, dict[str, Json]]

# How long CloudWatch Logs can be told to keep log lines.
_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
# Entries with a separator, or the end, behind each.
_API_TOKENS = r"^([,\s]*[^,:\s]+:[a-z]+:[0-9a-fA-F]{64}(:[^,\s]+)?(?=[,\s]|$))*[,\s]*$"
_ARN = "^$|^arn:aws[a-z-]*:{service}:[a-z0-9-]+:[0-9]{{12}}:.+$"

# Those of the stack itself by group, in the order in which the console asks for them.
_GROUPS: Groups = {
    "Database": {
        "DatabaseHost": {
            "Default": "",
            "Description": "The TimescaleDB server; empty for the host in the secret",
        },
        "DatabasePort": {
            "Default": "",
            "AllowedPattern": "^$|^[0-9]{1,5}$",
            "Description": "Its port; empty for the port in the secret, or 5432",
        },
        "DatabaseName": {
            "Default": "",
            "Description": "The database; empty for the dbname in the secret",
        },
        "DatabaseSecretArn": {
            "AllowedPattern": _ARN.format(service="secretsmanager").removeprefix("^$|"),
            "ConstraintDescription": "the whole ARN of a secret, never the password itself",
            "Description": "The Secrets Manager secret that holds the login, JSON as RDS writes "
            "it. There is no parameter for a password",
        },
    },
    "Network": {
        "VpcSubnetIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": "Private subnets with a way to the database; empty for no VPC",
        },
        "VpcSecurityGroupIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": "Security groups of the functions in those subnets",
        },
    },
    "Access": {
        "OidcIssuer": {
            "Default": "",
            "AllowedPattern": "^$|^https://.+$",
            "Description": "The issuer of the bearer tokens; empty for none",
        },
        "OidcAudience": {
            "Default": "",
            "Description": "The client ids they may be issued to, separated by commas",
        },
        "OidcRequireTokenUse": {
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "Whether they must have the claim token_use; false where the issuer is "
            "no Cognito user pool",
        },
        "TrustRoleClaim": {
            "Default": "false",
            "AllowedValues": ["true", "false"],
            "Description": "Whether custom:role gives a role where no group does: only if nobody "
            "can write their own",
        },
        "OidcClientId": {
            "Default": "",
            "Description": "The client as which the console signs people in; empty for the first "
            "of OidcAudience",
        },
        "OidcScopes": {
            "Default": "openid",
            "AllowedPattern": "^([^ ]+ )*openid( [^ ]+)*$",
            "Description": "The scopes that the console asks for, separated by spaces",
        },
        "OidcEndpointOrigins": {
            "Default": "",
            "AllowedPattern": "^$|^https://[A-Za-z0-9.:-]+([, ]+https://[A-Za-z0-9.:-]+)*$",
            "Description": "Where the issuer has its token endpoint, if that is elsewhere: for "
            "Cognito https:// and the domain of the user pool",
        },
        "ApiTokens": {
            "Default": "",
            "NoEcho": True,
            "MaxLength": 1500,
            "AllowedPattern": _API_TOKENS,
            "ConstraintDescription": "name:role:sha256, separated by commas or spaces: hashes, "
            "not tokens",
            "Description": "Static bearer tokens as name:role:sha256, separated by commas or "
            "spaces; one of the role device may go on :device=ID or :site=ID; empty for none",
        },
        "ApiTokenSha256": {
            "Default": "",
            "NoEcho": True,
            "AllowedPattern": "^$|^[0-9a-fA-F]{64}$",
            "ConstraintDescription": "the SHA-256 of the token in hexadecimal, not the token",
            "Description": "SHA-256 of one static bearer token without a name; empty for none",
        },
        "ApiTokenRole": {
            "Default": "viewer",
            "AllowedValues": ["viewer", "operator", "admin", "device"],
            "Description": "What that token may do",
        },
        "CorsAllowOrigin": {
            "Default": "",
            "AllowedPattern": "^$|^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
            "Description": "The one other origin whose pages may call the API. Set "
            "CORS_ALLOW_ORIGIN to the same before packaging: Chalice writes the answers to "
            "preflights into the template",
        },
    },
    "Events and monitoring": {
        "ChangeEventBusName": {
            "Default": "",
            "AllowedPattern": "^$|^[A-Za-z0-9._/-]{1,256}$",
            "Description": "The EventBridge bus, in this account and region, that is told of "
            "changes, and heard by functions that follow them; default is one, empty for none",
        },
        "MetricsNamespace": {
            "Default": "",
            "AllowedPattern": "^$|^[A-Za-z0-9._/#:-]{1,255}$",
            "Description": "Of the application's metrics; empty for the name of the stack",
        },
        "AlarmTopicArn": {
            "Default": "",
            "AllowedPattern": _ARN.format(service="sns"),
            "Description": "An SNS topic to tell about alarms, whose policy must let CloudWatch "
            "publish; empty for none",
        },
        "AlarmEmail": {
            "Default": "",
            "AllowedPattern": "^$|^[^@ ]+@[^@ ]+$",
            "Description": "An address to tell as well, through a topic of this stack",
        },
        "LogRetentionDays": {
            "Type": "Number",
            "Default": 30,
            "AllowedValues": list(_RETENTION_DAYS),
            "Description": "How long log lines are kept",
        },
        "ApiAccessLogs": {
            "Default": "false",
            "AllowedValues": ["true", "false"],
            "Description": "One log line per request. API Gateway needs a CloudWatch role in the "
            "account's settings first: without it the deployment fails",
        },
    },
}

# Two stages in one account must not share one: their runs would be counted together.
NAMESPACE = when("NamesItsMetrics", ref("MetricsNamespace"), ref("AWS::StackName"))
# The login of all functions that have none of their own.
DATABASE_SECRET = ref("DatabaseSecretArn")

_CONDITIONS: dict[str, Json] = {
    # A list is compared as text; subnets without security groups are refused by Lambda itself.
    "IsInVpc": {
        "Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("VpcSubnetIds")]}, ""]}],
    },
    "AllowsAnotherOrigin": is_given("CorsAllowOrigin"),
    "TellsOfChanges": is_given("ChangeEventBusName"),
    "NamesItsMetrics": is_given("MetricsNamespace"),
    "TellsTopic": is_given("AlarmTopicArn"),
    "TellsAddress": is_given("AlarmEmail"),
    "LogsAccess": {"Fn::Equals": [ref("ApiAccessLogs"), "true"]},
}


def groups(declared: Declared) -> Groups:
    """All parameters as the console groups them: each feature's under its own name by default."""
    grouped = {label: dict(definitions) for label, definitions in _GROUPS.items()}
    for feature, parameter in _declared(declared):
        label = parameter.group or title(feature)
        grouped.setdefault(label, {})[parameter.name] = _definition(parameter)
    return grouped


def parameters(declared: Declared) -> dict[str, Json]:
    """All parameters, by name."""
    return {
        name: {"Type": "String", **definition}
        for definitions in groups(declared).values()
        for name, definition in definitions.items()
    }


def conditions(declared: Declared) -> dict[str, Json]:
    """The conditions, which hold or not by what is given for the parameters."""
    of_features = {
        parameter.condition: is_given(parameter.name)
        for _, parameter in _declared(declared)
        if parameter.condition
    }
    return {**_CONDITIONS, **of_features}


def interface(declared: Declared) -> Json:
    """How the console groups the parameters."""
    asked = [
        {"Label": {"default": label}, "Parameters": list(definitions)}
        for label, definitions in groups(declared).items()
    ]
    return {"AWS::CloudFormation::Interface": {"ParameterGroups": asked}}


def secret(function: Function, declared: Declared) -> Json:
    """The login that *function* uses: its own where one is given."""
    for _, parameter in _declared(declared):
        if parameter.name == function.secret and parameter.condition:
            return when(parameter.condition, ref(parameter.name), DATABASE_SECRET)
    return ref(function.secret)


def _declared(declared: Declared) -> list[tuple[Feature, Parameter]]:
    return [(feature, parameter) for feature in declared for parameter in feature.parameters]


def _definition(parameter: Parameter) -> Json:
    said = {
        "Default": parameter.default,
        "NoEcho": parameter.is_secret or None,
        "AllowedPattern": parameter.pattern,
        "AllowedValues": list(parameter.choices) or None,
        "ConstraintDescription": parameter.constraint,
        "Description": parameter.description,
    }
    return {name: value for name, value in said.items() if value is not None}
