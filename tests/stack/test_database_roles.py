"""The scripts that make the roles of the database."""

from stack import database_roles
from stack.database_roles import Right
from tests.stack.declarations import feature

VISITS = feature(
    "visits",
    rights={
        "runtime": {"visits": "INSERT SELECT", "visits_seq": "USAGE", "old_visits?": "SELECT"},
        "archiver": {"visits": "SELECT"},
    },
    aggregates={"visits_daily": ("visits", "sites")},
)
TOURS = feature("tours", rights={"runtime": {"visits": "DELETE", "old_visits": "SELECT"}})
RUNTIME = database_roles.script("runtime", [VISITS, TOURS])
ARCHIVER = database_roles.script("archiver", [VISITS, TOURS])


def test_every_role_that_holds_a_right_has_a_script() -> None:
    assert database_roles.roles([VISITS, TOURS]) == ["runtime", "archiver"]
    assert "CREATE ROLE device_parameters_archiver LOGIN;" in ARCHIVER


def test_what_two_features_ask_for_is_granted_once_and_together() -> None:
    assert database_roles.rights("runtime", [VISITS, TOURS])["visits"] == [
        Right("visits", ("SELECT", "INSERT", "DELETE"), is_optional=False),
        Right("visits_seq", ("USAGE",), is_optional=False),
        # One of them says that it need not exist, and the other needs it.
        Right("old_visits", ("SELECT",), is_optional=False),
    ]
    assert RUNTIME.count("ON iot_data.visits TO device_parameters_runtime;") == 1


def test_a_sequence_is_granted_as_one() -> None:
    assert "GRANT USAGE ON SEQUENCE iot_data.visits_seq TO device_parameters_runtime;" in RUNTIME


def test_what_need_not_exist_is_granted_where_it_does() -> None:
    script = database_roles.script("runtime", [VISITS])
    check, _, grant = script.partition("to_regclass('iot_data.old_visits') IS NOT NULL")[0:3]
    assert check
    assert "GRANT SELECT ON iot_data.old_visits" in grant


def test_an_aggregate_is_handed_to_a_role_of_its_own_which_may_read_its_sources() -> None:
    owner = "device_parameters_refresh"
    assert f"ALTER MATERIALIZED VIEW iot_data.visits_daily OWNER TO {owner};" in RUNTIME
    for source in ("visits", "sites"):
        assert f"GRANT SELECT ON iot_data.{source} TO {owner};" in RUNTIME
    assert f"GRANT {owner} TO device_parameters_runtime;" in RUNTIME


def test_only_the_role_that_refreshes_takes_a_superuser() -> None:
    assert "-- As a superuser" in RUNTIME
    assert "device_parameters_refresh" not in ARCHIVER
    assert "-- As the owner of the tables or a superuser" in ARCHIVER
