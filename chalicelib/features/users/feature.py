"""Users, as plain data."""

from chalicelib.feature import (
    Alarm,
    Delivery,
    Feature,
    Function,
    If,
    Metric,
    Parameter,
    Permission,
    Setting,
    matching,
    schedule_expression,
)

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
USER_POOL_ID = Setting(
    "USER_POOL_ID",
    matching(r"(?=.{3,55}$)[A-Za-z0-9-]+_[0-9A-Za-z]+", "the id of a user pool"),
    "The Cognito user pool in which users get an identity. Without it they are kept in the "
    "database only, and identities are made elsewhere.",
    is_optional=True,
)
IDENTITY_SCHEDULE = Setting(
    "IDENTITY_SCHEDULE",
    schedule_expression,
    "When the user pool is told of users; read while the application is packaged.",
    default="rate(1 minute)",
)
_CONDITION = "KeepsIdentities"
_POOL = "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${UserPoolId}"
_CALLS = (
    "AdminAddUserToGroup",
    "AdminCreateUser",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminGetUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminUpdateUserAttributes",
    "AdminUserGlobalSignOut",
)
_VARIABLES = {"USER_POOL_ID": If(_CONDITION, "${UserPoolId}")}

FEATURE = Feature(
    "users",
    "The users of organizations: who they are, what they may do, and how they want to be told.",
    settings=(USER_POOL_ID, IDENTITY_SCHEDULE),
    functions=(
        Function(
            "follow_identities",
            "tells the user pool of users",
            concurrency=1,
            # A minute later the same is due.
            delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
            may=tuple(
                Permission(f"cognito-idp:{call}", (_POOL,), condition=_CONDITION) for call in _CALLS
            ),
            variables=_VARIABLES,
        ),
    ),
    parameters=(
        Parameter(
            "UserPoolId",
            "The Cognito user pool in which users get an identity; empty for none",
            pattern="^$|^[A-Za-z0-9-]{1,40}_[0-9A-Za-z]+$",
            condition=_CONDITION,
        ),
    ),
    metrics=(
        Metric(
            "IdentitiesWaiting",
            graph="Users not told of yet",
            statistic="Maximum",
        ),
        Metric("IdentityDelay", graph="How far the user pool is behind", statistic="Maximum"),
    ),
    alarms=(
        Alarm(
            "identities-behind",
            "The user pool has not been told of a user for half an hour.",
            section="identities-behind",
            metric="IdentityDelay",
            statistic="Maximum",
            threshold=1800,
        ),
    ),
    objects={
        "users": "the users of organizations, with their roles and preferences; those removed, too",
        "user_device_tokens": "where users get push messages",
        "user_identity_work": "users of whom the user pool has still to be told",
    },
    rights={
        "runtime": {
            "users": "SELECT INSERT UPDATE",
            "user_device_tokens": "SELECT INSERT UPDATE DELETE",
            "user_identity_work": "SELECT INSERT UPDATE DELETE",
            "v_organizations": "SELECT",
        }
    },
    api_variables=_VARIABLES,
)
