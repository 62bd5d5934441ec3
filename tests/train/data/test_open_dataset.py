from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.skeleton import COCO_17, LSP_14
from edgepose.train.data import READERS, DataError, open_dataset, open_mix
from edgepose.train.data.pose_dataset import in_skeleton
from support.data_sets import write_coco, write_lsp


def test_the_kinds_of_data() -> None:
    assert set(READERS) == {
        "lsp",
        "lspet",
        "coco",
        "mpii",
        "ccp",
        "lip",
        "pascal-part",
        "images",
        "packed",
        "synthetic",
        "yolo",
    }


def test_a_data_set_is_named_as_it_was_opened(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    assert open_dataset(f"lsp:{tmp_path}:all").name == f"lsp:{tmp_path}:all"


@pytest.mark.parametrize("spec", ["", "photos:/tmp", "/tmp", "LSP:/tmp"])
def test_an_unknown_kind_lists_those_that_exist(spec: str) -> None:
    with pytest.raises(DataError, match=r"expected kind:path\[:split\] with one of lsp, lspet, coco, mpii, ccp"):
        open_dataset(spec)


def test_an_absent_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such data: '.*nowhere' in 'lsp:.*nowhere:test'"):
        open_dataset(f"lsp:{tmp_path}/nowhere:test")


def test_data_of_nobody_is_one_clear_line(tmp_path: Path) -> None:
    write_lsp(tmp_path)  # four people: the test half begins at the 1001st
    with pytest.raises(DataError, match=r"nobody is in 'lsp:.*:test'"):
        open_mix([f"lsp:{tmp_path}:test"])


@pytest.mark.parametrize("kind", ["images", "packed"])
def test_what_has_no_splits_says_so(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DataError, match=f"{kind} has no splits; found 'train' in"):
        open_dataset(f"{kind}:{tmp_path}:train")


def test_a_mix_has_weights(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    mix = open_mix([f"lsp:{tmp_path}", f"lsp:{tmp_path}:all@0.25", "synthetic:7:2@3"])
    assert [part.weight for part in mix] == [1, 0.25, 3]
    assert [len(part.dataset) for part in mix] == [4, 4, 7]


@pytest.mark.parametrize("weight", ["0", "-1", "much", "nan", "inf"])
def test_a_weight_that_is_none_is_one_clear_line(weight: str) -> None:
    with pytest.raises(DataError, match="is no positive number"):
        open_mix([f"synthetic:7@{weight}"])


def test_a_weight_where_nothing_is_drawn_is_one_clear_line(tmp_path: Path) -> None:
    write_lsp(tmp_path)
    with pytest.raises(DataError, match="a weight is for what is trained on"):
        open_dataset(f"lsp:{tmp_path}:all@2")


def test_a_person_in_another_convention_lacks_what_the_data_lacks(tmp_path: Path) -> None:
    write_coco(tmp_path)
    dataset = open_dataset(f"coco:{tmp_path}")
    own, as_lsp = dataset.sample(0), in_skeleton(dataset, 0, LSP_14)
    assert in_skeleton(dataset, 0, COCO_17).keypoints is not None
    for joint in ("l_shoulder", "r_hip", "l_knee"):
        np.testing.assert_array_equal(as_lsp.keypoints[LSP_14.index(joint)], own.keypoints[COCO_17.index(joint)])
    assert np.isnan(as_lsp.keypoints[[LSP_14.index("neck"), LSP_14.index("head")]]).all()
    assert as_lsp.occluded.shape == (14,)
