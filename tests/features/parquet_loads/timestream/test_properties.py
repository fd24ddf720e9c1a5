"""Whatever Timestream does, no record is lost, doubled or dropped silently."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.timestream.errors import TimestreamUnavailableError
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter, WriteResult
from tests.features.parquet_loads.timestream.conftest import settings_for
from tests.features.parquet_loads.timestream.energy import hours
from tests.features.parquet_loads.timestream.stub import (
    RESET_AFTER_WRITING,
    TRANSIENT,
    Answer,
    TimestreamStub,
)

ROWS = 60
FAULTS = st.lists(st.sampled_from([Answer(), Answer(), *TRANSIENT]), max_size=25)
REJECTED = st.sets(st.integers(0, ROWS - 1), max_size=20)


def load(stub: TimestreamStub, max_retries: int, size: int) -> WriteResult:
    settings = settings_for(stub.url, size, max_retries)
    deadline = Deadline.after(60)
    with TimestreamWriter(settings, "generation", 1, deadline, backoff_seconds=0) as sink:
        sink.write(hours(ROWS))
        return sink.close()


def refusing(stub: TimestreamStub, rows: set[int]) -> None:
    values = {str(row) for row in rows}
    stub.rejects = lambda record: "no" if record["MeasureValue"] in values else None


def stored_rows(stub: TimestreamStub) -> list[float]:
    return sorted(stub.values.values())


@settings(deadline=None, max_examples=60)
@given(FAULTS, REJECTED, st.integers(1, 20))
def test_every_row_is_stored_once_or_reported(
    aws_for_all: Any, faults: list[Answer], rejected: set[int], size: int
) -> None:
    with TimestreamStub() as stub:
        stub.will(*faults)
        refusing(stub, rejected)
        result = load(stub, max_retries=len(faults), size=size)
        assert [row.row_number for row in result.rejected] == sorted(rejected)
        assert stored_rows(stub) == sorted(set(range(ROWS)) - rejected)
        assert result.written + len(result.rejected) == ROWS
        assert resent_rows(stub) <= faults.count(RESET_AFTER_WRITING) * size


def resent_rows(stub: TimestreamStub) -> int:
    """An accepted record is sent again only if the answer was lost."""
    return sum(stored.write_count - 1 for stored in stub.kept.values())


@settings(deadline=None, max_examples=60)
@given(FAULTS, REJECTED, st.integers(0, 2), st.integers(1, 20))
def test_a_load_that_gave_up_can_be_repeated(
    aws_for_all: Any, faults: list[Answer], rejected: set[int], retries: int, size: int
) -> None:
    with TimestreamStub() as stub:
        stub.will(*faults)
        refusing(stub, rejected)
        try:
            load(stub, retries, size)
        except TimestreamUnavailableError as error:
            written, resets = error.details["written"], faults.count(RESET_AFTER_WRITING)
            assert 0 <= len(stub.kept) - written <= resets * size
        stub.faults.clear()
        result = load(stub, retries, size)
        assert stored_rows(stub) == sorted(set(range(ROWS)) - rejected)
        assert [row.row_number for row in result.rejected] == sorted(rejected)
