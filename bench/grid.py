"""The points of the grid: how many pairs, how often they report, and how much of a past."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import URL

from bench import data, databases
from bench.contestants import Trial, ours
from bench.data import Fleet
from bench.measure import Course, measure
from bench.points import Point
from chalicelib.features.device_parameters.model import BUCKET

DAY = 24
_PLACE = re.compile(r"(\d+)x(\d+)x(\d+)", re.ASCII)
WINDOWS_MINUTES = (5, 60, 6 * 60, DAY * 60, 7 * DAY * 60, 30 * DAY * 60)


@dataclass(frozen=True)
class Place:
    """Where to measure."""

    pairs: int
    readings_an_hour: int
    hours: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """A place as `PAIRSxREADINGSxHOURS`; raises `ValueError` for anything else."""
        found = _PLACE.fullmatch(text)
        place = cls(*map(int, found.groups())) if found else None
        if place is None or not place._is_possible:
            raise ValueError(
                f"{text!r} is not PAIRSxREADINGSxHOURS, such as 10000x4x26: ten pairs and two "
                "hours at least, and a number of readings an hour that divides 60"
            )
        return place

    @property
    def _is_possible(self) -> bool:
        divides = 0 < self.readings_an_hour <= 60 and 60 % self.readings_an_hour == 0
        return self.pairs >= data.PARAMETERS and self.hours >= 2 and divides

    @property
    def windows_minutes(self) -> list[int]:
        """The windows that its past is long enough for."""
        return [minutes for minutes in WINDOWS_MINUTES if minutes <= self.hours * 60]

    def __str__(self) -> str:
        past = f"{self.hours} h" if self.hours < 2 * DAY else f"{self.hours / DAY:g} d"
        return f"{self.pairs:,} pairs x {self.readings_an_hour} an hour x {past}"


SIZES = {
    "small": [Place(1_000, 1, 26), Place(1_000, 4, 26), Place(1_000, 60, 3)],
    "medium": [
        *(Place(10_000, density, 26) for density in (1, 4, 60)),
        *(Place(100_000, density, 26) for density in (1, 4)),
    ],
    "full": [
        Place(10_000, 1, 30 * DAY),
        Place(10_000, 4, 30 * DAY),
        Place(10_000, 60, 2 * DAY),
        Place(100_000, 1, 7 * DAY),
        Place(100_000, 4, 2 * DAY),
        Place(100_000, 60, 3),
        Place(1_000_000, 1, 26),
        Place(1_000_000, 4, 6),
    ],
}


def measure_place(
    server: URL | None, place: Place, repeats: int, report: Callable[[str], None]
) -> Point:
    """Measure one place in a database of its own."""
    report(f"{place}: loading")
    with databases.scratch(server) as settings:
        fleet = data.fleet_of(settings, place.pairs, place.readings_an_hour)
        windows = [timedelta(minutes=minutes) for minutes in place.windows_minutes]
        course = Course(fleet, windows, repeats, report)
        first_run_at = data.first_run_at(datetime.now(UTC), course.most_hours)
        rate = prepare(fleet, place.hours, first_run_at)
        report(f"{place}: loaded {rate:,} rows/s")
        return measure(
            course,
            first_run_at,
            place.hours,
            load_rows_per_second=rate,
            is_embedded=server is None,
        )


def prepare(fleet: Fleet, hours: int, first_run_at: datetime) -> int:
    """Make the past, and sync the hour before the first run; returns the rows loaded a second."""
    past = hours * BUCKET
    start, end = first_run_at - past - BUCKET, first_run_at - BUCKET
    data.install(fleet)
    began = time.monotonic()
    with data.loading(fleet):
        data.live(fleet, start, end)
    loaded_in = time.monotonic() - began
    data.settle(fleet)
    data.remember(fleet, start, end)
    data.tend(fleet, past)
    data.settle(fleet)
    ours(Trial(fleet, end, window_minutes=60))
    data.settle(fleet)
    return round((end - start) / BUCKET * fleet.readings_an_hour * fleet.pairs / loaded_in)
