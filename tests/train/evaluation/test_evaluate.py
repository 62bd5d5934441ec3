import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.skeleton import LSP_14, MPII_16
from edgepose.train.checkpoints.checkpoint import Checkpoint, save_checkpoint
from edgepose.train.checkpoints.session import TorchSession
from edgepose.train.data import open_dataset
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.part_labels import PART_CLASSES
from edgepose.train.evaluation.evaluate import evaluate, measure
from edgepose.train.evaluation.opening import open_any, open_part_predictor
from edgepose.train.evaluation.part_accuracy import part_accuracy
from edgepose.train.evaluation.prediction import PredictedPeople
from edgepose.train.evaluation.tables import evaluation_tables
from edgepose.train.evaluation.validation import validate_pck
from edgepose.train.networks import NetworkSpec
from support.data_sets import write_ccp
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
    assert list(document) == ["model", "data", "images", "people", "metrics", "per_joint", "per_part", "environment"]
    assert document["people"] == 3
    assert document["environment"]["box"] == "image"
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_joints_that_the_data_lacks_are_left_out(tmp_path: Path) -> None:
    with torch_session(tmp_path) as session:
        everything = evaluate(session, open_dataset("synthetic:2:1"))
    assert set(everything.per_joint) <= set(LSP_14.joints)
    assert set(everything.metrics) >= {"PCK@0.2", "PCKh@0.5", "OKS AP", "OKS AP50", "OKS AP75", "OKS AR"}
    assert all(0 <= value <= 100 for value in everything.metrics.values())


def test_pckh_is_without_the_joints_that_mpii_leaves_out() -> None:
    truth = np.zeros((1, 16, 2), np.float32)
    found = truth.copy()
    found[0, [MPII_16.index("pelvis"), MPII_16.index("thorax")]] = 1000
    people = PredictedPeople(
        MPII_16, found, np.ones((1, 16)), truth, head_px=np.ones(1), area_px2=np.ones(1), image_ids=("0",), persons=(0,)
    )
    metrics, _ = measure(people)
    assert metrics["PCKh@0.5"] == 100


@pytest.fixture(scope="module")
def pil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of an untrained PIL."""
    torch.manual_seed(0)
    spec = NetworkSpec.of_paper("pil", {}, MPII_16, (64, 64))
    path = tmp_path_factory.mktemp("pil") / "pil.safetensors"
    save_checkpoint(path, Checkpoint(spec, spec.codec(), 1.25, spec.build().state_dict(), {}, [], {}))
    return path


def test_who_parses_is_measured_on_masks_too(pil: Path) -> None:
    with TorchSession(pil, THREADS) as session:
        evaluation = evaluate(session, open_dataset("synthetic:3:1"), parts=open_part_predictor(pil))
    assert set(evaluation.per_part) <= set(PART_CLASSES)
    assert len(evaluation.per_part) > 10
    assert evaluation.metrics["mIoU"] == pytest.approx(np.mean(list(evaluation.per_part.values())))
    assert 0 < evaluation.metrics["mIoU"] < 30
    assert "PCK@0.2" in evaluation.metrics


def test_masks_without_joints_are_measured_alone(pil: Path, tmp_path: Path) -> None:
    write_ccp(tmp_path)
    dataset = open_dataset(f"ccp:{tmp_path}")
    with TorchSession(pil, THREADS) as session:
        evaluation = evaluate(session, dataset, parts=open_part_predictor(pil), limit=1)
        with pytest.raises(EdgeposeError, match=r"nobody in ccp:.* has a labelled joint of mpii-16"):
            evaluate(session, dataset)
    assert set(evaluation.metrics) == {"mIoU"}
    assert set(evaluation.per_part) == {"head", "background", "bottom", "body"}
    assert (evaluation.people, evaluation.per_joint) == (1, {})


def test_a_perfect_parsing_has_100_of_every_part() -> None:
    dataset = open_dataset("synthetic:3:1")
    masks = iter([plain_crop(dataset.sample(i), (64, 64), 1.25)[0].part_mask for i in range(3)])
    found = part_accuracy(lambda images: np.stack([next(masks) for _ in images]), dataset, (64, 64), 1.25, batch=2)
    assert set(found.values()) == {100.0}


def test_what_does_not_parse_has_no_masks(tmp_path: Path) -> None:
    assert open_part_predictor(save_tiny_checkpoint(tmp_path)) is None
    assert open_part_predictor(save_tiny_onnx(tmp_path)) is None


def test_training_measures_by_the_same_code(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint()
    network = checkpoint.build()
    for bf16 in (False, True):
        found, _ = validate_pck(network, WhiteDots(5), LSP_14, checkpoint.codec, checkpoint.crop_padding, bf16=bf16)
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
@pytest.mark.parametrize(
    "data",
    [
        pytest.param("lsp:{}/lsp:test", marks=pytest.mark.research_data("lsp")),
        pytest.param("lspet:{}/lspet", marks=pytest.mark.research_data("lspet")),
        pytest.param("coco:{}/coco:val", marks=pytest.mark.research_data("coco")),
    ],
)
def test_real_people_are_measured(tmp_path: Path, research_data: Path, data: str) -> None:
    dataset = open_dataset(data.format(research_data))
    with open_any(save_tiny_checkpoint(tmp_path)) as session:
        evaluation = evaluate(session, dataset, limit=40)
    _, known = LSP_14.shared_rows(dataset.skeleton)
    labelled = [np.isfinite(dataset.keypoints(person)[known]).all(axis=1).any() for person in range(40)]
    assert evaluation.people == sum(labelled) > 30
    assert evaluation.per_joint.keys() == set(LSP_14.joints) & set(dataset.skeleton.joints)
    assert evaluation.metrics["PCK@0.2"] < 60
