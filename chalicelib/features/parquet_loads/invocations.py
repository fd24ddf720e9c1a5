"""Loads started by an event: S3 through EventBridge, a notification of S3, or a state machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.database import Deadline, engine_for
from chalicelib.errors import ApplicationError
from chalicelib.features.parquet_loads import metrics, payload
from chalicelib.features.parquet_loads.bodies import load_body
from chalicelib.features.parquet_loads.errors import UnknownDatasetError, UnloadableError
from chalicelib.features.parquet_loads.ledger import Failure, Load, LoadStatus, Location
from chalicelib.features.parquet_loads.model import REJECTS_PREFIX, dataset_of
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.features.parquet_loads.source_errors import ReaderMissingError
from chalicelib.settings import CHANGE_EVENT_BUS, database_from_environment

if TYPE_CHECKING:
    from chalicelib.features.parquet_loads.load import Loading

# What a load writes itself must not start another.
OBJECT_CREATED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {"object": {"key": [{"anything-but": {"prefix": REJECTS_PREFIX}}]}},
}
# Lambda ends an invocation after 15 minutes at the latest.
TIME_LIMIT_SECONDS = 14 * 60.0


def load_event(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Load the objects that *event* is about, and return their rows of the ledger.

    What cannot be loaded as it is comes back as a failed load: Lambda must not try it again. But
    whoever asks for one object and waits for it, such as a state machine, gets that as an
    `UnloadableError`, whose message begins with the code. What may pass is raised, and Lambda
    repeats the invocation; what was loaded by then is not loaded again.
    """
    asked = payload.asked(event.get("detail"))
    deadline = Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
    loads, passing = _load_all(asked.locations, deadline)
    if passing:
        raise passing[0]
    if not asked.is_direct:
        return {"loads": [_document(load) for load in loads]}
    [load] = loads
    if load.error is not None and load.status is LoadStatus.FAILED:
        raise _as_error(load, load.error)
    return _document(load)


def _load_all(
    locations: list[Location], deadline: Deadline
) -> tuple[list[Load], list[ApplicationError]]:
    """Each of them, whatever became of the others; and what may pass."""
    loads, passing = [], []
    for location in locations:
        try:
            with _counting_failures(location):
                loads.append(_load(location, deadline))
        except ApplicationError as error:
            passing.append(error)
    return loads, passing


def _load(location: Location, deadline: Deadline) -> Load:
    loader = _loader()
    ended: Load = loader.load(_loading(loader, deadline), location)
    metrics.publish_load(ended)
    return ended


def _loader() -> Any:
    """What loads. It imports Arrow, which comes with the layer of one function, and takes its time.

    Raises `ReaderMissingError` where it cannot be imported.
    """
    try:
        from chalicelib.features.parquet_loads import load
    except ImportError as error:
        raise ReaderMissingError(
            f"Parquet cannot be read here ({error}): the function needs the layer that `make "
            "package` makes, pyarrow-layer.zip, for the Python that it runs on, 3.12 or newer"
        ) from error
    return load


def _loading(loader: Any, deadline: Deadline) -> "Loading":
    loading: Loading = loader.Loading(
        engine=engine_for(database_from_environment()),
        settings=loads_from_environment(),
        change_event_bus=CHANGE_EVENT_BUS.value_if_set(),
        deadline=deadline,
    )
    return loading


def _document(load: Load) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(load_body(load))
    return document


def _as_error(load: Load, failure: Failure) -> UnloadableError:
    """One name for all of them: a state machine matches names, and knows no families."""
    sentence = f"{failure.code.upper()}: {failure.message}"
    return UnloadableError(sentence, load_id=load.load_id)


@contextmanager
def _counting_failures(location: Location) -> Iterator[None]:
    try:
        yield
    except Exception:
        metrics.publish_failure(_dataset_or_none(location))
        raise


def _dataset_or_none(location: Location) -> str | None:
    try:
        return dataset_of(location.key)
    except UnknownDatasetError:
        return None
