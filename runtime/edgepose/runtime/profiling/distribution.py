"""How long something took, over many times: percentiles, never a lone mean."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True)
class Distribution:
    """Percentiles of `n` times in milliseconds; all are 0 where nothing was measured (n = 0)."""

    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    n: int

    @classmethod
    def of_ns(cls, times_ns: Sequence[int]) -> "Distribution":
        """Summarise times in nanoseconds; percentiles are interpolated linearly, as numpy's are.

        >>> Distribution.of_ns([1_000_000, 3_000_000]).p50
        2.0
        """
        if not times_ns:
            return cls(0.0, 0.0, 0.0, 0.0, 0.0, 0)
        times_ms = np.asarray(times_ns, np.float64) / 1e6
        p50, p90, p95, p99, largest = (round(float(ms), 4) for ms in np.percentile(times_ms, PERCENTILES))
        return cls(p50, p90, p95, p99, largest, len(times_ms))

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as JSON values."""
        return asdict(self)
