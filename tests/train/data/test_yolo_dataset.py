"""YOLO's labels say of the same people the same as COCO's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from edgepose.train.data import DataError, open_dataset
from support.data_sets import write_coco

SIZES_WH = {7: (32, 40), 8: (64, 64)}


def line_of(annotation: dict[str, Any], *, dimensions: int = 3) -> str:
    width, height = SIZES_WH[annotation["image_id"]]
    x, y, w, h = annotation["bbox"]
    numbers = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
    if any(annotation["keypoints"]):
        points = np.reshape(annotation["keypoints"], (17, 3)) / [width, height, 1]
        numbers += (points * (points[:, 2:] > 0))[:, :dimensions].ravel().tolist()
    return " ".join(["0", *map(repr, map(float, numbers))])


def write_yolo(root: Path, layout: str = "{part}/val", *, dimensions: int = 3) -> Path:
    """Write what `write_coco` writes, without its crowd; return the file of labels."""
    document = write_coco(root / "coco")
    pictures, labels = (root / layout.format(part=part) for part in ("images", "labels"))
    pictures.parent.mkdir(parents=True, exist_ok=True)
    (root / "coco" / "val2017").rename(pictures)
    labels.mkdir(parents=True)
    people = [annotation for annotation in document["annotations"] if not annotation.get("iscrowd")]
    file = labels / "000007.txt"
    dog = "1 0.5 0.5 0.1 0.1 0.3"
    file.write_text("\n".join([*(line_of(person, dimensions=dimensions) for person in people), "", dog]) + "\n")
    return file


@pytest.mark.parametrize("layout", ["{part}/val", "val/{part}"])
def test_the_same_people_are_the_same_samples(tmp_path: Path, layout: str) -> None:
    write_yolo(tmp_path / "yolo", layout)
    write_coco(tmp_path)
    found, expected = open_dataset(f"yolo:{tmp_path / 'yolo'}"), open_dataset(f"coco:{tmp_path}")
    assert len(found) == len(expected) == 2
    for person in range(2):
        of_yolo, of_coco = found.sample(person), expected.sample(person)
        np.testing.assert_allclose(of_yolo.keypoints, of_coco.keypoints, atol=1e-4)
        np.testing.assert_allclose(of_yolo.box_xyxy, of_coco.box_xyxy, atol=1e-4)
        np.testing.assert_array_equal(of_yolo.occluded, of_coco.occluded)
        np.testing.assert_array_equal(of_yolo.image_bgr, of_coco.image_bgr)
    assert found.sample(0).image_id == "000007.jpg"
    assert found.sample(0).area_px2 == pytest.approx(0.53 * 20 * 24)
    picture, _ = found.picture(0)
    assert (len(picture.keypoints), len(picture.unlabelled)) == (2, 1)
    assert any(found.background(np.random.default_rng(seed)) is not None for seed in range(20))


def test_without_visibility_a_joint_at_the_origin_is_none(tmp_path: Path) -> None:
    write_yolo(tmp_path, dimensions=2)
    sample = open_dataset(f"yolo:{tmp_path}:val").sample(0)
    assert sample.labelled.tolist() == [True] * 15 + [False] * 2


def test_labels_are_of_the_upright_picture(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    path = tmp_path / "images" / "val" / "000007.jpg"
    with Image.open(path) as opened:
        lying = opened.transpose(Image.Transpose.ROTATE_90)
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    lying.save(path, exif=turned)
    sample = open_dataset(f"yolo:{tmp_path}").sample(0)
    assert sample.image_bgr.shape == (40, 32, 3)
    np.testing.assert_allclose(sample.keypoints[3], [2 + 3, 3 + 3], atol=1e-4)


def test_garbled_tags_turn_nothing(tmp_path: Path) -> None:
    write_yolo(tmp_path)
    path = tmp_path / "images" / "val" / "000007.jpg"
    with Image.open(path) as opened:
        opened.load()
    opened.save(path, exif=b"Exif\0\0no TIFF")
    assert open_dataset(f"yolo:{tmp_path}").sample(0).image_bgr.shape == (40, 32, 3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.1 0.1 0.3", "line 1: expected a class, a box and COCO's 17 joints in 56 numbers .*, found 6"),
        ("0 0.5 0.5", "line 1: expected a class, a box and COCO's 17 joints in 56 numbers .*, found 3"),
        ("0 half", "line 1: could not convert string to float: 'half'; expected numbers with blanks between them"),
    ],
)
def test_another_line_is_told_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    write_yolo(tmp_path).write_text(line)
    with pytest.raises(DataError, match=f"000007.txt, {message}"):
        open_dataset(f"yolo:{tmp_path}")


def test_another_layout_and_a_damaged_picture_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no YOLO folder: expected images/val and labels/val in it"):
        open_dataset(f"yolo:{tmp_path}")
    write_yolo(tmp_path)
    (tmp_path / "images" / "val" / "000007.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"image .*000007.jpg cannot be decoded; replace the file"):
        open_dataset(f"yolo:{tmp_path}")
