import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepose.runtime.skeleton import COCO_17, LSP_14, Skeleton
from edgepose.train.data.pose_dataset import Unlabelled
from edgepose.train.metrics.oks import oks, oks_ap

pytest.importorskip("pycocotools")


def people(skeleton: Skeleton, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(50, 250, (count, len(skeleton), 2)).astype(np.float32)


def measure(
    found: np.ndarray, truth: np.ndarray, skeleton: Skeleton = LSP_14, area_px2: float = 10000.0
) -> dict[str, float]:
    count = len(truth)
    areas = np.full(count, area_px2, np.float32)
    scores = np.linspace(0.9, 0.5, count).astype(np.float32)
    return oks_ap(found, scores, truth, areas, skeleton.sigmas, [f"image {i}" for i in range(count)])


@pytest.mark.parametrize("skeleton", [LSP_14, COCO_17], ids=lambda s: s.name)
def test_the_truth_itself_is_perfect(skeleton: Skeleton) -> None:
    truth = people(skeleton)
    assert measure(truth, truth, skeleton) == pytest.approx(
        {"OKS AP": 100, "OKS AP50": 100, "OKS AP75": 100, "OKS AR": 100}
    )


@pytest.mark.parametrize(("oks", "ap", "ap50", "ap75"), [(0.97, 100, 100, 100), (0.72, 50, 100, 0), (0.41, 0, 0, 0)])
def test_a_known_similarity_passes_the_thresholds_below_it(oks: float, ap: float, ap50: float, ap75: float) -> None:
    truth = people(LSP_14)
    # OKS of one joint is exp(-d^2 / (2 area (2 sigma)^2)): the distance that gives `oks` at every joint
    distance_px = np.sqrt(-2 * 10000 * (2 * np.array(LSP_14.sigmas)) ** 2 * math.log(oks))
    found = truth.copy()
    found[:, :, 0] += distance_px
    measured = measure(found, truth)
    assert measured["OKS AP"] == pytest.approx(ap)
    assert measured["OKS AR"] == pytest.approx(ap)
    assert measured["OKS AP50"] == pytest.approx(ap50)
    assert measured["OKS AP75"] == pytest.approx(ap75)


def test_unlabelled_joints_do_not_count() -> None:
    truth = people(LSP_14)
    found = truth.copy()
    found[:, :7] += 500
    assert measure(found, truth)["OKS AP"] < 60
    truth[:, :7] = np.nan
    assert measure(found, truth)["OKS AP"] == pytest.approx(100)


def test_people_of_one_image_are_matched_by_similarity_not_by_order() -> None:
    truth = people(LSP_14, 2)
    areas, scores = np.full(2, 10000, np.float32), np.array([0.9, 0.8], np.float32)
    same_image = oks_ap(truth[::-1], scores, truth, areas, LSP_14.sigmas, ["one", "one"])
    two_images = oks_ap(truth[::-1], scores, truth, areas, LSP_14.sigmas, ["one", "two"])
    assert same_image["OKS AP"] == pytest.approx(100)
    assert two_images["OKS AP"] == 0


def test_nobody_labelled_has_no_figure() -> None:
    truth = np.full((2, 14, 2), np.nan, np.float32)
    assert all(math.isnan(value) for value in measure(people(LSP_14, 2), truth).values())


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    measure(people(LSP_14), people(LSP_14))
    assert capsys.readouterr().out == ""


@settings(max_examples=20)
@given(st.floats(0, 60), st.integers(0, 2**16))
def test_figures_are_percentages_and_fall_with_the_error(noise_px: float, seed: int) -> None:
    truth = people(LSP_14, 4)
    direction = np.random.default_rng(seed).normal(size=truth.shape).astype(np.float32)
    near, far = (measure(truth + factor * noise_px * direction, truth) for factor in (0.5, 1.0))
    for name, value in near.items():
        assert 0 <= far[name] <= value + 1e-6 <= 100 + 1e-5


def test_several_people_of_a_picture_are_found_or_not() -> None:
    truth = people(LSP_14, 4)
    areas, pictures = np.full(4, 10000, np.float32), ["a", "a", "b", "c"]

    def ap(found: np.ndarray, names: list[str]) -> dict[str, float]:
        scores = np.linspace(0.9, 0.5, len(found)).astype(np.float32)
        return oks_ap(found, scores, truth, areas, LSP_14.sigmas, pictures, names)

    assert ap(truth[::-1], pictures[::-1])["OKS AP"] == pytest.approx(100)
    assert ap(truth[:2], pictures[:2])["OKS AR"] == pytest.approx(50)
    nobody_there = np.concatenate([truth[:1] + 400, truth])
    assert 70 < ap(nobody_there, ["a", *pictures])["OKS AP"] < 90
    assert ap(truth, ["b", "c", "d", "d"])["OKS AP"] == 0
    assert ap(truth[:0], [])["OKS AP"] == 0


def test_whoever_finds_somebody_without_labels_is_neither_right_nor_wrong() -> None:
    truth = people(LSP_14, 3)
    areas, pictures = np.full(3, 10000, np.float32), ["a", "a", "b"]
    beside = np.full((2, 14, 2), 500, np.float32) + np.float32([[[0, 0]], [[20, 20]]])
    found, names = np.concatenate([beside, truth]), ["a", "a", *pictures]
    scores = np.linspace(0.9, 0.5, len(found)).astype(np.float32)

    def ap(box: list[float], picture: str = "a", *, crowd: bool = True) -> float:
        unlabelled = {picture: Unlabelled.of([np.array(box, np.float32)], [10000], [crowd])}
        return oks_ap(found, scores, truth, areas, LSP_14.sigmas, pictures, names, unlabelled)["OKS AP"]

    around = [450.0, 450.0, 600.0, 600.0]
    without = oks_ap(found, scores, truth, areas, LSP_14.sigmas, pictures, names)["OKS AP"]
    assert ap(around) == pytest.approx(100)
    assert without < ap(around, crowd=False) < 100  # one person is found once, a crowd any number of times
    assert ap([0.0, 0.0, 9.0, 9.0]) == pytest.approx(without)
    assert ap(around, "b") == pytest.approx(without)


def test_whoever_finds_somebody_of_whom_one_joint_is_seen_is_neither_right_nor_wrong() -> None:
    truth = np.random.default_rng(0).uniform(0, 100, (1, 14, 2)).astype(np.float32)
    found = np.concatenate([truth, truth / 20 + 300])
    speck = np.tile(found[1].mean(axis=0), 2)
    rest = {"a": Unlabelled.of([speck], [0], [False])}
    scores = np.array([0.8, 0.9], np.float32)
    areas = np.array([9000], np.float32)
    figures = oks_ap(found, scores, truth, areas, LSP_14.sigmas, ["a"], ["a", "a"], rest)
    assert figures["OKS AP"] == pytest.approx(100)


def test_a_joint_that_was_not_found_is_wrong_but_not_the_person() -> None:
    truth = people(LSP_14)
    found = truth.copy()
    found[:, 0] = np.nan
    assert 50 < measure(found, truth)["OKS AP"] < 100


@given(seed=st.integers(0, 1000), spread_px=st.floats(0, 60))
@settings(max_examples=20)
def test_one_persons_similarity_is_what_coco_thresholds(seed: int, spread_px: float) -> None:
    rng = np.random.default_rng(seed)
    truth = people(COCO_17, 1)
    truth[:, rng.permutation(17)[:8]] = np.nan
    found = (truth + rng.normal(0, spread_px, truth.shape)).astype(np.float32)
    alike = float(oks(found, truth, np.array([10000.0], np.float32), COCO_17.sigmas)[0])
    assert 0 <= alike <= 1
    accepted = measure(found, truth, COCO_17)["OKS AP"] / 10
    assert accepted == pytest.approx(min(10, max(0, math.floor((alike - 0.45) / 0.05))), abs=1e-3)


def test_who_was_not_found_is_unlike_and_who_is_not_labelled_unknown() -> None:
    truth = people(LSP_14, 2)
    truth[1] = np.nan
    alike = oks(np.full_like(truth, np.nan), truth, np.full(2, 900, np.float32), LSP_14.sigmas)
    assert alike[0] == 0
    assert np.isnan(alike[1])
