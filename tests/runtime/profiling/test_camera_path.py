from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.result import FRAME_STAGES
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import open_estimator
from edgepose.runtime.geometry import crop_affine, image_box_xyxy, invert_affine, transform_points, warp_crop
from edgepose.runtime.model_files.shipped import ShippedModel, shipped_names
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.profiling import DEFAULT_SOURCE
from edgepose.runtime.profiling.camera_path import measure_camera_path
from edgepose.runtime.sources import open_source
from support.clips import DotEstimator, write_clip
from support.shipped import of_one_person
from support.tiny_model import save_tiny_onnx

DEFAULT_FIRST = [
    pytest.param(model, marks=() if model.default else pytest.mark.long, id=model.name) for model in of_one_person()
]


class WholeFrameEstimator:
    """Takes the whole frame as the one person's box."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.skeleton = session.card.skeleton_object()

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        card = self._session.card
        height, width = frame.image_bgr.shape[:2]
        box_xyxy = image_box_xyxy(width, height)
        with clock.stage("crop"):
            affine = crop_affine(box_xyxy, card.input_wh)
            image = warp_crop(frame.image_bgr[..., ::-1].copy(), affine, card.input_wh)[None]
        with clock.stage("infer"):
            heatmaps = self._session.run({"image": image})["heatmaps"]
        with clock.stage("decode"):
            keypoints, scores = card.codec_object().decode(heatmaps)
        keypoints_frame = transform_points(invert_affine(affine), keypoints)
        return Poses(self.skeleton, keypoints_frame, scores, scores.mean(axis=1), box_xyxy[None], (0,))


def test_nothing_is_drawn_where_poses_alone_are_wanted(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi", frames=8)))
    path = measure_camera_path(source, DotEstimator(), draws=False)
    assert path.stages_ms["draw"].n == 0
    assert path.pipeline_ms.n > 0


def test_every_stage_is_timed_for_every_frame_after_the_warm_up(clip: str, tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        found = measure_camera_path(open_source(clip), WholeFrameEstimator(session), warmup=2)
    assert found.warmup == 2
    assert {stage: times.n for stage, times in found.stages_ms.items()} == dict.fromkeys((*FRAME_STAGES, "age"), 10)
    assert found.dropped == 0
    assert found.with_people == 10
    assert found.fps > 0


def test_the_path_is_the_work_of_all_stages_but_capture(clip: str, tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        found = measure_camera_path(open_source(clip), WholeFrameEstimator(session), 3, warmup=10)
    assert found.warmup == 1
    assert found.pipeline_ms.n == 2
    largest = [found.stages_ms[stage].max for stage in FRAME_STAGES if stage != "capture"]
    assert max(largest) <= found.pipeline_ms.max <= sum(largest) + 0.001


class LateEstimator(WholeFrameEstimator):
    """Finds nobody in the first frames."""

    def __init__(self, session: Session, empty: int) -> None:
        super().__init__(session)
        self._empty = empty

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        return super().estimate(frame, clock) if frame.index >= self._empty else Poses.empty(self.skeleton)


@pytest.mark.parametrize(("empty", "warmup", "with_people"), [(0, 1, 11), (2, 3, 9), (6, 4, 6), (99, 4, 0)])
def test_the_warm_up_lasts_until_somebody_is_found(
    empty: int, warmup: int, with_people: int, clip: str, tmp_path: Path
) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        found = measure_camera_path(open_source(clip), LateEstimator(session, empty), warmup=1)
    assert (found.warmup, found.with_people) == (warmup, with_people)
    assert found.pipeline_ms.n == 12 - warmup


@pytest.mark.slow
@pytest.mark.parametrize("model", DEFAULT_FIRST)
def test_on_the_default_clip_who_ships_follows_somebody_through(model: ShippedModel) -> None:
    with open_model(model.name) as session, open_source(DEFAULT_SOURCE) as source:
        found = measure_camera_path(source, open_estimator(session, 1))
    assert found.pipeline_ms.n >= 120
    assert found.with_people == found.pipeline_ms.n


@pytest.mark.slow
def test_on_the_default_clip_the_default_sees_nobody_who_is_not_there() -> None:
    clock = StageClock()
    with open_model(shipped_names()[0]) as session, open_source(DEFAULT_SOURCE) as source:
        estimator = open_estimator(session, 5)
        people = [len(estimator.estimate(frame, clock)) for frame in source]
    # one comes from either side
    assert max(people) == 2
    assert people.count(2) > 60


def test_a_paced_clip_runs_at_its_own_rate(clip: str, tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        found = measure_camera_path(open_source(clip, paced=True), WholeFrameEstimator(session), warmup=1)
    assert found.fps < 75


def test_a_source_too_short_says_so(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((32, 32, 3), np.uint8))
    with (
        open_model(save_tiny_onnx(tmp_path)) as session,
        pytest.raises(EdgeposeError, match=r"1 frames; at least 3"),
    ):
        measure_camera_path(open_source(str(tmp_path / "one.png")), WholeFrameEstimator(session))
