import json
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edgepose.cli.devices import devices
from edgepose.cli.profile import profile
from edgepose.profiles import profile_names
from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.result import STAGES, validate_result
from edgepose.runtime.model_files.shipped import ShippedModel
from edgepose.runtime.profiling.first_pose import measure_first_pose_ms
from edgepose.runtime.profiling.measure import Effort, measure_layers, measure_model
from support.engines import backend_or_skip
from support.shipped import of_one_person
from support.tiny_model import save_tiny_onnx, save_tiny_openvino

EFFORT = Effort(runs=5, warmup_runs=1, max_frames=6, warmup_frames=2)
MINE = 'name = "mine"\ndescription = "mine"\nformats = ["onnx"]\nprecisions = ["fp32"]\nthreads = 1\n[budget]\n'
DEFAULT_FIRST = [
    pytest.param(model, marks=() if model.default else pytest.mark.slow, id=model.name) for model in of_one_person()
]


def _app(command) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command)
    return app


def test_a_report_of_a_real_model_keeps_the_schema(clip: str, tmp_path: Path) -> None:
    path = save_tiny_onnx(tmp_path)
    report = measure_model(str(path), "auto", clip, replace(EFFORT, min_score=0.0))
    document = json.loads(json.dumps(report.to_dict()))
    validate_result(document)
    assert document["model"] == str(path)
    assert document["network_ms"]["n"] == 5
    assert document["pipeline_ms"]["n"] == 4
    assert list(document["stages_ms"]) == list(STAGES)
    assert document["size_mb"] == pytest.approx(path.stat().st_size / 1e6, abs=1e-3)
    assert document["environment"]["engine"] == "onnxruntime"
    assert document["environment"]["source"] == clip
    assert document["environment"]["min_score"] == 0
    assert document["first_pose_ms"] is None
    assert document["rss_mb"] > 10


def test_a_fresh_process_says_why_it_has_no_pose(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(EdgeposeError, match=r"no first pose from a fresh process: .*broken\.onnx"):
        measure_first_pose_ms(broken, "auto")


@pytest.mark.parametrize("model", DEFAULT_FIRST)
def test_a_first_pose_is_that_of_somebody_who_is_found(model: ShippedModel) -> None:
    found_ms = measure_first_pose_ms(model.path, "auto")
    assert found_ms is not None
    assert found_ms > 10
    assert measure_first_pose_ms(model.path, "auto", min_score=1.0) is None


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match=r"no first pose .*: it took longer than 0\.01 s"):
        measure_first_pose_ms(save_tiny_onnx(tmp_path), "auto", timeout_s=0.01)


@pytest.mark.parametrize("save", [save_tiny_onnx, save_tiny_openvino])
def test_layers_are_those_of_the_engine(save, tmp_path: Path) -> None:
    layers = measure_layers(str(save(tmp_path)))
    assert layers
    assert all(layer.ms >= 0 and layer.name and layer.kind for layer in layers)


@pytest.mark.usefixtures("no_fresh_process")
@pytest.mark.parametrize(("budget", "exit_code"), [("network_p95_ms = 60000", 0), ("fps = 1e9", 1)])
def test_a_missed_budget_is_exit_code_1(budget: str, exit_code: int, clip: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE + budget)
    out = tmp_path / "r.json"
    options = ["--source", clip, "--device", str(tmp_path / "mine.toml"), "--json", str(out), "--runs", "3"]
    done = CliRunner().invoke(_app(profile), [str(save_tiny_onnx(tmp_path)), *options, "--max-frames", "4", "--layers"])
    assert done.exit_code == exit_code, done.output
    document = json.loads(out.read_text())
    validate_result(document)
    assert [check["met"] for check in document["budget"]] == [exit_code == 0]
    assert ("met" if exit_code == 0 else "missed") in done.stdout
    assert document["environment"]["threads"] == 1


@pytest.mark.usefixtures("no_fresh_process")
def test_times_of_another_architecture_are_not_the_devices(clip: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f'architecture = "wasm"\n{MINE}network_p95_ms = 60000')
    options = ["--source", clip, "--device", str(tmp_path / "mine.toml"), "--runs", "3", "--max-frames", "4"]
    done = CliRunner().invoke(_app(profile), [str(save_tiny_onnx(tmp_path)), *options])
    assert done.exit_code == 0, done.output
    assert "warning: mine is wasm: times taken here are not its own" in done.stdout


@pytest.mark.usefixtures("no_fresh_process")
def test_an_engine_that_times_no_layers_says_so(clip: str, tmp_path: Path) -> None:
    backend_or_skip("tflite")
    from support.tiny_tflite import save_tiny_tflite  # noqa: PLC0415  not installed everywhere

    options = ["--source", clip, "--runs", "3", "--max-frames", "4", "--layers"]
    done = CliRunner().invoke(_app(profile), [str(save_tiny_tflite(tmp_path)), *options])
    assert done.exit_code == 0, done.output
    assert "this engine tells no times of single layers" in done.stdout


def test_json_on_standard_output_is_alone_there(clip: str, tmp_path: Path) -> None:
    options = ["--source", clip, "--json", "-", "--runs", "3", "--max-frames", "4"]
    done = CliRunner().invoke(_app(profile), [str(save_tiny_onnx(tmp_path)), *options])
    assert done.exit_code == 0, done.output
    validate_result(json.loads(done.stdout))
    assert "network alone" in done.stderr


def test_the_report_replaces_no_input(clip: str, tmp_path: Path) -> None:
    model = save_tiny_onnx(tmp_path)
    before = model.read_bytes()
    done = CliRunner().invoke(_app(profile), [str(model), "--source", clip, "--json", str(model), "--runs", "2"])
    assert isinstance(done.exception, EdgeposeError)
    assert "would overwrite the model" in str(done.exception)
    assert model.read_bytes() == before


@pytest.mark.parametrize("where", ["folder", "tiny.onnx/r.json"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_measured(
    where: str, clip: str, tmp_path: Path
) -> None:
    model = save_tiny_onnx(tmp_path)
    (tmp_path / "folder").mkdir()
    options = ["--source", clip, "--json", str(tmp_path / where), "--sustained", "1000"]
    done = CliRunner().invoke(_app(profile), [str(model), *options])
    assert isinstance(done.exception, EdgeposeError)
    assert where in str(done.exception)
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.usefixtures("no_fresh_process")
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs Linux's devices")
def test_the_tables_are_shown_though_the_disk_is_full(clip: str, tmp_path: Path) -> None:
    options = ["--source", clip, "--json", "/dev/full", "--runs", "2", "--max-frames", "4"]
    done = CliRunner().invoke(_app(profile), [str(save_tiny_onnx(tmp_path)), *options])
    assert "cannot write /dev/full: No space left" in str(done.exception)
    assert "network alone" in done.stdout


def test_a_failed_measurement_leaves_nothing(tmp_path: Path) -> None:
    model = save_tiny_onnx(tmp_path)
    before = sorted(tmp_path.iterdir())
    options = ["--source", str(tmp_path / "absent.mp4"), "--json", str(tmp_path / "r.json")]
    done = CliRunner().invoke(_app(profile), [str(model), *options])
    assert "no such source" in str(done.exception)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.enable_socket
@pytest.mark.usefixtures("no_fresh_process")
def test_the_report_shows_no_password(clip: str, tmp_path: Path) -> None:
    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            url = f"http://me:secret@127.0.0.1:{server.server_address[1]}/{Path(clip).name}"
            report = measure_model(str(save_tiny_onnx(tmp_path)), "auto", url, EFFORT)
        finally:
            server.shutdown()
    assert report.environment["source"] == f"http://***@127.0.0.1:{server.server_address[1]}/clip.avi"
    assert "secret" not in json.dumps(report.to_dict())


def test_devices_are_listed_a_line_each_and_as_json() -> None:
    lines = CliRunner().invoke(_app(devices)).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(profile_names())
    document = json.loads(CliRunner().invoke(_app(devices), ["--json"]).stdout)
    assert [found["name"] for found in document] == list(profile_names())
