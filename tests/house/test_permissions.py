"""A function may call what its code can call, and nothing else."""

import re

import pytest

from chalicelib.feature import Function
from stack.compute import SECRET_ACTION
from stack.declared import DECLARED, functions
from tests.house.aws_calls import (
    MADE_LATER,
    WITHOUT_RESOURCES,
    actions_of,
    calls_by_module,
    modules_reached,
)
from tests.house.uses import never_made

FUNCTIONS = functions(DECLARED)
# What Lambda itself does in the name of a function that a queue feeds.
BY_LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
by_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def _needed(function: Function) -> set[str]:
    reached = modules_reached()[function.name]
    made = {
        call
        for module, calls in calls_by_module().items()
        if module in reached
        for call in calls
        if (function.name, call) not in never_made()
    }
    return {action for call in made for action in actions_of(call)}


def _granted(function: Function) -> set[str]:
    login = {SECRET_ACTION} if function.uses_database else set()
    return login | {permission.action for permission in function.may}


@by_function
def test_a_function_may_do_what_its_code_does_and_no_more(function: Function) -> None:
    needed = _needed(function) | (BY_LAMBDA if function.queue else set())
    granted = _granted(function)
    told = f"see `may` of {function.name}"
    assert needed - granted == set(), f"missing: {told}, or NEVER_MADE beside the feature's tests"
    assert granted - needed == set(), f"no code needs these: {told}"


def test_a_reason_is_given_for_calls_that_are_reached_only() -> None:
    reached = {
        (name, call)
        for name, modules in modules_reached().items()
        for module, calls in calls_by_module().items()
        if module in modules
        for call in calls
    }
    assert never_made().keys() <= reached, "what is not reached needs no reason"


@by_function
def test_a_permission_is_for_named_resources(function: Function) -> None:
    """It may also be for all that is below a named resource, or for an action without resources."""
    for permission in function.may:
        for resource in permission.resources:
            if permission.action in WITHOUT_RESOURCES:
                assert resource == "*"
            elif not resource.endswith(MADE_LATER):
                assert re.search(r"\$\{(?!AWS::)", resource), permission
                assert "*" not in resource.removesuffix("/*"), permission
