"""What else the processor is doing while something is measured."""

import os
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Load:
    """The machine's load: `others_percent` of all its cores were busy with other processes than this one.

    `average_1min` is the system's own load average, None where it keeps none.
    """

    average_1min: float | None
    others_percent: float


class LoadMeter:
    """Measures the load from its making to `read`."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._start_s, self._busy_s, self._own_s = time.perf_counter(), _busy_s(), self._own()

    def read(self) -> Load:
        """Return the load since the meter was made."""
        elapsed_s = max(time.perf_counter() - self._start_s, 1e-9)
        others_s = (_busy_s() - self._busy_s) - (self._own() - self._own_s)
        percent = 100 * others_s / (elapsed_s * (psutil.cpu_count() or 1))
        return Load(_average_1min(), round(min(max(percent, 0.0), 100.0), 1))

    def _own(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def load_now(seconds: float = 0.3) -> Load:
    """Return the load over the next `seconds`, in which this process waits."""
    meter = LoadMeter()
    time.sleep(seconds)
    return meter.read()


def _busy_s() -> float:
    times = psutil.cpu_times()
    # Linux counts a guest's time in `user` as well
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "guest", 0.0)
    return float(sum(times) - idle - getattr(times, "guest_nice", 0.0))


def _average_1min() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
