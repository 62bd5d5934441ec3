"""A model is compared with torch in all that a device reads of it: places, scores, and how many are right."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgepose.export.errors import ExportError
from edgepose.export.proof.crops import PoseCrops, load_crops
from edgepose.export.proof.parity import Parity, Reference, measure_parity, reference_of
from edgepose.export.proof.tolerances import tolerance_of
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.prediction import Prediction, decoded
from edgepose.train.predictor import MapPredictor


@pytest.fixture(scope="module")
def compared(ppnet: Path, dots: str) -> tuple[MapPredictor, Reference]:
    """What torch sees, and its reference on these people."""
    checkpoint = load_checkpoint(ppnet)
    predict = network_predictor(checkpoint.build())
    crops = load_crops(open_dataset(dots), card_of_checkpoint(checkpoint), 16)
    return predict, reference_of(predict, crops, checkpoint.codec)


def spoilt(compared: tuple[MapPredictor, Reference], *, shift_px: float = 0, scores: float = 1) -> Parity:
    """Return the parity of a file that gives keypoints, some pixels off and with its scores times something."""
    predict, reference = compared
    right = decoded(predict, reference.codec)

    def wrong(images_rgb: ImageArray) -> Prediction:
        found = right(images_rgb)
        return Prediction((found.keypoints_crop + shift_px).astype(np.float32), found.scores * np.float32(scores), None)

    return measure_parity(wrong, reference)


def problems(parity: Parity, reference: Reference, precision: str) -> list[str]:
    return parity.problems(tolerance_of("onnx", precision), reference.codec)


def test_torch_against_itself_has_nothing_to_tell(compared: tuple[MapPredictor, Reference]) -> None:
    predict, reference = compared
    parity = measure_parity(decoded(predict, reference.codec), reference)
    assert (parity.raw, parity.px, parity.score, parity.drop) == (0, 0, 0, 0)
    assert spoilt(compared) == parity
    assert problems(parity, reference, "fp32") == []


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_keypoints_without_their_scores_are_not_good_enough(
    compared: tuple[MapPredictor, Reference], precision: str
) -> None:
    parity = spoilt(compared, scores=0)
    assert (parity.px, parity.drop) == (0, 0)
    told = problems(parity, compared[1], precision)
    assert [" ".join(each.split()[:2]) for each in told] == ["score error", "raw difference"]


@pytest.mark.parametrize("scale", [0.55, 1.3])
def test_maps_that_are_lower_or_higher_all_over_are_not_good_enough(
    compared: tuple[MapPredictor, Reference], scale: float
) -> None:
    predict, reference = compared
    scaled = decoded(lambda images_rgb: predict(images_rgb) * np.float32(scale), reference.codec)
    parity = measure_parity(scaled, reference)
    # every keypoint is where it was, but who is there is told by the peaks
    assert (parity.px, parity.drop) == (pytest.approx(0, abs=1e-3), 0)
    scores = np.clip(reference.scores * np.float32(scale), 0, 1).mean(axis=1)
    assert parity.score == pytest.approx(np.abs(scores - reference.scores.mean(axis=1)).mean(), rel=1e-3)
    (told,) = problems(parity, reference, "int8")
    assert told.startswith("score error ")


@pytest.mark.parametrize(("precision", "allowed"), [("fp32", True), ("fp16", True), ("int8", False)])
def test_one_keypoint_of_few_may_flip_where_nothing_is_quantised(
    compared: tuple[MapPredictor, Reference], precision: str, allowed: bool
) -> None:
    _, reference = compared
    few = np.zeros_like(reference.counted)
    few[tuple(np.argwhere(reference.counted)[:7].T)] = True
    of_seven = replace(reference, counted=few, metric=100.0)
    for right in range(8):
        parity = Parity(raw=0, px=0, score=0, metric=100 * right / 7, drop=100.0 - 100.0 * right / 7, drop_error=0)
        told = parity.problems(tolerance_of("onnx", precision, of_seven.points_of_one), reference.codec)
        assert (told == []) == (right >= 7 - allowed), right
    assert tolerance_of("onnx", precision, 0.001) == tolerance_of("onnx", precision)


def test_keypoints_that_are_off_are_not_good_enough(compared: tuple[MapPredictor, Reference]) -> None:
    parity = spoilt(compared, shift_px=1)
    assert parity.px == pytest.approx(2**0.5, rel=1e-4)
    assert "keypoint error in px 1.41" in " ".join(problems(parity, compared[1], "fp32"))


def test_people_without_labelled_hips_tell_no_accuracy(compared: tuple[MapPredictor, Reference]) -> None:
    predict, reference = compared
    assert isinstance(reference.crops, PoseCrops)
    truth_frame = reference.crops.truth_frame.copy()
    truth_frame[:, [LSP_14.index("l_hip"), LSP_14.index("r_hip")]] = np.nan
    with pytest.raises(ExportError, match=r"^nobody in lsp:.* has both ends of a torso, so PCK@0\.2 is unknown"):
        reference_of(predict, replace(reference.crops, truth_frame=truth_frame), reference.codec)
