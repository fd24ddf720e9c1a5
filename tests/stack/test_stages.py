"""What Chalice is told of the functions and the stages."""

from chalicelib.feature import PUT_EVENTS, Function, Layer, Permission, Setting
from stack import stages
from tests.stack.declarations import feature, service

WEIGHTS = Layer("WeightsLayer", "weights-layer.zip", "Weights")
SETTINGS = (
    Setting("QUEUE", str, "The queue.", in_stage="device-parameters-{stage}-visits"),
    Setting("LOG_LEVEL", str, "How much is logged.", in_stage="INFO"),
    Setting("COLOUR", str, "The colour.", default="red"),
)
QUEUE = Permission("sqs:ReceiveMessage", ("${Letters.Arn}",))
FUNCTIONS = (
    Function("take", "takes", memory_mb=1024, queue="Letters", may=(QUEUE, PUT_EVENTS)),
    Function("count", "counts", timeout_s=900, concurrency=1),
    Function("weigh", "weighs", layers=(WEIGHTS,), may=(Permission("s3:GetObject", ("${B}/*",)),)),
)
DECLARED = [
    service(),
    feature(
        settings=SETTINGS,
        functions=FUNCTIONS,
        api_may=(Permission("lambda:InvokeFunction", ("${Count.Arn}",)),),
    ),
]


def allowed(stage: str = "prod") -> dict[str, str]:
    """By action, the resource on which a stage's functions may do it."""
    return {
        action: statement["Resource"]
        for statement in stages.policy(stage, DECLARED)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }


def test_a_function_is_as_large_as_declared() -> None:
    sizes = stages.config(DECLARED)["lambda_functions"]
    assert sizes["take"] == {"lambda_memory_size": 1024, "lambda_timeout": 60}
    assert sizes["count"]["reserved_concurrency"] == 1


def test_a_stage_says_what_differs_in_a_stage() -> None:
    made = stages.config(DECLARED)["stages"]
    assert made["prod"]["environment_variables"] == {
        "QUEUE": "device-parameters-prod-visits",
        "LOG_LEVEL": "INFO",
    }
    assert made["dev"]["environment_variables"]["LOG_LEVEL"] == "DEBUG"
    assert "environment_variables" not in made["local"]


def test_a_function_that_is_named_is_allowed_by_its_name_in_the_stage() -> None:
    assert allowed()["lambda:InvokeFunction"] == (
        "arn:*:lambda:*:*:function:device-parameters-prod-count"
    )


def test_everything_else_is_allowed_by_the_stage_in_its_name() -> None:
    assert allowed()["sqs:ReceiveMessage"] == "arn:*:sqs:*:*:device-parameters-prod-*"
    assert allowed()["events:PutEvents"] == "arn:*:events:*:*:event-bus/device-parameters-prod*"
    assert allowed()["secretsmanager:GetSecretValue"] == (
        "arn:*:secretsmanager:*:*:secret:device-parameters-prod-*"
    )


def test_a_function_that_needs_a_layer_does_not_run_without_a_stack() -> None:
    assert "s3:GetObject" not in allowed()
