"""Rendered people: a data set that needs no files, the same seed giving the same pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.synthetic import POSE_KINDS, SYNTHETIC, Person, render_background, render_people
from edgepose.train.data.kept import Kept
from edgepose.train.data.pose_dataset import (
    DataError,
    Picture,
    PoseDataset,
    Sample,
    Unlabelled,
    area_in_box_px2,
    fill_box,
    joints_box_xyxy,
    neck_to_head_px,
)

_SIZE_WH = (256, 256)
_ENOUGH_VISIBLE = 12
"""So many of the 21 joints have to be seen for somebody to be a sample."""
_ENOUGH_LABELLED = 3
"""So many have to be seen for somebody else in the picture to be worth a label."""
_TRIES = 20
_SEEDS = 2**48


@dataclass(frozen=True)
class _Rendered:
    """A picture with its masks as PNG: `parts` of the `chosen` person, `people` of everybody (255 where there is one).

    `keypoints` (P, K, 2), NaN out of the picture, and which are `visible` (P, K).
    """

    image: Array
    parts: Array
    people: Array
    keypoints: FloatArray
    visible: Array
    chosen: int


class SyntheticDataset(PoseDataset):
    """`count` people, each in a picture of its own with up to four others; all joints of MPII and COCO.

    Everybody does what `kind` says, one of `POSE_KINDS`, else anything. Joints hidden by something are labelled as
    occluded, those out of the picture have no label.
    """

    skeleton = SYNTHETIC
    knows_everybody = True

    def __init__(self, name: str, count: int, seed: int, kind: str | None = None) -> None:
        self.name = name
        self._count = count
        self._seed = seed
        self._kind = kind
        # rendering is slow and pixels are large: pictures are kept compressed
        self._person = Kept(self._render, _rendered_bytes)

    def __len__(self) -> int:
        return self._count

    def sample(self, index: int) -> Sample:
        """Return person `index`."""
        rendered = self._person(index)
        chosen = rendered.chosen
        keypoints = rendered.keypoints[chosen]
        box = joints_box_xyxy(keypoints)
        others = [joints_box_xyxy(k) for row, k in enumerate(rendered.keypoints) if row != chosen]
        return Sample(
            image_bgr=_decoded(rendered.image),
            keypoints=keypoints,
            occluded=np.isfinite(keypoints).all(axis=1) & ~rendered.visible[chosen],
            box_xyxy=box,
            image_id=f"{self._seed}/{index}",
            area_px2=area_in_box_px2(box),
            head_px=neck_to_head_px(keypoints, SYNTHETIC),
            other_boxes_xyxy=np.array(others, np.float32).reshape(-1, 4),
            part_mask=_decoded(rendered.parts, cv2.IMREAD_UNCHANGED),
        )

    def picture(self, index: int) -> tuple[Picture, int]:
        """Return person `index` with everybody else; who is hardly seen is where nothing is known."""
        rendered = self._person(index)
        image, people = _decoded(rendered.image), _decoded(rendered.people, cv2.IMREAD_UNCHANGED)
        labelled = np.flatnonzero(rendered.visible.sum(axis=1) >= _ENOUGH_LABELLED)
        known = np.full(image.shape[:2], 255, np.uint8)
        all_boxes = [joints_box_xyxy(keypoints) for keypoints in rendered.keypoints]
        boxes = [all_boxes[row] for row in labelled]
        hardly_seen = [box for row, box in enumerate(all_boxes) if row not in labelled and np.isfinite(box).all()]
        for box in hardly_seen:
            fill_box(known, box, 0)
        picture = Picture(
            image_bgr=image,
            keypoints=rendered.keypoints[labelled],
            boxes_xyxy=np.stack(boxes),
            areas_px2=np.array([area_in_box_px2(box) for box in boxes], np.float32),
            image_id=f"{self._seed}/{index}",
            people=people,
            known=known,
            joints_known=np.ones(len(SYNTHETIC), bool),
            unlabelled=Unlabelled.of(hardly_seen, list(map(area_in_box_px2, hardly_seen)), [False] * len(hardly_seen)),
        )
        return picture, labelled.tolist().index(rendered.chosen)

    def background(self, rng: np.random.Generator) -> ImageArray:
        """Render a picture (256, 256, 3) BGR with nobody in it."""
        return np.ascontiguousarray(render_background(int(rng.integers(_SEEDS)), _SIZE_WH)[:, :, ::-1])

    def _render(self, index: int) -> _Rendered:
        rng = np.random.default_rng((self._seed, index))
        for _ in range(_TRIES):
            scene = render_people(int(rng.integers(_SEEDS)), _SIZE_WH, kind=self._kind)
            seen = [number for number, p in enumerate(scene.people) if p.visible.sum() >= _ENOUGH_VISIBLE]
            if seen:
                break
        else:
            raise DataError(f"nobody can be seen in {_TRIES} pictures of {self.name}, person {index}; try another seed")
        chosen = int(rng.choice(seen))
        return _Rendered(
            image=_png(scene.image_rgb[:, :, ::-1]),
            parts=_png(scene.part_mask(chosen)),
            people=_png(np.where(scene.part_masks > 0, 255, 0).astype(np.uint8)),
            keypoints=np.stack([_inside(person) for person in scene.people]),
            visible=np.stack([person.visible for person in scene.people]),
            chosen=chosen,
        )


def _rendered_bytes(rendered: _Rendered) -> int:
    return int(rendered.image.nbytes + rendered.parts.nbytes + rendered.people.nbytes)


def _decoded(png: Array, mode: int = cv2.IMREAD_COLOR) -> ImageArray:
    image: ImageArray = cv2.imdecode(png, mode)  # type: ignore[assignment]
    return image


def _png(image: ImageArray) -> Array:
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]


def _inside(person: Person) -> FloatArray:
    """Return the keypoints (K, 2), NaN where out of the picture."""
    inside = np.asarray(((person.keypoints >= -0.5) & (person.keypoints < np.array(_SIZE_WH) - 0.5)).all(axis=1))
    return np.where(inside[:, None], person.keypoints, np.nan).astype(np.float32)


def open_synthetic(
    name: str, count: str = "", seed: str = "0", kind: str | None = None, *more: str
) -> SyntheticDataset:
    """Open `synthetic:COUNT[:SEED[:KIND]]`: COUNT rendered people, doing what KIND says or anything.

    Raises `DataError` when a part is no whole number, and for an unknown kind.
    """
    if more or not (count.isdecimal() and seed.isdecimal() and int(count) > 0):
        raise DataError(f"expected synthetic:COUNT[:SEED[:KIND]] with whole numbers, COUNT above 0; found {name!r}")
    if kind is not None and kind not in POSE_KINDS:
        raise DataError(f"unknown kind of pose {kind!r} in {name!r}; known: {', '.join(POSE_KINDS)}")
    return SyntheticDataset(name, int(count), int(seed), kind)
