"""Moto's server in place of AWS: the SDK talks to it over HTTP, as to the real one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

REGION = "eu-central-1"
# What a user may do has the names of groups, as docs/operations.md says.
GROUPS = ("viewer", "operator", "admin")
_POLICY = "devices"
# More than one, as a stream of some size has: order holds within each of them only.
_SHARDS = 2
_HOST = "127.0.0.1"
_SECONDS = 10


@dataclass(frozen=True)
class Aws:
    """The address of moto's server, and clients for it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that send the SDK to moto's server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def client(self, service: str) -> Any:
        """A client of *service*."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 moto's server takes any
        )

    def make_user_pool(self) -> str:
        """The id of a new user pool with the attributes and the groups that users need."""
        client = self.client("cognito-idp")
        pool_id: str = client.create_user_pool(
            PoolName="users",
            UsernameAttributes=["email"],
            Schema=[
                {"Name": name, "AttributeDataType": "String", "Mutable": True}
                for name in ("organizationId", "role")
            ],
        )["UserPool"]["Id"]
        for group in GROUPS:
            client.create_group(UserPoolId=pool_id, GroupName=group)
        return pool_id

    def make_device_policy(self) -> str:
        """The name of a new policy of IoT Core that lets each device connect as its thing."""
        allowed = {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self.client("iot").create_policy(policyName=_POLICY, policyDocument=document)
        return _POLICY

    def make_stream(self, name: str) -> None:
        """A new Kinesis stream, which takes records at once."""
        self.client("kinesis").create_stream(StreamName=name, ShardCount=_SHARDS)


@contextmanager
def moto_server(port: int = 0) -> Iterator[Aws]:
    """Moto's server, empty, on *port* or any free one; Lambda functions answer but do not run."""
    # It takes more than a second to import: only whoever starts it waits for that.
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address=_HOST, port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    aws = Aws(f"http://{host}:{port}")
    try:
        _post(f"{aws.endpoint}/moto-api/reset")
        _post(f"{aws.endpoint}/moto-api/config", {"lambda": {"use_docker": False}})
        yield aws
    finally:
        server.stop()


def _post(url: str, body: dict[str, Any] | None = None) -> None:
    import requests

    requests.post(url, json=body, timeout=_SECONDS).raise_for_status()
