"""What a role includes, and what a route may ask for."""

import pytest

from chalicelib.access.callers import require_role
from chalicelib.access.errors import ForbiddenError
from chalicelib.access.model import Principal, Requirement, Role, Scope


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_roles_include_the_lower_ones_and_devices_stand_apart(held: Role, needed: Role) -> None:
    ascending = [Role.VIEWER, Role.OPERATOR, Role.ADMIN]
    is_enough = held is needed or (
        held in ascending
        and needed in ascending
        and ascending.index(held) > ascending.index(needed)
    )
    assert held.includes(needed) is is_enough
    if is_enough:
        require_role(Principal("someone", held), needed)
    else:
        with pytest.raises(ForbiddenError, match=f"this needs the role {needed}"):
            require_role(Principal("someone", held), needed)


@pytest.mark.parametrize("least", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_a_requirement_is_met_by_roles_that_include_it_and_by_admins(
    role: Role, least: Role
) -> None:
    """An admin may stand in for a device, to try out what devices send."""
    is_met = Requirement(least, Scope.ORGANIZATION).is_met_by(Principal("someone", role))
    assert is_met is (role is Role.ADMIN or role.includes(least))


@pytest.mark.parametrize(
    ("least", "scope"),
    [(None, Scope.PLATFORM), (None, Scope.ORGANIZATION), (Role.VIEWER, Scope.OPEN)],
)
def test_a_requirement_names_a_role_unless_it_is_open(least: Role | None, scope: Scope) -> None:
    with pytest.raises(ValueError, match="a route names its least role, unless it is open"):
        Requirement(least, scope)


@pytest.mark.parametrize("role", list(Role))
def test_a_route_of_the_platform_is_closed_to_every_organization(role: Role) -> None:
    requirement = Requirement(role, Scope.PLATFORM)
    assert requirement.is_met_by(Principal("someone", role))
    assert not requirement.is_met_by(Principal("someone", role, "org-42"))
    assert Requirement(role, Scope.ORGANIZATION).is_met_by(Principal("someone", role, "org-42"))


def test_an_open_route_is_for_everybody() -> None:
    requirement = Requirement(None, Scope.OPEN)
    assert requirement.is_open
    assert all(requirement.is_met_by(Principal("someone", role, "org-42")) for role in Role)
