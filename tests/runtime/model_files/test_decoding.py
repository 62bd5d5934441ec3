from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.backends import open_model
from edgepose.runtime.clock import StageClock
from edgepose.runtime.errors import ModelError
from edgepose.runtime.estimators.top_down_model import TopDownModel
from edgepose.runtime.model_files.decoding import HEATMAPS, KEYPOINTS, Decoding, card_with_decode
from edgepose.runtime.model_files.tensors import TensorSpec
from support.engines import backend_or_skip
from support.tiny_decoded import decoded_card, save_tiny_decoded
from support.tiny_model import save_tiny_onnx, tiny_card


def test_heatmaps_are_decoded_by_the_codec(rng: np.random.Generator) -> None:
    card = tiny_card()
    maps = rng.random((2, 14, 16, 12), np.float32)
    decoding = Decoding(card)
    assert decoding.output == HEATMAPS
    keypoints, scores = decoding({"heatmaps": maps})
    expected_keypoints, expected_scores = card.codec_object().decode(maps)
    np.testing.assert_array_equal(keypoints, expected_keypoints)
    np.testing.assert_array_equal(scores, expected_scores)


def test_keypoints_are_taken_as_they_are(rng: np.random.Generator) -> None:
    decoding = Decoding(decoded_card())
    given = rng.random((2, 14, 3), np.float32)
    assert decoding.output == KEYPOINTS
    keypoints, scores = decoding({"keypoints": given})
    np.testing.assert_array_equal(keypoints, given[..., :2])
    np.testing.assert_array_equal(scores, given[..., 2])


def test_the_card_of_a_decoded_model_says_so() -> None:
    fixed = tiny_card(outputs=(TensorSpec("heatmaps", "float32", (1, 14, 16, 12)),))
    assert card_with_decode(fixed).outputs == (TensorSpec("keypoints", "float32", (1, 14, 3)),)
    assert card_with_decode(tiny_card()).outputs == (TensorSpec("keypoints", "float32", (-1, 14, 3)),)
    with pytest.raises(ModelError, match=r"tiny has the decode inside already; start from the file that gives heat"):
        card_with_decode(decoded_card())


@pytest.mark.parametrize("names", [(), ("masks",), ("heatmaps", "keypoints")])
def test_other_outputs_are_an_error_that_names_them(names: tuple[str, ...]) -> None:
    card = tiny_card(outputs=tuple(TensorSpec(name, "float32", (1, 14, 3)) for name in names))
    with pytest.raises(ModelError, match=r"tiny has the outputs \[.*\]; a pose model has one, heatmaps or keypoints"):
        Decoding(card)


def test_both_kinds_of_model_see_the_same_person(tmp_path: Path, rng: np.random.Generator) -> None:
    backend_or_skip("onnxruntime")
    image = rng.integers(0, 256, (120, 160, 3), np.uint8)
    box = np.array([30, 20, 90, 100], np.float32)
    card = tiny_card()
    plain = save_tiny_onnx(tmp_path, replace(card, name="plain", codec={**card.codec, "refine": "none"}))
    poses = []
    for path in (plain, save_tiny_decoded(tmp_path)):
        with open_model(path) as session:
            poses.append(TopDownModel(session).see(image, box, StageClock()))
    np.testing.assert_allclose(poses[1].keypoints_frame, poses[0].keypoints_frame, atol=1e-4)
    np.testing.assert_allclose(poses[1].keypoint_scores, poses[0].keypoint_scores, atol=1e-6)
