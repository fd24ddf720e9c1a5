"""What a function is given, and what it may do."""

from chalicelib.feature import Function, If, Layer, Parameter, Permission
from stack.intrinsics import NO_VALUE
from tests.stack.declarations import feature, policies, resources, variables

WEIGHTS = Layer("WeightsLayer", "weights-layer.zip", "Weights")
NOTHING = Function("rest", "does nothing")


def test_a_function_has_its_layers_and_no_other_has() -> None:
    made = resources([feature(functions=(Function("weigh", "weighs", layers=(WEIGHTS,)), NOTHING))])
    layered = [name for name, one in made.items() if "Layers" in one.get("Properties", {})]
    assert layered == ["Weigh"]
    assert made["Weigh"]["Properties"]["Layers"] == [{"Ref": "WeightsLayer"}]


def test_a_layer_that_several_have_is_deployed_once_from_the_zip_beside_the_template() -> None:
    users = tuple(Function(name, "weighs", layers=(WEIGHTS,)) for name in ("one", "other"))
    layer = resources([feature(functions=users)])["WeightsLayer"]
    assert layer["Type"] == "AWS::Serverless::LayerVersion"
    assert layer["Properties"]["ContentUri"] == "./weights-layer.zip"


def test_a_layer_that_nobody_has_is_not_deployed() -> None:
    assert "WeightsLayer" not in resources([feature(functions=(NOTHING,))])


def test_a_function_logs_in_as_everybody_unless_it_has_a_login_of_its_own() -> None:
    own = Parameter("AuditSecretArn", "Its login", condition="AuditsAsAnother")
    audit = Function("audit", "audits", secret="AuditSecretArn")
    declared = [feature(parameters=(own,), functions=(audit, NOTHING))]
    chosen = {
        "Fn::If": ["AuditsAsAnother", {"Ref": "AuditSecretArn"}, {"Ref": "DatabaseSecretArn"}]
    }
    for role, function, secret in (
        ("AuditRole", "Audit", chosen),
        ("RestRole", "Rest", {"Ref": "DatabaseSecretArn"}),
    ):
        [login] = [one for one in policies(declared, role) if one.get("PolicyName") == "login"]
        [statement] = login["PolicyDocument"]["Statement"]
        assert statement["Action"] == ["secretsmanager:GetSecretValue"]
        assert statement["Resource"] == secret
        assert variables(declared, function)["TIMESCALE_DB_SECRET_ARN"] == secret


def test_a_function_without_a_database_has_neither_login_nor_network() -> None:
    declared = [feature(functions=(Function("greet", "greets", uses_database=False),))]
    assert [one["PolicyName"] for one in policies(declared, "GreetRole")] == ["logs"]
    assert "VpcConfig" not in resources(declared)["Greet"]["Properties"]
    assert "TIMESCALE_DB_SECRET_ARN" not in variables(declared, "Greet")


def test_a_permission_names_what_the_template_knows() -> None:
    may = (
        Permission("sqs:SendMessage", ("${Letters.Arn}",)),
        Permission("sns:Publish", ("${TopicArn}",)),
        Permission("s3:GetObject", ("arn:${AWS::Partition}:s3:::${Bucket}/*",), "ReadsFiles"),
        Permission("iot:DescribeEndpoint", ("*",)),
    )
    declared = [feature(functions=(Function("send", "sends", may=may),))]
    given = {}
    for policy in policies(declared, "SendRole"):
        one = policy["Fn::If"][1] if "Fn::If" in policy else policy
        [statement, *_] = one["PolicyDocument"]["Statement"]
        given[statement["Action"][0]] = statement["Resource"]
    assert given["sqs:SendMessage"] == {"Fn::GetAtt": ["Letters", "Arn"]}
    assert given["sns:Publish"] == {"Ref": "TopicArn"}
    assert given["s3:GetObject"] == {"Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/*"}
    assert given["iot:DescribeEndpoint"] == "*"


def test_what_is_allowed_on_several_resources_is_one_policy() -> None:
    """Two policies of one name would be one, the second."""
    may = tuple(Permission("sqs:SendMessage", (f"${{{name}.Arn}}",)) for name in ("One", "Other"))
    declared = [feature(functions=(Function("send", "sends", may=may),))]
    [policy] = [
        one
        for one in policies(declared, "SendRole")
        if one.get("PolicyName", "").startswith("sqs-SendMessage")
    ]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]} for name in ("One", "Other")]


def test_a_permission_under_a_condition_is_granted_under_it() -> None:
    may = (Permission("sns:Publish", ("${TopicArn}",), "Tells"),)
    granted = policies([feature(functions=(Function("tell", "tells", may=may),))], "TellRole")
    [condition, policy, otherwise] = granted[-1]["Fn::If"]
    assert (condition, otherwise) == ("Tells", NO_VALUE)
    assert policy["PolicyName"] == "sns-Publish-Tells"


def test_what_routes_need_goes_to_the_function_that_answers_them_and_to_no_other() -> None:
    """The stage's variables are everybody's, so they are taken back from the others."""
    declared = [
        feature(
            functions=(NOTHING,),
            api_may=(Permission("lambda:InvokeFunction", ("${Rest.Arn}",)),),
            api_variables={"REST_FUNCTION": "${Rest}"},
        )
    ]
    assert variables(declared, "APIHandler")["REST_FUNCTION"] == {"Ref": "Rest"}
    assert variables(declared, "Rest")["REST_FUNCTION"] == NO_VALUE
    invoking = [
        role
        for role in ("ApiHandlerRole", "RestRole")
        if "lambda-InvokeFunction" in [one.get("PolicyName") for one in policies(declared, role)]
    ]
    assert invoking == ["ApiHandlerRole"]


def test_a_variable_may_depend_on_a_condition() -> None:
    given = {"MODE": If("IsFast", "fast", "slow"), "TABLE": If("IsFast", "${TableName}")}
    declared = [feature(functions=(Function("go", "goes", variables=given),))]
    assert variables(declared, "Go")["MODE"] == {"Fn::If": ["IsFast", "fast", "slow"]}
    assert variables(declared, "Go")["TABLE"] == {
        "Fn::If": ["IsFast", {"Ref": "TableName"}, NO_VALUE]
    }
