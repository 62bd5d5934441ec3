"""Crops as they are."""

from edgepose.train.data.augment import AugmentConfig

STILL = AugmentConfig(scale=(1, 1), rotation_deg=0, shift=0, colour=0, mirror=0, occlude=0, badly_cut=0, empty=0)
"""Nothing is varied: whoever is cut out looks the same in every epoch."""
