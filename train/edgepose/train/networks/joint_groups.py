"""Which joints belong together, for networks with a branch for each group of them."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import Skeleton

_ARM, _LEG = ("shoulder", "elbow", "wrist"), ("knee", "ankle")
_HEAD = "head neck thorax nose l_eye r_eye l_ear r_ear".split()


def _side(side: str, parts: Sequence[str]) -> list[str]:
    return [f"{side}_{part}" for part in parts]


# by hand, for any skeleton: joints that it lacks are left out; `overlap` adds to a limb the joint that it hangs on
HANDCRAFTED: dict[str, list[list[str]]] = {
    "body": [
        _HEAD,
        *(_side(side, _ARM) for side in "rl"),
        *(_side(side, _LEG) for side in "rl"),
        ["r_hip", "l_hip", "pelvis"],
    ],
    "overlap": [
        [*_HEAD, "r_shoulder", "l_shoulder"],
        *(_side(side, _ARM) for side in "rl"),
        *(_side(side, ("hip", *_LEG)) for side in "rl"),
        ["r_hip", "l_hip", "pelvis"],
    ],
}


def joint_groups(skeleton: Skeleton, groups: str | int) -> tuple[tuple[int, ...], ...]:
    """Return rows of the skeleton by group: `stat`, a number of them, a name of `HANDCRAFTED`, or joints by name.

    Raises `EdgeposeError` for a skeleton without statistics, a number that was not computed, joints that it lacks and
    joints left over.
    """
    if isinstance(groups, str) and groups in HANDCRAFTED:
        return rows_of(skeleton, HANDCRAFTED[groups])
    if isinstance(groups, int) or groups == "stat":
        return rows_of(skeleton, _statistical(skeleton, groups))
    return rows_of(skeleton, _named(skeleton, groups))


def write_groups(groups: Sequence[Sequence[str]]) -> str:
    """Return groups of joints as a setting of PBN: `r_ankle,r_knee/l_ankle,l_knee`."""
    return "/".join(",".join(group) for group in groups)


def _named(skeleton: Skeleton, text: str) -> list[list[str]]:
    """Read what `write_groups` writes."""
    names = [[joint.strip() for joint in group.split(",")] for group in text.split("/")]
    unknown = sorted({joint for group in names for joint in group} - set(skeleton.joints))
    if unknown:
        known = ", ".join(skeleton.joints)
        raise EdgeposeError(f"{skeleton.name} has no {', '.join(map(repr, unknown))} to group; it has {known}")
    return names


def rows_of(skeleton: Skeleton, names: Sequence[Sequence[str]]) -> tuple[tuple[int, ...], ...]:
    """Return groups of joints as rows; joints that the skeleton lacks, and then empty groups, are left out.

    Raises `EdgeposeError` when a joint of the skeleton is in no group.
    """
    left = [joint for joint in skeleton.joints if not any(joint in group for group in names)]
    if left:
        raise EdgeposeError(f"no group of joints has {', '.join(left)} of {skeleton.name}; choose other groups")
    rows = [tuple(skeleton.index(joint) for joint in group if joint in skeleton.joints) for group in names]
    return tuple(group for group in rows if group)


def usual_number(skeleton: Skeleton) -> int:
    """Return how many groups `stat` means for a skeleton: its own where it has statistics, else the paper's 5."""
    return int(_statistics().get(skeleton.name, {"stat": 5})["stat"])


def _statistical(skeleton: Skeleton, groups: str | int) -> list[list[str]]:
    statistics = _statistics()
    if skeleton.name not in statistics:
        raise EdgeposeError(
            f"no statistics of the joints of {skeleton.name}; there are some for {', '.join(statistics)}; "
            f"choose groups=body"
        )
    number = usual_number(skeleton) if groups == "stat" else int(groups)
    by_number: dict[str, list[list[str]]] = statistics[skeleton.name]["groups"]
    if str(number) not in by_number:
        raise EdgeposeError(f"{skeleton.name} has 1 to {len(by_number)} groups of joints; found {number}")
    return by_number[str(number)]


@cache
def _statistics() -> dict[str, Any]:
    """Return by skeleton: `source` of the labels, `stat` (the usual number of groups), `groups` by number."""
    text = files("edgepose.train.networks").joinpath("joint_groups.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
