import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import _turns  # noqa: PLC0415  a script's helper, no package's

    yield _turns
    for name in ("_turns", "_report"):
        sys.modules.pop(name, None)


def test_who_goes_first_changes_with_the_round(turns: ModuleType) -> None:
    order: list[str] = []
    ways = {name: lambda name=name: order.append(name) or 1.0 for name in ("a", "b")}
    result = turns.take_turns(ways, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert result["rounds_ms"] == {"a": [1.0] * 3, "b": [1.0] * 3}


def test_a_ratio_is_of_rounds_side_by_side(turns: ModuleType) -> None:
    """The machine is twice as slow in the second round, and that is nobody's merit."""
    slow, fast = iter([10.0, 20.0, 10.0]), iter([5.0, 10.0, 4.0])
    result = turns.take_turns({"slow": lambda: next(slow), "fast": lambda: next(fast)}, 3)
    found = turns.ratio(result, slow="slow", fast="fast")
    assert found == {"median": 2.0, "min": 2.0, "max": 2.5, "of_medians": 2.0, "of_minima": 2.5}
