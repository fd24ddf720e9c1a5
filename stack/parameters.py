"""What is decided when the stack is deployed: parameters, and the conditions they decide."""

from stack.intrinsics import Json, is_given, ref, when

# How long CloudWatch Logs can be told to keep log lines.
_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
_ARN = "^$|^arn:aws[a-z-]*:{service}:[a-z0-9-]+:[0-9]{{12}}:.+$"
_TIMESTREAM_NAME = "^[A-Za-z0-9_.-]{3,256}$"

# By group, in the order in which the console asks for them.
_GROUPS: dict[str, dict[str, Json]] = {
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
            "Description": "The Secrets Manager secret that holds the login, JSON as RDS writes it",
        },
        "MigrationSecretArn": {
            "Default": "",
            "AllowedPattern": _ARN.format(service="secretsmanager"),
            "ConstraintDescription": "the whole ARN of a secret, never the password itself",
            "Description": "The secret of the role that migrates; empty for the same login",
        },
        "LoadSecretArn": {
            "Default": "",
            "AllowedPattern": _ARN.format(service="secretsmanager"),
            "ConstraintDescription": "the whole ARN of a secret, never the password itself",
            "Description": "The secret of the role that loads files; empty for the same login",
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
        "ApiTokenSha256": {
            "Default": "",
            "NoEcho": True,
            "AllowedPattern": "^$|^[0-9a-fA-F]{64}$",
            "ConstraintDescription": "the SHA-256 of the token in hexadecimal, not the token",
            "Description": "SHA-256 of a static bearer token; empty for none",
        },
        "ApiTokenRole": {
            "Default": "viewer",
            "AllowedValues": ["viewer", "operator", "admin", "device"],
            "Description": "What that token may do",
        },
        "CorsAllowOrigin": {
            "Default": "",
            "AllowedPattern": "^$|^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
            "Description": "The one other origin whose pages may call the API; "
            "the stage must be packaged with the same one",
        },
    },
    "Loads": {
        "LoadBucketName": {
            "Default": "",
            "AllowedPattern": "^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            "Description": "The bucket whose Parquet files are loaded; empty for none",
        },
        "TimestreamDatabaseName": {
            "Default": "",
            "AllowedPattern": f"^$|{_TIMESTREAM_NAME}",
            "Description": "The Timestream database that energy readings go to; empty to load "
            "into TimescaleDB",
        },
        **{
            f"{dataset.title()}TableName": {
                "Default": dataset,
                "AllowedPattern": _TIMESTREAM_NAME,
                "Description": f"Its table for the dataset {dataset}",
            }
            for dataset in ("generation", "consumption", "transmission")
        },
    },
    "Events and monitoring": {
        "ChangeEventBusName": {
            "Default": "",
            "AllowedPattern": "^$|^[A-Za-z0-9._/-]{1,256}$",
            "Description": "The EventBridge bus that change events go to; empty for none",
        },
        "MetricsNamespace": {
            "Default": "",
            "AllowedPattern": "^$|^[A-Za-z0-9._/#:-]{1,255}$",
            "Description": "Of the application's metrics; empty for the name of the stack",
        },
        "AlarmTopicArn": {
            "Default": "",
            "AllowedPattern": _ARN.format(service="sns"),
            "Description": "An SNS topic to tell about alarms; empty for none",
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
            "Description": "One log line per request; API Gateway needs a CloudWatch role in "
            "the account's settings for it",
        },
    },
}

PARAMETERS: dict[str, Json] = {
    name: {"Type": "String", **definition}
    for group in _GROUPS.values()
    for name, definition in group.items()
}

CONDITIONS: dict[str, Json] = {
    # A list is compared as text; subnets without security groups are refused by Lambda itself.
    "IsInVpc": {
        "Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("VpcSubnetIds")]}, ""]}],
    },
    "MigratesAsAnother": is_given("MigrationSecretArn"),
    "LoadsAsAnother": is_given("LoadSecretArn"),
    "AllowsAnotherOrigin": is_given("CorsAllowOrigin"),
    "LoadsFiles": is_given("LoadBucketName"),
    "LoadsIntoTimestream": is_given("TimestreamDatabaseName"),
    "TellsOfChanges": is_given("ChangeEventBusName"),
    "NamesItsMetrics": is_given("MetricsNamespace"),
    "TellsTopic": is_given("AlarmTopicArn"),
    "TellsAddress": is_given("AlarmEmail"),
    "LogsAccess": {"Fn::Equals": [ref("ApiAccessLogs"), "true"]},
}

MIGRATION_SECRET = when("MigratesAsAnother", ref("MigrationSecretArn"), ref("DatabaseSecretArn"))
LOAD_SECRET = when("LoadsAsAnother", ref("LoadSecretArn"), ref("DatabaseSecretArn"))

# Two stages in one account must not share one: their runs would be counted together.
NAMESPACE = when("NamesItsMetrics", ref("MetricsNamespace"), ref("AWS::StackName"))


def interface() -> Json:
    """How the console groups the parameters."""
    groups = [
        {"Label": {"default": label}, "Parameters": list(names)} for label, names in _GROUPS.items()
    ]
    return {"AWS::CloudFormation::Interface": {"ParameterGroups": groups}}
