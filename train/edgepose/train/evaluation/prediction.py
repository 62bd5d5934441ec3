"""What a network makes of the people of a data set: one code for every format, in training and after it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.codecs import Codec
from edgepose.runtime.codecs.heatmap import merge_flip
from edgepose.runtime.geometry import image_box_xyxy, invert_affine, transform_points
from edgepose.runtime.model_files.decoding import KEYPOINTS, Decoding, decodes_itself, require_heatmaps
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.augment import Crop, plain_crop
from edgepose.train.data.pose_dataset import PoseDataset, Sample, in_skeleton, joints_box_xyxy
from edgepose.train.predictor import MapPredictor
from edgepose.train.processes.spread import Spread, batches

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

    if flip_test:
        require_heatmaps(card, "a flip test averages")
    if not decodes_itself(card):
        return decoded(with_flip_test(run, codec.flip_order(card.skeleton_object())) if flip_test else run, codec)
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
    spread: Spread = map,
) -> PredictedPeople:
    """Return what `predict` finds of the first `limit` people of a data set, one crop a person.

    Crops are of the size `input_wh`; `padding` widens a person's box, a whole image is not widened. `on_progress` is
    told (people done, people in all). With a world's `map` as `spread` each process looks at a share of them. Raises
    `EdgeposeError` for an unknown kind of box or when nobody has a label in common with the skeleton.
    """
    if box not in BOXES:
        raise EdgeposeError(f"unknown kind of box {box!r}; known: {', '.join(BOXES)}")

    def look(numbers: range) -> PredictedPeople | None:
        samples = labelled_people(dataset, skeleton, numbers)
        return _seen(predict, samples, skeleton, (input_wh, padding, box)) if samples else None

    total = min(len(dataset), len(dataset) if limit is None else limit)
    parts, shares = [], batches(total, batch)
    for numbers, part in zip(shares, spread(look, shares), strict=True):
        if part is not None:
            parts.append(part)
        if on_progress is not None:
            on_progress(numbers.stop, total)
    if not parts:
        raise EdgeposeError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    return _joined(parts)


def labelled_people(dataset: PoseDataset, skeleton: Skeleton, numbers: Iterable[int]) -> dict[int, Sample]:
    """Return those of some people of a data set who have a labelled joint, by their numbers."""
    samples = {number: in_skeleton(dataset, number, skeleton) for number in numbers}
    return {number: sample for number, sample in samples.items() if sample.labelled.any()}


def _seen(
    predict: Predictor, people: Mapping[int, Sample], skeleton: Skeleton, window: tuple[tuple[int, int], float, str]
) -> PredictedPeople:
    """Return what is found of a batch of people; `window` is `person_crop`'s. Their pictures are not kept."""
    samples = list(people.values())
    crops = [person_crop(sample, *window) for sample in samples]
    seen = predict(np.stack([crop.image_rgb for crop, _ in crops]))
    found = [transform_points(invert_affine(a), k) for (_, a), k in zip(crops, seen.keypoints_crop, strict=True)]
    return PredictedPeople(
        skeleton,
        np.stack(found),
        seen.scores,
        np.stack([sample.keypoints for sample in samples]),
        np.array([sample.head_px for sample in samples], np.float32),
        np.array([sample.area_px2 for sample in samples], np.float32),
        tuple(sample.image_id for sample in samples),
        tuple(people),
    )


def _joined(parts: Sequence[PredictedPeople]) -> PredictedPeople:
    columns = zip(*((p.found, p.scores, p.truth, p.head_px, p.area_px2) for p in parts), strict=True)
    found, scores, truth, head_px, area_px2 = (np.concatenate(column) for column in columns)
    image_ids = tuple(image for part in parts for image in part.image_ids)
    persons = tuple(person for part in parts for person in part.persons)
    return PredictedPeople(parts[0].skeleton, found, scores, truth, head_px, area_px2, image_ids, persons)


def person_crop(sample: Sample, input_wh: tuple[int, int], padding: float, box: str) -> tuple[Crop, Array]:
    """Return the crop of a person and its affine (2, 3), by one of `BOXES`.

    Raises `EdgeposeError` for a box of the joints of somebody without any.
    """
    if box == "image":
        height, width = sample.image_bgr.shape[:2]
        return plain_crop(replace(sample, box_xyxy=image_box_xyxy(width, height)), input_wh, padding=1.0)
    if box == "joints":
        sample = replace(sample, box_xyxy=joints_box_xyxy(sample.keypoints))
        if not np.isfinite(sample.box_xyxy).all():
            raise EdgeposeError("somebody has no labelled joint to make a box of; take another --box")
    return plain_crop(sample, input_wh, padding)
