from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import DataError, open_dataset
from support.data_sets import write_lsp, write_lspet


def test_lsp_counts_pixels_from_one_and_marks_occluded_joints(tmp_path: Path) -> None:
    joints = write_lsp(tmp_path)
    dataset = open_dataset(f"lsp:{tmp_path}")
    assert len(dataset) == 4
    assert dataset.skeleton is LSP_14
    sample = dataset.sample(2)
    np.testing.assert_allclose(sample.keypoints, joints[:2, :, 2].T - 1, rtol=1e-6)
    np.testing.assert_array_equal(sample.occluded, joints[2, :, 2] > 0)
    assert sample.labelled.all()
    assert sample.image_id == "im0003"
    assert abs(int(sample.image_bgr.mean()) - 20) <= 1
    np.testing.assert_allclose(sample.box_xyxy[:2], sample.keypoints.min(axis=0))
    neck, head = sample.keypoints[12], sample.keypoints[13]
    assert sample.head_px == pytest.approx(np.linalg.norm(neck - head))


def test_lspet_has_nothing_where_a_joint_is_not_labelled(tmp_path: Path) -> None:
    joints = write_lspet(tmp_path)
    sample = open_dataset(f"lspet:{tmp_path}").sample(1)
    labelled = joints[:, 2, 1] > 0
    np.testing.assert_array_equal(sample.labelled, labelled)
    np.testing.assert_allclose(sample.keypoints[labelled], joints[labelled, :2, 1], rtol=1e-6)
    np.testing.assert_allclose(sample.box_xyxy[2:], sample.keypoints[labelled].max(axis=0))


def test_splits_are_those_of_the_protocol(tmp_path: Path) -> None:
    joints = np.ones((3, 14, 2000)) * np.arange(2000)
    (tmp_path / "images").mkdir()
    savemat(tmp_path / "joints.mat", {"joints": joints}, do_compression=True)
    sizes = {split: len(open_dataset(f"lsp:{tmp_path}:{split}")) for split in ("train", "test", "all")}
    assert sizes == {"train": 1000, "test": 1000, "all": 2000}
    with pytest.raises(DataError, match=r"image .*im1001.jpg is missing"):
        open_dataset(f"lsp:{tmp_path}:test").sample(0)
    with pytest.raises(DataError, match=r"unknown split 'val' of lsp .*; it has train, test, all"):
        open_dataset(f"lsp:{tmp_path}:val")


def test_a_folder_of_another_layout_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no LSP folder: expected joints.mat and images/ in it"):
        open_dataset(f"lsp:{tmp_path}")


def test_the_joints_of_the_other_lsp_are_one_clear_line(tmp_path: Path) -> None:
    write_lspet(tmp_path)
    with pytest.raises(DataError, match=r"expected 'joints' of shape \(3, 14, -1\) \(-1 is any\), found \(14, 3, 3\)"):
        open_dataset(f"lsp:{tmp_path}")


@pytest.mark.parametrize("content", [b"", b"not MATLAB at all" * 20], ids=["empty", "foreign"])
def test_a_garbled_file_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    write_lsp(tmp_path)
    (tmp_path / "joints.mat").write_bytes(content)
    with pytest.raises(DataError, match=r"^[^\n]*joints.mat is no readable MATLAB file[^\n]*$"):
        open_dataset(f"lsp:{tmp_path}")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_one_clear_line(tmp_path: Path, kept: float) -> None:
    write_lsp(tmp_path)
    path = tmp_path / "joints.mat"
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match=r"^[^\n]*joints.mat [^\n]*$"):
        open_dataset(f"lsp:{tmp_path}")


def test_a_damaged_compressed_file_is_one_clear_line(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    path = tmp_path / "joints.mat"
    savemat(path, {"joints": np.random.default_rng(0).normal(size=(3, 14, 50))}, do_compression=True)
    content = bytearray(path.read_bytes())
    content[400:420] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^[^\n]*joints.mat [^\n]*$"):
        open_dataset(f"lsp:{tmp_path}")


def test_a_file_without_joints_is_one_clear_line(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    savemat(tmp_path / "joints.mat", {"other": np.zeros(3)})
    with pytest.raises(DataError, match=r"joints.mat holds no variable 'joints'"):
        open_dataset(f"lsp:{tmp_path}")


def test_a_bad_image_is_named(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    (tmp_path / "images" / "im0001.jpg").unlink()
    (tmp_path / "images" / "im0002.jpg").write_bytes(b"no picture")
    (tmp_path / "images" / "im0003.jpg").write_bytes(b"")
    dataset = open_dataset(f"lsp:{tmp_path}")
    with pytest.raises(DataError, match=r"image .*im0001.jpg is missing from the data set"):
        dataset.sample(0)
    for index in (1, 2):
        with pytest.raises(DataError, match=rf"image .*im000{index + 1}.jpg cannot be decoded"):
            dataset.sample(index)


@pytest.mark.research_data("lsp", "lspet")
def test_the_real_lsp_has_people_with_heads_up(research_data: Path) -> None:
    test = open_dataset(f"lsp:{research_data / 'lsp'}:test")
    train = open_dataset(f"lspet:{research_data / 'lspet'}:train")
    assert (len(test), len(train)) == (1000, 9500)
    samples = [test.sample(i) for i in range(0, 1000, 50)]
    heights = [s.image_bgr.shape[0] for s in samples]
    assert all(s.labelled.all() for s in samples)
    assert all((s.keypoints[:, 1] < h + 5).all() for s, h in zip(samples, heights, strict=True))
    assert np.mean([s.keypoints[13, 1] < s.keypoints[[0, 5], 1].mean() for s in samples]) > 0.7
