"""Windows: they cover the picture, fit the model, and start with the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.estimators.search_windows import SCALES, search_windows_xyxy

sizes = st.tuples(st.integers(64, 2000), st.integers(64, 2000))
aspects = st.sampled_from([0.75, 1.0])


@given(sizes, aspects)
def test_the_windows_of_every_scale_cover_the_picture(size_wh: tuple[int, int], aspect: float) -> None:
    windows = np.array(search_windows_xyxy(size_wh, aspect))[1:]
    points = np.random.default_rng(0).uniform(0, np.array(size_wh) - 1, (50, 2))
    heights = np.round(windows[:, 3] - windows[:, 1])
    for height in set(heights):
        same = windows[np.abs(heights - height) <= 1]
        inside = (points[:, None] >= same[:, :2]) & (points[:, None] <= same[:, 2:])
        assert inside.all(axis=2).any(axis=1).all()


@given(sizes, aspects)
def test_the_whole_picture_comes_first_and_the_search_stays_short(size_wh: tuple[int, int], aspect: float) -> None:
    windows = search_windows_xyxy(size_wh, aspect)
    assert windows[0] == pytest.approx([-0.5, -0.5, size_wh[0] - 0.5, size_wh[1] - 0.5])
    if 0.5 < size_wh[0] / size_wh[1] < 2:
        assert len(windows) <= 60


def test_windows_at_each_scale_have_the_models_aspect() -> None:
    windows = search_windows_xyxy((640, 480), 0.75)[1:]
    heights = {round(float(box[3] - box[1])) for box in windows}
    assert heights == {round(480 * scale) for scale in SCALES}
    assert all((box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(0.75, abs=1e-3) for box in windows)
