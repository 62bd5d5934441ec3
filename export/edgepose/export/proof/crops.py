"""People of a data set as the crops an estimator would cut, to calibrate and to check exports with."""

from dataclasses import dataclass

import numpy as np

from edgepose.export.errors import ExportError
from edgepose.export.proof.crowd_pictures import CrowdPictures, load_crowds
from edgepose.export.proof.examples import Examples, evenly
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import invert_affine, transform_points
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.pose_dataset import PoseDataset, in_skeleton
from edgepose.train.evaluation.everybody import whole_picture
from edgepose.train.evaluation.prediction import Prediction
from edgepose.train.metrics.pck import correct_keypoints, torso_px


@dataclass(frozen=True)
class PoseCrops(Examples):
    """Crops uint8 RGB (N, H, W, 3) of people in images with `image_ids` (N,).

    Of each its affine (N, 2, 3) and true keypoints (N, K, 2) in the image.
    """

    data: str
    skeleton: Skeleton
    images_rgb: ImageArray
    image_ids: tuple[str, ...]
    affines: Array
    truth_frame: FloatArray

    @property
    def pictures(self) -> int:
        """How many pictures the people are in."""
        return len(set(self.image_ids))

    def __len__(self) -> int:
        return len(self.images_rgb)

    def of_people(self, found: Prediction, first: int) -> Prediction:  # noqa: ARG002  a crop is a person
        """Return the prediction as it is."""
        return found

    def distances_px(self, keypoints_crop: FloatArray, expected_crop: FloatArray) -> FloatArray:
        """Return how far keypoints (N, K, 2) are from what is expected: (N, K)."""
        return np.linalg.norm(keypoints_crop - expected_crop, axis=-1)  # type: ignore[no-any-return]

    def judge(self, keypoints_crop: FloatArray) -> tuple[Array, Array]:
        """Return which keypoints (N, K, 2) in crop pixels are correct by PCK@0.2 (torso), and which count: bool (N, K).

        Those of people whose torso is not labelled do not count.
        """
        pairs = zip(self.affines, keypoints_crop, strict=True)
        found = np.stack([transform_points(invert_affine(affine), keypoints) for affine, keypoints in pairs])
        return correct_keypoints(found, self.truth_frame, torso_px(self.truth_frame, self.skeleton), fraction=0.2)


def load_examples(dataset: PoseDataset, card: ModelCard, limit: int) -> PoseCrops | CrowdPictures:
    """Return people or whole pictures of a data set, whichever a card's network sees; raises as the two do."""
    codec = card.codec_object()
    return load_crowds(dataset, codec, limit) if isinstance(codec, BodyPartCodec) else load_crops(dataset, card, limit)


def load_pixels(dataset: PoseDataset, card: ModelCard, limit: int) -> ImageArray:
    """Return what a card's network sees of at most `limit` people or pictures, labelled or not: RGB (N, H, W, 3)."""
    if card.sees_everybody:
        pictures = [dataset.sample(person).image_bgr for person in evenly(dataset.one_a_picture(), limit)]
        views = [whole_picture(image_bgr, card.input_wh)[0] for image_bgr in pictures]
    else:
        samples = (dataset.sample(person) for person in evenly(range(len(dataset)), limit))
        views = [plain_crop(sample, card.input_wh, card.crop.padding)[0].image_rgb for sample in samples]
    if not views:
        raise ExportError(f"there is nobody in {dataset.name}; give other data")
    return np.stack(views)


def load_crops(dataset: PoseDataset, card: ModelCard, limit: int) -> PoseCrops:
    """Return at most `limit` people, spread evenly over the data, cut as the card says.

    Raises `ExportError` when nobody has a joint that the network knows.
    """
    skeleton = card.skeleton_object()
    samples = (in_skeleton(dataset, person, skeleton) for person in evenly(range(len(dataset)), limit))
    people = [
        (*plain_crop(sample, card.input_wh, card.crop.padding), sample.keypoints, sample.image_id)
        for sample in samples
        if sample.labelled.any()
    ]
    if not people:
        raise ExportError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    crops, affines, truth, image_ids = zip(*people, strict=True)
    images_rgb = np.stack([crop.image_rgb for crop in crops])
    return PoseCrops(dataset.name, skeleton, images_rgb, image_ids, np.stack(affines), np.stack(truth))
