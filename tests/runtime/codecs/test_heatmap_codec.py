from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs.heatmap import REFINEMENTS, HeatmapCodec, merge_flip
from edgepose.runtime.skeleton import SKELETONS
from support.strategies import codecs

Array = np.ndarray[Any, Any]
CODEC = HeatmapCodec((192, 256), (48, 64), 8.0)


@st.composite
def codecs_with_keypoints(draw: st.DrawFn) -> tuple[HeatmapCodec, Array]:
    """A codec and keypoints (2, 3, 2), all `margin_px` inside its crop."""
    codec = draw(codecs())
    share = np.array(draw(st.lists(st.floats(0, 1), min_size=12, max_size=12))).reshape(2, 3, 2)
    low = codec.margin_px - 0.5
    high = np.array(codec.input_wh) - 0.5 - codec.margin_px
    return codec, (low + share * (high - low)).astype(np.float32)


@given(codecs_with_keypoints())
def test_a_round_trip_stays_within_the_analytic_bound(drawn: tuple[HeatmapCodec, Array]) -> None:
    codec, keypoints = drawn
    decoded, scores = codec.decode(codec.encode(keypoints))
    assert np.linalg.norm(decoded - keypoints, axis=-1).max() <= codec.max_error_px
    half_a_cell_off = np.exp(-2 * 0.5**2 / (2 * codec.sigma_cells**2))
    assert ((scores >= half_a_cell_off - 1e-5) & (scores <= 1)).all()


@pytest.mark.parametrize("refine", REFINEMENTS)
def test_the_round_trip_has_no_bias(refine: str, rng: np.random.Generator) -> None:
    codec = replace(CODEC, refine=refine)
    keypoints = rng.uniform(codec.margin_px, 192 - codec.margin_px, (1, 4000, 2)).astype(np.float32)
    decoded, _ = codec.decode(codec.encode(keypoints))
    np.testing.assert_allclose((decoded - keypoints).mean(axis=(0, 1)), 0, atol=0.1)


def test_refinements_are_worth_their_name(rng: np.random.Generator) -> None:
    keypoints = rng.uniform(40, 150, (1, 1000, 2)).astype(np.float32)
    errors = []
    for refine in REFINEMENTS:
        codec = replace(CODEC, refine=refine)
        errors.append(np.abs(codec.decode(codec.encode(keypoints))[0] - keypoints).mean())
    assert errors[0] > 1.8 * errors[1] > 5 * errors[2]


@given(codecs_with_keypoints())
def test_a_cell_stands_for_the_middle_of_its_pixels(drawn: tuple[HeatmapCodec, Array]) -> None:
    codec, _ = drawn
    centre = codec.stride * 5 + codec.stride / 2 - 0.5
    maps = codec.encode(np.full((1, 1, 2), centre, np.float32))
    assert maps[0, 0, 5, 5] == maps.max() == 1


@given(codecs_with_keypoints())
def test_mirroring_the_crop_mirrors_the_maps(drawn: tuple[HeatmapCodec, Array]) -> None:
    codec, keypoints = drawn
    mirrored = keypoints * [-1, 1] + [codec.input_wh[0] - 1, 0]
    np.testing.assert_allclose(codec.encode(mirrored), codec.encode(keypoints)[..., ::-1], atol=1e-4)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_merging_the_maps_of_the_mirror_changes_nothing_when_they_agree(
    skeleton: Any, rng: np.random.Generator
) -> None:
    maps = rng.random((2, len(skeleton), 8, 6), np.float32)
    of_mirror = maps[:, list(skeleton.flip_order), :, ::-1]
    np.testing.assert_array_equal(merge_flip(maps, of_mirror, skeleton.flip_order), maps)


@pytest.mark.parametrize("keypoint", [(-0.6, 10), (10, -0.6), (191.6, 10), (10, 255.6), (np.nan, 10), (np.inf, 3)])
def test_a_keypoint_outside_has_an_empty_map_and_no_score(keypoint: tuple[float, float]) -> None:
    maps = CODEC.encode(np.array([[keypoint]], np.float32))
    assert not maps.any()
    keypoints, scores = CODEC.decode(maps)
    assert scores.max() == 0
    assert np.isfinite(keypoints).all()


@pytest.mark.parametrize("refine", REFINEMENTS)
def test_any_maps_decode_to_finite_keypoints_near_the_crop(refine: str, rng: np.random.Generator) -> None:
    codec = replace(CODEC, refine=refine)
    for maps in (rng.normal(0, 2, (2, 3, 64, 48)), np.zeros((2, 3, 64, 48)), np.full((2, 3, 64, 48), 7)):
        keypoints, scores = codec.decode(maps.astype(np.float32))
        assert codec.inside(keypoints).all()
        assert ((scores >= 0) & (scores <= 1)).all()


def test_nobody_decodes_to_nobody() -> None:
    keypoints, scores = CODEC.decode(np.zeros((0, 14, 64, 48), np.float32))
    assert keypoints.shape == (0, 14, 2)
    assert scores.shape == (0, 14)


@pytest.mark.parametrize("shape", [(1, 14, 48, 64), (14, 64, 48), (1, 1, 14, 64, 48)])
def test_maps_of_another_shape_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(EdgeposeError, match=r"expected heatmaps \(N, K, 64, 48\), found \("):
        CODEC.decode(np.zeros(shape, np.float32))


@pytest.mark.parametrize("shape", [(14, 2), (1, 14, 3)])
def test_keypoints_of_another_shape_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(EdgeposeError, match=r"expected keypoints \(N, K, 2\), found \("):
        CODEC.encode(np.zeros(shape, np.float32))


@given(codecs())
def test_a_codec_survives_its_dictionary(codec: HeatmapCodec) -> None:
    assert HeatmapCodec.from_dict(codec.to_dict()) == codec


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"refine": "magic"}, "unknown refinement 'magic'; known: none, quarter, dark"),
        ({"sigma_px": 0.0}, "sigma > 0"),
        ({"map_wh": (48, 48)}, "one stride for both axes"),
    ],
)
def test_an_impossible_codec_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeposeError, match=message):
        replace(CODEC, **changes)


@pytest.mark.parametrize(
    "changes", [{"kind": "simcc"}, {"extra": 1}, {"input_wh": 3}, {"map_wh": [0, 0]}, {"sigma_px": "wide"}]
)
def test_a_malformed_dictionary_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(EdgeposeError, match="heatmap codec"):
        HeatmapCodec.from_dict({**CODEC.to_dict(), **changes})
