"""A camera on its side: what it sees is upright before anybody looks at it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from support.clips import write_clip


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_pictures_are_turned_clockwise(tmp_path: Path, clockwise_deg: int) -> None:
    clip = str(write_clip(tmp_path / "clip.avi", frames=4))
    with open_source(clip) as plain, open_source(clip, clockwise_deg=clockwise_deg) as turned:
        width, height = plain.size_wh
        assert turned.size_wh == ((width, height) if clockwise_deg == 180 else (height, width))
        assert (turned.fps, turned.live, turned.declared_frames) == (plain.fps, plain.live, plain.declared_frames)
        for before, after in zip(plain, turned, strict=True):
            # numpy turns the other way round
            np.testing.assert_array_equal(after.image_bgr, np.rot90(before.image_bgr, -clockwise_deg // 90))
            assert after.index == before.index


def test_a_recording_that_is_played_and_pictures_in_files_stay_what_they_are(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "clip.avi", frames=3))
    with open_source(clip, paced=True, clockwise_deg=90) as played:
        assert (played.live, played.is_recording, len(list(played))) == (True, True, 3)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((6, 4, 3), np.uint8))
    with open_source(str(tmp_path / "a.png"), clockwise_deg=90) as picture:
        (frame,) = picture
        assert (frame.file, frame.image_bgr.shape, picture.is_sequence) == ("a.png", (4, 6, 3), False)


def test_another_turn_is_one_clear_line(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "clip.avi", frames=3))
    with pytest.raises(SourceError, match="pictures are turned by 90, 180, 270 degrees, found 45"):
        open_source(clip, clockwise_deg=45)
