"""Body parts in masks: one list of classes for all data, and what each data set's own labels say about them.

The classes are the renderer's, the finest that are known exactly: head, torso, and six parts of each side. Public data
is coarser (PASCAL-Person-Part has no sides, clothes hide what is upper and what is lower leg), so that its labels are
*sets* of these classes: a pixel of trousers is torso, leg or foot, and a learner is told just that. No label says more
than was annotated, and nothing that was annotated is thrown away.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.runtime.synthetic import PART_NAMES

PART_CLASSES = PART_NAMES
"""The classes by their number: background first."""
UNKNOWN = 255
"""The value of a pixel of which nothing is known."""


def _sides(*parts: str) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts for side in "lr")


_BODY = PART_CLASSES[1:]
_ARMS, _LEGS = _sides("upper_arm", "lower_arm"), _sides("upper_leg", "lower_leg")

PART_LABELS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in PART_CLASSES},
    "upper_arms": _sides("upper_arm"),
    "lower_arms": _sides("lower_arm", "hand"),
    "upper_legs": _sides("upper_leg"),
    "lower_legs": _sides("lower_leg", "foot"),
    "hands": _sides("hand"),
    "feet": _sides("foot"),
    "l_arm": ("l_upper_arm", "l_lower_arm", "l_hand"),
    "r_arm": ("r_upper_arm", "r_lower_arm", "r_hand"),
    "l_leg": ("l_upper_leg", "l_lower_leg", "l_foot"),
    "r_leg": ("r_upper_leg", "r_lower_leg", "r_foot"),
    "l_shoe": ("l_lower_leg", "l_foot"),
    "r_shoe": ("r_lower_leg", "r_foot"),
    "neckwear": ("head", "torso"),
    "top": ("torso", *_ARMS),
    "hips": ("torso", *_sides("upper_leg")),
    "bottom": ("torso", *_LEGS, *_sides("foot")),
    "coat": ("torso", *_ARMS, *_LEGS),
    "body": _BODY,
}
"""What a pixel of a mask can be, by its value: first the classes themselves, then sets of them."""
_VALUES = {name: value for value, name in enumerate(PART_LABELS)}

PASCAL_LABELS = ("background", "head", "torso", "upper_arms", "lower_arms", "upper_legs", "lower_legs")
"""PASCAL-Person-Part's 7 classes; its hands belong to the lower arms, its feet to the lower legs."""

LIP_LABELS = (
    "background",
    "head",  # hat
    "head",  # hair
    "hands",  # glove
    "head",  # sunglasses
    "top",  # upper clothes
    "coat",  # dress
    "coat",  # coat
    "lower_legs",  # socks
    "bottom",  # pants
    "coat",  # jumpsuits
    "neckwear",  # scarf
    "bottom",  # skirt
    "head",  # face
    "l_arm",
    "r_arm",
    "l_leg",
    "r_leg",
    "l_shoe",
    "r_shoe",
)
"""LIP's 20 classes, left and right the person's."""

_CCP = {
    "background": "null bag purse wallet",
    "head": "earrings glasses hair hat sunglasses",
    "neckwear": "necklace scarf tie",
    "top": "blazer blouse bra cape cardigan hoodie jacket jumper shirt sweater sweatshirt t-shirt top vest",
    "coat": "bodysuit coat dress intimate romper suit swimwear",
    "hips": "belt panties shorts",
    "bottom": "jeans leggings pants skirt stockings tights",
    "lower_legs": "boots socks",
    "feet": "clogs flats heels loafers pumps sandals shoes sneakers wedges",
    "lower_arms": "bracelet gloves watch",
    "hands": "ring",
    "body": "accessories skin",
}
CCP_LABELS: Mapping[str, str] = {theirs: ours for ours, names in _CCP.items() for theirs in names.split()}
"""Clothing Co-Parsing's 59 names; what is carried is background, as the renderer's things are."""


def value_of(label: str) -> int:
    """Return a label's value in a mask."""
    return _VALUES[label]


def part_values(labels: Sequence[str]) -> ImageArray:
    """Return the table uint8 (256,) from a data set's values, in the order of its labels, to ours; others: unknown."""
    table = np.full(256, UNKNOWN, np.uint8)
    table[: len(labels)] = [_VALUES[label] for label in labels]
    return table


def label_classes() -> Array:
    """Return which classes a label leaves possible: bool (labels, classes)."""
    rows = [[name in classes for name in PART_CLASSES] for classes in PART_LABELS.values()]
    return np.array(rows)


def _mirrored(label: str) -> str:
    """Return the label of the same parts of the other side."""
    side, _, rest = label.partition("_")
    return f"{'r' if side == 'l' else 'l'}_{rest}" if side in ("l", "r") else label


def mirrored_values() -> ImageArray:
    """Return the table uint8 (256,) from the values of a picture's mask to those of its mirror image's."""
    return part_values([_mirrored(label) for label in PART_LABELS])
