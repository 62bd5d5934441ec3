"""What a network makes of the people of a data set: one code for every format, in training and after it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.codec import merge_flip
from edgepose.runtime.codecs import Codec
from edgepose.runtime.decoding import KEYPOINTS, Decoding, decodes_itself
from edgepose.runtime.errors import ModelError
from edgepose.runtime.geometry import image_box_xyxy, invert_affine, transform_points
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.augment import Crop, plain_crop
from edgepose.train.data.pose_dataset import PoseDataset, Sample, in_skeleton, joints_box_xyxy

MapPredictor = Callable[[ImageArray], FloatArray]
"""Crops uint8 RGB (N, h, w, 3) -> heatmaps (N, K, H, W)."""

BOXES = ("data", "joints", "image")
"""Where a person's box comes from: the data, the labelled joints, or the whole image."""


@dataclass(frozen=True)
class Prediction:
    """Of N crops: keypoints (N, K, 2) in crop pixels, scores (N, K), and heatmaps (N, K, H, W).

    A model that decodes itself shows no heatmaps. A model of everybody gives keypoints (N, P, K, 2) and scores
    (N, P, K), as `BodyPartCodec.decode_batch`.
    """

    keypoints_crop: FloatArray
    scores: FloatArray
    heatmaps: FloatArray | None = None


Predictor = Callable[[ImageArray], Prediction]
"""What a model makes of crops uint8 RGB (N, h, w, 3)."""


@dataclass(frozen=True)
class PredictedPeople:
    """Everybody with a labelled joint: `found` and `truth` (N, K, 2) in image pixels, `scores` (N, K).

    `truth` is NaN where unlabelled; `head_px` and `area_px2` (N,) as in `Sample`, `image_ids` one a person, as are
    `persons`, their numbers in the data set.
    """

    skeleton: Skeleton
    found: FloatArray
    scores: FloatArray
    truth: FloatArray
    head_px: FloatArray
    area_px2: FloatArray
    image_ids: tuple[str, ...]
    persons: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.image_ids)


def predictor_of(session: Session, *, flip_test: bool = False) -> Predictor:
    """Return what an open model makes of crops; a model of a fixed batch is fed that many at a time.

    `flip_test` averages with the mirrored crop. Raises `ModelError` when the model decodes itself and leaves nothing
    to average.
    """
    card, codec = session.card, session.card.codec_object()
    output = KEYPOINTS if decodes_itself(card) else codec.output

    def run(images_rgb: ImageArray) -> FloatArray:
        return _run_in_batches(session, output, images_rgb)

    if not decodes_itself(card):
        return decoded(with_flip_test(run, codec.flip_order(card.skeleton_object())) if flip_test else run, codec)
    if flip_test:
        raise ModelError(
            f"{card.name} has the decode inside, and a flip test averages heatmaps; "
            "evaluate the file without -keypoints in its name"
        )
    decode = Decoding(card)
    return lambda images_rgb: Prediction(*decode({output: run(images_rgb)}))


def _run_in_batches(session: Session, output: str, images_rgb: ImageArray) -> FloatArray:
    fixed = session.inputs[0].shape[0]
    if fixed < 0:
        return session.run({"image": images_rgb})[output]
    parts = [images_rgb[i : i + fixed] for i in range(0, len(images_rgb), fixed)]
    filled = [np.concatenate([part, np.repeat(part[-1:], fixed - len(part), axis=0)]) for part in parts]
    found = np.concatenate([session.run({"image": part})[output] for part in filled])
    return found[: len(images_rgb)]


def decoded(predict: MapPredictor, codec: Codec) -> Predictor:
    """Return a predictor that keeps the maps and decodes them."""

    def predict_and_decode(images_rgb: ImageArray) -> Prediction:
        heatmaps = predict(images_rgb)
        return Prediction(*codec.decode_batch(heatmaps), heatmaps)

    return predict_and_decode


def with_flip_test(predict: MapPredictor, flip_order: Sequence[int]) -> MapPredictor:
    """Return a predictor that averages with the mirrored crop; `flip_order` is the codec's."""

    def predict_both(images_rgb: ImageArray) -> FloatArray:
        mirrored = np.ascontiguousarray(images_rgb[:, :, ::-1])
        return merge_flip(predict(images_rgb), predict(mirrored), flip_order)

    return predict_both


def predict_people(
    predict: Predictor,
    dataset: PoseDataset,
    skeleton: Skeleton,
    input_wh: tuple[int, int],
    padding: float,
    *,
    box: str = "data",
    batch: int = 32,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> PredictedPeople:
    """Return what `predict` finds of the first `limit` people of a data set, one crop a person.

    Crops are of the size `input_wh`; `padding` widens a person's box, a whole image is not widened. `on_progress` is
    told (people done, people in all). Raises `EdgeposeError` for an unknown kind of box or when nobody has a label in
    common with the skeleton.
    """
    if box not in BOXES:
        raise EdgeposeError(f"unknown kind of box {box!r}; known: {', '.join(BOXES)}")
    total = min(len(dataset), len(dataset) if limit is None else limit)
    found, scores, samples = [], [], []
    persons: list[int] = []
    for numbers, part in labelled_batches(dataset, skeleton, total, batch):
        crops = [person_crop(sample, input_wh, padding, box) for sample in part]
        seen = predict(np.stack([crop.image_rgb for crop, _ in crops]))
        found += [transform_points(invert_affine(a), k) for (_, a), k in zip(crops, seen.keypoints_crop, strict=True)]
        scores.append(seen.scores)
        samples += [_facts(sample) for sample in part]
        persons += numbers
        if on_progress is not None:
            on_progress(min(len(samples), total), total)
    if not samples:
        raise EdgeposeError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    truth, head_px, area_px2, image_ids = zip(*samples, strict=True)
    return PredictedPeople(
        skeleton,
        np.stack(found),
        np.concatenate(scores),
        np.stack(truth),
        np.array(head_px, np.float32),
        np.array(area_px2, np.float32),
        image_ids,
        tuple(persons),
    )


def _facts(sample: Sample) -> tuple[FloatArray, float, float, str]:
    """Return what is kept of a sample, so that its image need not be."""
    return sample.keypoints, sample.head_px, sample.area_px2, sample.image_id


def labelled_batches(
    dataset: PoseDataset, skeleton: Skeleton, total: int, batch: int
) -> Iterator[tuple[Sequence[int], Sequence[Sample]]]:
    """Yield those of the first `total` people who have a labelled joint, a batch at a time: numbers and samples."""
    for start in range(0, total, batch):
        samples = ((i, in_skeleton(dataset, i, skeleton)) for i in range(start, min(start + batch, total)))
        if labelled := [(i, sample) for i, sample in samples if sample.labelled.any()]:
            numbers, part = zip(*labelled, strict=True)
            yield numbers, part


def person_crop(sample: Sample, input_wh: tuple[int, int], padding: float, box: str) -> tuple[Crop, Array]:
    """Return the crop of a person and its affine (2, 3), by one of `BOXES`."""
    if box == "image":
        height, width = sample.image_bgr.shape[:2]
        return plain_crop(replace(sample, box_xyxy=image_box_xyxy(width, height)), input_wh, padding=1.0)
    if box == "joints":
        sample = replace(sample, box_xyxy=joints_box_xyxy(sample.keypoints))
    return plain_crop(sample, input_wh, padding)
