"""The measurements in profiles/results, which anybody can put beside their own."""

import json
from pathlib import Path

import pytest

from edgepose.profiles.result import validate_result

FOLDER = Path(__file__).parents[2] / "profiles" / "results"
RESULTS = sorted(FOLDER.glob("*/*.json"))


def test_there_are_some() -> None:
    assert RESULTS


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_committed_result_is_whole_and_was_measured_in_peace(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    validate_result(result)
    found = result["environment"]
    for load in ("load_before", "load_during"):
        assert found[load]["others_percent"] <= 10
    assert found["frames_with_people"] >= 0.95 * result["pipeline_ms"]["n"]
    assert "/" not in result["model"], "a path of somebody's machine"
