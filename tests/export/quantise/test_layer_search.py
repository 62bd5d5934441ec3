"""The fewest layers are found in few tries."""

from hypothesis import given
from hypothesis import strategies as st

from edgepose.export.quantise.search import fewest


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 400))
def test_the_fewest_that_pass_are_found_in_few_tries_and_none_is_tried_twice(start: int, more: int, need: int) -> None:
    most, need = start + more, max(need, start + 1)
    tried: list[int] = []

    def passes(number: int) -> bool:
        tried.append(number)
        return number >= need

    assert fewest(passes, start, most) == (need if need <= most else None)
    assert len(set(tried)) == len(tried) <= 2 * 9
    assert all(start < number <= most for number in tried)


def test_doubling_comes_before_halving() -> None:
    tried: list[int] = []
    assert fewest(lambda number: (tried.append(number), number >= 11)[1], 0, 100) == 11
    assert tried == [1, 2, 4, 8, 16, 12, 10, 11]


def test_whatever_is_returned_has_passed_even_where_more_is_not_better() -> None:
    lucky = {3, 7, 8, 20}
    assert fewest(lambda number: number in lucky, 0, 30) in lucky
