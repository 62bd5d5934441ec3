import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data import DataError, open_dataset
from support.data_sets import coco_person, write_coco
from support.permissions import unreadable


def test_everybody_labelled_who_is_no_crowd_is_a_sample(tmp_path: Path) -> None:
    write_coco(tmp_path)
    dataset = open_dataset(f"coco:{tmp_path}:val")
    assert len(dataset) == 2
    assert dataset.skeleton is COCO_17
    sample = dataset.sample(0)
    assert sample.labelled.tolist() == [True] * 15 + [False] * 2
    assert sample.occluded.tolist() == [True] + [False] * 16
    np.testing.assert_allclose(sample.keypoints[3], [2 + 3, 3 + 3])
    np.testing.assert_allclose(sample.box_xyxy, [1.5, 2.5, 21.5, 26.5])
    assert sample.area_px2 == 150
    assert sample.image_id == "7"
    assert np.isnan(sample.head_px)
    np.testing.assert_allclose(sample.other_boxes_xyxy[0], [9.5, 9.5, 17.5, 21.5])
    assert sample.other_boxes_xyxy.shape == (3, 4)


def test_a_background_touches_nobody(tmp_path: Path) -> None:
    write_coco(tmp_path)
    dataset = open_dataset(f"coco:{tmp_path}")
    found = [dataset.background(np.random.default_rng(seed)) for seed in range(20)]
    # the 32x40 picture with people in it has no empty part of 32 pixels; the other one has
    assert {b.shape[0] >= 32 for b in found if b is not None} == {True}
    assert any(b is None for b in found)


@pytest.mark.parametrize("size_wh", [(32, 40), (40, 32)])
def test_a_picture_lies_as_its_labels_do(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    document = write_coco(tmp_path)
    document["images"][0] |= {"width": size_wh[0], "height": size_wh[1]}
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    image = tmp_path / "val2017" / "000007.jpg"
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    with Image.open(image) as opened:
        opened.load()
    opened.save(image, exif=turned)
    assert open_dataset(f"coco:{tmp_path}").sample(0).image_bgr.shape == (size_wh[1], size_wh[0], 3)


def test_a_picture_of_another_size_than_its_labels_is_named(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["images"][0] |= {"width": 64, "height": 80}
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"000007.jpg is 32x40, its labels are of 64x80; restore the file"):
        open_dataset(f"coco:{tmp_path}").sample(0)


def test_a_folder_of_another_layout_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no COCO folder: expected annotations/person_keypoints_val2017.json in it"):
        open_dataset(f"coco:{tmp_path}")


def test_a_missing_and_a_corrupt_image_are_named(tmp_path: Path) -> None:
    write_coco(tmp_path)
    image = tmp_path / "val2017" / "000007.jpg"
    image.write_bytes(image.read_bytes()[:20])
    with pytest.raises(DataError, match=r"image .*000007.jpg cannot be decoded"):
        open_dataset(f"coco:{tmp_path}").sample(0)
    image.unlink()
    with pytest.raises(DataError, match=r"image .*000007.jpg is missing"):
        open_dataset(f"coco:{tmp_path}").sample(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is no COCO keypoint file"),
        ("{}", "is no COCO keypoint file: it lacks or garbles 'images'"),
        (json.dumps({"images": [], "annotations": [{"id": 1}]}), "lacks or garbles"),
        (
            json.dumps({"images": [], "annotations": [coco_person(1, 7, bbox=[1, 2])]}),
            "annotation 1 of image 7 lacks or",
        ),
    ],
)
def test_a_garbled_document_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    write_coco(tmp_path)
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(f"coco:{tmp_path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("keypoints", [1, 2, 3]),
        ("keypoints", ["x"] * 51),
        ("keypoints", None),
        ("bbox", None),
        ("bbox", ["x"] * 4),
        ("num_keypoints", "many"),
    ],
)
def test_a_garbled_annotation_is_named(tmp_path: Path, key: str, value: object) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0][key] = value
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"annotation 1 of image 7"):
        open_dataset(f"coco:{tmp_path}").sample(0)


def test_an_annotation_of_an_unknown_image_is_one_clear_line(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0]["image_id"] = 99
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"annotation 1 of image 99"):
        open_dataset(f"coco:{tmp_path}").sample(0)


@pytest.mark.research_data("coco")
def test_the_real_coco_has_its_people(research_data: Path) -> None:
    dataset = open_dataset(f"coco:{research_data / 'coco'}:val")
    samples = [dataset.sample(i) for i in range(0, len(dataset), 40)]
    assert len(dataset) > 200
    for sample in samples:
        labelled = sample.keypoints[sample.labelled]
        assert (labelled >= sample.box_xyxy[:2] - 25).all()
        assert (labelled <= sample.box_xyxy[2:] + 25).all()


@pytest.mark.parametrize(
    "segmentation",
    [{"size": [32, 40], "counts": [1280]}, {"size": [40, 32], "counts": [1281]}, {"counts": [1280]}, [[1, 2, 3]]],
)
def test_a_mask_of_another_picture_is_one_clear_line(tmp_path: Path, segmentation: object) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0]["segmentation"] = segmentation
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"^annotation 1 of image 7 has no mask of its picture: [^\n]*; restore it$"):
        open_dataset(f"coco:{tmp_path}").picture(0)


@unreadable
def test_an_image_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    write_coco(tmp_path)
    (tmp_path / "val2017" / "000007.jpg").chmod(0)
    with pytest.raises(DataError, match=r"image .*000007.jpg cannot be read: Permission denied"):
        open_dataset(f"coco:{tmp_path}").sample(0)


def test_what_other_tools_leave_out_is_made_up_for(tmp_path: Path) -> None:
    whole = write_coco(tmp_path)
    expected = [open_dataset(f"coco:{tmp_path}").sample(i) for i in range(2)]
    expected_unlabelled = open_dataset(f"coco:{tmp_path}").picture(0)[0].unlabelled.boxes_xyxy
    for annotation in whole["annotations"]:
        annotation.pop("num_keypoints", None)
        annotation.pop("area", None)
    bag = {"id": 99, "image_id": whole["annotations"][0]["image_id"], "category_id": 31, "bbox": [1, 2, 3, 4]}
    whole["annotations"].append(bag)
    whole["categories"] = [{"id": 1, "name": "person", "keypoints": list(COCO_17.joints)}, {"id": 31, "name": "bag"}]
    for annotation in whole["annotations"][:-1]:
        annotation["category_id"] = 1
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(whole))
    found = open_dataset(f"coco:{tmp_path}")
    assert len(found) >= 2
    assert len(found.picture(0)[0].unlabelled.boxes_xyxy) == len(expected_unlabelled)
    for person, before in enumerate(expected):
        sample = found.sample(person)
        np.testing.assert_array_equal(sample.keypoints, before.keypoints)
        width, height = sample.box_xyxy[2:] - sample.box_xyxy[:2]
        assert sample.area_px2 == pytest.approx(0.53 * width * height)


def test_other_joints_than_cocos_are_told(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0]["keypoints"] = [1, 2, 2] * 21
    (tmp_path / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"expected x, y and visibility of COCO's 17 joints, found 63 numbers"):
        open_dataset(f"coco:{tmp_path}")


def write_document(root: Path, document: dict[str, Any]) -> None:
    (root / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(document))


def test_joints_go_by_the_names_of_their_category(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    expected = open_dataset(f"coco:{tmp_path}").sample(0)
    long = [joint.replace("l_", "left_", 1).replace("r_", "Right ", 1) for joint in reversed(COCO_17.joints)]
    document["categories"] = [
        {"id": 1, "name": "person", "keypoints": [*long, "tail"]},
        {"id": 2, "name": "dog", "keypoints": ["nose", "tail"]},
    ]
    for annotation in document["annotations"]:
        annotation["category_id"] = 1
        triples = np.reshape(annotation.get("keypoints") or [0] * 51, (17, 3))[::-1]
        annotation["keypoints"] = [*triples.ravel().tolist(), 5, 5, 2]
    dog = {"id": 99, "image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "keypoints": [1, 2, 2, 3, 4, 2]}
    document["annotations"].append(dog)
    write_document(tmp_path, document)
    found = open_dataset(f"coco:{tmp_path}")
    assert len(found) == 2
    np.testing.assert_array_equal(found.sample(0).keypoints, expected.keypoints)
    np.testing.assert_array_equal(found.sample(0).occluded, expected.occluded)


def test_categories_of_other_joints_are_told(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["categories"] = [{"id": 1, "name": "dog", "keypoints": ["nose", "left_paw"]}]
    write_document(tmp_path, document)
    with pytest.raises(DataError, match="the joints nose, l_paw; expected those of COCO, nose, l_eye"):
        open_dataset(f"coco:{tmp_path}")


def test_empty_boxes_and_areas_of_other_tools_are_the_joints(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0] |= {"bbox": [0, 0, 0, 0], "area": 0}
    write_document(tmp_path, document)
    sample = open_dataset(f"coco:{tmp_path}").sample(0)
    labelled = sample.keypoints[sample.labelled]
    np.testing.assert_allclose(sample.box_xyxy, [*labelled.min(axis=0), *labelled.max(axis=0)])
    assert sample.area_px2 == pytest.approx(0.53 * np.prod(np.ptp(labelled, axis=0)))
    document["annotations"][0]["keypoints"] = [9, 9, 2, *[0] * 48]
    document["annotations"][0]["num_keypoints"] = 1
    write_document(tmp_path, document)
    assert len(open_dataset(f"coco:{tmp_path}")) == 1


def test_annotations_of_no_category_of_the_file_are_told(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["categories"] = [{"id": 1, "name": "person", "keypoints": list(COCO_17.joints)}]
    write_document(tmp_path, document)
    assert len(open_dataset(f"coco:{tmp_path}")) == 2  # without an id they are of the only one
    document["annotations"][1]["category_id"] = "1"
    write_document(tmp_path, document)
    with pytest.raises(DataError, match="annotation 2 of image 7 is of category '1', which the file lacks"):
        open_dataset(f"coco:{tmp_path}")


def test_joints_that_coco_lacks_label_nobody(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["categories"] = [{"id": 1, "name": "person", "keypoints": [*COCO_17.joints, "neck"]}]
    for annotation in document["annotations"]:
        annotation["keypoints"] = [*annotation.get("keypoints", [0] * 51), 4, 5, 2]
    document["annotations"][0]["keypoints"] = [*[0] * 51, 4, 5, 2]
    document["annotations"][0]["num_keypoints"] = 1
    write_document(tmp_path, document)
    assert len(open_dataset(f"coco:{tmp_path}")) == 1
    document["annotations"][1]["keypoints"] = [1, 2, 2] * 17
    write_document(tmp_path, document)
    with pytest.raises(DataError, match=r"annotation 2 .*: expected x, y and visibility of its category's 18 joints"):
        open_dataset(f"coco:{tmp_path}")


def test_joints_on_one_line_are_a_pixel_wide(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["annotations"][0] |= {"bbox": [0, 0, 0, 0], "keypoints": [10, 20, 2, 30, 20, 2, *[0] * 45]}
    write_document(tmp_path, document)
    assert open_dataset(f"coco:{tmp_path}").sample(0).box_xyxy.tolist() == [10, 19.5, 30, 20.5]


def test_pictures_of_nobody_may_be_absent(tmp_path: Path) -> None:
    document = write_coco(tmp_path)
    document["images"] += [{"id": 1000 + i, "file_name": f"absent{i}.jpg"} for i in range(6)]
    write_document(tmp_path, document)
    dataset = open_dataset(f"coco:{tmp_path}")
    found = [dataset.background(np.random.default_rng(seed)) for seed in range(20)]
    assert any(background is not None for background in found)
