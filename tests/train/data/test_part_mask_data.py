"""Data sets with masks of body parts, each read from tiny files in its own layout."""

import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image
from scipy.io import savemat

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.skeleton import MPII_16
from edgepose.train.data import DataError, PoseDataset, open_dataset
from edgepose.train.data.part_labels import CCP_LABELS, UNKNOWN, part_values, value_of
from edgepose.train.data.part_masks import without_palette
from support.data_sets import CCP_FEW, write_ccp, write_lip, write_part_mask, write_pascal_part
from support.painted_people import save_painted_model
from support.permissions import unreadable
from support.tiny_model import save_tiny_onnx


def quarters(dataset: PoseDataset, index: int = 0) -> list[int]:
    """The values of a mask's quarters, row by row."""
    mask = dataset.sample(index).part_mask
    assert mask is not None
    assert (mask.shape, mask.dtype) == ((40, 32), np.uint8)
    return [int(v) for v in mask[[10, 10, 30, 30], [8, 24, 8, 24]]]


def test_ccp_has_parts_and_no_joints(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    dataset = open_dataset(f"ccp:{tmp_path}")
    assert (len(dataset), dataset.skeleton) == (2, MPII_16)
    assert quarters(dataset, 1) == [value_of(label) for label in ("head", "background", "bottom", "body")]
    sample = dataset.sample(1)
    assert not sample.labelled.any()
    assert np.isnan(dataset.keypoints(1)).all()
    assert sample.box_xyxy.tolist() == [0, 0, 31, 39]
    assert sample.image_id == "0002"


def test_ccp_as_it_was_published(tmp_path: Path) -> None:
    write_ccp(tmp_path / "small")
    small = open_dataset(f"ccp:{tmp_path / 'small'}")
    write_published_ccp(tmp_path / "ccp", tmp_path / "small")
    published = open_dataset(f"ccp:{tmp_path / 'ccp'}")
    assert len(published) == len(small)
    assert quarters(published, 1) == quarters(small, 1)
    assert published.sample(1).image_id == "0002"
    (tmp_path / "ccp" / "annotations" / "pixel-level" / "0002.mat").write_bytes(b"MATLAB")
    damaged = open_dataset(f"ccp:{tmp_path / 'ccp'}")
    with pytest.raises(DataError, match=r"0002\.mat is no readable MATLAB file"):
        damaged.sample(1)


def write_published_ccp(root: Path, small: Path) -> None:
    """Write what lies small in one folder as the authors published it in another."""
    masks = root / "annotations" / "pixel-level"
    masks.mkdir(parents=True)
    shutil.copytree(small / "images", root / "photos")
    savemat(root / "label_list.mat", {"label_list": np.array([CCP_FEW], object)})
    for mask in (small / "masks").iterdir():
        savemat(masks / f"{mask.stem}.mat", {"groundtruth": cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)})


def test_ccp_is_split_at_picture_804(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    for i in range(3, 807):
        (tmp_path / "masks" / f"{i:04d}.png").touch()
    assert [len(open_dataset(f"ccp:{tmp_path}:{split}")) for split in ("train", "test", "all")] == [804, 2, 806]


def test_a_model_gives_ccp_the_joints_that_it_sees(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    for name, x, y in (("0001", 9, 12), ("0002", 20, 30)):
        image = np.zeros((40, 32, 3), np.uint8)
        image[y - 3 : y + 4, x - 3 : x + 4] = 255
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 100])
    model = save_tiny_onnx(tmp_path)
    spec = f"ccp:{tmp_path}:all:{model}"
    dataset = open_dataset(spec)
    assert dataset.name == spec  # cards tell where the joints are from
    sample = dataset.sample(1)
    np.testing.assert_allclose(sample.keypoints[sample.labelled], [[20, 30]] * sample.labelled.sum(), atol=1.5)
    assert sample.labelled.any()
    np.testing.assert_array_equal(dataset.keypoints(1), sample.keypoints)
    assert quarters(dataset) == [value_of(label) for label in ("head", "background", "bottom", "body")]


def test_a_model_of_everybody_gives_no_person_joints(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    with pytest.raises(EdgeposeError, match="sees everybody in a picture; expected a model of one person in a crop"):
        open_dataset(f"ccp:{tmp_path}:all:{save_painted_model(tmp_path)}")


@pytest.mark.parametrize("nested", [False, True])
def test_lip_has_joints_and_the_persons_own_sides(tmp_path: Path, *, nested: bool) -> None:
    write_lip(tmp_path, nested=nested)
    dataset = open_dataset(f"lip:{tmp_path}:val")
    assert (len(dataset), dataset.skeleton) == (2, MPII_16)
    assert quarters(dataset) == [value_of(label) for label in ("head", "background", "l_arm", "r_shoe")]
    first, second = dataset.sample(0), dataset.sample(1)
    assert first.image_id == "77_1"
    np.testing.assert_array_equal(first.keypoints, [[k, 2 * k] for k in range(16)])
    assert np.flatnonzero(~second.labelled).tolist() == [MPII_16.index("head")]
    assert first.head_px == pytest.approx(np.hypot(1, 2))


@pytest.mark.parametrize(("palette", "beside"), [(False, False), (True, True)])
def test_pascals_parts_are_values_or_a_palettes_indices(tmp_path: Path, *, palette: bool, beside: bool) -> None:
    write_pascal_part(tmp_path, palette=palette, beside=beside)
    dataset = open_dataset(f"pascal-part:{tmp_path}:train")
    assert len(dataset) == 1
    assert quarters(dataset) == [0, value_of("head"), UNKNOWN, value_of("lower_legs")]
    sample = dataset.sample(0)
    assert sample.box_xyxy.tolist() == [16, 0, 31, 39]
    assert sample.image_id == "2008_000003"
    assert not sample.labelled.any()


def test_nobody_in_a_mask_is_the_whole_picture(tmp_path: Path) -> None:
    write_ccp(tmp_path, 1)
    write_part_mask(tmp_path / "masks" / "0001.png", [[0, 0], [0, 1]])
    assert open_dataset(f"ccp:{tmp_path}").sample(0).box_xyxy.tolist() == [-0.5, -0.5, 31.5, 39.5]


@pytest.mark.parametrize("colours", [2, 4, 16, 200])
def test_a_palette_of_any_size_gives_its_indices(tmp_path: Path, colours: int) -> None:
    write_ccp(tmp_path, 1)
    indices = np.random.default_rng(0).integers(0, min(colours, 5), (40, 32)).astype(np.uint8)
    with Image.fromarray(indices, "P") as mask:
        mask.putpalette([36 * n % 256 for n in range(colours) for _ in range(3)])
        mask.save(tmp_path / "masks" / "0001.png", bits={2: 1, 4: 2, 16: 4, 200: 8}[colours])
    found = open_dataset(f"ccp:{tmp_path}").sample(0).part_mask
    np.testing.assert_array_equal(found, cv2.LUT(indices, part_values([CCP_LABELS[name] for name in CCP_FEW])))


def test_a_picture_lies_as_its_mask_does(tmp_path: Path) -> None:
    write_ccp(tmp_path, 1)
    picture = tmp_path / "images" / "0001.jpg"
    with Image.open(picture) as opened:
        opened.load()
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    opened.save(picture, exif=turned)
    assert open_dataset(f"ccp:{tmp_path}").sample(0).image_bgr.shape == (40, 32, 3)


def test_ccp_goes_by_the_numbers_of_its_pictures(tmp_path: Path) -> None:
    write_ccp(tmp_path, 2)
    for old, new in (("0001", "0804"), ("0002", "0805")):
        for folder, suffix in (("images", "jpg"), ("masks", "png")):
            (tmp_path / folder / f"{old}.{suffix}").rename(tmp_path / folder / f"{new}.{suffix}")
    (tmp_path / "masks" / "._0804.png").write_bytes(b"left by another system")
    of = {split: open_dataset(f"ccp:{tmp_path}:{split}") for split in ("train", "test", "all")}
    ids = {split: [dataset.sample(i).image_id for i in range(len(dataset))] for split, dataset in of.items()}
    assert ids == {"train": ["0804"], "test": ["0805"], "all": ["0804", "0805"]}


def test_a_picture_that_claims_to_be_enormous_is_named(tmp_path: Path) -> None:
    write_ccp(tmp_path, 1)
    mask = tmp_path / "masks" / "0001.png"
    content = bytearray(mask.read_bytes())
    content[16:24] = (70_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    mask.write_bytes(content)
    with pytest.raises(DataError, match=r"0001.png cannot be read as 8-bit values; replace the file"):
        open_dataset(f"ccp:{tmp_path}").sample(0)


def test_what_has_no_palette_is_left_alone() -> None:
    grey: FloatArray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    content = cv2.imencode(".png", grey)[1].tobytes()
    assert without_palette(content) is content
    assert without_palette(b"GIF89a") == b"GIF89a"


def ccp_without(folder: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_ccp(root)
        shutil.rmtree(root / folder)
        return f"ccp:{root}"

    return make


def ccp_with(names: object) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_ccp(root)
        (root / "labels.json").write_text(json.dumps(names))
        return f"ccp:{root}"

    return make


def lip_without(folder: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_lip(root)
        shutil.rmtree(root / folder)
        return f"lip:{root}"

    return make


def lip_row(text: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_lip(root)
        (root / "TrainVal_pose_annotations" / "lip_val_set.csv").write_text(text)
        return f"lip:{root}"

    return make


def lip(split: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_lip(root)
        return f"lip:{root}:{split}"

    return make


def pascal(split: str, removed: str = "") -> Callable[[Path], str]:
    def make(root: Path) -> str:
        write_pascal_part(root)
        if removed:
            shutil.rmtree(root / removed)
        return f"pascal-part:{root}:{split}"

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            ccp_without("masks"),
            "is no CCP folder with a all split: expected photos/, .* in it, or images/, masks/ and labels.json",
        ),
        (ccp_with([*CCP_FEW, "crown"]), "expected a list of CCP's 59 names, found 'crown'"),
        (ccp_with(7), "labels.json: expected a list of CCP's 59 names"),
        (lip("test"), "unknown split 'test' of lip .*; it has train, val"),
        (lip("train"), "is no LIP folder: expected TrainVal_images/train_images in it"),
        (
            lip_without("TrainVal_pose_annotations"),
            "is no LIP folder with a val split: expected TrainVal_pose_annotations/lip_val_set.csv in it",
        ),
        (lip_row("a.jpg,1,2,0\n"), "row 1: expected 49 values, found 4"),
        (lip_row("a.jpg" + ",x" * 48), "a value is no number"),
        (pascal("test"), "unknown split 'test' of pascal-part"),
        (pascal("val", "JPEGImages"), "is no PASCAL-Person-Part folder: expected JPEGImages in it"),
    ],
)
def test_another_layout_is_one_clear_line(make: Callable[[Path], str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset(make(tmp_path))


def test_a_bad_mask_is_named(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    mask = tmp_path / "masks" / "0001.png"
    dataset = open_dataset(f"ccp:{tmp_path}")
    mask.write_bytes(cv2.imencode(".png", np.zeros((8, 9), np.uint8))[1].tobytes())
    with pytest.raises(DataError, match=r"0001.jpg is 32x40, its labels are of 9x8"):
        dataset.sample(0)
    mask.write_bytes(b"no mask")
    with pytest.raises(DataError, match="cannot be read as 8-bit values"):
        dataset.sample(0)
    mask.write_bytes(cv2.imencode(".png", np.full((40, 32, 3), (0, 0, 128), np.uint8))[1].tobytes())
    with pytest.raises(DataError, match=r"0001.png holds colours; expected the number of a part"):
        dataset.sample(0)
    mask.unlink()
    with pytest.raises(DataError, match=r"0001.png is missing from the data set"):
        dataset.sample(0)
    with pytest.raises(DataError, match=r"unknown split 'half' of ccp .*; it has train, test, all"):
        open_dataset(f"ccp:{tmp_path}:half")


@pytest.mark.parametrize(
    "mask",
    [np.full((40, 32), 0.5), np.full((40, 32), 256.0), np.zeros((40, 32, 3))],
    ids=["fractions", "too large", "colours"],
)
def test_a_published_mask_of_other_numbers_is_named(tmp_path: Path, mask: FloatArray) -> None:
    write_ccp(tmp_path / "small")
    write_published_ccp(tmp_path / "ccp", tmp_path / "small")
    savemat(tmp_path / "ccp" / "annotations" / "pixel-level" / "0001.mat", {"groundtruth": mask})
    with pytest.raises(DataError, match=r"mask [^\n]*0001.mat holds no whole numbers of 8 bits, one a pixel; restore"):
        open_dataset(f"ccp:{tmp_path / 'ccp'}").sample(0)


@unreadable
def test_a_mask_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    write_ccp(tmp_path, 1)
    (tmp_path / "masks" / "0001.png").chmod(0)
    with pytest.raises(DataError, match=r"mask [^\n]*0001.png cannot be read: Permission denied; give yourself"):
        open_dataset(f"ccp:{tmp_path}").sample(0)
