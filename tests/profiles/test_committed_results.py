"""The measurements in profiles/results, which anybody can put beside their own."""

from pathlib import Path

import pytest

from edgepose.runtime.model_files.shipped import MODELS_FOLDER, shipped_names
from edgepose.runtime.plumbing.files import sha256_of
from edgepose.runtime.profiling.comparison import BUSY_PERCENT
from edgepose.runtime.profiling.report import read_report

FOLDER = Path(__file__).parents[2] / "profiles" / "results"
RESULTS = sorted(FOLDER.glob("*/*.json"))


def test_there_are_some() -> None:
    assert RESULTS


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_committed_result_is_whole_and_was_measured_in_peace(path: Path) -> None:
    report = read_report(path)
    for load in ("load_before", "load_during"):
        assert report.environment[load]["others_percent"] <= BUSY_PERCENT
    assert report.warning is None, "it was searching, not following"
    assert "/" not in report.model, "a path of somebody's machine"


@pytest.mark.parametrize("name", shipped_names())
def test_what_ships_was_measured_with_the_weights_that_ship(name: str) -> None:
    measured = [read_report(path).environment["sha256"] for path in RESULTS if path.stem == f"{name}-onnx-fp32"]
    assert {f"{name}.onnx": sha256_of(MODELS_FOLDER / f"{name}.onnx")} in measured
