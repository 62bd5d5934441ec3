"""What exports are calibrated with and compared on: crops of people, or whole pictures of everybody."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.train.evaluation.prediction import Prediction


class Examples(ABC):
    """Images uint8 RGB (N, H, W, 3) as a network sees them, in which M people are labelled; `data` is their name."""

    data: str
    images_rgb: ImageArray

    @property
    @abstractmethod
    def pictures(self) -> int:
        """How many pictures of the data they are of: crops may be several of one."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many people are labelled."""

    @abstractmethod
    def of_people(self, found: Prediction, first: int) -> Prediction:
        """Return what was found in the images from `first` on of each person who is labelled in them.

        Keypoints (M, K, 2) in crop pixels, NaN where not found, and scores (M, K); the maps stay as they are.
        """

    @abstractmethod
    def distances_px(self, keypoints_crop: FloatArray, expected_crop: FloatArray) -> FloatArray:
        """Return how far keypoints (M, K, 2) are from those expected, in crop pixels: (M, K)."""

    @abstractmethod
    def judge(self, keypoints_crop: FloatArray) -> tuple[Array, Array]:
        """Return which keypoints (M, K, 2) are correct by PCK@0.2 (torso), and which count: bool (M, K)."""


def evenly(numbers: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of the numbers, spread evenly over them."""
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [numbers[place] for place in places]
