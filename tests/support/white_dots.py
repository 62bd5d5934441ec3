"""People for whom the tiny models give a known answer: all joints but two lie on one white dot."""

import numpy as np

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.pose_dataset import PoseDataset, Sample, no_boxes

WRONG_JOINTS = ("l_shoulder", "r_hip")
"""These are 20 pixels beside the dot, to either side, so that the torso is 40 pixels long."""


class WhiteDots(PoseDataset):
    """`people` in pictures of 120x100; a box with the padding of the tiny models gives a crop at full size."""

    name = "white-dots"
    skeleton = LSP_14

    def __init__(self, people: int, unlabelled: tuple[int, ...] = ()) -> None:
        self._people = people
        self._unlabelled = unlabelled

    def __len__(self) -> int:
        return self._people

    def sample(self, index: int) -> Sample:
        rng = np.random.default_rng(index)
        centre = rng.uniform([45, 45], [75, 55]).round() + 0.5
        keypoints = np.tile(centre, (14, 1)).astype(np.float32)
        for joint, offset_px in zip(WRONG_JOINTS, (20, -20), strict=True):
            keypoints[LSP_14.index(joint), 0] += offset_px
        image = np.zeros((100, 120, 3), np.uint8)
        x, y = (centre - 3.5).astype(int)
        image[y : y + 8, x : x + 8] = 255
        middle = centre + rng.uniform(-8, 8, 2)
        half = np.array([48, 64]) / 1.25 / 2
        if index in self._unlabelled:
            keypoints[:] = np.nan
        return Sample(
            image_bgr=image,
            keypoints=keypoints,
            occluded=np.zeros(14, bool),
            box_xyxy=np.concatenate([middle - half, middle + half]).astype(np.float32),
            image_id=str(index // 2),
            area_px2=1600.0,
            head_px=float("nan"),
            other_boxes_xyxy=no_boxes(),
        )
