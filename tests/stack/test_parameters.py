"""What is asked when the stack is deployed."""

from chalicelib.feature import Parameter
from stack import parameters
from tests.stack.declarations import feature

BUCKET = Parameter("Bucket", "Where visits are kept", pattern="^[a-z]+$", condition="KeepsVisits")
TOKEN = Parameter("Token", "Who asks", group="Access", is_secret=True, default=None)
COLOUR = Parameter("Colour", "Of the page", default="red", choices=("red", "blue"))
DECLARED = [feature("site_visits", parameters=(BUCKET, TOKEN, COLOUR))]


def test_a_parameter_is_asked_for_under_the_name_of_its_feature_or_where_it_says() -> None:
    groups = parameters.groups(DECLARED)
    assert list(groups["Site visits"]) == ["Bucket", "Colour"]
    assert "Token" in groups["Access"]
    shown = parameters.interface(DECLARED)["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in shown for name in group["Parameters"]] == [
        *parameters.parameters(DECLARED)
    ]


def test_a_parameter_is_checked_as_it_is_declared() -> None:
    made = parameters.parameters(DECLARED)
    assert made["Bucket"] == {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^[a-z]+$",
        "Description": "Where visits are kept",
    }
    assert made["Token"] == {"Type": "String", "NoEcho": True, "Description": "Who asks"}
    assert made["Colour"]["AllowedValues"] == ["red", "blue"]


def test_a_condition_holds_where_its_parameter_is_given() -> None:
    assert parameters.conditions(DECLARED)["KeepsVisits"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "Bucket"}, ""]}]
    }
