"""Rendered people: a data set that needs no files, the same seed giving the same pixels."""

from functools import lru_cache

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.synthetic import SYNTHETIC, Person, render_background, render_people
from edgepose.train.data.pose_dataset import DataError, PoseDataset, Sample, joints_box_xyxy

_SIZE_WH = (256, 256)
_ENOUGH_VISIBLE = 12
"""So many of the 21 joints have to be seen for somebody to be a sample."""
_TRIES = 20
_SEEDS = 2**48


class SyntheticDataset(PoseDataset):
    """`count` people, each in a picture of its own with up to four others; all joints of MPII and COCO.

    Joints hidden by something are labelled as occluded, those out of the picture have no label.
    """

    skeleton = SYNTHETIC

    def __init__(self, name: str, count: int, seed: int) -> None:
        self.name = name
        self._count = count
        self._seed = seed
        # rendering is slow and pixels are large: pictures are kept compressed
        self._person = lru_cache(maxsize=None)(self._render)

    def __len__(self) -> int:
        return self._count

    def sample(self, index: int) -> Sample:
        """Return person `index`."""
        png, mask_png, keypoints, occluded, others = self._person(index)
        box = joints_box_xyxy(keypoints)
        neck, head = (keypoints[SYNTHETIC.index(joint)] for joint in ("neck", "head"))
        return Sample(
            image_bgr=cv2.imdecode(png, cv2.IMREAD_COLOR),  # type: ignore[arg-type]
            keypoints=keypoints,
            occluded=occluded,
            box_xyxy=box,
            image_id=f"{self._seed}/{index}",
            area_px2=0.53 * float((box[2] - box[0]) * (box[3] - box[1])),
            head_px=float(np.linalg.norm(head - neck)),
            other_boxes_xyxy=others,
            part_mask=cv2.imdecode(mask_png, cv2.IMREAD_UNCHANGED),
        )

    def background(self, rng: np.random.Generator) -> ImageArray:
        """Render a picture (256, 256, 3) BGR with nobody in it."""
        return np.ascontiguousarray(render_background(int(rng.integers(_SEEDS)), _SIZE_WH)[:, :, ::-1])

    def _render(self, index: int) -> tuple[Array, Array, FloatArray, Array, FloatArray]:
        """Return a picture and its main person's part mask as PNG.

        With them that person's keypoints (K, 2) and occlusion (K,), and the boxes of the others.
        """
        rng = np.random.default_rng((self._seed, index))
        for _ in range(_TRIES):
            scene = render_people(int(rng.integers(_SEEDS)), _SIZE_WH)
            seen = [number for number, p in enumerate(scene.people) if p.visible.sum() >= _ENOUGH_VISIBLE]
            if seen:
                break
        else:
            raise DataError(f"nobody can be seen in {_TRIES} pictures of {self.name}, person {index}; try another seed")
        chosen = int(rng.choice(seen))
        keypoints = [_inside(person) for person in scene.people]
        others = [joints_box_xyxy(k) for number, k in enumerate(keypoints) if number != chosen]
        png, mask_png = _png(scene.image_rgb[:, :, ::-1]), _png(scene.part_mask(chosen))
        occluded = np.isfinite(keypoints[chosen]).all(axis=1) & ~scene.people[chosen].visible
        return png, mask_png, keypoints[chosen], occluded, np.array(others, np.float32).reshape(-1, 4)


def _png(image: ImageArray) -> Array:
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]


def _inside(person: Person) -> FloatArray:
    """Return the keypoints (K, 2), NaN where out of the picture."""
    inside = np.asarray(((person.keypoints >= -0.5) & (person.keypoints < np.array(_SIZE_WH) - 0.5)).all(axis=1))
    return np.where(inside[:, None], person.keypoints, np.nan).astype(np.float32)


def open_synthetic(name: str, count: str = "", seed: str = "0", *more: str) -> SyntheticDataset:
    """Open `synthetic:COUNT[:SEED]`: COUNT rendered people.

    Raises `DataError` when a part is no whole number.
    """
    if more or not (count.isdecimal() and seed.isdecimal() and int(count) > 0):
        raise DataError(f"expected synthetic:COUNT[:SEED] with whole numbers, COUNT above 0; found {name!r}")
    return SyntheticDataset(name, int(count), int(seed))
