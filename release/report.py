"""What was packaged, for the person who is about to deploy it."""

import platform
from collections import Counter

from rich.console import Console
from rich.table import Table

from release.build import Release
from release.layer.build import ZIP as LAYER_ZIP
from release.layer.build import BuiltLayer

_SHOWN_PACKAGES = 8
_MEGABYTE = 1_000_000


def show(console: Console, release: Release) -> None:
    """Sizes, the biggest packages, the functions, and the remarks."""
    console.print(
        f"[bold]{release.out}[/bold]: {release.runtime}, made with Python "
        f"{platform.python_version()}; {_megabytes(release.zipped)} zipped, "
        f"{_megabytes(release.unzipped)} unpacked, {len(release.sizes):,} files",
        highlight=False,
        soft_wrap=True,
    )
    if release.layer:
        console.print(_layer(release, release.layer), highlight=False, soft_wrap=True)
    console.print(_biggest(release))
    console.print(_functions(release))
    for remark in release.remarks:
        console.print(f"[yellow]warning:[/yellow] {remark}", highlight=False, soft_wrap=True)


def _layer(release: Release, layer: BuiltLayer) -> str:
    with_layer = ", ".join(function.name for function in release.functions if function.layers)
    return (
        f"[bold]{LAYER_ZIP}[/bold]: {layer.requirement}, for {with_layer}; "
        f"{_megabytes(layer.zipped)} zipped, {_megabytes(layer.unzipped)} unpacked"
    )


def _biggest(release: Release) -> Table:
    weights: Counter[str] = Counter()
    for name, size in release.sizes.items():
        weights[name.partition("/")[0]] += size
    table = Table("unpacked", "MB")
    table.columns[1].justify = "right"
    for name, size in weights.most_common(_SHOWN_PACKAGES):
        table.add_row(name, f"{size / _MEGABYTE:.1f}")
    return table


def _functions(release: Release) -> Table:
    table = Table("function", "handler", "MB", "seconds")
    for column in table.columns[2:]:
        column.justify = "right"
    for function in release.functions:
        limits = (str(function.memory_mb), str(function.timeout_seconds))
        table.add_row(function.name, function.handler, *limits)
    return table


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB"
