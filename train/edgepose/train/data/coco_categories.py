"""Whose joints the annotations of a COCO file are: its categories name them, in an order of their own."""

from collections.abc import Sequence
from typing import Any

from edgepose.runtime.skeleton import COCO_17
from edgepose.train.data.pose_dataset import DataError

_SIDES = (("left_", "l_"), ("right_", "r_"))


def of_people(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotations of people, their `keypoints` in COCO's order.

    A person's category names COCO's 17 joints, in any order and with others between them; what has other joints or none
    is no person: other tools keep dogs, bags and rooms in the same file. Where no category names joints, everybody has
    COCO's. Raises `DataError` where there are names, and none of the categories has all 17.
    """
    categories = {category["id"]: category for category in document.get("categories") or []}
    named = {
        key: [_joint(name) for name in each["keypoints"]] for key, each in categories.items() if each.get("keypoints")
    }
    people = {key: joints for key, joints in named.items() if set(COCO_17.joints) <= set(joints)}
    if named and not people:
        found = "; ".join(", ".join(joints) for joints in named.values())
        raise DataError(f"the categories name the joints {found}; expected those of COCO, {', '.join(COCO_17.joints)}")
    if not named:
        return list(document["annotations"])
    alone = next(iter(categories)) if len(categories) == 1 else None
    found_people = []
    for annotation in document["annotations"]:
        category = annotation.get("category_id", alone)
        if category not in categories:
            raise DataError(f"{_name(annotation)} is of category {category!r}, which the file lacks; restore it")
        if category in people:
            found_people.append(_in_cocos_order(annotation, people[category]))
    return found_people


def _joint(name: str) -> str:
    """Return a joint's name as it is written here."""
    name = str(name).strip().lower().replace(" ", "_").replace("-", "_")
    for long, short in _SIDES:
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


def _in_cocos_order(annotation: dict[str, Any], joints: Sequence[str]) -> dict[str, Any]:
    numbers = annotation.get("keypoints")
    if tuple(joints) == COCO_17.joints or not numbers:
        return annotation
    if len(numbers) != 3 * len(joints):
        raise DataError(
            f"{_name(annotation)}: expected x, y and visibility of its category's {len(joints)} joints, found "
            f"{len(numbers)} numbers"
        )
    rows = (joints.index(joint) for joint in COCO_17.joints)
    ordered = {**annotation, "keypoints": [number for row in rows for number in numbers[3 * row : 3 * row + 3]]}
    ordered.pop("num_keypoints", None)  # it counts the other joints too
    return ordered


def _name(annotation: dict[str, Any]) -> str:
    return f"annotation {annotation.get('id')} of image {annotation.get('image_id')}"
