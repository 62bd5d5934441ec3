"""Estimators: frame in, poses of the people in it out."""

from edgepose.runtime.estimators.bottom_up import BottomUpEstimator
from edgepose.runtime.estimators.single_person import SinglePersonEstimator, TrackingSettings

__all__ = ["BottomUpEstimator", "SinglePersonEstimator", "TrackingSettings"]
