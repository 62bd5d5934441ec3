"""Targets made on the device are the codec's."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.runtime.arrays import Array
from edgepose.runtime.body_parts import SIMPLE_POSE_TREE
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.train.objectives.body_part_targets import body_part_targets
from support.crowds import random_crowd
from support.strategies import body_part_codecs


def targets(codec: BodyPartCodec, crowds: list[Array], masks: Array) -> Array:
    people = torch.from_numpy(np.concatenate(crowds).astype(np.float32))
    image_of = torch.arange(len(crowds)).repeat_interleave(torch.tensor([len(crowd) for crowd in crowds]))
    return body_part_targets(codec, people, image_of, torch.from_numpy(masks)).numpy()


@settings(max_examples=30)
@given(codec=body_part_codecs(), seed=st.integers(0, 2**32 - 1))
def test_they_are_what_the_codec_encodes(codec: BodyPartCodec, seed: int) -> None:
    rng = np.random.default_rng(seed)
    crowds = [random_crowd(rng, people, codec.input_wh[0], unlabelled=0.2) for people in (0, 1, 17, 3)]
    masks = rng.random((4, *codec.map_wh[::-1]), np.float32)
    expected = np.stack([codec.encode(crowd, mask) for crowd, mask in zip(crowds, masks, strict=True)])
    found = targets(codec, crowds, masks)
    assert (found.shape, found.dtype) == (expected.shape, np.float32)
    # a cell at the very rim of a limb or keypoint may fall to either side of it
    assert (np.abs(found - expected) > 1e-4).mean() < 1e-3


def test_two_joints_at_one_place_have_no_limb() -> None:
    codec = BodyPartCodec((64, 64), (16, 16), SIMPLE_POSE_TREE)
    crowd = np.full((1, 18, 2), 30.0, np.float32)
    found = targets(codec, [crowd], np.zeros((1, 16, 16), np.float32))
    assert np.isfinite(found).all()
    assert found[:, :21].max() == 0
    np.testing.assert_allclose(found[0], codec.encode(crowd), atol=1e-6)


def test_of_nobody_the_maps_are_empty() -> None:
    codec = BodyPartCodec((64, 64), (16, 16))
    masks = np.full((2, 16, 16), 0.5, np.float32)
    found = targets(codec, [np.zeros((0, 18, 2), np.float32)] * 2, masks)
    assert np.array_equal(found[:, codec.parts.mask_map], masks)
    assert np.delete(found, codec.parts.mask_map, axis=1).max() == 0
