"""Totals are kept beside the devices, and are exact whatever becomes of these."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.databases import connect
from tests.features.devices.registry import Registry

_TRUE = """
SELECT organization_id, tag, device_type_id, status, lifecycle, connectivity, count(*)
FROM iot_data.devices CROSS JOIN LATERAL unnest(array_append(tags, '')) AS tag
WHERE lifecycle <> 'deleted'
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
_KEPT = """
SELECT organization_id, tag, device_type_id, status, lifecycle, connectivity,
       sum(devices)::bigint
FROM iot_data.device_counts
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(devices) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
"""
_INSERT = (
    "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name, tags) "
    "SELECT 'd-' || n, CASE WHEN n % 2 = 0 THEN 'org-789' ELSE 'org-other' END, "
    "'type-temperature-sensor-v2-shared', 'D', (ARRAY['a', 'b', 'c'])[1 : n % 4] "
    "FROM generate_series({first}, {first} + 9) AS n ON CONFLICT DO NOTHING"
)
_STATEMENTS = (
    *(_INSERT.format(first=first) for first in (1, 6, 20)),
    "UPDATE iot_data.devices SET connectivity = 'online' WHERE device_id < 'd-2'",
    "UPDATE iot_data.devices SET lifecycle = 'deleted' WHERE name = 'D' AND device_id > 'd-20'",
    "UPDATE iot_data.devices SET lifecycle = 'active'",
    "UPDATE iot_data.devices SET tags = ARRAY['b'], maintenance_until = 'infinity'",
    "UPDATE iot_data.devices SET name = 'E'",
    "DELETE FROM iot_data.devices WHERE device_id > 'd-3'",
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(_STATEMENTS), max_size=12))
def test_what_is_kept_is_what_is_there(registry: Registry, statements: list[str]) -> None:
    registry.sandbox.rows("DELETE FROM iot_data.devices")
    for statement in statements:
        registry.sandbox.rows(statement)
    assert registry.sandbox.rows(_KEPT) == registry.sandbox.rows(_TRUE)


def test_many_who_write_at_once_lose_no_count(registry: Registry) -> None:
    def write(worker: int) -> None:
        connection = connect(registry.sandbox.url)
        with connection.cursor() as cursor:
            for number in range(60):
                cursor.execute(
                    "INSERT INTO iot_data.devices "
                    "(device_id, organization_id, device_type_id, name, tags) "
                    "VALUES (%s, 'org-789', 'type-temperature-sensor-v2-shared', 'D', '{a}')",
                    [f"d-{worker}-{number}"],
                )
                if number % 3 == 0:
                    cursor.execute(
                        "UPDATE iot_data.devices SET connectivity = 'online' WHERE device_id = %s",
                        [f"d-{worker}-{number}"],
                    )
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert registry.sandbox.rows(_KEPT) == registry.sandbox.rows(_TRUE)
    # Rows are made one now and then, so that whoever reads finds few.
    assert registry.sandbox.value("SELECT count(*) FROM iot_data.device_counts") < 400
    assert registry.list("tags=a")["pagination"]["totalItems"] == 240
    assert registry.list("status=online")["pagination"]["totalItems"] == 80


@pytest.mark.postgresql
def test_a_total_is_that_of_the_moment_of_its_page(registry: Registry) -> None:
    """A registration that is under way is neither in the page nor in the total."""
    registry.register(name="First")
    other = connect(registry.sandbox.url)
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute(_INSERT.format(first=1))
        body = registry.list()
        assert (len(body["items"]), body["pagination"]["totalItems"]) == (1, 1)
    other.rollback()
    other.close()
    assert registry.list()["pagination"]["totalItems"] == 1
