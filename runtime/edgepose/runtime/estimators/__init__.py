"""Estimators: frame in, poses of the people in it out."""

from edgepose.runtime.estimators.bottom_up import BottomUpEstimator
from edgepose.runtime.estimators.choose import MOST_PEOPLE, open_estimator
from edgepose.runtime.estimators.given_boxes import GivenBoxesEstimator
from edgepose.runtime.estimators.person_search import SearchSettings
from edgepose.runtime.estimators.several_people import CrowdSettings, SeveralPeopleEstimator
from edgepose.runtime.estimators.single_person import SinglePersonEstimator

__all__ = [
    "MOST_PEOPLE",
    "BottomUpEstimator",
    "CrowdSettings",
    "GivenBoxesEstimator",
    "SearchSettings",
    "SeveralPeopleEstimator",
    "SinglePersonEstimator",
    "open_estimator",
]
