"""Names that somebody else chose are text, whatever is in them, and break nothing."""

import pytest

from tests.console import canned
from tests.console.browser import card, field, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

PAGES = [
    "#/",
    "#/device_parameters",
    "#/device_parameters/pairs",
    "#/device_parameters/removals",
    "#/heartbeats",
    "#/heartbeats/unknown",
    "#/parquet_loads",
    "#/devices",
    "#/devices/of/dev-01",
    "#/device_types",
    "#/device_types/type-sensor",
    "#/telemetry",
    "#/telemetry/rejects",
    "#/telemetry/of/dev-01",
    "#/users",
    "#/users/user-01",
    "#/organizations",
    "#/service",
]
# Right-to-left override, embedding and isolate, none of them ended.
TURNING = "safe\u202egnp.exe\u202b\u2067"
NAMES = {
    "markup": canned.HOSTILE_IMAGE,
    "long": "x" * 5_000,
    "long words": "lorem ipsum " * 420,
    "turning": TURNING,
}


def rename_everything(api: StubApi, name: str) -> None:
    """Call everything *name* that can have a name."""
    for pair in (*api.pairs, *api.changes):
        pair |= {"device_name": name, "parameter_name": name, "parameter_id": name}
    for held in api.removals.held:
        held |= {"device_name": name, "parameter_id": name, "site_id": name, "device_type_id": name}
    for device in api.silent[:3]:
        device |= {"device_id": name, "site_id": name}
    for device in api.unknown[:1]:
        device |= {"device_id": name, "site_id": name}
    for entry in api.audit:
        entry |= dict.fromkeys(("actor", "action", "subject", "comment"), name)
        entry["after"] = {name: name}
    for load in api.loads:
        load["key"] = name
    rename_what_organizations_have(api, name)


def rename_what_organizations_have(api: StubApi, name: str) -> None:
    """Call devices, their types, users and organizations *name*."""
    for device in api.registry.devices.items:
        device |= {"name": name, "tags": [name], "type": name, "metadata": {name: name}}
    for change in api.registry.changes:
        change |= {"actor": name, "after": {name: name}}
    for kind in api.registry.types.items:
        kind |= {"name": name, "description": name}
        for metric in kind["metrics"]:
            metric |= dict.fromkeys(("name", "label", "unit", "expression"), name)
    for measuring in api.telemetry.devices:
        # A metric has no longer name, and no longer unit.
        shown = [each | {"metric": name[:64], "unit": name[:32]} for each in measuring["readings"]]
        measuring |= {"name": name, "readings": shown[:2]}
    for reject in api.telemetry.rejects:
        reject |= {"metric": name[:64], "message": name, "payload": name}
    for user in api.people.users.items:
        user |= {"name": name, "email": name}
    for organization in api.people.organizations.items:
        organization["name"] = name


def test_a_hostile_name_is_text(visit: Visit) -> None:
    page = visit("#/device_parameters")
    changes = page.text(rows("Last changes"))
    assert canned.HOSTILE_NAME in changes
    assert canned.HOSTILE_IMAGE in changes
    page.find(f"{rows('Last changes')}[2]//a").click()
    page.wait_for_text(card("Explanation"), "The pair is in the table")
    assert canned.HOSTILE_NAME in page.text(card("Explanation"))
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert "taken" not in page.run("return document.title")
    assert page.find(field("Device id")).get_attribute("value") == canned.HOSTILE_ID


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_does_not_break_the_layout(visit: Visit, api: StubApi, name: str) -> None:
    rename_everything(api, name)
    page = visit("#/nowhere")
    for address in PAGES:
        page.go(address)
        assert page.run("return document.documentElement.scrollWidth <= innerWidth"), address
        heights = (
            "return Math.max(0, ...[...document.querySelectorAll('tr')].map(r => r.offsetHeight))"
        )
        assert page.run(heights) < 150, address
        assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert page.complaints() == []


def test_a_name_turns_nothing_but_itself(visit: Visit, api: StubApi) -> None:
    rename_everything(api, TURNING)
    page = visit("#/parquet_loads")
    page.find(".name")
    isolated = page.run(
        "return [...document.querySelectorAll('.name')]"
        ".every((name) => getComputedStyle(name).unicodeBidi === 'isolate')"
    )
    assert isolated
    assert TURNING in page.text(rows("Loads"))
