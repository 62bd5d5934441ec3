"""A data set in memory that a network learns within seconds: people of coloured dots."""

import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data.pose_dataset import PoseDataset, Sample, joints_box_xyxy, no_boxes
from support.colour_people import STANDING, draw_person


class DotDataset(PoseDataset):
    """`people` in pictures of 128x128, the same ones every time."""

    name = "dots:0"
    skeleton = LSP_14

    def __init__(self, people: int) -> None:
        self._people = people

    def __len__(self) -> int:
        return self._people

    def sample(self, index: int) -> Sample:
        rng = np.random.default_rng(index)
        keypoints = (STANDING + rng.normal(0, 3, STANDING.shape) + rng.uniform(0, 20, 2)).astype(np.float32)
        image = np.full((128, 128, 3), 128, np.uint8)
        draw_person(image, keypoints)
        return Sample(
            image_bgr=image,
            keypoints=keypoints,
            occluded=np.zeros(len(LSP_14), bool),
            box_xyxy=joints_box_xyxy(keypoints),
            image_id=str(index),
            area_px2=5000.0,
            head_px=15.0,
            other_boxes_xyxy=no_boxes(),
        )

    def background(self, rng: np.random.Generator) -> ImageArray:
        return rng.integers(0, 256, (64, 64, 3), np.uint8)
