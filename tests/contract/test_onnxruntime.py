"""ONNX Runtime keeps the contract, and what is its own."""

import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper, save_model

from contract.session_contract import SessionContract
from edgepose.profiles import load_profile
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.backends.onnxruntime_providers import arithmetic, chosen_providers
from edgepose.runtime.errors import CardError, ModelError, NotHereError
from edgepose.runtime.model_files.card import ONNX_CARD_KEY
from edgepose.runtime.model_files.sidecar import sidecar_path
from support.engines import backend_or_skip, leave_onnxruntime_the_cpu
from support.tiny_model import random_feeds, save_tiny_onnx, tiny_card, tiny_graph


def open_onnx(path: Path, options: SessionOptions = SessionOptions()) -> Session:
    return backend_or_skip("onnxruntime").OnnxRuntimeSession(path, options)


class TestOnnxRuntime(SessionContract):
    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_onnx(save_tiny_onnx(folder), options)


def test_a_device_of_another_engine_is_an_error_that_names_providers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"by providers, not by device GPU; .*\[\"cuda\", \"cpu\"\]"):
        open_onnx(save_tiny_onnx(tmp_path), SessionOptions(device="GPU"))


@pytest.fixture
def cpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_onnxruntime_the_cpu(monkeypatch)


@pytest.mark.usefixtures("cpu_alone")
def test_the_cpu_is_used_and_reported_where_nothing_better_is_here(tmp_path: Path) -> None:
    options = SessionOptions(providers=("coreml", "qnn", "cpu"))
    with open_onnx(save_tiny_onnx(tmp_path), options) as session:
        assert session.info.device == "CPU"


@pytest.mark.usefixtures("cpu_alone")
def test_providers_that_are_not_in_this_build_are_an_error_that_lists_what_is(tmp_path: Path) -> None:
    with pytest.raises(NotHereError, match=r"was to run on coreml, qnn; this onnxruntime has cpu; install") as caught:
        open_onnx(save_tiny_onnx(tmp_path), SessionOptions(providers=("coreml", "qnn")))
    assert caught.value.needs == "ONNX Runtime with coreml, qnn"


@pytest.mark.usefixtures("cpu_alone")
@pytest.mark.parametrize("name", ["jetson-orin-nano", "android-arm64", "raspberry-pi-5", "browser"])
def test_every_device_profile_opens_the_model_here_and_tells_the_cpu(tmp_path: Path, name: str) -> None:
    with open_onnx(save_tiny_onnx(tmp_path), SessionOptions.from_profile(load_profile(name))) as session:
        assert session.info.device == "CPU"


@pytest.fixture
def idle_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let "qnn" be a provider that this build does start, and that takes none of our nodes."""
    onnxruntime = pytest.importorskip("onnxruntime")
    if "AzureExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has no provider that starts anywhere but the CPU's")
    names = {"qnn": "AzureExecutionProvider", "cpu": "CPUExecutionProvider"}
    monkeypatch.setattr("edgepose.runtime.backends.onnxruntime_providers._PROVIDERS", names)


@pytest.mark.usefixtures("idle_provider")
def test_a_provider_that_takes_no_node_is_not_reported_as_in_use(tmp_path: Path) -> None:
    with open_onnx(save_tiny_onnx(tmp_path), SessionOptions(providers=("qnn", "cpu"))) as session:
        assert session.info.device == "CPU"


@pytest.mark.usefixtures("idle_provider")
def test_a_model_that_falls_to_the_cpu_unasked_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotHereError, match="all of the model's nodes fell to the CPU"):
        open_onnx(save_tiny_onnx(tmp_path), SessionOptions(providers=("qnn",)))


@pytest.fixture
def started(
    idle_provider: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """Let "tensorrt" be a provider whose libraries are not installed, "cuda" one that starts; return who did."""
    import onnxruntime  # noqa: PLC0415  not in every environment

    start, available = onnxruntime.InferenceSession, onnxruntime.get_available_providers()
    names = {"tensorrt": "TensorrtExecutionProvider", "cuda": "AzureExecutionProvider", "cpu": "CPUExecutionProvider"}

    who: list[str] = []
    states: Iterator[list[str]] = iter([[], [], ["built.engine"], []])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

    def refuse_tensorrt(path: str, options: Any, providers: list[tuple[str, Any]], **rest: Any) -> Any:
        if providers[0][0] == names["tensorrt"]:
            # what it builds is kept, as it takes minutes; that of another version is not tried a second time
            kept = Path(providers[0][1]["trt_engine_cache_path"])
            assert next(states) == [file.name for file in kept.iterdir()]
            (kept / "built.engine").touch()
            raise RuntimeError("libnvinfer.so.10: cannot open shared object file")
        who[:] = [name for name, _ in providers]
        return start(path, options, providers=providers, **rest)

    monkeypatch.setattr("edgepose.runtime.backends.onnxruntime_providers._PROVIDERS", names)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [names["tensorrt"], *available])
    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse_tensorrt)
    return who


def test_what_cannot_start_leaves_the_model_to_the_next_provider(tmp_path: Path, started: list[str]) -> None:
    with open_onnx(save_tiny_onnx(tmp_path), SessionOptions(providers=("tensorrt", "cuda", "cpu"))) as session:
        assert started == ["AzureExecutionProvider", "CPUExecutionProvider"]
        assert session.info.device == "CPU"


@pytest.mark.usefixtures("started")
def test_a_provider_that_cannot_start_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotHereError, match=r"on tensorrt; it cannot start there: libnvinfer\.so\.10: [^\n]*; install"):
        open_onnx(save_tiny_onnx(tmp_path), SessionOptions(providers=("tensorrt",)))


def test_the_xnnpack_provider_gets_the_threads_and_cuda_the_precision() -> None:
    options = SessionOptions(threads=3, inference_precision="f32", providers=("xnnpack", "cuda", "cpu"))
    everything = ["XnnpackExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    assert chosen_providers(options, everything) == [
        ("XnnpackExecutionProvider", {"intra_op_num_threads": "3"}),
        ("CUDAExecutionProvider", {"use_tf32": "0"}),
        ("CPUExecutionProvider", {}),
    ]


@pytest.mark.parametrize(
    ("precision", "in_use", "asked", "told"),
    [
        ("fp32", ("CPU",), None, "f32"),
        ("int8", ("Xnnpack", "CPU"), None, "f32"),
        ("fp32", ("CUDA", "CPU"), None, "tf32"),
        ("fp32", ("CUDA",), "f32", "f32"),
        ("fp16", ("CUDA",), None, "f16"),
        ("fp32", ("CoreML", "CPU"), None, "unknown"),
        ("fp16", ("Tensorrt", "CUDA", "CPU"), "f16", "unknown"),
    ],
)
def test_what_it_computes_in_is_told_where_it_is_known(
    precision: str, in_use: tuple[str, ...], asked: str | None, told: str
) -> None:
    assert arithmetic(precision, in_use, asked) == told


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="the CPU may have f16 kernels")
def test_a_half_file_is_reported_in_the_arithmetic_that_the_cpu_does(tmp_path: Path) -> None:
    with open_onnx(save_tiny_onnx(tmp_path, replace(tiny_card(), precision="fp16"))) as session:
        assert session.info.precision == "f32"


def test_swapped_sidecars_are_one_clear_error_each(tmp_path: Path) -> None:
    paths = [save_tiny_onnx(tmp_path, tiny_card(name=name)) for name in ("left", "right")]
    left, right = (sidecar_path(path) for path in paths)
    kept = left.read_bytes()
    left.write_bytes(right.read_bytes())
    right.write_bytes(kept)
    for path in paths:
        with pytest.raises(CardError, match=rf"^[^\n]*{path.name}[^\n]*$"):
            open_onnx(path)


@pytest.mark.parametrize("kept", [0, 0.001, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_onnx(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match=r"^.*tiny.onnx is not an ONNX model that can run: [^\n]*; export it again$"):
        open_onnx(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "picture.onnx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ModelError, match="is not an ONNX model that can run"):
        open_onnx(path)


def test_the_hash_is_checked_before_the_file_is_parsed(tmp_path: Path) -> None:
    path = save_tiny_onnx(tmp_path)
    path.write_bytes(b"no model at all")
    with pytest.raises(CardError, match="is not the file of its card"):
        open_onnx(path)


@pytest.mark.parametrize(("text", "damaged"), [(b"heatmaps", b"heat\xffaps"), (b'"skeleton"', b'"skel\xe9ton"')])
def test_damaged_names_and_cards_are_one_clear_error(tmp_path: Path, text: bytes, damaged: bytes) -> None:
    path = save_tiny_onnx(tmp_path, sidecar=False)
    path.write_bytes(path.read_bytes().replace(text, damaged))
    with pytest.raises(ModelError, match=r"^.*tiny.onnx is [^\n]*; export it again$"):
        open_onnx(path)


def test_what_fails_only_when_it_runs_is_one_clear_error(tmp_path: Path) -> None:
    graph = tiny_graph(tiny_card())
    graph.graph.initializer.append(numpy_helper.from_array(np.array([0, 1, 99]), "channels"))
    graph.graph.node[2].input[0] = "chosen"
    graph.graph.node.insert(2, helper.make_node("Gather", ["planes", "channels"], ["chosen"], axis=1, name="choose"))
    helper.set_model_props(graph, {ONNX_CARD_KEY: tiny_card().to_json()})
    path = tmp_path / "tiny.onnx"
    save_model(graph, path)
    with (
        open_onnx(path) as session,
        pytest.raises(ModelError, match=r"^onnxruntime cannot run .*tiny.onnx: [^\n]*; export it again$"),
    ):
        session.run(random_feeds(tiny_card()))
