"""A checkpoint becomes files that are proven equal, or an error that says why not."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.formats import TARGETS
from edgepose.export.proof.tolerances import tolerance_of
from edgepose.export.quantise import openvino as quantise_openvino
from edgepose.export.summary.report import ExportReport, Row
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.files import sha256_of
from support.engines import leave_onnxruntime_the_cpu, skip_where_openvino_has_more_than_a_cpu
from support.trained import EVERYTHING, PPNET, WORST

Exported = tuple[ExportReport, Path]


def test_every_format_and_precision_is_within_its_tolerances(exported: Exported) -> None:
    report, _ = exported
    assert report.failures == ()
    assert [(row.format, row.precision) for row in report.rows] == EVERYTHING
    assert report.original > 80
    for row in report.rows:
        limits = tolerance_of(row.format, row.precision)
        assert row.raw_difference <= limits.raw
        assert row.keypoint_error_px <= limits.keypoint_sigmas * PPNET.codec().sigma_px
        assert row.drop == pytest.approx(report.original - row.metric)
        assert row.score_error <= limits.score
        assert row.drop <= limits.drop


def test_each_file_takes_bytes_and_gives_the_prediction_alone(exported: Exported) -> None:
    report, out = exported
    for row in report.rows:
        with open_model(out / row.path) as session:
            assert session.inputs == (TensorSpec("image", "uint8", (1, 64, 64, 3)),)
            assert session.outputs == (TensorSpec("heatmaps", "float32", (1, 14, 16, 16)),)
            card = session.card
        assert (card.name, card.format, card.precision) == ("small", row.format, row.precision)
        assert (card.accuracy[-1].precision, card.accuracy[-1].value) == (row.precision, round(row.metric, 3))
        of_export = card.provenance["export"]
        assert set(of_export) == {"checkpoint_sha256", "calibration", "calibrated_with", "versions", "excluded_layers"}
        assert (of_export["calibration"] is not None) == (row.precision == "int8")


def test_export_json_has_a_row_for_every_file(exported: Exported) -> None:
    report, out = exported
    document = json.loads((out / "export.json").read_text())
    assert document["rows"] == json.loads(json.dumps([asdict(row) for row in report.rows]))
    assert document["recommended"]["path"] in {row.path for row in report.rows}
    keys = ["format", "precision", "path", "sha256", "size_bytes", "raw_difference", "keypoint_error_px"]
    keys += ["score_error", "metric", "drop", "p50_ms"]
    assert [field.name for field in fields(Row)] == [*keys, "not_run", "runs_in", "excluded_layers", "clip"]
    for row in document["rows"]:
        path = out / row["path"]
        assert row["sha256"] == sha256_of(path)
        weights = path.with_suffix(".bin").stat().st_size if path.suffix == ".xml" else 0
        assert row["size_bytes"] == path.stat().st_size + weights
        timing = document["timing"][row["path"]]
        assert timing["network_ms"]["p50"] == row["p50_ms"] > 0
        assert timing["engine"]["precision"] in {"f32", "bf16", "f16"}
        assert row["runs_in"].endswith(timing["engine"]["precision"])
        assert row["runs_in"].startswith("int8+") == (row["precision"] == "int8")


def test_lower_precision_takes_less_room(exported: Exported) -> None:
    _, out = exported
    for suffix in (".onnx", ".bin"):
        sizes = [(out / f"small-{precision}{suffix}").stat().st_size for precision in ("fp32", "fp16", "int8")]
        assert sizes[0] > sizes[1] > sizes[2]


def test_nothing_else_is_left(exported: Exported) -> None:
    report, out = exported
    files = {"export.json"}
    for row in report.rows:
        files |= {row.path, f"{row.path}.card.json"}
        files |= {row.path.replace(".xml", ".bin")}
    assert {path.name for path in out.iterdir()} == files
    assert list(out.parent.glob(".*")) == []


def test_a_drop_over_budget_names_the_layers_and_leaves_no_file(spoiled: Path, dots: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "spoiled-int8.xml").write_text("of an earlier export")
    targets = [("openvino", "fp32"), ("openvino", "int8")]
    report = run_export(ExportRequest(spoiled, targets, out, calibrate=dots, runs=3, search=False))
    assert [row.precision for row in report.rows] == ["fp32"]
    assert sorted(path.name for path in out.iterdir()) == [
        "export.json",
        "spoiled-fp32.bin",
        "spoiled-fp32.xml",
        "spoiled-fp32.xml.card.json",
    ]
    with pytest.raises(ExportError, match=r"int8 of spoiled .*PCK@0\.2 drop .*most hurt by .*--search") as error:
        report.raise_failures()
    assert WORST in str(error.value)
    assert "\n" not in str(error.value)


def test_the_search_saves_it_by_the_layer_that_hurts_and_the_formats_share_the_list(
    spoiled: Path, dots: str, tmp_path: Path
) -> None:
    steps: list[str] = []
    targets = [("openvino", "int8"), ("onnx", "int8")]
    report = run_export(ExportRequest(spoiled, targets, tmp_path / "out", calibrate=dots, runs=3), steps.append)
    assert report.failures == ()
    assert [row.excluded_layers for row in report.rows] == [(WORST,), (WORST,)]
    assert f"in floating point in openvino int8, onnx int8: {WORST}" in report.notes
    document = json.loads((tmp_path / "out" / "export.json").read_text())
    for row in document["rows"]:
        assert row["drop"] <= 0.5
        assert row["excluded_layers"] == [WORST]
        with open_model(tmp_path / "out" / row["path"]) as session:
            assert session.card.provenance["export"]["excluded_layers"] == [WORST]
    assert [step for step in steps if "in floating point" in step] == [
        "openvino int8: 1 of 31 layers in floating point"  # and onnx starts from there
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_search_saves_it_with_every_quantiser(spoiled: Path, dots: str, name: str, tmp_path: Path) -> None:
    report = run_export(ExportRequest(spoiled, [(name, "int8")], tmp_path / "out", calibrate=dots, runs=3))
    assert report.failures == ()
    (row,) = report.rows
    assert WORST in row.excluded_layers
    assert len(row.excluded_layers) <= 4


def test_excluding_the_layer_by_hand_needs_no_search(spoiled: Path, dots: str, tmp_path: Path) -> None:
    request = ExportRequest(
        spoiled,
        [("onnx", "int8")],
        tmp_path / "out",
        calibrate=dots,
        runs=3,
        exclude=["pyramid.*.heatmaps.1"],
        search=False,
    )
    (row,) = run_export(request).rows
    assert row.excluded_layers == (WORST,)
    assert row.drop <= 0.5


@pytest.mark.slow
def test_a_search_needs_enough_people(spoiled: Path, dots: str, tmp_path: Path) -> None:
    few = ExportRequest(
        spoiled, [("openvino", "int8")], tmp_path / "out", calibrate=dots, validate="synthetic:3", runs=3
    )
    with pytest.raises(ExportError, match=r"are too few to search by: .*; .*give more people to --validate"):
        run_export(few).raise_failures()


def test_leaving_out_every_layer_is_told_before_the_data_is_read(ppnet: Path, dots: str, tmp_path: Path) -> None:
    steps: list[str] = []
    request = ExportRequest(ppnet, [("onnx", "int8")], tmp_path / "out", calibrate=dots, exclude=["*"])
    with pytest.raises(ExportError, match=r"--exclude leaves none of the 31 layers to int8; name fewer, or take fp32"):
        run_export(request, steps.append)
    assert steps == ["read the network"]


def test_an_unknown_layer_is_told_before_the_data_is_read(ppnet: Path, dots: str, tmp_path: Path) -> None:
    steps: list[str] = []
    request = ExportRequest(
        ppnet, [("onnx", "int8")], tmp_path / "out", calibrate=dots, exclude=["pyramid.0.regressor.heatmap"]
    )
    with pytest.raises(ExportError, match=r"no layer is called .*; close to it: pyramid\.0\.regressor\.heatmaps"):
        run_export(request, steps.append)
    assert steps == ["read the network"]
    assert list(tmp_path.iterdir()) == []


def test_wrong_data_is_told_before_any_work(ppnet: Path, dots: str, tmp_path: Path) -> None:
    steps: list[str] = []
    for calibrate, validate in (("nothing:here", None), (dots, "nothing:here")):
        request = ExportRequest(ppnet, [("onnx", "int8")], tmp_path / "out", calibrate=calibrate, validate=validate)
        with pytest.raises(EdgeposeError, match="unknown kind of data 'nothing'"):
            run_export(request, steps.append)
    assert steps == []


def test_a_device_that_is_not_here_still_gets_its_files(ppnet: Path, dots: str, tmp_path: Path) -> None:
    skip_where_openvino_has_more_than_a_cpu()
    targets = [("openvino", "fp32"), ("openvino", "fp16")]
    report = run_export(ExportRequest(ppnet, targets, tmp_path / "out", validate=dots, device="intel-igpu", runs=3))
    assert report.failures == ()
    assert [(row.p50_ms, row.runs_in, row.not_run) for row in report.rows] == [(None, None, "needs a GPU")] * 2
    assert report.recommended is not None
    assert report.recommended.path == "small-fp16.xml"
    assert report.recommended.why.startswith("by the profile's order, not measured")
    document = json.loads((tmp_path / "out" / "export.json").read_text())
    assert document["timing"] == {}
    assert [row["p50_ms"] for row in document["rows"]] == [None, None]
    assert ".partial" not in " ".join(document["notes"])
    assert len([line for line in report.notes if line.startswith("openvino was not run here: ")]) == 1


def test_times_of_a_cpu_in_a_gpus_place_choose_nothing(
    ppnet: Path, dots: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_onnxruntime_the_cpu(monkeypatch)
    targets = [("onnx", "fp32"), ("onnx", "fp16")]
    report = run_export(
        ExportRequest(ppnet, targets, tmp_path / "out", validate=dots, device="jetson-orin-nano", runs=3)
    )
    assert all(row.p50_ms is not None for row in report.rows)
    assert report.recommended is not None
    # where fp16 becomes fp32 between casts it is slower than that, which is nothing to a GPU
    assert report.recommended.path == "small-fp16.onnx"
    assert report.notes == ("onnx ran on the CPU here, in another's place: its times say nothing of the device",)


@pytest.mark.parametrize(
    ("targets", "calibrate", "message"),
    [
        ([("caffe", "fp32")], None, "unknown format 'caffe'; known: onnx, openvino"),
        ([("onnx", "fp8")], "synthetic:20", "unknown precision 'fp8' for onnx; known: fp32, fp16, int8"),
        ([("onnx", "fp32"), ("onnx", "int8")], None, "int8 needs data to calibrate with; give --calibrate"),
    ],
)
def test_a_wrong_request_is_told_before_any_work(
    targets: list[tuple[str, str]], calibrate: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=message):
        ExportRequest(tmp_path / "absent.safetensors", targets, tmp_path / "out", calibrate)


def test_a_wrong_checkpoint_or_folder_leaves_nothing(ppnet: Path, dots: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match="no checkpoint at"):
        run_export(ExportRequest(tmp_path / "absent.safetensors", [("onnx", "fp32")], tmp_path / "out"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="is no folder that can be written to"):
        run_export(ExportRequest(ppnet, [("onnx", "fp32")], tmp_path / "file", validate=dots))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_too_few_people_to_calibrate_is_told_before_any_work_and_older_files_stay(
    ppnet: Path, dots: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("small-int8.onnx", "export.json"):
        (out / name).write_text("of an earlier export")
    steps: list[str] = []
    request = ExportRequest(ppnet, [("onnx", "fp32"), ("onnx", "int8")], out, calibrate=dots, limit=5)
    with pytest.raises(ExportError, match=r"int8 needs at least 16 people.*, found 5; .* a larger --limit"):
        run_export(request, steps.append)
    assert steps == ["read the network", "read the data"]
    assert {path.read_text() for path in out.iterdir()} == {"of an earlier export"}


def test_what_cannot_be_made_leaves_older_files(
    ppnet: Path, dots: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ExportError("the quantiser refuses")

    out = tmp_path / "out"
    out.mkdir()
    for name in ("small-int8.xml", "export.json"):
        (out / name).write_text("of an earlier export")
    monkeypatch.setattr(quantise_openvino, "quantise_openvino", refuse)
    report = run_export(ExportRequest(ppnet, [("openvino", "int8")], out, calibrate=dots, runs=3))
    assert report.failures == ("the quantiser refuses",)
    assert {path.read_text() for path in out.iterdir()} == {"of an earlier export"}


_KILLED = """
import sys
from pathlib import Path
from edgepose.export.export_run import ExportRequest, run_export
checkpoint, out, data = sys.argv[1:]
request = ExportRequest(Path(checkpoint), [("onnx", "fp32"), ("openvino", "fp32")], Path(out), validate=data, runs=3)
run_export(request, lambda step: print(step, flush=True))
"""


@pytest.mark.slow
def test_kill_9_leaves_the_last_good_files(exported: Exported, ppnet: Path, dots: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    request = ExportRequest(ppnet, [("onnx", "fp32")], out, validate=dots, runs=3)
    run_export(request)
    before = {path.name: sha256_of(path) for path in out.iterdir()}
    command = [sys.executable, "-c", _KILLED, str(ppnet), str(out), dots]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("openvino fp32"):  # the ONNX file of this export is finished by now, but not moved in
                break
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert {path.name: sha256_of(path) for path in out.iterdir()} == before
    with open_model(out / "small-fp32.onnx"):
        pass
    assert len(list(tmp_path.glob(".out.partial-*"))) == 1
    run_export(request)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
