"""A user pool in moto's server, as docs/operations.md makes one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws import Aws, moto_server


@dataclass(frozen=True)
class Pool:
    """A user pool, and what is in it."""

    pool_id: str
    client: Any

    def users(self) -> list[dict[str, Any]]:
        """Everybody in it: attributes by name, groups, and whether they may sign in."""
        found = self.client.list_users(UserPoolId=self.pool_id)["Users"]
        return sorted(map(self._read, found), key=lambda user: str(user["email"]))

    def user(self, email: str) -> dict[str, Any]:
        """Who signs in with *email*."""
        [found] = [user for user in self.users() if user["email"] == email]
        return found

    def add(self, email: str, **attributes: str) -> str:
        """Somebody whom others have put there; returns the subject."""
        given = {"email": email, **{f"custom:{k}": v for k, v in attributes.items()}}
        answer = self.client.admin_create_user(
            UserPoolId=self.pool_id,
            Username=email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in given.items()],
        )
        said = {one["Name"]: one["Value"] for one in answer["User"]["Attributes"]}
        return str(said["sub"])

    def _read(self, user: dict[str, Any]) -> dict[str, Any]:
        groups = self.client.admin_list_groups_for_user(
            UserPoolId=self.pool_id, Username=user["Username"]
        )["Groups"]
        return {
            **{one["Name"]: one["Value"] for one in user["Attributes"]},
            "groups": sorted(group["GroupName"] for group in groups),
            "is_enabled": user["Enabled"],
        }


def make_pool(aws: Aws) -> Pool:
    """A pool with the attributes and the groups that users need."""
    return Pool(aws.make_user_pool(), aws.client("cognito-idp"))


@contextmanager
def configured_pool() -> Iterator[Pool]:
    """A pool of which the application is told."""
    with pytest.MonkeyPatch.context() as patch, moto_server() as aws:
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        pool = make_pool(aws)
        patch.setenv("USER_POOL_ID", pool.pool_id)
        yield pool
