"""The commands of the service itself."""

import secrets

import click

from chalicelib.access import entries
from chalicelib.access.model import Role
from chalicelib.errors import InvalidRequestError
from chalicelib.terminal import reporting_errors, say

_ROLES = click.Choice([role.value for role in Role])


@click.command()
@click.argument("name")
@click.option("--role", type=_ROLES, default="viewer", show_default=True)
@click.option("--device", "device_id", help="The one device that it may speak for.")
@click.option("--site", "site_id", help="The one site for whose devices it may speak.")
@reporting_errors
def token(name: str, role: str, device_id: str | None, site_id: str | None) -> None:
    """Make a static token, and its entry for API_TOKENS; the token is shown this once."""
    made = secrets.token_urlsafe(32)
    try:
        entry = entries.written(name, Role(role), made, _binding(device_id, site_id))
    except ValueError as problem:
        raise InvalidRequestError(f"the token {problem}") from None
    say("Give the token to whoever is to use it; it is kept nowhere:")
    say(f"  {made}")
    say("Add the entry to API_TOKENS, or to the parameter ApiTokens of the stack:")
    say(f"  {entry}")


def _binding(device_id: str | None, site_id: str | None) -> tuple[str, str] | None:
    if device_id is not None and site_id is not None:
        raise InvalidRequestError("a token is bound to a device or to a site, not to both")
    if device_id is not None:
        return "device", device_id
    return None if site_id is None else ("site", site_id)


COMMANDS = (token,)
