"""How large a function is and how long it may take, as `.chalice/config.json` says."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

CHALICE = Path(__file__).resolve().parent.parent / ".chalice"


def timeout_seconds(function_name: str) -> int:
    """When Lambda ends the function."""
    seconds: int = _sizes()[function_name]["lambda_timeout"]
    return seconds


def is_limited(function_name: str) -> bool:
    """Whether only so many of it may run at once, so that others wait or are turned away."""
    return "reserved_concurrency" in _sizes()[function_name]


@lru_cache
def _sizes() -> dict[str, dict[str, Any]]:
    config = json.loads((CHALICE / "config.json").read_text("utf-8"))
    sizes: dict[str, dict[str, Any]] = config["lambda_functions"]
    return sizes
