"""A data set of pictures of painted people, whom the painted model finds."""

from collections.abc import Sequence

import numpy as np

from edgepose.runtime.skeleton import SIMPLE_POSE_18
from edgepose.train.data.pose_dataset import Picture, PoseDataset, Sample, joints_box_xyxy
from support.painted_people import paint_person


class PaintedCrowds(PoseDataset):
    """`pictures` of 320x240 with one to three people side by side; the people of `unseen` are labelled, not painted."""

    name = "painted:0"
    skeleton = SIMPLE_POSE_18
    knows_everybody = True

    def __init__(self, pictures: int, unseen: Sequence[int] = ()) -> None:
        self._people = [(picture, row) for picture in range(pictures) for row in range(1 + picture % 3)]
        self._unseen = unseen

    def __len__(self) -> int:
        return len(self._people)

    def sample(self, index: int) -> Sample:
        raise NotImplementedError

    def picture(self, index: int) -> tuple[Picture, int]:
        picture, row = self._people[index]
        image = np.zeros((240, 320, 3), np.uint8)
        everybody = [number for number, (other, _) in enumerate(self._people) if other == picture]
        joints = []
        for number in everybody:
            scene = np.zeros_like(image) if number in self._unseen else image
            corner = 5 + 105 * self._people[number][1], 20 + 3 * picture
            joints.append(paint_person(scene, corner, 195))
        keypoints = np.stack(joints)
        boxes = np.stack([joints_box_xyxy(person) for person in keypoints])
        areas = np.full(len(joints), 9000.0, np.float32)
        empty = np.zeros(image.shape[:2], np.uint8)
        all_joints = np.ones(keypoints.shape[1], bool)
        return Picture(image, keypoints, boxes, areas, str(picture), empty, ~empty, all_joints), row

    def one_a_picture(self) -> list[int]:
        return [number for number, (_, row) in enumerate(self._people) if row == 0]
