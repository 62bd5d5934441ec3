"""Names for the numpy arrays that travel between the parts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float32]
ImageArray = NDArray[np.uint8]
"""An image, uint8 (H, W, 3); whether BGR or RGB is part of the variable's name."""
