"""Whether metrics go together: what no type of a single field can say."""

from collections.abc import Iterator, Sequence

from chalicelib import paths
from chalicelib.errors import InvalidRequestError
from chalicelib.expressions import ExpressionCycleError, ExpressionError, in_order, parse
from chalicelib.features.device_types.metric_bodies import NewDeviceMetric
from chalicelib.features.device_types.model import TIMESTAMP, DataType

_SHOWN = 5


def require_consistent(metrics: Sequence[NewDeviceMetric]) -> None:
    """Raise `InvalidRequestError` for the first thing in *metrics* that cannot be, by its path."""
    _require_names_of_their_own(metrics)
    for place, metric in _placed(metrics):
        _require_fitting_limits(place, metric)
        _require_fitting_conversion(place, metric)
        _require_fitting_path(place, metric)
        _require_fitting_usual(place, metric)
    _require_computable(metrics)


def _placed(metrics: Sequence[NewDeviceMetric]) -> Iterator[tuple[str, NewDeviceMetric]]:
    """The metrics, each with its path in the body."""
    return ((f"metrics[{index}]", metric) for index, metric in enumerate(metrics))


def _require_names_of_their_own(metrics: Sequence[NewDeviceMetric]) -> None:
    places: dict[str, str] = {}
    for place, metric in _placed(metrics):
        if metric.name == TIMESTAMP:
            raise refused(f"{place}.name", "is what the time of a reading is called")
        first = places.setdefault(metric.name, place)
        if first != place:
            raise refused(f"{place}.name", f"is that of {first} already")


def _require_fitting_limits(place: str, metric: NewDeviceMetric) -> None:
    for name, limit in (("minimum", metric.minimum), ("maximum", metric.maximum)):
        if limit is not None and metric.data_type is DataType.BOOLEAN:
            raise refused(f"{place}.{name}", "is for numbers, and not for true and false")
    if (
        metric.minimum is not None
        and metric.maximum is not None
        and metric.minimum > metric.maximum
    ):
        raise refused(f"{place}.minimum", "must not be above the maximum")


def _require_fitting_conversion(place: str, metric: NewDeviceMetric) -> None:
    if metric.conversion is None:
        return
    if metric.expression is not None:
        raise refused(f"{place}.conversion", "is for what devices report, and this is computed")
    if metric.data_type is DataType.BOOLEAN:
        raise refused(f"{place}.conversion", "is for numbers, and not for true and false")
    if metric.conversion.scale == 0:
        raise refused(f"{place}.conversion.scale", "must not be 0: every value would be the same")


def _require_fitting_path(place: str, metric: NewDeviceMetric) -> None:
    if metric.path is not None and metric.expression is not None:
        raise refused(f"{place}.path", "is for what devices report, and this is computed")
    require_path(f"{place}.path", metric.path)


def require_path(place: str, text: str | None) -> None:
    """Raise `InvalidRequestError` where *text*, which is at *place* in the body, is no path."""
    try:
        if text is not None:
            paths.parse(text)
    except paths.PathError as error:
        raise refused(place, str(error)) from None


def _require_fitting_usual(place: str, metric: NewDeviceMetric) -> None:
    usual = metric.usual
    if usual is None:
        return
    if metric.data_type is DataType.BOOLEAN:
        raise refused(f"{place}.usual", "is for numbers, and not for true and false")
    for name, limit in (("minimum", usual.minimum), ("maximum", usual.maximum)):
        _require_possible(f"{place}.usual.{name}", limit, metric)
    if usual.minimum is not None and usual.maximum is not None and usual.minimum > usual.maximum:
        raise refused(f"{place}.usual.minimum", "must not be above the maximum that is usual")


def _require_possible(place: str, limit: float | None, metric: NewDeviceMetric) -> None:
    """Raise where the *limit* of what is usual is a value that cannot be."""
    if limit is None:
        return
    if metric.minimum is not None and limit < metric.minimum:
        raise refused(place, "must not be below the minimum of the metric")
    if metric.maximum is not None and limit > metric.maximum:
        raise refused(place, "must not be above the maximum of the metric")


def _require_computable(metrics: Sequence[NewDeviceMetric]) -> None:
    known = {metric.name for metric in metrics}
    for place, metric in _placed(metrics):
        if metric.expression is not None:
            _require_expression(place, metric, metric.expression, known)
    computed = {each.name: each.expression for each in metrics if each.expression is not None}
    try:
        in_order(computed)
    except ExpressionCycleError as error:
        [place] = [place for place, each in _placed(metrics) if each.name == error.names[0]]
        raise refused(f"{place}.expression", str(error)) from None


def _require_expression(
    place: str, metric: NewDeviceMetric, expression: str, known: set[str]
) -> None:
    if metric.data_type is not DataType.NUMBER:
        raise refused(f"{place}.dataType", "must be number: what is computed is one")
    try:
        names = parse(expression).names
    except ExpressionError as error:
        raise refused(f"{place}.expression", str(error)) from None
    if not names:
        raise refused(f"{place}.expression", "must name another metric")
    if unknown := sorted(names - known):
        shown = ", ".join(unknown[:_SHOWN])
        raise refused(f"{place}.expression", f"names what is no metric of this type: {shown}")


def require_parameters_of_their_own(parameter_ids: Sequence[str]) -> None:
    """Raise `InvalidRequestError` where two metrics would be kept as one parameter."""
    places: dict[str, int] = {}
    for index, parameter_id in enumerate(parameter_ids):
        first = places.setdefault(parameter_id, index)
        if first != index:
            place = f"metrics[{index}].parameterId"
            raise refused(place, f"is that of metrics[{first}] already: name another one")


def refused(place: str, problem: str) -> InvalidRequestError:
    """The refusal of what is at *place* in the body."""
    return InvalidRequestError(f"{place} {problem}", parameter=place)
