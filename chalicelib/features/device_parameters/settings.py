"""The settings of a run, read together."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.features.device_parameters.feature import (
    AGGREGATE_RETENTION_DAYS,
    AUTO,
    CHECK_INTERVAL_MINUTES,
    EVIDENCE_SOURCE,
    HISTORY_RETENTION_DAYS,
    REFRESH_WORK_MEM_MB,
    REMOVAL_GUARD_GROUP_MIN_PAIRS,
    REMOVAL_GUARD_GROUP_PERCENT,
    REMOVAL_GUARD_MIN_PAIRS,
    REMOVAL_GUARD_PERCENT,
    SYNC_INTERVAL_MINUTES,
)
from chalicelib.features.device_parameters.guard import GuardLimits
from chalicelib.features.device_parameters.model import EvidenceSource
from chalicelib.settings import CHANGE_EVENT_BUS, DatabaseSettings, database_from_environment


@dataclass(frozen=True)
class SyncSettings:
    """One checked value per environment variable."""

    database: DatabaseSettings
    check_interval_minutes: int
    sync_interval_minutes: int
    removal_guard_percent: int
    removal_guard_min_pairs: int
    removal_guard_group_percent: int
    removal_guard_group_min_pairs: int
    history_retention_days: int
    refresh_work_mem_mb: int
    evidence_source: EvidenceSource | None
    aggregate_retention_days: int
    change_event_bus: str | None

    @property
    def guard_limits(self) -> GuardLimits:
        """What may be removed without a person."""
        return GuardLimits(
            self.removal_guard_percent,
            self.removal_guard_min_pairs,
            self.removal_guard_group_percent,
            self.removal_guard_group_min_pairs,
        )


def sync_settings(environ: Mapping[str, str] = os.environ) -> SyncSettings:
    """All settings of a run or a request.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    return SyncSettings(
        database=database_from_environment(environ),
        check_interval_minutes=CHECK_INTERVAL_MINUTES.value(environ),
        sync_interval_minutes=SYNC_INTERVAL_MINUTES.value(environ),
        removal_guard_percent=REMOVAL_GUARD_PERCENT.value(environ),
        removal_guard_min_pairs=REMOVAL_GUARD_MIN_PAIRS.value(environ),
        removal_guard_group_percent=REMOVAL_GUARD_GROUP_PERCENT.value(environ),
        removal_guard_group_min_pairs=REMOVAL_GUARD_GROUP_MIN_PAIRS.value(environ),
        history_retention_days=HISTORY_RETENTION_DAYS.value(environ),
        refresh_work_mem_mb=REFRESH_WORK_MEM_MB.value(environ),
        evidence_source=_forced(EVIDENCE_SOURCE.value(environ)),
        aggregate_retention_days=AGGREGATE_RETENTION_DAYS.value(environ),
        change_event_bus=CHANGE_EVENT_BUS.value_if_set(environ),
    )


def _forced(name: str) -> EvidenceSource | None:
    return None if name == AUTO else EvidenceSource(name)
