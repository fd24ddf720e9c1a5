"""In Lambda, a login that the policies do not hold is refused wherever they are relied upon."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline, engine_for
from chalicelib.errors import RoleNotIsolatedError
from chalicelib.settings import database_from_environment
from tests.isolation.logins import LOGIN
from tests.people import People
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql


@pytest.fixture
def in_a_function(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api_handler")
    engine_for(database_from_environment()).dispose()
    yield
    engine_for(database_from_environment()).dispose()


def reach(engine: Engine, organization: str | None) -> int:
    with database.transaction(engine, Deadline.after(30), organization) as connection:
        count: int = connection.execute(text("SELECT count(*) FROM iot_data.users")).scalar_one()
    return count


@pytest.mark.parametrize("organization", ["org-1", "", EVERY_ORGANIZATION])
def test_a_superuser_is_refused(
    organization: str, migrated: Sandbox, in_a_function: None, engine: Engine
) -> None:
    for _ in range(2):
        with pytest.raises(RoleNotIsolatedError, match="bypasses row level security"):
            reach(engine, organization)


def test_the_role_of_the_functions_is_not(
    runtime_login: Sandbox, in_a_function: None, runtime_engine: Engine
) -> None:
    for _ in range(2):
        assert reach(runtime_engine, EVERY_ORGANIZATION) == 0


def test_a_role_that_may_bypass_the_policies_is_refused(
    runtime_login: Sandbox, in_a_function: None, runtime_engine: Engine
) -> None:
    runtime_login.rows(f"ALTER ROLE {LOGIN} BYPASSRLS")
    try:
        with pytest.raises(RoleNotIsolatedError):
            reach(runtime_engine, EVERY_ORGANIZATION)
    finally:
        runtime_login.rows(f"ALTER ROLE {LOGIN} NOBYPASSRLS")


def test_work_that_sees_no_organization_goes_on(
    migrated: Sandbox, in_a_function: None, engine: Engine
) -> None:
    """A run of the sync relies on no policy, and sees nothing that one would hide."""
    assert reach(engine, None) == 0


@pytest.mark.usefixtures("environment")
def test_on_a_desk_the_owner_of_everything_will_do(migrated: Sandbox, engine: Engine) -> None:
    assert reach(engine, EVERY_ORGANIZATION) == 0


def test_the_platform_s_people_are_told_why_nobody_gets_in(
    people: People, in_a_function: None
) -> None:
    answer = people.platform().get("/me")
    error = answer.json_body["error"]
    assert (answer.status_code, error["code"]) == (503, "DATABASE_ROLE_NOT_ISOLATED")
    assert "docs/runtime-role.sql" in error["message"]
    told = people.caller("sub-x", **{"custom:organizationId": "org-1"}).get("/me")
    assert told.json_body["error"]["message"] == "the service is not configured"
