"""Pictures of right and wrong predictions: who is on them, the figures below them, and what is drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.drawing import joint_colour
from edgepose.runtime.skeleton import COCO_17, LSP_14, Skeleton
from edgepose.train.evaluation.evaluate import evaluate
from edgepose.train.evaluation.opening import open_any
from edgepose.train.pictures.contact_sheet import contact_sheet, draw_errors, draw_found, draw_labelled
from edgepose.train.pictures.predictions import Judged, judged, judged_evaluation, save_predictions
from support.engines import backend_or_skip
from support.painted_crowds import PaintedCrowds
from support.painted_people import save_painted_model
from support.tiny_checkpoint import save_tiny_checkpoint
from support.white_dots import WRONG_JOINTS, WhiteDots

SIDE = 64


def people(skeleton: Skeleton, moved_px: list[float]) -> Judged:
    """Return people who stand at random, one joint of each found so far from where it is."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(8, SIDE - 8, (len(moved_px), len(skeleton), 2)).astype(np.float32)
    truth[:, skeleton.index("l_shoulder")] = 20, 20
    truth[:, skeleton.index("r_hip")] = 20, 40
    found = truth.copy()
    found[:, skeleton.index("l_wrist"), 0] += moved_px
    areas = np.full(len(moved_px), 900, np.float32)
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
    return judged(skeleton, found, truth, areas, lambda _: (grey, np.eye(2, 3)))


@pytest.mark.parametrize("skeleton", [LSP_14, COCO_17], ids=lambda skeleton: skeleton.name)
def test_the_figures_are_those_of_the_metrics(skeleton: Skeleton) -> None:
    seen = people(skeleton, [0, 3, 30, np.inf, np.nan])
    joints = len(skeleton)
    assert seen.pck[:2] == pytest.approx(100)
    assert seen.pck[2:] == pytest.approx(100 * (joints - 1) / joints)
    assert list(np.argsort(-seen.oks[:3])) == [0, 1, 2]
    assert seen.oks[0] == pytest.approx(1)
    assert seen.oks[3:] == pytest.approx((joints - 1) / joints)
    captions = [seen.tile(person)[1] for person in (1, 2, 4)]
    assert captions[0] == [f"PCK 100  OKS {seen.oks[1]:.2f}", "worst: l_wrist, 0.15 torso off"]
    assert captions[1][1] == "worst: l_wrist, 1.50 torso off"
    assert captions[2][1] == "worst: l_wrist, not found"


def test_without_a_torso_the_unit_is_the_size() -> None:
    seen = people(LSP_14, [15.0])
    seen.truth[:, LSP_14.index("r_hip")] = np.nan
    seen = judged(LSP_14, seen.found, seen.truth, np.array([900], np.float32), seen.view)
    assert seen.tile(0)[1] == [f"OKS {seen.oks[0]:.2f}", "worst: l_wrist, 0.50 size off"]


def test_labels_and_what_was_found_are_told_apart() -> None:
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
    found, labels = np.full((14, 2), np.nan, np.float32), np.full((14, 2), np.nan, np.float32)
    knee, ankle = LSP_14.index("l_knee"), LSP_14.index("l_ankle")
    found[[knee, ankle]] = [[20, 10], [20, 50]]
    labels[ankle] = 50, 50
    drawn = draw_found(grey, LSP_14, found)
    orange = pytest.approx(joint_colour("l_ankle"), abs=30)
    assert drawn[30, 20].tolist() == orange
    assert (drawn[:, 40:] == 128).all()
    draw_labelled(drawn, LSP_14, labels)
    assert drawn[50, 50].tolist() == orange
    before = drawn.copy()
    draw_errors(drawn, found, labels, np.zeros(14, bool))
    assert np.array_equal(drawn, before)
    draw_errors(drawn, found, labels, np.arange(14) == ankle)
    assert drawn[50, 35].min() > 200


def test_a_sheet_holds_every_tile_in_its_row() -> None:
    tiles = [
        (np.full((40, 30, 3), shade, np.uint8), ["some words that are too long", "two"]) for shade in (10, 90, 170)
    ]
    sheet = contact_sheet("title", tiles, columns=2)
    places = [np.argwhere((sheet == shade).all(axis=-1)) for shade in (10, 90, 170)]
    first, second, third = (each[len(each) // 2] for each in places)
    assert abs(first[0] - second[0]) <= 1
    assert first[1] < second[1]
    assert third[0] > first[0] + 40
    assert [len(each) >= 40 * 30 for each in places] == [True] * 3


def test_best_and_worst_people_are_saved(tmp_path: Path) -> None:
    seen = people(LSP_14, [0, 30, 10, 20])
    right, wrong = (cv2.imread(str(path)) for path in save_predictions(tmp_path / "new", seen, 2))
    assert right.shape == wrong.shape
    assert (right != wrong).any()
    every = save_predictions(tmp_path, seen, 12)
    assert [path.name for path in every] == ["right.png", "wrong.png"]
    assert cv2.imread(str(every[0])).shape[1] > right.shape[1]
    with pytest.raises(EdgeposeError, match="cannot write"):
        save_predictions(every[0], seen, 2)


@pytest.mark.parametrize("box", ["data", "joints", "image"])
def test_an_evaluation_hands_over_whom_it_looked_at(box: str, tmp_path: Path) -> None:
    dataset = WhiteDots(4, unlabelled=(1,))
    with open_any(save_tiny_checkpoint(tmp_path)) as session:
        evaluation = evaluate(session, dataset, box=box)
        seen = judged_evaluation(evaluation, dataset, session.card)
    assert seen is not None
    assert len(seen.oks) == 3
    assert seen.pck.mean() == pytest.approx(evaluation.metrics["PCK@0.2"])
    picture, lines = seen.tile(1)
    assert picture.shape[0] > picture.shape[1] > 100
    assert lines[1].split()[1].rstrip(",") in WRONG_JOINTS


def test_of_everybody_each_labelled_person_is_who_was_found_nearest(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    pytest.importorskip("pycocotools")
    dataset = PaintedCrowds(4, unseen=(1,))
    with open_model(str(save_painted_model(tmp_path))) as session:
        seen = judged_evaluation(evaluate(session, dataset), dataset, session.card)
    assert seen is not None
    assert len(seen.oks) == 7
    assert sorted(np.round(seen.oks).tolist()) == [0, 1, 1, 1, 1, 1, 1]
    overlooked = int(seen.oks.argmin())
    assert seen.tile(overlooked)[1][1].endswith("not found")
    assert seen.tile(int(seen.oks.argmax()))[0].shape == (200, 200, 3)
