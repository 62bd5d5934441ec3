import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.profiling.distribution import Distribution


@given(st.lists(st.integers(0, 10**11), min_size=1, max_size=300))
def test_percentiles_are_numpys(times_ns: list[int]) -> None:
    found = Distribution.of_ns(times_ns)
    expected = [*np.percentile(np.array(times_ns) / 1e6, [50, 90, 95, 99]), max(times_ns) / 1e6]
    np.testing.assert_allclose([found.p50, found.p90, found.p95, found.p99, found.max], expected, atol=1e-4)
    assert found.n == len(times_ns)


def test_nothing_measured_says_so() -> None:
    assert Distribution.of_ns([]).to_dict() == {"p50": 0, "p90": 0, "p95": 0, "p99": 0, "max": 0, "n": 0}
