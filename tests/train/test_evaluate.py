import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import open_dataset
from edgepose.train.evaluate import evaluate, evaluation_tables
from edgepose.train.opening import open_any
from edgepose.train.session import TorchSession
from edgepose.train.validation import validate_pck
from support.engines import backend_or_skip
from support.tiny_checkpoint import save_tiny_checkpoint, tiny_checkpoint
from support.tiny_model import save_tiny_onnx, save_tiny_openvino
from support.white_dots import WRONG_JOINTS, WhiteDots

THREADS = SessionOptions(threads=1)


def torch_session(folder: Path) -> Session:
    return TorchSession(save_tiny_checkpoint(folder), THREADS)


def onnx_session(folder: Path) -> Session:
    return backend_or_skip("onnxruntime").OnnxRuntimeSession(save_tiny_onnx(folder), THREADS)


def openvino_session(folder: Path) -> Session:
    return backend_or_skip("openvino").OpenVinoSession(save_tiny_openvino(folder), THREADS)


@pytest.mark.parametrize("opened", [torch_session, onnx_session, openvino_session])
@pytest.mark.parametrize("flip_test", [False, True])
def test_every_format_gives_the_known_answer(
    opened: Callable[[Path], Session], flip_test: bool, tmp_path: Path
) -> None:
    with opened(tmp_path) as session:
        evaluation = evaluate(session, WhiteDots(6, unlabelled=(3,)), flip_test=flip_test, batch=4)
    assert evaluation.metrics["PCK@0.2"] == pytest.approx(100 * 12 / 14)
    assert "PCKh@0.5" not in evaluation.metrics
    assert evaluation.per_joint == {joint: 0.0 if joint in WRONG_JOINTS else 100.0 for joint in LSP_14.joints}
    assert (evaluation.people, evaluation.images) == (5, 3)
    assert 0 < evaluation.metrics["OKS AP"] < 100
    assert evaluation.environment["flip_test"] is flip_test
    assert evaluation.environment["engine"] == session.info.engine


def test_the_document_has_exactly_the_promised_keys(tmp_path: Path) -> None:
    with torch_session(tmp_path) as session:
        document = evaluate(session, WhiteDots(4), limit=3, box="image").to_dict()
    assert list(document) == ["model", "data", "images", "people", "metrics", "per_joint", "environment"]
    assert document["people"] == 3
    assert document["environment"]["box"] == "image"
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_joints_that_the_data_lacks_are_left_out(tmp_path: Path) -> None:
    with torch_session(tmp_path) as session:
        everything = evaluate(session, open_dataset("synthetic:2:1"))
    assert set(everything.per_joint) <= set(LSP_14.joints)
    assert set(everything.metrics) >= {"PCK@0.2", "PCKh@0.5", "OKS AP", "OKS AP50", "OKS AP75", "OKS AR"}
    assert all(0 <= value <= 100 for value in everything.metrics.values())


def test_training_measures_by_the_same_code(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint()
    network = checkpoint.build()
    for bf16 in (False, True):
        found = validate_pck(network, WhiteDots(5), LSP_14, checkpoint.codec, checkpoint.crop_padding, bf16=bf16)
        assert found == pytest.approx(100 * 12 / 14)


def test_the_tables_show_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console  # noqa: PLC0415

    with torch_session(tmp_path) as session:
        Console(width=100).print(evaluation_tables(evaluate(session, WhiteDots(2))))
    shown = capsys.readouterr().out
    assert "tiny on white-dots: 2 people in 1 images" in shown
    assert "85.71" in shown
    assert all(joint in shown for joint in LSP_14.joints)


@pytest.mark.slow
@pytest.mark.research_data
def test_real_people_are_measured(tmp_path: Path, research_data: Path) -> None:
    with open_any(save_tiny_checkpoint(tmp_path)) as session:
        for data in ("lsp:{}/lsp:test", "lspet:{}/lspet", "coco:{}/coco:val"):
            evaluation = evaluate(session, open_dataset(data.format(research_data)), limit=40)
            assert 0 <= evaluation.metrics["PCK@0.2"] < 60
