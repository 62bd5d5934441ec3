"""What every stage of one frame took."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


def work_ns(stage_ns: Mapping[str, int]) -> int:
    """Return what all stages of a frame took together, without the wait for it."""
    return sum(ns for stage, ns in stage_ns.items() if stage != "capture")


class StageClock:
    """Adds up `time.perf_counter_ns` by stage for one frame; a stage entered twice counts both times."""

    def __init__(self) -> None:
        self.stage_ns: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of a `with` as part of the stage `name`, also when it raises."""
        begin_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            self.add(name, time.perf_counter_ns() - begin_ns)

    def add(self, name: str, duration_ns: int) -> None:
        """Add a duration that was measured elsewhere."""
        self.stage_ns[name] = self.stage_ns.get(name, 0) + duration_ns
