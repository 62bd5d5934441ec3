"""A renderer of people: jointed bodies with known joints and part masks, the same seed giving the same pixels."""

from edgepose.runtime.synthetic.clip import render_clip
from edgepose.runtime.synthetic.joints import JOINTS, PART_NAMES, SYNTHETIC
from edgepose.runtime.synthetic.library import POSE_KINDS
from edgepose.runtime.synthetic.scene import Person, Scene, render_background, render_people

__all__ = [
    "JOINTS",
    "PART_NAMES",
    "POSE_KINDS",
    "SYNTHETIC",
    "Person",
    "Scene",
    "render_background",
    "render_clip",
    "render_people",
]
