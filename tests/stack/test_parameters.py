"""What is asked when the stack is deployed."""

import re

import pytest

from chalicelib.feature import Parameter
from stack import parameters
from tests.stack.declarations import feature

HASH = "ab" * 32
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


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("", True),
        (f"ci:viewer:{HASH}", True),
        (f"ci:viewer:{HASH}, d:device:{HASH}:site=a%2Cb\n", True),
        ("ci:viewer:the-token-itself", False),
        (f"ci:viewer:{HASH}:", False),
        (f"ci:viewer:{HASH}x", False),
        (HASH, False),
    ],
)
def test_static_tokens_are_given_as_hashes(given: str, is_taken: bool) -> None:
    pattern = parameters.parameters(DECLARED)["ApiTokens"]["AllowedPattern"]
    assert (re.search(pattern, given) is not None) is is_taken
