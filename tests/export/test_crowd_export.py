"""A network that sees everybody becomes files that make the same people, or an error that says why not."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from edgepose.export.errors import ExportError
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.proof.crowd_pictures import load_crowds
from edgepose.export.proof.parity import measure_parity, reference_of
from edgepose.export.proof.tolerances import tolerance_of
from edgepose.export.request import targets_of
from edgepose.runtime.backends import open_model
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.train.checkpoints.session import TorchSession
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.evaluate import evaluate
from edgepose.train.evaluation.prediction import Prediction, decoded, predictor_of
from support.painted_crowds import PaintedCrowds
from support.trained_crowd import CROWD, PICTURES, save_trained_crowd, write_painted_as_coco


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a small network that finds painted people."""
    return save_trained_crowd(tmp_path_factory.mktemp("trained") / "crowd.safetensors", steps=150)


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """The checkpoint of one that has learned nothing yet."""
    return save_trained_crowd(tmp_path / "fresh.safetensors", steps=0)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The people that it knows, as `open_dataset` takes them."""
    return write_painted_as_coco(tmp_path_factory.mktemp("painted") / "coco", PICTURES)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_file_makes_the_same_people_as_torch(crowd: Path, painted: str, tmp_path: Path) -> None:
    report = run_export(ExportRequest(crowd, [("onnx", "fp32")], tmp_path, validate=painted, runs=3))
    (row,) = report.rows
    limits = tolerance_of("onnx", "fp32")
    assert report.original > 80
    assert report.people == len(PaintedCrowds(PICTURES))
    assert row.raw_difference <= limits.raw
    assert row.keypoint_error_px <= limits.keypoint_sigmas * CROWD.codec().sigma_px
    assert row.drop <= limits.drop
    with open_model(tmp_path / row.path) as session, TorchSession(crowd) as torch_session:
        assert session.outputs == (TensorSpec("maps", "float32", (1, 50, 32, 32)),)
        assert session.card.codec_object() == CROWD.codec()
        metrics = [evaluate(s, open_dataset(painted)).metrics for s in (session, torch_session)]
    assert metrics[0] == pytest.approx(metrics[1], abs=0.5)
    weights = {tensor.name for tensor in onnx.load(tmp_path / row.path).graph.initializer}
    assert not any("heads.1" in name or "heads.2" in name for name in weights)


def test_grouping_in_the_graph_is_refused_before_any_work(untrained: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    request = ExportRequest(untrained, [("onnx", "fp32")], tmp_path / "out", validate="synthetic:4", decode=True)
    with pytest.raises(ExportError, match="grouping people is not for a graph, and fresh needs it; leave --decode out"):
        run_export(request, steps.append)
    assert steps == []
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["onnx", "openvino", "tflite", "tensorrt"])
def test_every_format_and_precision_passes_its_tolerances(crowd: Path, painted: str, tmp_path: Path, name: str) -> None:
    targets = targets_of([name], ["fp32", "fp16", "int8"])
    report = run_export(ExportRequest(crowd, targets, tmp_path, calibrate=painted, runs=3))
    assert report.failures == ()
    assert [(row.format, row.precision) for row in report.rows] == targets
    assert all(row.drop <= tolerance_of(row.format, row.precision).drop for row in report.rows)


def test_a_file_that_sees_nobody_or_somebody_else_is_over_every_limit(painted: str) -> None:
    codec = CROWD.codec()
    assert isinstance(codec, BodyPartCodec)
    pictures = load_crowds(open_dataset(painted), codec, 6)
    targets = np.concatenate([codec.encode(truth)[None] for truth in pictures.truth_crop])
    places = {image.tobytes(): maps for image, maps in zip(pictures.images_rgb, targets, strict=True)}
    perfect = decoded(lambda images: np.stack([places[image.tobytes()] for image in images]), codec)
    reference = reference_of(lambda images: np.stack([places[i.tobytes()] for i in images]), pictures, codec)
    assert reference.metric > 95
    same = measure_parity(perfect, reference)
    assert (same.raw, same.px, same.drop) == (0, 0, 0)
    limits = tolerance_of("onnx", "int8")
    nobody = measure_parity(
        decoded(lambda images: np.zeros((len(images), *targets.shape[1:]), np.float32), codec), reference
    )
    assert nobody.metric == 0
    assert len(nobody.problems(limits, codec)) == 4

    def shifted(images: np.ndarray) -> Prediction:
        found = perfect(images)
        return Prediction(found.keypoints_crop + 40, found.scores, found.heatmaps)

    elsewhere = measure_parity(shifted, reference)
    assert elsewhere.px == pytest.approx(codec.sigma_px)
    assert elsewhere.drop > 50


def test_the_order_of_people_does_not_matter(painted: str) -> None:
    codec = CROWD.codec()
    assert isinstance(codec, BodyPartCodec)
    pictures = load_crowds(open_dataset(painted), codec, PICTURES)
    most = max(map(len, pictures.truth_crop))
    found = np.full((PICTURES, most + 1, 18, 2), np.nan, np.float32)
    for row, truth in zip(found, pictures.truth_crop, strict=True):
        row[1 : len(truth) + 1] = truth[::-1]
    of_people = pictures.of_people(Prediction(found, np.isfinite(found[..., 0]).astype(np.float32)), 0)
    np.testing.assert_array_equal(of_people.keypoints_crop, np.concatenate(pictures.truth_crop))
    correct, counted = pictures.judge(of_people.keypoints_crop)
    assert counted.any()
    assert correct[counted].all()
    assert pictures.pictures == PICTURES
    assert len(pictures) == len(of_people.keypoints_crop) == len(PaintedCrowds(PICTURES))


def test_pictures_of_a_batch_are_filled_up_to_the_fullest(untrained: Path) -> None:
    with TorchSession(untrained) as session:
        found = predictor_of(session, flip_test=True)(np.zeros((2, 128, 128, 3), np.uint8))
    assert found.keypoints_crop.shape[0] == 2
    assert found.keypoints_crop.shape[2:] == (18, 2)
    assert found.heatmaps is not None
    assert found.heatmaps.shape == (2, 50, 32, 32)
