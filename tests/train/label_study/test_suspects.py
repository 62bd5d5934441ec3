"""Whose labels look wrong: people whose joints have colours, a model that sees these, labels spoilt on purpose."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.errors import ModelError
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.images import UnlabelledDataset
from edgepose.train.data.pose_dataset import Sample
from edgepose.train.label_study.suspects import Suspect, draw_suspects, find_suspects
from support.colour_people import save_colour_model
from support.dot_dataset import DotDataset
from support.engines import backend_or_skip
from support.painted_people import save_painted_model
from support.tiny_decoded import save_tiny_decoded

ARMS = tuple(joint for joint in LSP_14.joints if joint[2:] in ("shoulder", "elbow", "wrist"))


def swap_arms(keypoints: FloatArray) -> FloatArray:
    return np.array([keypoints[LSP_14.flip_order[row] if j in ARMS else row] for row, j in enumerate(LSP_14.joints)])


class Mislabelled(DotDataset):
    """People 1 and 4 of six have left and right arms exchanged, 2 and 4 a head at their feet, 3 has no label."""

    def sample(self, index: int) -> Sample:
        sample = super().sample(index)
        keypoints = swap_arms(sample.keypoints) if index in (1, 4) else sample.keypoints.copy()
        if index in (2, 4):
            keypoints[LSP_14.index("head")] = keypoints[LSP_14.index("r_ankle")] + (6, 6)
        return replace(sample, keypoints=np.full_like(keypoints, np.nan) if index == 3 else keypoints)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    backend_or_skip("onnxruntime")
    return open_model(save_colour_model(tmp_path_factory.mktemp("colours")))


def test_labels_that_were_spoilt_are_found_and_no_others(session: Session) -> None:
    progress: list[tuple[int, int]] = []
    found = find_suspects(session, Mislabelled(6), batch=4, on_progress=lambda *done: progress.append(done))
    spoilt = {(each.person, each.kind): set(each.joints) for each in found}
    assert spoilt == {(1, "swapped"): set(ARMS), (4, "swapped"): set(ARMS), (2, "off"): {"head"}, (4, "off"): {"head"}}
    assert [each.doubt for each in found] == sorted((each.doubt for each in found), reverse=True)
    assert all(0.4 < each.doubt <= 1 for each in found)
    assert progress[-1] == (6, 6)


def test_who_finds_both_ways_likely_suspects_no_swap(session: Session) -> None:
    # colours do not change sides in the mirror, so this model answers the other way round there
    assert {each.kind for each in find_suspects(session, Mislabelled(6), flip_test=True)} == {"off"}


def test_a_suspect_says_who_where_and_how_far(session: Session) -> None:
    data = Mislabelled(3)
    suspect = next(each for each in find_suspects(session, data) if each.kind == "off")
    label, true = (each.sample(2).keypoints[LSP_14.index("head")] for each in (data, DotDataset(3)))
    assert suspect.distance_px == pytest.approx(np.linalg.norm(label - true), abs=2)
    np.testing.assert_allclose(suspect.found, DotDataset(3).sample(2).keypoints, atol=2.5)
    document = suspect.to_dict()
    assert list(document) == ["person", "image", "kind", "joints", "doubt", "distance_px"]
    assert (document["person"], document["image"], document["joints"]) == (2, "2", ["head"])


def test_right_labels_are_not_suspected(session: Session) -> None:
    assert find_suspects(session, DotDataset(8)) == []
    assert find_suspects(session, Mislabelled(6), limit=1) == []


def test_data_without_labels_is_an_error(session: Session) -> None:
    with pytest.raises(EdgeposeError, match="nobody in unlabelled dots:0 has a labelled joint of lsp-14"):
        find_suspects(session, UnlabelledDataset(DotDataset(3)))


def test_a_suspect_is_drawn_as_labelled_and_as_found(session: Session) -> None:
    data = Mislabelled(6)
    swapped = [each for each in find_suspects(session, data) if each.kind == "swapped"]
    one, two = (draw_suspects(swapped[:count], data, LSP_14, 1.25) for count in (1, 2))
    assert two.shape[1] > 1.9 * one.shape[1] - 20
    right = Suspect(0, "0", "off", ("head",), 1.0, 0.0, DotDataset(1).sample(0).keypoints)
    same = draw_suspects([right], DotDataset(1), LSP_14, 1.25)
    for picture, alike in ((one, False), (same, True)):
        left, beside = picture[40:220, 6:206], picture[40:220, 206:406]
        assert np.array_equal(left, beside) is alike


def test_models_without_maps_of_one_person_are_errors(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    with (
        open_model(save_tiny_decoded(tmp_path)) as decoded,
        pytest.raises(ModelError, match="the decode inside, and labels are judged by heatmaps"),
    ):
        find_suspects(decoded, DotDataset(1))
    with (
        open_model(str(save_painted_model(tmp_path))) as everybody,
        pytest.raises(EdgeposeError, match="sees everybody in a picture"),
    ):
        find_suspects(everybody, DotDataset(1))
