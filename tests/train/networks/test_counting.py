"""Every figure that the papers of RePose and PPNet print for their networks."""

import math

import pytest
import torch
from torch import nn

from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.counting import count_operations, count_parameters
from edgepose.train.networks.describe import describe

KEYS = ("net", "params", "macs", "flops_paper", "convention", "input_wh", "joints")
REPOSE = [
    ({}, 4.0, 13.5),
    ({"blocks": "2"}, 3.5, 13.2),
    ({"blocks": "3"}, 3.8, 13.3),
    ({"head": "joint"}, 3.5, None),
    ({"stacks": "2"}, 8.4, 29.4),
]
PPNET = [
    ("ppnet-m2-d2-w32", (192, 256), {}, 7.0, 3.3),
    ("ppnet-m2-d2-w32", (288, 384), {}, 7.0, 7.5),
    ("ppnet-m2-d3-w32", (192, 256), {}, 9.7, 4.1),
    ("ppnet-m2-d3-w32", (288, 384), {}, 9.7, 9.2),
    ("ppnet-m4-d2-w32", (192, 256), {}, 12.7, 5.0),
    ("ppnet-m4-d2-w32", (288, 384), {}, 12.7, 11.3),
    ("ppnet-m4-d3-w32", (192, 256), {}, 18.1, 6.5),
    ("ppnet-m4-d2-w48", (288, 384), {}, 27.1, 20.6),
    ("ppnet-m4-d3-w48", (288, 384), {}, 39.2, 28.1),
    ("ppnet-m2-d2-w32", (192, 256), {"block": "bottleneck"}, 10.8, 5.4),
]


def is_printed_as(value: float, printed: float, tolerance: float) -> bool:
    """Whether a value is within the tolerance of what is printed, or that is it truncated to one decimal."""
    return abs(value - printed) <= tolerance * printed or math.floor(10 * value) == round(10 * printed)


@pytest.mark.parametrize(("settings", "params", "flops"), REPOSE, ids=str)
def test_repose_has_the_figures_of_its_paper(settings: dict[str, str], params: float, flops: float | None) -> None:
    figures = describe(NetworkSpec.of_paper("repose", settings))
    assert figures.params / 1e6 == pytest.approx(params, rel=0.012)
    assert flops is None or figures.flops_paper == pytest.approx(flops, rel=0.012)
    assert figures.spec.skeleton is LSP_14
    assert figures.convention.text == "RePose: FLOPs = 2 x MAC / 1e9"


@pytest.mark.parametrize(("name", "input_wh", "settings", "params", "gflops"), PPNET, ids=str)
def test_ppnet_has_the_figures_of_its_paper(
    name: str, input_wh: tuple[int, int], settings: dict[str, str], params: float, gflops: float
) -> None:
    figures = describe(NetworkSpec.of_paper(name, settings, input_wh=input_wh))
    assert is_printed_as(figures.params / 1e6, params, 0.011)
    assert is_printed_as(figures.flops_paper, gflops, 0.011)
    assert figures.spec.skeleton is COCO_17


def test_ppnet_for_mpii_has_the_figures_that_its_authors_publish() -> None:
    figures = describe(NetworkSpec.of_paper("ppnet-m4-d2-w32", skeleton=MPII_16, input_wh=(256, 256)))
    assert is_printed_as(figures.params / 1e6, 12.7, 0.0)
    assert is_printed_as(figures.flops_paper, 6.7, 0.0)


def test_the_truncated_figure_is_printed_as_in_the_paper() -> None:
    figures = describe(NetworkSpec.of_paper("ppnet-m2-d2-w32"))
    assert figures.flops_paper == pytest.approx(3.366, abs=5e-4)
    assert figures.convention.printed(figures.flops_paper) == "3.3"


def test_the_document_has_exactly_the_promised_keys() -> None:
    document = describe(NetworkSpec.of_paper("repose", skeleton=MPII_16)).to_dict()
    assert list(document) == [*KEYS, "flops_by_paper"]
    assert document["net"] == "repose"
    assert document["input_wh"] == [128, 128]
    assert document["joints"] == 16
    assert document["flops_paper"] == pytest.approx(2 * document["macs"] / 1e9)


def test_a_network_is_counted_as_every_paper_does() -> None:
    document = describe(NetworkSpec.of_paper("ppnet-m2-d2-w32")).to_dict()
    by_paper, macs = document["flops_by_paper"], document["macs"]
    assert list(by_paper) == ["RePose", "PPNet", "PBN", "PIL", "Simple Pose"]
    assert by_paper["PPNet"] == document["flops_paper"] == macs / 2**30
    assert by_paper["RePose"] == by_paper["PIL"] == by_paper["Simple Pose"] == 2 * macs / 1e9
    assert by_paper["PBN"] > by_paper["RePose"]


def test_parameters_and_macs_are_those_counted_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1, groups=2, bias=False))
    assert count_parameters(network) == (8 * 27 + 8) + 16 + 4 * 4
    # 6x5 cells after the stride, 8 filters over 27 values, then 4 over half of the 8 channels
    assert count_operations(network, (12, 10)).macs == 30 * 8 * 27 + 30 * 4 * 4


def test_counting_leaves_the_network_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)).train()
    running = network[1].running_mean.clone()
    count_operations(network, (4, 4))
    assert network.training
    torch.testing.assert_close(network[1].running_mean, running)
