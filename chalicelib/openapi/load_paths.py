"""The paths of loads, their methods and their parameters."""

from typing import Any

from chalicelib.features.parquet_loads.model import Dataset, LoadStatus
from chalicelib.openapi.operations import filtering, in_path, paging, reading
from chalicelib.openapi.responses import CLOSED
from chalicelib.openapi.shapes import schema_ref, whole

TAG = "loads"


def load_paths() -> dict[str, dict[str, Any]]:
    """All of them."""
    return {"/loads": _loads(), "/loads/{load_id}": _load()}


def _loads() -> dict[str, Any]:
    return reading(
        "Loads",
        "Loads, newest first.",
        "One page of loads.",
        schema_ref("LoadPage"),
        (
            *paging("WzQzXQ"),
            filtering("status", LoadStatus.FAILED, "Only loads in this status."),
            filtering("dataset", Dataset.GENERATION, "Only loads of this dataset."),
        ),
        tag=TAG,
    )


def _load() -> dict[str, Any]:
    number = whole("The number of the load.", minimum=1)
    parameters = (in_path("load_id", number, 43),)
    refusals = (*CLOSED, "404")
    return reading(
        "Load", "One load.", "The load.", schema_ref("Load"), parameters, refusals, tag=TAG
    )
