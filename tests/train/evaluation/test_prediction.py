import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.skeleton import COCO_17, LSP_14, Skeleton
from edgepose.train.data.pose_dataset import Sample
from edgepose.train.evaluation.prediction import Prediction, predict_people, predictor_of, with_flip_test
from support.tiny_decoded import save_tiny_decoded
from support.tiny_model import save_tiny_onnx, tiny_card
from support.white_dots import WRONG_JOINTS, WhiteDots


def seen_crops(box: str) -> list[ImageArray]:
    """Return the crops that a predictor is shown."""
    crops = []

    def predict(images_rgb: ImageArray) -> Prediction:
        crops.extend(images_rgb)
        return Prediction(np.zeros((len(images_rgb), 14, 2), np.float32), np.zeros((len(images_rgb), 14), np.float32))

    predict_people(predict, WhiteDots(2), LSP_14, (48, 64), 1.25, box=box)
    return crops


def test_what_is_found_is_in_pixels_of_the_image(tmp_path: Path) -> None:
    progress = []
    with open_model(save_tiny_onnx(tmp_path)) as session:
        people = predict_people(
            predictor_of(session),
            WhiteDots(7),
            LSP_14,
            session.card.input_wh,
            1.25,
            batch=3,
            on_progress=lambda *done: progress.append(done),
        )
    right = [joint not in WRONG_JOINTS for joint in LSP_14.joints]
    np.testing.assert_allclose(people.found[:, right], people.truth[:, right], atol=0.6)
    assert people.image_ids == ("0", "0", "1", "1", "2", "2", "3")
    assert people.scores.shape == (7, 14)
    assert progress == [(3, 7), (6, 7), (7, 7)]


def test_what_processes_find_of_their_shares_is_put_together_in_order() -> None:
    def predict(images_rgb: ImageArray) -> Prediction:
        keypoints = images_rgb.mean(axis=(1, 2, 3))[:, None, None].repeat(14, axis=1).repeat(2, axis=2)
        return Prediction(keypoints.astype(np.float32), np.ones((len(images_rgb), 14), np.float32))

    def of_two(work: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
        """As two processes of a world: the second's share is done first."""
        second, first = [work(thing) for thing in things[1::2]], [work(thing) for thing in things[::2]]
        return [(first, second)[i % 2][i // 2] for i in range(len(things))]

    alone, shared = (
        predict_people(predict, WhiteDots(7), LSP_14, (48, 64), 1.25, batch=2, spread=spread)
        for spread in (map, of_two)
    )
    assert shared.persons == alone.persons == tuple(range(7))
    assert shared.image_ids == alone.image_ids
    np.testing.assert_array_equal(shared.found, alone.found)


def test_a_fixed_batch_is_filled_up(tmp_path: Path) -> None:
    inputs, outputs = (
        (TensorSpec("image", "uint8", (2, 64, 48, 3)),),
        (TensorSpec("heatmaps", "float32", (2, 14, 16, 12)),),
    )
    fixed = save_tiny_onnx(tmp_path, tiny_card(name="fixed", inputs=inputs, outputs=outputs))
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 48, 3), np.uint8)
    with open_model(fixed) as two_at_a_time, open_model(save_tiny_onnx(tmp_path)) as any_number:
        found, expected = predictor_of(two_at_a_time)(images), predictor_of(any_number)(images)
    assert found.heatmaps is not None
    assert expected.heatmaps is not None
    np.testing.assert_allclose(found.heatmaps, expected.heatmaps, atol=1e-6)
    np.testing.assert_allclose(found.keypoints_crop, expected.keypoints_crop, atol=1e-2)


def test_a_model_that_decodes_itself_finds_the_same(tmp_path: Path) -> None:
    card = tiny_card(name="plain")
    plain = save_tiny_onnx(tmp_path, replace(card, codec={**card.codec, "refine": "none"}))
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 48, 3), np.uint8)
    with open_model(save_tiny_decoded(tmp_path)) as decoded, open_model(plain) as maps:
        found, expected = predictor_of(decoded)(images), predictor_of(maps)(images)
    assert found.heatmaps is None
    np.testing.assert_allclose(found.keypoints_crop, expected.keypoints_crop, atol=1e-4)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_a_flip_test_of_a_model_that_decodes_itself_is_one_clear_line(tmp_path: Path) -> None:
    expected = "tiny has the decode inside, and a flip test averages heatmaps; take the file without -keypoints"
    with open_model(save_tiny_decoded(tmp_path)) as session, pytest.raises(ModelError, match=re.escape(expected)):
        predictor_of(session, flip_test=True)


def test_a_flip_test_swaps_left_and_right() -> None:
    def predict(images_rgb: ImageArray) -> FloatArray:
        return images_rgb[:, None, :, :, 0] * np.arange(14, dtype=np.float32)[:, None, None]

    images = np.random.default_rng(0).integers(0, 256, (2, 16, 12, 3), np.uint8)
    merged = with_flip_test(predict, LSP_14.flip_order)(images)
    weights = (np.arange(14) + np.array(LSP_14.flip_order)) / 2
    np.testing.assert_allclose(merged, images[:, None, :, :, 0] * weights[:, None, None], rtol=1e-6)


def test_the_image_itself_is_a_crop_that_is_not_widened() -> None:
    for index, crop in enumerate(seen_crops("image")):
        # 120x100 pixels become 48 wide: 0.4 of their size, with bars above and below
        assert crop[:11].max() == crop[-11:].max() == 0
        keypoint = WhiteDots(2).sample(index).keypoints[0]
        rows, columns = np.nonzero(crop[:, :, 0] > 100)
        np.testing.assert_allclose([columns.mean(), rows.mean() - 12], 0.4 * (keypoint + 0.5) - 0.5, atol=0.6)


def test_the_box_of_the_joints_is_centred_on_them() -> None:
    for crop in seen_crops("joints"):
        rows, columns = np.nonzero(crop[:, :, 0] > 100)
        np.testing.assert_allclose([columns.mean(), rows.mean()], [23.5, 31.5], atol=0.7)


def test_an_unknown_box_is_one_clear_line() -> None:
    with pytest.raises(EdgeposeError, match="unknown kind of box 'hat'; known: data, joints, image"):
        seen_crops("hat")


class CocoDots(WhiteDots):
    """The same in COCO's convention, only the nose being labelled."""

    skeleton: Skeleton = COCO_17

    def sample(self, index: int) -> Sample:
        sample = super().sample(index)
        keypoints = np.full((17, 2), np.nan, np.float32)
        keypoints[0] = sample.keypoints[0]
        values = {**vars(sample), "keypoints": keypoints, "occluded": np.zeros(17, bool)}
        return Sample(**values)


def test_nobody_with_a_known_joint_is_one_clear_line() -> None:
    def predict(images_rgb: ImageArray) -> Prediction:
        raise AssertionError(f"nobody is to be predicted, yet {len(images_rgb)} are")

    expected = re.escape("nobody in white-dots has a labelled joint of lsp-14; give other data")
    with pytest.raises(EdgeposeError, match=expected):
        predict_people(predict, CocoDots(3), LSP_14, (48, 64), 1.25)
