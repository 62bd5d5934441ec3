"""What all pictures are drawn with."""

import cv2

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import Colour

BLACK: Colour = (30, 30, 30)
WHITE: Colour = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX
TEXT_SIZE = 0.45


def write(
    picture: ImageArray, text: str, place: tuple[int, int], colour: Colour = BLACK, size: float = TEXT_SIZE
) -> None:
    """Write a line that begins at a place of a picture (H, W, 3), x to the right and y down, in place."""
    cv2.putText(picture, text, place, FONT, size, colour, 1, cv2.LINE_AA)


def width_px(text: str, size: float = TEXT_SIZE) -> int:
    """Return how wide a line is."""
    return int(cv2.getTextSize(text, FONT, size, 1)[0][0])
