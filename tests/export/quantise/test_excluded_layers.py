"""Layers are chosen by name, by part or by wildcard; a name that means nothing is told."""

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.quantise.layers import chosen_layers

NAMES = ("stem.0.0", "stem.1.0", "stacks.0.up.0.heatmaps", "stacks.0.up.1.heatmaps", "stacks.1.up.1.heatmaps")


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ([], ()),
        (["stem.1.0"], ("stem.1.0",)),
        (["stem"], ("stem.0.0", "stem.1.0")),
        (["stacks.0", "stem.1"], ("stem.1.0", "stacks.0.up.0.heatmaps", "stacks.0.up.1.heatmaps")),
        (["*.up.1.heatmaps"], ("stacks.0.up.1.heatmaps", "stacks.1.up.1.heatmaps")),
        (["stacks.?.up.0"], ("stacks.0.up.0.heatmaps",)),
    ],
)
def test_names_parts_and_wildcards(patterns: list[str], chosen: tuple[str, ...]) -> None:
    assert chosen_layers(patterns, NAMES) == chosen


@pytest.mark.parametrize(
    ("pattern", "close"),
    [("stem.2.0", "stem.1.0"), ("stacks.0.up.1.heatmap", "stacks.0.up.1.heatmaps"), ("qqq", "stem")],
)
def test_a_name_that_means_nothing_is_told_with_those_close_to_it(pattern: str, close: str) -> None:
    with pytest.raises(ExportError, match=rf"no layer is called '{pattern}'; close to it: .*\b{close}") as error:
        chosen_layers(["stem", pattern], NAMES)
    assert "\n" not in str(error.value)
