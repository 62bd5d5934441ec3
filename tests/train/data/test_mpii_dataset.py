import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from edgepose.runtime.skeleton import MPII_16
from edgepose.train.data import DataError, open_dataset
from support.data_sets import mpii_entry, write_mpii_json, write_mpii_matlab


def test_the_common_json_counts_from_one_and_leaves_unseen_joints_out(tmp_path: Path) -> None:
    write_mpii_json(tmp_path)
    dataset = open_dataset(f"mpii:{tmp_path}:valid")
    assert len(dataset) == 2
    assert dataset.skeleton is MPII_16
    sample = dataset.sample(0)
    assert np.flatnonzero(~sample.labelled).tolist() == [0, 5]
    np.testing.assert_allclose(sample.keypoints[3], [5 + 3 - 1, 6 + 3 - 1])
    # 20 pixels about the centre, from 0, moved down by 15 x scale
    np.testing.assert_allclose(sample.box_xyxy, [6, 9.5, 26, 29.5])
    np.testing.assert_allclose(sample.other_boxes_xyxy, [[-2, -0.5, 18, 19.5]])
    assert sample.head_px == pytest.approx(0.6 * 5)
    assert sample.image_id == "a.jpg"


def test_without_head_boxes_nobody_knows_the_head(tmp_path: Path) -> None:
    write_mpii_json(tmp_path, head_boxes=False)
    assert np.isnan(open_dataset(f"mpii:{tmp_path}:valid").sample(0).head_px)


def test_the_official_file_gives_everybody_labelled_for_training(tmp_path: Path) -> None:
    write_mpii_matlab(tmp_path)
    dataset = open_dataset(f"mpii:{tmp_path}")
    assert [dataset.sample(i).image_id for i in range(len(dataset))] == ["a.jpg", "a.jpg", "b.jpg"]
    whole, partial = dataset.sample(0), dataset.sample(1)
    assert whole.labelled.all()
    assert np.flatnonzero(whole.occluded).tolist() == [3]
    assert np.flatnonzero(partial.labelled).tolist() == list(range(6, 12))
    np.testing.assert_allclose(whole.keypoints[15], [5 + 15 - 1, 6 + 15 - 1])
    np.testing.assert_allclose(whole.box_xyxy, [6, 9.5, 26, 29.5])
    assert whole.head_px == pytest.approx(0.6 * 5)
    assert partial.other_boxes_xyxy.shape == (1, 4)


def test_a_folder_of_another_layout_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no MPII folder: expected images/ and annot/train.json or mpii_human"):
        open_dataset(f"mpii:{tmp_path}")


def test_the_official_file_has_no_labels_but_for_training(tmp_path: Path) -> None:
    write_mpii_matlab(tmp_path)
    with pytest.raises(DataError, match=r"unknown split 'test' of mpii"):
        open_dataset(f"mpii:{tmp_path}:test")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"image": "z.jpg"}, r"person 1 \(image z.jpg\) lacks or garbles 'joints'"),
        (mpii_entry(joints=[[1, 2]]), r"person 1 \(image a.jpg\) lacks or garbles"),
        (mpii_entry(scale="tall"), r"person 1 \(image a.jpg\) lacks or garbles"),
        ("nobody", r"person 1 \(image \?\) lacks or garbles"),
    ],
)
def test_a_garbled_person_is_named(tmp_path: Path, entry: object, message: str) -> None:
    write_mpii_json(tmp_path, [mpii_entry(), entry])
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(f"mpii:{tmp_path}:valid")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("{", "is no JSON"), ('{"a": 1}', "expected a list of people")])
def test_a_garbled_document_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    write_mpii_json(tmp_path)
    (tmp_path / "annot" / "valid.json").write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(f"mpii:{tmp_path}:valid")


def test_nobody_labelled_is_one_clear_line(tmp_path: Path) -> None:
    write_mpii_json(tmp_path, [mpii_entry(joints_vis=[0] * 16)])
    with pytest.raises(DataError, match=r"nobody in .*valid.json has a labelled joint"):
        open_dataset(f"mpii:{tmp_path}:valid")


def test_head_boxes_of_other_people_are_one_clear_line(tmp_path: Path) -> None:
    write_mpii_json(tmp_path)
    (tmp_path / "annot" / "valid.json").write_text(json.dumps([mpii_entry()]))
    with pytest.raises(DataError, match=r"gt_valid.mat has 2 head boxes, valid.json 1 people"):
        open_dataset(f"mpii:{tmp_path}:valid")


def test_a_release_of_another_layout_is_one_clear_line(tmp_path: Path) -> None:
    write_mpii_matlab(tmp_path)
    savemat(tmp_path / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": {"other": 1}})
    with pytest.raises(DataError, match=r"RELEASE is laid out in another way"):
        open_dataset(f"mpii:{tmp_path}")


def test_a_garbled_person_of_the_official_file_is_named(tmp_path: Path) -> None:
    write_mpii_matlab(tmp_path)
    points = [{"id": joint, "x": 5.0, "y": 6.0} for joint in (0, 16)]
    person = {"annopoints": {"point": points}, "scale": 0.1, "objpos": {"x": 17.0, "y": 19.0}}
    images = [{"image": {"name": name}, "annorect": person} for name in ("a.jpg", "b.jpg")]
    release = {"annolist": images, "img_train": [1, 1]}
    savemat(tmp_path / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": release})
    with pytest.raises(DataError, match=r"^[^\n]*an annotation of a.jpg is garbled: index 16 is out of bounds[^\n]*$"):
        open_dataset(f"mpii:{tmp_path}")


def test_nobody_labelled_in_the_official_file_is_one_clear_line(tmp_path: Path) -> None:
    write_mpii_matlab(tmp_path)
    images = [{"image": {"name": name}, "annorect": {"x1": 1.0}} for name in ("a.jpg", "b.jpg")]
    release = {"annolist": images, "img_train": [1, 1]}
    savemat(tmp_path / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": release})
    with pytest.raises(DataError, match=r"^nobody in [^\n]*mpii_human_pose_v1_u12_1.mat has a labelled joint$"):
        open_dataset(f"mpii:{tmp_path}")


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    write_mpii_json(tmp_path)
    (tmp_path / "images" / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"image .*a.jpg is missing"):
        open_dataset(f"mpii:{tmp_path}:valid").sample(0)


def test_bare_labels_need_no_images(tmp_path: Path) -> None:
    numbers = [[float(value) for value in range(number, number + 32)] for number in (1, 50)]
    lines = [",".join([f"{i}.jpg", *map(str, row)]) for i, row in enumerate(numbers)]
    (tmp_path / "train_joints.csv").write_text("\n\n".join(lines) + "\n\n")
    dataset = open_dataset(f"mpii:{tmp_path}")
    assert len(dataset) == 2
    np.testing.assert_allclose(dataset.keypoints(1).ravel(), np.array(numbers[1]) - 1)
    with pytest.raises(DataError, match=r"image .*0.jpg is missing"):
        dataset.sample(0)


@pytest.mark.parametrize("line", ["a.jpg,1,2", "a.jpg," + ",".join("x" * 32)])
def test_a_garbled_line_of_bare_labels_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "train_joints.csv").write_text(f"{line}\n")
    with pytest.raises(DataError, match=r"train_joints.csv, line 1: expected a name and 32 numbers"):
        open_dataset(f"mpii:{tmp_path}")


def test_labels_that_are_no_text_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "train_joints.csv").write_bytes(b"\xff\xfe1,2")
    with pytest.raises(DataError, match=r"^[^\n]*train_joints.csv is no text in UTF-8[^\n]*$"):
        open_dataset(f"mpii:{tmp_path}")


@pytest.mark.research_data("mpii")
def test_the_real_labels_lie_about_people(research_data: Path) -> None:
    dataset = open_dataset(f"mpii:{research_data}/mpii")
    assert len(dataset) > 10_000
    keypoints = np.stack([dataset.keypoints(i) for i in range(len(dataset))])
    assert np.isfinite(keypoints).all()
    lowest, highest = keypoints[:, [0, 5], 1].max(axis=1), keypoints[:, 9, 1]
    assert (highest < lowest).mean() > 0.95
