"""The ground lies below the horizon, however the camera is turned."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.synthetic.background import _paint_ground, clip_polygon
from edgepose.runtime.synthetic.camera import look_at


@pytest.mark.parametrize("roll_deg", [-30.0, -3.0, 0.0, 3.0, 30.0])
def test_the_ground_is_what_lies_below_the_horizon(roll_deg: float) -> None:
    camera = look_at(np.array([0.0, 1.5, 4.0]), np.array([0.0, 1.2, 0.0]), 240.0, (256, 256), roll_deg)
    image = np.full((256, 256, 3), 255, np.uint8)
    _paint_ground(image, np.random.default_rng(0), camera, 300.0)
    painted = (image != 255).any(axis=2)
    rows, columns = np.mgrid[:256, :256]
    # rays to the pixels that fall are those that meet the ground
    rays = np.stack([(columns - 127.5) / 240, (rows - 127.5) / 240, np.ones((256, 256))], axis=-1) @ camera.turn
    far_below, above = rays[..., 1] < -0.25, rays[..., 1] > 0.03
    assert painted[far_below].mean() > 0.95
    assert painted[above].mean() < 0.02


@given(st.integers(0, 10_000), st.floats(1, 1e6))
def test_what_is_clipped_is_what_lies_in_the_square(seed: int, size: float) -> None:
    turns = np.sort(np.random.default_rng(seed).uniform(0, 2 * math.pi, 5))
    corners = size * np.stack([np.cos(turns), np.sin(turns)], axis=1) + 50
    clipped = clip_polygon(corners, 0.0, 100.0)
    assert (clipped >= -1e-6).all()
    assert (clipped <= 100 + 1e-6).all()
    if size < 50:
        assert len(clipped) == 5
