"""What a type says of what its devices send, made ready for many records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from chalicelib import paths
from chalicelib.expressions import Expression, in_order, parse
from chalicelib.features.telemetry.anomalies import Bounds, Rules, bounds_of

_TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a type; *path* is None where the value stands under the metric's name."""

    name: str
    parameter_id: str
    data_type: str
    unit: str | None
    minimum: float
    maximum: float
    scale: float | None
    offset: float
    from_unit: str | None
    path: paths.Path | None
    rules: Rules
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Computed:
    """A metric that is computed from others of the same time."""

    metric: Metric
    expression: Expression


@dataclass(frozen=True)
class Plan:
    """A type: what its devices report, and what is computed from it, in an order that works.

    *has_paths* says that some metric stands elsewhere than under its name; then only what is
    declared is looked at. *metrics* are all of them, by their names.
    """

    timestamp: paths.Path
    reported: dict[str, Metric]
    computed: tuple[Computed, ...]
    has_paths: bool
    metrics: dict[str, Metric]


def plan_of(timestamp_path: str | None, rows: Sequence[Row[Any]]) -> Plan:
    """The plan of a type with the metrics of *rows*."""
    metrics = {row.name: _metric(row) for row in rows}
    expressions = {row.name: row.expression for row in rows if row.expression is not None}
    return Plan(
        timestamp=paths.parse(timestamp_path or _TIMESTAMP),
        reported={name: each for name, each in metrics.items() if name not in expressions},
        computed=tuple(_computed(metrics, expressions, in_order(expressions))),
        has_paths=any(each.path is not None for each in metrics.values()),
        metrics=metrics,
    )


def _computed(
    metrics: dict[str, Metric], expressions: dict[str, str], names: Iterable[str]
) -> tuple[Computed, ...]:
    return tuple(Computed(metrics[name], parse(expressions[name])) for name in names)


def _metric(row: Row[Any]) -> Metric:
    rules = Rules(
        below=row.usual_minimum,
        above=row.usual_maximum,
        change_per_minute=row.usual_change_per_minute,
        is_deviation_watched=row.is_deviation_watched,
    )
    return Metric(
        name=row.name,
        parameter_id=row.parameter_id,
        data_type=row.data_type,
        unit=row.unit,
        minimum=float("-inf") if row.minimum is None else row.minimum,
        maximum=float("inf") if row.maximum is None else row.maximum,
        scale=row.conversion_scale,
        offset=row.conversion_offset or 0.0,
        from_unit=row.conversion_unit,
        path=None if row.path is None else paths.parse(row.path),
        rules=rules,
        bounds=bounds_of(rules),
    )
