"""The table fits a terminal of 100 columns and says in what the engine computes."""

import io

from rich.console import Console

from edgepose.export.report import ExportReport, Row, Timing
from edgepose.export.table import export_table
from edgepose.runtime.backends.base import EngineInfo
from edgepose.runtime.profiling.distribution import Distribution


def report(precision: str) -> ExportReport:
    row = Row("openvino", precision, "net.xml", "0" * 64, 12_345_678, 0.01, 0.123, 70.25, 0.25, 123.45)
    engine = EngineInfo("openvino", "2026", "CPU", 2, "bf16")
    timing = Timing(Distribution(123.45, 124.0, 125.0, 126.0, 127.0, 100), engine)
    return ExportReport("net", "auto", "PCK@0.2", 70.5, "lsp:x[1]:test", 1000, None, (row,), (timing,), ())


def test_the_table_tells_the_truth_in_100_columns() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(export_table(report("int8")))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "on 1000 people of lsp:x[1]:test" in " ".join(text.split())
    cells = "openvino int8 int8+bf16 12.35 0.123 70.25 +0.25 123.45 125.00 126.00 8"
    assert cells in [" ".join(line.split()) for line in text.splitlines()]
