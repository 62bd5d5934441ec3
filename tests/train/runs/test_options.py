"""Which options were given, and what they say."""

import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.runs.options import chosen, parse_settings, parse_size


def test_what_was_not_given_is_left_out_and_zero_is_given() -> None:
    given = chosen(net=None, data=["a", "b"], teacher=[], settings={}, qat=False, resume=True, seed=0, weight=0.0)
    assert given == {"data": ("a", "b"), "resume": True, "seed": 0, "weight": 0.0}


def test_settings_and_sizes_are_read() -> None:
    assert parse_settings(["blocks=2", "update=add"]) == {"blocks": "2", "update": "add"}
    assert parse_settings(None) == {}
    assert parse_size("192x256") == (192, 256)
    assert parse_size(None) is None


@pytest.mark.parametrize("pair", ["blocks", "=2", "blocks="])
def test_a_setting_of_another_form_is_one_clear_line(pair: str) -> None:
    with pytest.raises(EdgeposeError, match=r"--set takes key=value"):
        parse_settings([pair])


@pytest.mark.parametrize("size", ["192", "0x4", "ax4", "4x"])
def test_a_size_of_another_form_is_one_clear_line(size: str) -> None:
    with pytest.raises(EdgeposeError, match=r"--input takes WIDTHxHEIGHT"):
        parse_size(size)
