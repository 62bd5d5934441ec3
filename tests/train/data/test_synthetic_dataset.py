import numpy as np
import pytest

from edgepose.runtime.synthetic import SYNTHETIC
from edgepose.runtime.synthetic.joints import PARTS, adjacent_parts
from edgepose.train.data import DataError, open_dataset


def test_the_same_name_is_the_same_people() -> None:
    first, again, other = (open_dataset(name) for name in ("synthetic:3:5", "synthetic:3:5", "synthetic:3:6"))
    assert len(first) == 3
    for i in (2, 0):
        a, b = first.sample(i), again.sample(i)
        np.testing.assert_array_equal(a.image_bgr, b.image_bgr)
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.occluded, b.occluded)
    assert not np.array_equal(first.sample(0).image_bgr, other.sample(0).image_bgr)


def test_everybody_can_be_seen_and_is_labelled_where_in_the_picture() -> None:
    dataset = open_dataset("synthetic:6:1")
    assert dataset.skeleton is SYNTHETIC
    for i in range(len(dataset)):
        sample = dataset.sample(i)
        assert sample.image_bgr.shape == (256, 256, 3)
        assert sample.image_bgr.dtype == np.uint8
        seen = sample.labelled & ~sample.occluded
        assert seen.sum() >= 12
        assert not (sample.occluded & ~sample.labelled).any()
        inside = sample.keypoints[sample.labelled]
        assert ((inside >= -0.5) & (inside < 255.5)).all()
        np.testing.assert_array_equal(sample.box_xyxy[:2], inside.min(axis=0))
        assert sample.area_px2 > 0


def test_a_background_is_a_picture() -> None:
    dataset = open_dataset("synthetic:1")
    picture = dataset.background(np.random.default_rng(3))
    assert picture is not None
    assert picture.shape == (256, 256, 3)
    assert picture.std() > 1


@pytest.mark.parametrize(
    "name", ["synthetic", "synthetic:", "synthetic:0", "synthetic:-3", "synthetic:4:x", "synthetic:4:1:sitting:2"]
)
def test_what_is_no_number_is_one_clear_line(name: str) -> None:
    with pytest.raises(DataError, match=rf"expected synthetic:COUNT\[:SEED\[:KIND\]\] .*; found '{name}'$"):
        open_dataset(name)


def test_who_does_what_nobody_knows_is_one_clear_line() -> None:
    with pytest.raises(DataError, match="unknown kind of pose 'dancing' in 'synthetic:4:1:dancing'; known: standing, "):
        open_dataset("synthetic:4:1:dancing")


def test_everybody_does_what_was_asked_for() -> None:
    upside_down, standing = (open_dataset(f"synthetic:6:1:{kind}") for kind in ("upside_down", "standing"))
    hip, head = SYNTHETIC.index("pelvis"), SYNTHETIC.index("head")
    for i in range(6):
        assert upside_down.sample(i).keypoints[hip, 1] < upside_down.sample(i).keypoints[head, 1]
        assert not standing.sample(i).keypoints[hip, 1] < standing.sample(i).keypoints[head, 1]


def test_the_mask_is_of_this_person_alone() -> None:
    dataset = open_dataset("synthetic:8:1")
    for i in range(len(dataset)):
        sample = dataset.sample(i)
        assert sample.part_mask is not None
        assert (sample.part_mask.shape, sample.part_mask.dtype) == ((256, 256), np.uint8)
        for k in np.flatnonzero(sample.labelled & ~sample.occluded):
            x, y = sample.keypoints[k].round().astype(int)
            around = sample.part_mask[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            assert set(around.ravel()) & {PARTS[part] for part in adjacent_parts(SYNTHETIC.joints[k])}
