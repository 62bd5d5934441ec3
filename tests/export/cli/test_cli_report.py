"""`edgepose report`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from edgepose.cli.main import app
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.profiling.report import read_report
from support.reports import REPORT, REPORTS


def test_the_command_shows_one_whole_and_several_side_by_side(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.json" for name in REPORTS]
    for path, report in zip(paths, REPORTS.values(), strict=True):
        path.write_text(json.dumps(report.to_dict()))
    runner, page = CliRunner(), tmp_path / "latency.html"
    one = runner.invoke(app, ["report", str(paths[0])])
    assert one.exit_code == 0
    assert "capture to result" in one.output
    done = runner.invoke(app, ["report", *map(str, paths), "--page", str(page)])
    assert done.exit_code == 0
    assert "of the" in done.output
    assert f"wrote {page}" in done.output.replace("\n", "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    printed = runner.invoke(app, ["report", *map(str, paths), "--page", "-"])
    assert printed.stdout == page.read_text(encoding="utf-8")


def test_a_page_replaces_no_result(tmp_path: Path) -> None:
    result = tmp_path / "net.json"
    result.write_text(json.dumps(REPORT.to_dict()))
    error = CliRunner().invoke(app, ["report", str(result), "--page", str(result)]).exception
    assert isinstance(error, EdgeposeError)
    assert "would overwrite the results" in str(error)
    assert read_report(result) == REPORT
