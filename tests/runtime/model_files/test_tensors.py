import re

import numpy as np
import pytest

from edgepose.runtime.errors import TensorError
from edgepose.runtime.model_files.tensors import TensorSpec

IMAGE = TensorSpec("image", "uint8", (-1, 4, 3, 3))


def test_what_fits_passes() -> None:
    IMAGE.check(np.zeros((1, 4, 3, 3), np.uint8))
    IMAGE.check(np.zeros((7, 4, 3, 3), np.uint8))


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((1, 4, 3, 3), np.float32), "float32 (1, 4, 3, 3)"),
        (np.zeros((1, 3, 4, 3), np.uint8), "uint8 (1, 3, 4, 3)"),
        (np.zeros((4, 3, 3), np.uint8), "uint8 (4, 3, 3)"),
        (np.zeros((), np.uint8), "uint8 ()"),
    ],
)
def test_what_does_not_says_what_would(array: np.ndarray, found: str) -> None:
    with pytest.raises(TensorError, match=re.escape(f"expected image uint8 (any, 4, 3, 3), found {found}")):
        IMAGE.check(array)


def test_specs_agree_unless_known_lengths_differ() -> None:
    assert IMAGE.agrees(TensorSpec("image", "uint8", (1, 4, -1, 3)))
    assert not IMAGE.agrees(TensorSpec("image", "uint8", (1, 5, 3, 3)))
    assert not IMAGE.agrees(TensorSpec("image", "uint8", (1, 4, 3)))
    assert not IMAGE.agrees(TensorSpec("image", "float32", IMAGE.shape))
    assert not IMAGE.agrees(TensorSpec("picture", "uint8", IMAGE.shape))
