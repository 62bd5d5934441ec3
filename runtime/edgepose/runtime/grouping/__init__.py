"""Grouping: maps of keypoints and limbs in, people out.

Li et al., "Simple Pose", section 3.4: peaks, limb candidates between them, greedy choice per limb, assembly.
"""

from edgepose.runtime.grouping.group import GroupedPeople, group_people
from edgepose.runtime.grouping.rule import GroupingRule

__all__ = ["GroupedPeople", "GroupingRule", "group_people"]
