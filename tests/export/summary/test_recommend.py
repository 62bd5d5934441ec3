"""What is recommended for a device is measured where it can be, and said to be unmeasured where it cannot."""

from dataclasses import replace

import pytest

from edgepose.export.proof.timing import Timing
from edgepose.export.summary.notes import computed_otherwise, excluded_layers, not_compared, seen_before, slower_rows
from edgepose.export.summary.recommend import recommend
from edgepose.export.summary.report import Recommendation, Row
from edgepose.profiles import Budget, DeviceProfile
from edgepose.runtime.backends.base import EngineInfo
from edgepose.runtime.profiling.distribution import Distribution

PROFILE = DeviceProfile("board", "a board", ("openvino", "onnx"), ("int8", "fp16", "fp32"))


def row(name: str, precision: str, p50: float | None, drop: float = 0.1, size: int = 10_000_000) -> Row:
    not_run = "needs a GPU" if p50 is None else None
    path = f"net-{precision}.{name}"
    return Row(name, precision, path, "0" * 64, size, 0.0, 0.1, 0.0, 70.0, drop, p50, not_run, None, ())


def recommended(rows: list[Row], profile: DeviceProfile = PROFILE, processor: str = "CPU") -> Recommendation:
    engine = EngineInfo("any", "1", processor, 2, "f32")
    timings = {
        row.path: Timing(
            Distribution(row.p50_ms, row.p50_ms, row.p50_ms * 2, row.p50_ms * 2, row.p50_ms * 2, 9), engine
        )
        for row in rows
        if row.p50_ms is not None
    }
    found = recommend(rows, timings, profile, "PCK@0.2")
    assert found is not None
    return found


def test_the_fastest_measured_file_is_recommended_with_its_cost() -> None:
    found = recommended(
        [row("openvino", "fp32", 9.0), row("openvino", "int8", 3.0, drop=0.25), row("onnx", "fp32", 8.0)]
    )
    assert found.path == "net-int8.openvino"
    assert found.why == ("the fastest here of what the device can use, p50 3.00 ms; PCK@0.2 0.25 points below torch's")


def test_a_gain_by_chance_is_not_told_as_a_loss() -> None:
    assert recommended([row("onnx", "fp32", 8.0, drop=-0.24)]).why.endswith("PCK@0.2 no lower than torch's")


def test_an_int8_that_is_slower_than_fp32_is_told_and_not_recommended() -> None:
    rows = [row("onnx", "fp32", 28.3), row("onnx", "int8", 47.1)]
    assert slower_rows(rows) == ["onnx int8 is slower here than fp32 (47.10 ms against 28.30): not recommended"]
    assert recommended(rows).path == "net-fp32.onnx"
    by_a_hair = [row("onnx", "fp32", 28.3), row("onnx", "int8", 28.4), row("onnx", "fp16", 28.4)]
    assert [line.split(" is ")[0] for line in slower_rows(by_a_hair)] == ["onnx int8"]
    assert recommended(by_a_hair).path == "net-fp16.onnx"


def test_a_budget_comes_before_the_speed_of_fp32() -> None:
    rows = [row("onnx", "fp32", 8.0, size=13_600_000), row("onnx", "int8", 8.05, size=3_500_000)]
    found = recommended(rows, replace(PROFILE, budget=Budget(size_mb=5)))
    assert found.path == "net-int8.onnx"
    told = (
        "the fastest here of what keeps the budget, p50 8.05 ms; PCK@0.2 0.10 points below torch's; inside the budget"
    )
    assert found.why == told
    assert slower_rows(rows, found.path) == ["onnx int8 is slower here than fp32 (8.05 ms against 8.00)"]


def test_times_in_another_arithmetic_than_the_accuracys_are_told() -> None:
    rows = [replace(row("openvino", p, 1.0), runs_in=r) for p, r in (("fp32", "bf16"), ("int8", "int8+bf16"))]
    (told,) = computed_otherwise([*rows, replace(row("onnx", "fp32", 2.0), runs_in="f32")])
    assert told.startswith("openvino was timed in bf16 and compared with torch in f32")
    halves = [replace(row(name, "fp16", 1.0), runs_in="f16") for name in ("onnx", "tensorrt", "openvino")]
    assert [line.split()[0] for line in computed_otherwise(halves)] == ["openvino"]  # it was compared in f32


def test_of_equally_fast_files_the_first_in_the_profiles_order_is_recommended() -> None:
    found = recommended([row("onnx", "fp32", 8.0), row("openvino", "fp32", 8.2), row("openvino", "fp16", 8.3)])
    assert found.path == "net-fp16.openvino"
    assert "as fast here as the fastest (8.00)" in found.why


def test_where_the_preferred_format_cannot_run_the_profiles_order_decides_and_says_so() -> None:
    board = replace(PROFILE, formats=("tensorrt", "onnx"), precisions=("fp16", "int8", "fp32"))
    rows = [row("tensorrt", "fp32", None), row("tensorrt", "int8", None), row("tensorrt", "fp16", None)]
    found = recommended([*rows, row("onnx", "int8", 1.0)], board)
    assert found.path == "net-fp16.tensorrt"
    assert found.why == "by the profile's order, not measured: it prefers tensorrt, and fp16 of what is here"
    assert (
        recommended([row("tensorrt", "int8", None), row("tensorrt", "fp32", None)], board).path == "net-int8.tensorrt"
    )


def test_for_this_machine_nothing_is_recommended_that_does_not_run_here() -> None:
    here = replace(PROFILE, name="auto", formats=("tensorrt", "onnx"))
    rows = [row("tensorrt", "int8", None), row("onnx", "fp32", 8.0)]
    assert recommended(rows, here).path == "net-fp32.onnx"
    assert recommend(rows[:1], {}, here, "PCK@0.2") is None


def test_a_time_on_the_cpu_in_place_of_another_processor_is_no_measurement_for_it() -> None:
    board = replace(PROFILE, formats=("onnx",), precisions=("fp16", "fp32"), providers=("tensorrt", "cuda", "cpu"))
    rows = [row("onnx", "fp32", 8.0), row("onnx", "fp16", 8.1)]
    assert recommended(rows, board).why.startswith("by the profile's order, not measured")
    assert recommended([row("onnx", "fp32", 3.0), rows[1]], board, "CUDA,CPU").why.startswith("the fastest here")
    assert recommended(rows, replace(board, providers=("cpu",))).why.startswith("p50 8.10 ms, as fast here")


def test_a_time_on_another_architecture_is_no_measurement_of_the_device() -> None:
    rows = [row("openvino", "fp32", 8.0), row("openvino", "int8", 9.0), row("onnx", "fp32", 3.0)]
    board = replace(PROFILE, architecture="wasm", budget=Budget(network_p95_ms=50))
    assert recommended(rows, board) == Recommendation(
        "net-int8.openvino",
        "by the profile's order, not measured: it prefers openvino, and int8 of what is here; its budget "
        "(network_p95_ms) was not measured",
    )
    assert recommended(rows, replace(board, architecture=None)).path == "net-fp32.onnx"


def test_an_int8_alone_is_told_to_be_compared_with_nothing() -> None:
    beside = [row("tflite", "int8", 8.0), row("tflite", "fp32", 9.0)]
    rows = [row("onnx", "int8", 8.0), *beside, row("tensorrt", "int8", None)]
    assert not_compared(rows) == ["onnx int8 may be slower than fp32, which is not here: add it to --precision"]


def test_int8_that_is_compared_on_what_it_was_fitted_to_is_told() -> None:
    (told,) = seen_before([row("onnx", "int8", 8.0)], "lsp:a:train", "lsp:a:train")
    assert told.endswith("which flatters it: give others to --validate")
    assert seen_before([row("onnx", "int8", 8.0)], "lsp:a:train", "lsp:a:test") == []
    assert seen_before([row("onnx", "fp32", 8.0)], "lsp:a:train", "lsp:a:train") == []


def test_a_file_of_a_format_that_the_device_does_not_take_is_not_recommended() -> None:
    assert recommend([row("tflite", "fp32", 1.0)], {}, PROFILE, "PCK@0.2") is None
    assert recommended([row("tflite", "fp32", 1.0), row("onnx", "fp32", 9.0)]).path == "net-fp32.onnx"


@pytest.mark.parametrize(
    ("budget", "path", "told"),
    [
        (Budget(network_p50_ms=5), "net-int8.openvino", "; inside the budget"),
        (Budget(size_mb=4), "net-fp32.onnx", "; inside the budget"),
        (Budget(network_p95_ms=5), "net-int8.openvino", "; no file keeps the budget, this one has network_p95_ms 6.00"),
        (Budget(fps=30, size_mb=90), "net-int8.openvino", "; inside the budget, of which fps was not measured"),
        (Budget(fps=30), "net-int8.openvino", "; its budget (fps) was not measured"),
    ],
)
def test_a_budget_is_kept_where_a_file_can(budget: Budget, path: str, told: str) -> None:
    rows = [row("openvino", "int8", 3.0), row("openvino", "fp32", 9.0), row("onnx", "fp32", 8.0, size=3_000_000)]
    found = recommended(rows, replace(PROFILE, budget=budget))
    assert found.path == path
    assert told in found.why


def test_what_did_not_run_as_asked_is_not_told_to_be_inside_the_budget() -> None:
    board = replace(PROFILE, formats=("tensorrt", "onnx"), providers=("cuda", "cpu"), budget=Budget(network_p95_ms=5))
    assert recommended([row("tensorrt", "fp16", None)], board).why.endswith(
        "; its budget (network_p95_ms) was not measured"
    )
    # on the CPU in place of a GPU: its time says nothing of the GPU's
    on_the_cpu = [row("onnx", "fp16", 90.0), row("onnx", "fp32", 2.0)]
    board = replace(board, precisions=("fp16", "fp32"))
    assert recommended(on_the_cpu, board).path == "net-fp16.onnx"
    assert recommended(on_the_cpu, board).why.endswith("; its budget (network_p95_ms) was not measured")
    assert "; no file keeps the budget" in recommended(on_the_cpu[:1], board, "CUDA,CPU").why


def test_files_that_leave_out_the_same_layers_share_a_line() -> None:
    few, many = ("a.0", "b.0"), tuple(f"c.{i}" for i in range(9))
    rows = [
        replace(row("onnx", "int8", 1.0), excluded_layers=few),
        replace(row("openvino", "int8", 1.0), excluded_layers=few),
        replace(row("tflite", "int8", 1.0), excluded_layers=many),
        row("onnx", "fp32", 1.0),
    ]
    assert excluded_layers(rows) == [
        "in floating point in onnx int8, openvino int8: a.0, b.0",
        "in floating point in tflite int8: c.0, c.1, c.2, c.3, c.4 and 4 more, see export.json",
    ]
