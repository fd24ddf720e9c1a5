"""Moto's server in place of IoT Core, for what the benchmarks register."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from devdb.aws import moto_server


@contextmanager
def iot_core() -> Iterator[None]:
    """Devices get things and certificates from moto's server, which is another thread of ours.

    What it takes is a part of the figure, as is what IoT Core takes.
    """
    with moto_server() as aws:
        variables = {
            **aws.environment,
            "DEVICE_IDENTITIES": "iot",
            "IOT_POLICY_NAME": aws.make_device_policy(),
            "IOT_ENDPOINT": "iot.example.com",
        }
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]
