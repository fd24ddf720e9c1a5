"""What surrounds the application in AWS: functions, parameters, metrics, alarms."""

from collections.abc import Iterator

from chalicelib.feature import Feature, Function, Metric
from reference.markdown import Row, code, table
from stack import alarms, metrics, parameters
from stack.declared import Declared, title

DIMENSIONS = """\
In the namespace `METRICS_NAMESPACE`, with the dimension `service`, which is the feature, and those
named below. Metrics of the same graph are shown together on the dashboard."""
_METRIC, _ALARM, _DASHBOARD = 0.30, 0.10, 3.00
PRICES = f"""\
In US dollars a month and stage, at {_METRIC:.2f} a metric, {_ALARM:.2f} an alarm and
{_DASHBOARD:.2f} a dashboard: prices to be checked, see [Operations](operations.md#cost). A metric
is paid for in those hours only in which it is reported."""


def functions_of(declared: Declared) -> Iterator[str]:
    """The functions: how large each is, how long it may take, and what it does."""
    head = ("function", "what it does", "memory", "at most", "at once")
    for feature in declared:
        yield table(
            f"Functions: {title(feature)}", head, [_function(one) for one in feature.functions]
        )


def parameters_of(declared: Declared) -> Iterator[str]:
    """The parameters, grouped as the console of AWS asks for them."""
    for label, definitions in parameters.groups(declared).items():
        rows = [
            (
                code(name),
                code(definition["Default"]) if "Default" in definition else "required",
                definition["Description"],
            )
            for name, definition in definitions.items()
        ]
        yield table(f"Parameters: {label}", ("parameter", "default", "what it is"), rows)


def metrics_of(declared: Declared) -> Iterator[str]:
    """What each feature reports, and what is counted in its logs."""
    head = ("metric", "statistic", "graph", "further dimensions")
    for feature in declared:
        rows = [
            *(_metric(one, _dimension(feature)) for one in metrics.reported(feature)),
            *(_metric(one, "none: it is counted in the log") for one in metrics.counted(feature)),
        ]
        yield table(f"Metrics: {title(feature)}", head, rows)


def alarms_of(declared: Declared) -> str:
    """The alarms: what each means, and where to read what to do."""
    rows = [
        (
            f"[{code(watch.alarm.name)}](operations.md#{watch.alarm.section})",
            watch.alarm.meaning,
        )
        for watch in alarms.watches(declared)
    ]
    return table("All alarms", ("alarm, and what to do", "what it means"), rows)


def cost_of(declared: Declared) -> str:
    """The cost: what is counted above, times its price."""
    counts = [(f"metrics of {title(feature)}", _count(feature)) for feature in declared]
    bought = [
        *((what, count, _METRIC) for what, count in counts if count),
        ("alarms", len(alarms.watches(declared)), _ALARM),
        ("dashboard", 1, _DASHBOARD),
    ]
    rows = [(what, str(count), f"{count * price:.2f}") for what, count, price in bought]
    together = sum(count * price for _, count, price in bought)
    total = ("**together**", "", f"**{together:.2f}**")
    return table("What is paid for", ("what", "how many", "cost"), [*rows, total])


def _function(function: Function) -> Row:
    limit = "" if function.concurrency is None else str(function.concurrency)
    size = f"{function.memory_mb} MB"
    return code(function.name), function.purpose, size, f"{function.timeout_s} s", limit


def _metric(metric: Metric, dimension: str) -> Row:
    return code(metric.name), metric.statistic, metric.graph, dimension


def _dimension(feature: Feature) -> str:
    if feature.split_by is None:
        return ""
    name, values = feature.split_by
    return f"{code(name)}: {', '.join(values)}"


def _count(feature: Feature) -> int:
    named = (*metrics.reported(feature), *metrics.counted(feature))
    return sum(len(metrics.series(feature, metric.name)) for metric in named)
