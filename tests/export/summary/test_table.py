"""The table fits a terminal of 80 columns and has all in 100; the lines under it say what to use and to beware of."""

import io
from dataclasses import replace

from rich.console import Console

from edgepose.export.proof.timing import Timing
from edgepose.export.summary.report import ExportReport, Recommendation, Row
from edgepose.export.summary.table import print_report
from edgepose.runtime.backends.base import EngineInfo
from edgepose.runtime.profiling.distribution import Distribution

TIMING = Timing(Distribution(123.45, 124.0, 125.0, 126.0, 127.0, 100), EngineInfo("openvino", "2026", "CPU", 2, "bf16"))
HERE = Row(
    "openvino", "int8", "net.xml", "0" * 64, 12_345_678, 0.01, 0.123, 0.001, 70.25, 0.25, 123.45, None, "int8+bf16", ()
)
ELSEWHERE = Row(
    "tensorrt", "dynamic-int8", "n.onnx", "0" * 64, 12_345_678, 0, 0.1, 0, 70.5, 0, None, "needs a GPU", None, ()
)


def printed(
    recommended: Recommendation | None = None,
    notes: tuple[str, ...] = (),
    rows: tuple[Row, ...] = (HERE, ELSEWHERE),
    width: int = 100,
) -> list[str]:
    report = ExportReport(
        "net",
        "auto",
        "PCK@0.2",
        70.5,
        "lsp:x[1]:test",
        1000,
        None,
        rows,
        {"net.xml": TIMING},
        recommended,
        notes,
        (),
    )
    console = Console(file=io.StringIO(), width=width)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_the_table_tells_the_truth_in_100_columns() -> None:
    lines = printed()
    assert "on 1000 people of lsp:x[1]:test; times on this machine, as auto asks" in " ".join(lines)
    assert "format precision runs in MB px off PCK drop p50 ms p95 p99 fps" in lines
    assert "openvino int8 int8+bf16 12.35 0.123 70.25 +0.25 123.45 125.00 126.00 8" in lines


def test_a_terminal_of_80_columns_has_every_figure_whole() -> None:
    lines = printed(width=80)
    assert "format precision runs in MB px off PCK drop p50 ms p95 p99" in lines
    assert "openvino int8 int8+bf16 12.35 0.123 70.25 +0.25 123.45 125.00 126.00" in lines
    assert "tensorrt dynamic-int8 12.35 0.100 70.50 +0.00 not run" in lines


def test_a_file_that_cannot_run_here_says_what_it_needs() -> None:
    assert "tensorrt dynamic-int8 12.35 0.100 70.50 +0.00 not run: needs a GPU" in printed()


def test_a_long_reason_stands_under_the_table() -> None:
    rows = (replace(ELSEWHERE, not_run="needs ONNX Runtime with tensorrt, cuda, coreml and qnn"),)
    assert "tensorrt dynamic-int8 12.35 0.100 70.50 +0.00 not run: see below" in printed(rows=rows)


def test_what_to_use_and_what_to_beware_of_stand_under_it_each_on_one_line() -> None:
    note = f"onnx int8 is slower here than fp32 {'[x]' * 40}"
    assert printed(Recommendation("net.xml", "the fastest here"), (note,))[-2:] == [
        "recommended for auto: net.xml, the fastest here",
        note,
    ]
    assert printed()[-1] == "nothing here to recommend for auto: no file is for it and known to run"
