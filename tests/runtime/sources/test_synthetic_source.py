import numpy as np
import pytest

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source


def test_the_same_seed_gives_the_same_frames() -> None:
    clips = []
    for _ in range(2):
        with open_source("synthetic:5:2") as source:
            assert (source.size_wh, source.fps, source.live) == ((640, 480), 30.0, False)
            clips.append([frame.image_bgr for frame in source])
    assert [image.shape for image in clips[0]] == [(480, 640, 3)] * 2
    assert np.array_equal(clips[0], clips[1])


@pytest.mark.parametrize("text", ["synthetic:x", "synthetic:1:2:3", "synthetic:-1", "synthetic:1:0", "synthetic:"])
def test_a_malformed_clip_says_what_it_wants(text: str) -> None:
    with pytest.raises(SourceError, match="synthetic"):
        open_source(text)
