"""The fewest layers that do, in few tries: doubling, then halving the gap."""

from collections.abc import Callable


def fewest(passes: Callable[[int], bool], start: int, most: int) -> int | None:
    """Return the smallest number above `start`, and at most `most`, that passes; None when not even `most` does.

    `start` is known to fail, and more is taken to be better; whatever is returned has passed, and no number is tried
    twice.

    >>> fewest(lambda number: number >= 5, 0, 100)
    5
    """
    failing, passing = start, min(max(1, 2 * start), most)
    while passing > failing and not passes(passing):
        failing, passing = passing, min(2 * passing, most)
    if passing <= failing:
        return None
    while passing - failing > 1:
        middle = (failing + passing) // 2
        if passes(middle):
            passing = middle
        else:
            failing = middle
    return passing
