"""The network without a pause for minutes: a device that is fast at first may be slow when it is warm."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import Session
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.network import random_feeds

_LEAST = 2
"""Intervals: a beginning and an end."""


@dataclass(frozen=True)
class Interval:
    """A part of a sustained run, from `start_s` on.

    At its end this process takes `rss_mb` of memory (None in older results), `clock_mhz` is the mean of the cores and
    `hottest_c` the hottest sensor, None where the system does not tell.
    """

    start_s: float
    network_ms: Distribution
    clock_mhz: float | None
    hottest_c: float | None
    rss_mb: float | None = None


def measure_sustained(
    session: Session, minutes: float, on_interval: Callable[[Interval], None] = lambda _interval: None
) -> tuple[Interval, ...]:
    """Return the times of runs of one random input, one after another, by the minute (at least two intervals).

    `on_interval` hears of each. Ctrl-C ends it early once two are over.
    """
    feeds, count = random_feeds(session), max(_LEAST, round(minutes))
    length_s, start_s = 60 * minutes / count, time.perf_counter()
    intervals = []
    try:
        for number in range(1, count + 1):
            begin_s, times_ns = time.perf_counter() - start_s, _times_ns(session, feeds, start_s + number * length_s)
            now = _clock_mhz(), _hottest_c(), round(psutil.Process().memory_info().rss / 1e6, 1)
            intervals.append(Interval(round(begin_s, 1), Distribution.of_ns(times_ns), *now))
            on_interval(intervals[-1])
    except KeyboardInterrupt:  # of half an hour, what was measured is worth having
        if len(intervals) < _LEAST:
            raise
    return tuple(intervals)


def slowdown(intervals: tuple[Interval, ...]) -> float:
    """Return the median of the last interval over that of the first; NaN where that was nothing."""
    first_ms = intervals[0].network_ms.p50
    return intervals[-1].network_ms.p50 / first_ms if first_ms else float("nan")


def _times_ns(session: Session, feeds: Mapping[str, Array], until_s: float) -> list[int]:
    times_ns: list[int] = []
    while not times_ns or time.perf_counter() < until_s:
        begin_ns = time.perf_counter_ns()
        session.run(feeds)
        times_ns.append(time.perf_counter_ns() - begin_ns)
    return times_ns


def _clock_mhz() -> float | None:
    try:
        found = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    except (OSError, NotImplementedError):  # where the files of a driver are incomplete
        found = None
    return round(found.current, 1) if found else None


def _hottest_c() -> float | None:
    """Return the highest temperature that the system reports; not every system can, and a board's names differ."""
    read = getattr(psutil, "sensors_temperatures", dict)
    temperatures = [sensor.current for sensors in read().values() for sensor in sensors]
    return round(max(temperatures), 1) if temperatures else None
