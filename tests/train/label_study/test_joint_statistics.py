"""Groups of joints come out of labelled poses: the paper's out of MPII, and known ones out of made-up poses."""

import json
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton
from edgepose.train.data import open_dataset
from edgepose.train.data.pose_dataset import PoseDataset, Sample
from edgepose.train.label_study.joint_statistics import (
    LATTICE,
    JointStatistics,
    joint_statistics,
    lattice_cells,
    mutual_information,
)
from edgepose.train.pictures.joint_statistics import draw_joint_statistics, save_joint_statistics_picture
from support.data_sets import write_coco, write_lsp

PAPER = [
    {"head", "neck", "thorax", "r_shoulder", "l_shoulder"},
    {"r_elbow", "r_wrist"},
    {"l_elbow", "l_wrist"},
    {"r_knee", "l_knee", "r_ankle", "l_ankle"},
    {"r_hip", "l_hip", "pelvis"},
]
TIED = [["r_wrist", "r_elbow"], ["l_wrist", "l_elbow"], ["r_ankle", "r_knee", "l_ankle", "l_knee"], ["neck", "head"]]


class Labels(PoseDataset):
    """Labels without pictures."""

    name = "made up"

    def __init__(self, keypoints: np.ndarray, skeleton: Skeleton = LSP_14) -> None:
        self.skeleton, self._keypoints = skeleton, keypoints.astype(np.float32)

    def __len__(self) -> int:
        return len(self._keypoints)

    def keypoints(self, index: int) -> np.ndarray:
        return self._keypoints[index]

    def sample(self, index: int) -> Sample:
        raise AssertionError("nothing but labels is needed")


def tied_poses(people: int) -> np.ndarray:
    """A standing body whose joints move a lot, each group of `TIED` as one and everything else by itself."""
    rng = np.random.default_rng(3)
    rest = rng.uniform(0, 100, (len(LSP_14), 2))
    moved = rest + rng.normal(0, 60, (people, len(LSP_14), 2))
    for group in TIED:
        rows = [LSP_14.index(joint) for joint in group]
        moved[:, rows] = rest[rows] + rng.normal(0, 60, (people, 1, 2)) + rng.normal(0, 2, (people, len(rows), 2))
    return moved


def test_joints_that_move_together_tell_most_about_each_other() -> None:
    affinity = joint_statistics([Labels(tied_poses(800))]).affinity
    tied = np.zeros(affinity.shape, bool)
    for group in TIED:
        rows = [LSP_14.index(joint) for joint in group]
        tied[np.ix_(rows, rows)] = True
    others = affinity[~tied]
    np.fill_diagonal(tied, val=False)
    assert affinity[tied].min() > 2 * others.max()


def test_blocks_of_the_matrix_are_groups() -> None:
    matrix = np.full((14, 14), 0.1, np.float32)
    for group in (*TIED, ["r_hip", "l_hip", "r_shoulder", "l_shoulder"]):
        rows = [LSP_14.index(joint) for joint in group]
        matrix[np.ix_(rows, rows)] = 1
    np.fill_diagonal(matrix, 0)
    groups = JointStatistics(LSP_14, 500, matrix, 0 * matrix).groups(5)
    assert groups[:2] == [["r_ankle", "r_knee", "l_knee", "l_ankle"], ["r_hip", "l_hip", "r_shoulder", "l_shoulder"]]
    assert {frozenset(group) for group in TIED} < {frozenset(group) for group in groups}


def test_place_and_size_of_people_tell_nothing() -> None:
    poses = tied_poses(400)
    moved = poses * np.linspace(0.5, 20, 400)[:, None, None] + np.linspace(-500, 900, 400)[:, None, None]
    np.testing.assert_array_equal(lattice_cells(moved, LSP_14), lattice_cells(poses, LSP_14))
    assert lattice_cells(poses, LSP_14).max() < LATTICE**2


def test_unlabelled_joints_have_no_cell_and_count_in_no_pair() -> None:
    poses = tied_poses(300)
    poses[:150, :3] = np.nan
    cells = lattice_cells(poses, LSP_14)
    assert (cells[:150, :3] == -1).all()
    assert (cells[150:] >= 0).all()
    statistics = joint_statistics([Labels(poses)])
    assert np.isfinite(statistics.mutual_information).all()


def test_mutual_information_is_that_of_theory(rng: np.random.Generator) -> None:
    cells = rng.integers(0, 4, 40_000)
    assert mutual_information(cells, cells) == pytest.approx(np.log(4), abs=1e-3)
    assert mutual_information(cells, (cells + rng.integers(0, 2, 40_000)) % 4) == pytest.approx(np.log(2), abs=1e-2)
    assert mutual_information(cells, rng.integers(0, 4, 40_000)) == pytest.approx(0, abs=1e-3)
    assert mutual_information(cells[:0], cells[:0]) == 0


def test_the_matrix_is_symmetric_and_the_affinity_scaled() -> None:
    statistics = joint_statistics([Labels(tied_poses(300))])
    for matrix in (statistics.mutual_information, statistics.chance, statistics.affinity):
        np.testing.assert_array_equal(matrix, matrix.T)
        assert (np.diag(matrix) == 0).all()
    assert statistics.affinity.min() == 0
    assert statistics.affinity.max() == 1


@pytest.mark.parametrize("number", [1, 2, 13, 14])
def test_every_number_of_groups_has_so_many(number: int) -> None:
    assert len(joint_statistics([Labels(tied_poses(200))]).groups(number)) == number


def test_wrong_numbers_of_groups_and_people_are_one_clear_line() -> None:
    poses = tied_poses(120)
    with pytest.raises(EdgeposeError, match="lsp-14 has 1 to 14 groups of joints; found 15"):
        joint_statistics([Labels(poses)]).groups(15)
    with pytest.raises(EdgeposeError, match="at least 100 people with half of their joints labelled; made up has 99"):
        joint_statistics([Labels(poses[:99])])
    with pytest.raises(EdgeposeError, match="at least 100 people with half of their joints labelled; made up has 0"):
        joint_statistics([Labels(poses[:0])])
    poses[:, 4] = np.nan
    with pytest.raises(EdgeposeError, match="nobody has a label for l_knee of lsp-14"):
        joint_statistics([Labels(poses)])


@pytest.mark.filterwarnings("error")
def test_a_limb_of_which_nobody_has_both_ends_is_no_measure_of_size() -> None:
    poses = tied_poses(400)
    poses[:200, 13], poses[200:, 12] = np.nan, np.nan
    assert np.isfinite(joint_statistics([Labels(poses)]).mutual_information).all()


def test_joints_that_tell_nothing_of_each_other_make_no_groups() -> None:
    nothing = np.zeros((14, 14), np.float32)
    with pytest.raises(EdgeposeError, match="the joints of 100 people tell nothing of each other; give more people"):
        JointStatistics(LSP_14, 100, nothing, nothing).groups(5)


def test_labels_are_read_without_their_images(tmp_path: Path) -> None:
    write_lsp(tmp_path / "lsp", people=3)
    write_coco(tmp_path / "coco")
    for image in [*tmp_path.rglob("*.jpg")]:
        image.unlink()
    assert open_dataset(f"lsp:{tmp_path}/lsp").keypoints(2).shape == (14, 2)
    assert np.isnan(open_dataset(f"coco:{tmp_path}/coco").keypoints(0)).any(axis=1).sum() == 2


def test_the_picture_has_the_colours_of_the_groups(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).uniform(0.1, 1, (17, 17)).astype(np.float32)
    statistics = JointStatistics(COCO_17, 500, matrix, 0 * matrix)
    groups = [list(COCO_17.joints[:5]), list(COCO_17.joints[5:])]
    picture = draw_joint_statistics(statistics, groups)
    colours = {tuple(colour) for colour in picture[:, -600:].reshape(-1, 3)[::7].tolist()}
    assert len([colour for colour in colours if max(colour) - min(colour) > 150]) >= 2
    save_joint_statistics_picture(tmp_path / "parts.png", statistics, groups)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "parts.png")), picture)
    with pytest.raises(EdgeposeError, match=r"cannot draw into .*parts.txt: expected a picture's suffix"):
        save_joint_statistics_picture(tmp_path / "parts.txt", statistics, groups)


@pytest.mark.research_data("mpii")
@pytest.mark.parametrize("split", ["train", "test"])
def test_mpii_gives_the_groups_of_the_paper(research_data: Path, split: str) -> None:
    groups = joint_statistics([open_dataset(f"mpii:{research_data}/mpii:{split}")]).groups(5)
    assert sorted(map(sorted, groups)) == sorted(map(sorted, PAPER))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("skeleton", "specs"),
    [
        pytest.param(MPII_16, ["mpii:{}/mpii"], marks=pytest.mark.research_data("mpii")),
        pytest.param(LSP_14, ["lsp:{}/lsp:train", "lspet:{}/lspet"], marks=pytest.mark.research_data("lsp", "lspet")),
        pytest.param(COCO_17, ["coco:{}/coco:train", "coco:{}/coco:val"], marks=pytest.mark.research_data("coco")),
    ],
    ids=["mpii", "lsp", "coco"],
)
def test_the_groups_that_ship_are_those_of_the_data(research_data: Path, skeleton: Skeleton, specs: list[str]) -> None:
    text = files("edgepose.train.networks").joinpath("joint_groups.json").read_text()
    shipped = json.loads(text)[skeleton.name]
    statistics = joint_statistics([open_dataset(spec.format(research_data)) for spec in specs])
    assert statistics.people == shipped["people"]
    for number in range(1, 9):
        assert statistics.groups(number) == shipped["groups"][str(number)]
