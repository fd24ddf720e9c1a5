"""What the suite over all features cannot read from the declarations of devices."""

from collections.abc import Iterator

from tests.features.devices.certificates import using as certificates
from tests.sandbox import Sandbox


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Devices get certificates, and lose them."""
    yield from certificates.everything(sandbox)


USES = {"runtime": everything}
PROBES = {**certificates.PROBES}
