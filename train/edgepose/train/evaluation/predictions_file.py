"""Whom a model found, as a file of COCO's results: for pycocotools, and whoever else reads it."""

import json
from typing import TextIO

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import Skeleton, remap_keypoints
from edgepose.train.evaluation.evaluate import Evaluation
from edgepose.train.evaluation.everybody import SeenPictures
from edgepose.train.metrics.oks import coco_results


def write_predictions(file: TextIO, evaluation: Evaluation, skeleton: Skeleton) -> None:
    """Write a list of `image_id`, `category_id` 1, `keypoints` (x, y, 1 of each joint) and `score`, one a person.

    Joints are those of the data's `skeleton`, at 0, 0 where the model has none. An id is a number where the data's are,
    else a text. Raises `EdgeposeError` where the data has masks alone.
    """
    seen = evaluation.seen
    if seen is None:
        raise EdgeposeError(f"nobody in {evaluation.data} has a joint; leave --predictions out")
    if isinstance(seen, SeenPictures):
        found, scores, image_ids = seen.found.keypoints, seen.found.scores, seen.found.image_ids
    else:
        found, scores, image_ids = seen.found, seen.scores.mean(axis=1), seen.image_ids
    ids = [_id_of(image_id) for image_id in image_ids]
    json.dump(coco_results(remap_keypoints(found, seen.skeleton, skeleton), scores, ids), file)


def _id_of(image_id: str) -> int | str:
    return int(image_id) if image_id.isdecimal() and str(int(image_id)) == image_id else image_id
