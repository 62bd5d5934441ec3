"""Which estimator a model needs: its card says whether it sees one person in a crop or everybody in a picture."""

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.estimators.bottom_up import BottomUpEstimator
from edgepose.runtime.estimators.bottom_up_model import Views
from edgepose.runtime.estimators.given_boxes import GivenBoxesEstimator
from edgepose.runtime.estimators.several_people import SeveralPeopleEstimator
from edgepose.runtime.estimators.single_person import SinglePersonEstimator
from edgepose.runtime.people.boxes import Boxes, Detector
from edgepose.runtime.pipeline import Estimator

MOST_PEOPLE = 5
"""So many people a top-down model follows where nobody says otherwise, each by a run more; a bottom-up one what
its card says."""


def open_estimator(
    session: Session,
    most_people: int | None = None,
    *,
    box_xyxy: FloatArray | None = None,
    boxes: Boxes | Detector | None = None,
    views: Views = Views(),
    follow: bool = True,
    min_score: float | None = None,
) -> Estimator:
    """Return the estimator of a model.

    `box_xyxy` (4,) is where one person is looked for, and nowhere else; `boxes` are those of everybody in each frame,
    by a detector of one's own, or that detector. `views` is how a picture is looked at: in the mirror too by either
    kind of model, in several scales by a bottom-up one. `follow` says that frames come after one another. Somebody new
    scores at least `min_score`; not given, it is the card's presence threshold. Raises `EdgeposeError` for a score that
    is not from 0 to 1, for `most_people` below 1, for several in a box or with `boxes`, for a box or boxes with a
    bottom-up model and for scales with a top-down one.
    """
    if most_people is not None and most_people < 1:
        raise EdgeposeError(f"expected at least 1 person to follow, found {most_people}")
    if min_score is not None and not 0 <= min_score <= 1:
        raise EdgeposeError(f"a score is from 0 to 1, found {min_score}")
    if session.card.sees_everybody:
        if box_xyxy is not None or boxes is not None:
            raise EdgeposeError(f"{session.card.name} sees everybody in a picture; a box is for a model of one person")
        return BottomUpEstimator(session, most_people, views=views, follow=follow, min_score=min_score)
    if views.scales != Views().scales:
        raise EdgeposeError(f"{session.card.name} sees one person in a crop; scales are for a bottom-up model")
    if boxes is not None:
        if box_xyxy is not None or most_people is not None:
            raise EdgeposeError("boxes of every frame say who is looked at; leave the one box and the number out")
        return GivenBoxesEstimator(session, boxes, follow=follow, flip=views.flip, min_score=min_score)
    if box_xyxy is not None and (most_people or 1) > 1:
        raise EdgeposeError(f"in a box one person is looked for, found {most_people}; leave the box or the number out")
    if box_xyxy is not None or most_people == 1:
        return SinglePersonEstimator(session, box_xyxy, follow=follow, flip=views.flip, min_score=min_score)
    most = most_people or MOST_PEOPLE
    return SeveralPeopleEstimator(session, most, follow=follow, flip=views.flip, min_score=min_score)
