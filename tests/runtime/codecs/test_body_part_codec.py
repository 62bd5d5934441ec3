"""People to maps of limbs and keypoints, and what lies where."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.body_parts import SIMPLE_POSE, SIMPLE_POSE_TREE, BodyParts
from edgepose.runtime.codecs import codec_from_dict, of_everybody, of_one_person
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import SIMPLE_POSE_18
from support.crowds import crowd_in_a_row, random_crowd
from support.strategies import body_part_codecs

CODEC = BodyPartCodec((256, 192), (64, 48))


def test_the_maps_are_those_of_the_paper() -> None:
    assert len(SIMPLE_POSE.limbs) == 30
    assert len(SIMPLE_POSE_TREE.limbs) == 21
    assert (SIMPLE_POSE.keypoint_maps, SIMPLE_POSE.mask_map, SIMPLE_POSE.maps) == (slice(30, 48), 48, 50)
    assert len(set(map(frozenset, SIMPLE_POSE.limbs))) == 30
    mirrored = set()
    for limb in SIMPLE_POSE.limbs:
        rows = (SIMPLE_POSE.skeleton.flip_order[SIMPLE_POSE.skeleton.index(joint)] for joint in limb)
        mirrored.add(frozenset(SIMPLE_POSE.skeleton.joints[row] for row in rows))
    assert mirrored == set(map(frozenset, SIMPLE_POSE.limbs))


@given(x=st.floats(12, 243), y=st.floats(12, 179))
def test_a_keypoint_comes_back_to_a_twentieth_of_a_pixel(x: float, y: float) -> None:
    crowd = np.full((1, 18, 2), np.nan, np.float32)
    # two joints and the limb between them are the least that is somebody
    crowd[0, SIMPLE_POSE.skeleton.index("neck")] = x, y
    crowd[0, SIMPLE_POSE.skeleton.index("nose")] = 128, 96
    if np.hypot(x - 128, y - 96) < 8:
        return
    keypoints, scores = CODEC.decode(CODEC.encode(crowd))
    assert len(keypoints) == 1
    assert np.isfinite(keypoints[0, :, 0]).sum() == 2
    np.testing.assert_allclose(keypoints[0, :2], crowd[0, :2], atol=0.05)
    assert (scores[0, 2:] == 0).all()


@given(seed=st.integers(0, 2**32 - 1), people=st.integers(0, 4))
def test_maps_stay_between_nothing_and_one(seed: int, people: int) -> None:
    maps = CODEC.encode(random_crowd(np.random.default_rng(seed), people, 256, unlabelled=0.3))
    assert maps.shape == (50, 48, 64)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1
    np.testing.assert_array_equal(maps[49], maps[30:48].max(axis=0))


def test_a_limb_is_a_ridge_between_its_ends() -> None:
    crowd = np.full((1, 18, 2), np.nan, np.float32)
    crowd[0, SIMPLE_POSE.skeleton.index("r_hip")] = 41.5, 97.5  # cells (10, 24) and (50, 24)
    crowd[0, SIMPLE_POSE.skeleton.index("r_knee")] = 201.5, 97.5
    limb = CODEC.encode(crowd)[SIMPLE_POSE.limbs.index(("r_hip", "r_knee"))]
    np.testing.assert_allclose(limb[24, 10:51], 1, atol=1e-5)
    np.testing.assert_allclose(limb[26, 10:51], np.exp(-(8**2) / (2 * 7**2)), atol=1e-5)
    assert limb[:, :9].max() == limb[:, 52:].max() == 0
    assert limb[24 + 6].max() == 0


def test_where_limbs_of_two_people_cross_the_map_is_their_mean() -> None:
    one, two = (np.full((18, 2), np.nan, np.float32) for _ in range(2))
    hip, knee = SIMPLE_POSE.skeleton.index("r_hip"), SIMPLE_POSE.skeleton.index("r_knee")
    one[[hip, knee]] = (41.5, 97.5), (201.5, 97.5)
    two[[hip, knee]] = (121.5, 17.5), (121.5, 177.5)
    kind = SIMPLE_POSE.limbs.index(("r_hip", "r_knee"))
    alone = [CODEC.encode(person[None])[kind] for person in (one, two)]
    both = CODEC.encode(np.stack([one, two]))[kind]
    assert both[24, 30] == pytest.approx(1.0)
    assert both[26, 30] == pytest.approx((alone[0][26, 30] + alone[1][26, 30]) / 2, abs=1e-6)
    assert both[24, 12] == alone[0][24, 12]


@given(seed=st.integers(0, 2**32 - 1))
def test_the_maps_of_mirrored_people_are_the_mirrored_maps(seed: int) -> None:
    crowd = random_crowd(np.random.default_rng(seed), 3, 192, unlabelled=0.2)
    mirrored = crowd[:, list(SIMPLE_POSE.skeleton.flip_order)]
    mirrored[..., 0] = CODEC.input_wh[0] - 1 - mirrored[..., 0]
    expected = CODEC.encode(crowd)[list(SIMPLE_POSE.flip_order), :, ::-1]
    # a cell at the very rim of a limb may fall to either side of it
    assert (np.abs(CODEC.encode(mirrored) - expected) > 1e-3).mean() < 1e-3


@given(body_part_codecs())
def test_a_codec_survives_its_dictionary(codec: BodyPartCodec) -> None:
    assert codec_from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    assert codec.maps_of(SIMPLE_POSE_18) == len(codec.parts.limbs) + 20


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limbs": [["neck", "nose"], ["nose", "neck"]]}, "limbs are different pairs of joints, each once"),
        ({"limbs": [["neck", "neck"]]}, "limbs are different pairs of joints, each once"),
        ({"limbs": [["neck", "tail"]]}, "skeleton simplepose-18 has no joint 'tail'"),
        ({"skeleton": "octopus-8"}, "unknown skeleton 'octopus-8'"),
        ({"map_wh": [64, 0]}, "sigmas > 0"),
        ({"limb_sigma_px": -1}, "sigmas > 0"),
        ({"rule": {"peak": 0.1}}, "a body-part codec: missing keys"),
        ({"rule": {**CODEC.to_dict()["rule"], "samples": 0}}, "samples is a number of 1 or more; found 0"),
        ({"colour": "rgb"}, r"unknown keys \['colour'\]; docs/model-card.md lists them"),
        ({"kind": "magic"}, "unknown kind of codec 'magic'; known: heatmap, body-parts"),
    ],
)
def test_a_malformed_dictionary_is_one_clear_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeposeError, match=message) as caught:
        codec_from_dict({**CODEC.to_dict(), **changes})
    assert "\n" not in str(caught.value)


def test_a_codec_of_the_other_kind_is_an_error_that_names_the_model() -> None:
    heatmaps = HeatmapCodec((64, 64), (16, 16), 6.0)
    assert of_everybody(CODEC, "m") is CODEC
    assert of_one_person(heatmaps, "m") is heatmaps
    with pytest.raises(EdgeposeError, match="m sees everybody in a picture; expected a model of one person"):
        of_one_person(CODEC, "m")
    with pytest.raises(EdgeposeError, match="m sees one person in a crop; expected a model of everybody"):
        of_everybody(heatmaps, "m")


def test_limbs_without_a_mirror_image_cannot_be_mirrored() -> None:
    with pytest.raises(EdgeposeError, match="limbs that are to be mirrored need one on either side"):
        BodyParts(SIMPLE_POSE_18, (("r_hip", "r_knee"),)).flip_order  # noqa: B018


def test_a_mask_is_kept() -> None:
    mask = np.random.default_rng(0).random((48, 64), np.float32)
    np.testing.assert_array_equal(CODEC.encode(crowd_in_a_row(1, 192), mask)[48], mask)


def test_wrong_sizes_are_errors() -> None:
    with pytest.raises(EdgeposeError, match=r"expected keypoints \(P, 18, 2\), found \(1, 17, 2\)"):
        CODEC.encode(np.zeros((1, 17, 2), np.float32))
    with pytest.raises(EdgeposeError, match=r"a mask of the maps' size, \(48, 64\), found \(1, 64\)"):
        CODEC.encode(crowd_in_a_row(1, 192), np.zeros((1, 64), np.float32))
    with pytest.raises(EdgeposeError, match="one stride for both axes"):
        BodyPartCodec((256, 192), (64, 64))
    with pytest.raises(EdgeposeError, match="expected maps of 64x48"):
        CODEC.decode(np.zeros((50, 64, 64), np.float32))
