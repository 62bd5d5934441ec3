import time

import pytest

from edgepose.runtime.clock import StageClock


def test_a_stage_entered_twice_counts_both_times() -> None:
    clock = StageClock()
    for _ in range(2):
        with clock.stage("crop"):
            time.sleep(0.002)
    clock.add("decode", 7)
    assert clock.stage_ns["crop"] >= 4e6
    assert clock.stage_ns["decode"] == 7
    assert list(clock.stage_ns) == ["crop", "decode"]


def test_a_stage_that_raises_is_still_timed() -> None:
    clock = StageClock()
    with pytest.raises(ValueError, match="x"), clock.stage("infer"):
        raise ValueError("x")
    assert clock.stage_ns["infer"] > 0
