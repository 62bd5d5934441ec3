"""Maps in, people out."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.body_parts import SIMPLE_POSE, SIMPLE_POSE_TREE
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.grouping import GroupedPeople, GroupingRule, group_people, limbs
from edgepose.runtime.grouping.peaks import find_peaks
from support.crowds import crowd_in_a_row, random_crowd
from support.slow_grouping import Person, slow_group

CODEC = BodyPartCodec((128, 128), (32, 32))


def as_people(grouped: GroupedPeople) -> list[Person]:
    return [
        {row: (float(x), float(y)) for row, (x, y) in enumerate(places) if np.isfinite(x)}
        for places in grouped.keypoints_map
    ]


def assert_same(found: list[Person], expected: list[Person]) -> None:
    assert [set(person) for person in found] == [set(person) for person in expected]
    for person, other in zip(found, expected, strict=True):
        for row, place in person.items():
            assert place == pytest.approx(other[row], abs=1e-3)


@settings(max_examples=15, deadline=None)  # the reference is slow
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(0, 5), noise=st.sampled_from([0.0, 0.02, 0.05]))
def test_it_finds_whom_the_plain_reference_finds(seed: int, people: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    maps = CODEC.encode(random_crowd(rng, people, 128, unlabelled=0.2))
    maps = (maps + rng.normal(0, noise, maps.shape)).astype(np.float32)
    assert_same(as_people(group_people(maps, SIMPLE_POSE)), slow_group(maps, SIMPLE_POSE))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), values=st.sampled_from([8, 32, 255]))
def test_equals_side_by_side_are_one_peak(seed: int, values: int) -> None:
    maps = CODEC.encode(random_crowd(np.random.default_rng(seed), 3, 128))
    coarse = (np.round(maps * values) / values).astype(np.float32)
    peaks = find_peaks(coarse[SIMPLE_POSE.keypoint_maps], 0.1, 100)
    for first, end in zip(peaks.starts[:-1], peaks.starts[1:], strict=True):
        cells = np.round(peaks.places_xy[:, first:end])
        apart = np.abs(cells[:, :, None] - cells[:, None]).max(axis=0) + 9 * np.eye(end - first)
        assert (apart > 1).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_rule_gives_what_the_reference_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rule = GroupingRule(
        peak=rng.uniform(0.05, 0.5),
        most_peaks=int(rng.integers(1, 8)),
        samples=int(rng.integers(3, 24)),
        response=rng.uniform(0.05, 0.4),
        support=rng.uniform(0.5, 1.0),
        longest_ratio=rng.uniform(1.0, 16.0),
        merge=rng.uniform(0.5, 1.2),
        least_parts=int(rng.integers(2, 6)),
        most_people=int(rng.integers(1, 4)),
    )
    maps = CODEC.encode(random_crowd(rng, 4, 128, unlabelled=0.2))
    assert_same(as_people(group_people(maps, SIMPLE_POSE, rule)), slow_group(maps, SIMPLE_POSE, rule))


@pytest.mark.parametrize(("pairs", "samples"), [(7, 1), (100, 500), (10**6, 10**6)])
def test_how_much_is_done_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch, pairs: int, samples: int) -> None:
    maps = CODEC.encode(random_crowd(np.random.default_rng(3), 6, 128, unlabelled=0.2))
    expected = slow_group(maps, SIMPLE_POSE)
    monkeypatch.setattr(limbs, "_PAIRS_AT_ONCE", pairs)
    monkeypatch.setattr(limbs, "_SAMPLES_AT_ONCE", samples)
    assert_same(as_people(group_people(maps, SIMPLE_POSE)), expected)


# half of a cell's 4 px puts a joint as near to one cell as to the next: both have the same value
@pytest.mark.parametrize("shift_px", [(0, 0), (-0.5, 0), (-0.5, -0.5), (1.5, 1.5), (1.5, -0.5)])
@pytest.mark.parametrize("people", [1, 2, 5])
def test_people_who_stand_apart_are_found_whole(people: int, shift_px: tuple[float, float]) -> None:
    codec = BodyPartCodec((512, 512), (128, 128))
    crowd = crowd_in_a_row(people, 512) + np.float32(shift_px)
    keypoints, scores = codec.decode(codec.encode(crowd))
    order = np.argsort(keypoints[:, 0, 0])
    assert keypoints.shape == crowd.shape
    assert np.linalg.norm(keypoints[order] - crowd, axis=-1).max() < 0.5
    assert scores.min() > 0.7


def _without(maps: FloatArray, joint: str) -> FloatArray:
    """Return maps in which nobody's joint is seen, nor a limb that ends there."""
    blind = maps.copy()
    blind[len(SIMPLE_POSE.limbs) + SIMPLE_POSE.skeleton.index(joint)] = 0
    for kind, limb in enumerate(SIMPLE_POSE.limbs):
        if joint in limb:
            blind[kind] = 0
    return blind


def test_redundant_limbs_bridge_a_hidden_joint() -> None:
    codec = BodyPartCodec((512, 512), (128, 128))
    maps = _without(_without(codec.encode(crowd_in_a_row(1, 512)), "neck"), "nose")
    tree_maps = np.concatenate([maps[: len(SIMPLE_POSE_TREE.limbs)], maps[SIMPLE_POSE.keypoint_maps]])
    assert len(group_people(tree_maps, SIMPLE_POSE_TREE)) > 1
    assert np.isfinite(group_people(maps, SIMPLE_POSE).keypoints_map[0, :, 0]).sum() == 16


def test_of_noise_only_the_highest_peaks_are_taken() -> None:
    noise = np.random.default_rng(0).uniform(0, 1, (50, 128, 128)).astype(np.float32)
    at_most = find_peaks(noise[SIMPLE_POSE.keypoint_maps], 0.1, GroupingRule().most_peaks)
    assert np.diff(at_most.starts).tolist() == [100] * 18
    assert len(group_people(noise, SIMPLE_POSE)) <= GroupingRule().most_people


@pytest.mark.parametrize("cells", [30, 33, 36])  # rows of two, one and four cells at a time
def test_maps_of_any_width_give_what_the_reference_gives(cells: int) -> None:
    codec = BodyPartCodec((4 * cells, 4 * cells), (cells, cells))
    maps = codec.encode(random_crowd(np.random.default_rng(5), 4, 4 * cells, unlabelled=0.2))
    assert_same(as_people(group_people(maps, SIMPLE_POSE)), slow_group(maps, SIMPLE_POSE))


def test_the_end_of_a_row_is_no_neighbour_of_the_next_ones_beginning() -> None:
    field = np.zeros((1, 32, 32), np.float32)
    field[0, 3, 31], field[0, 4, 0] = 0.5, 0.6
    assert len(find_peaks(field, 0.1, 10).scores) == 2


def test_more_samples_than_a_byte_counts_are_counted() -> None:
    maps = CODEC.encode(random_crowd(np.random.default_rng(3), 2, 128))
    rule = GroupingRule(samples=600)
    assert_same(as_people(group_people(maps, SIMPLE_POSE, rule)), slow_group(maps, SIMPLE_POSE, rule))


def test_an_empty_picture_holds_nobody() -> None:
    nobody = group_people(np.zeros((50, 32, 32), np.float32), SIMPLE_POSE)
    assert len(nobody) == 0
    assert nobody.keypoints_map.shape == (0, 18, 2)


def test_maps_of_another_number_are_an_error() -> None:
    with pytest.raises(EdgeposeError, match=r"takes maps \(C, H, W\) with C >= 48; found \(14, 32, 32\)"):
        group_people(np.zeros((14, 32, 32), np.float32), SIMPLE_POSE)


@given(st.floats(-0.45, 31.45), st.floats(-0.45, 31.45), st.floats(1.0, 2.0))
@example(0.5, 0.0, 1.0)
def test_a_peak_beside_the_edge_of_its_map_lies_where_its_gaussian_does(x: float, y: float, sigma: float) -> None:
    rows, columns = np.mgrid[:32, :32]
    field = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)).astype(np.float32)
    places = find_peaks(field[None], 0.1, 10).places_xy.T
    is_in_a_corner = min(x, 31 - x) < 0.501 and min(y, 31 - y) < 0.501
    nearest = np.abs(places - (x, y)).max(axis=1).min()
    assert nearest < (0.51 if is_in_a_corner else 0.02)
