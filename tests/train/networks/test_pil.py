"""PIL: the figures of its paper, a kernel of its own for every image, and a graph that keeps it."""

import itertools
import re

import pytest
import torch
from torch.nn.functional import conv2d

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.describe import describe
from edgepose.train.networks.pil import PIL, AdaptiveConvolution, DynamicDepthwise
from edgepose.train.runs.named_recipes import paper_recipe
from support.compiling import check_compiles

FIGURES = [
    ({"fusion": "none"}, 2.349, 9.72),
    ({"fusion": "none", "stacks": "2"}, 4.417, 15.50),
    ({}, 6.601, 22.07),
    ({"stacks": "2", "parsing-units": "2"}, 10.595, 32.50),
]
FUSIONS = ["adaptive", "add", "multiply", "concat", "multi-task", "none"]


def small_pil(**settings: object) -> PIL:
    network = NetworkSpec("pil", LSP_14, (128, 128), settings).build()
    assert isinstance(network, PIL)
    return network


@pytest.mark.parametrize(("settings", "params", "flops"), FIGURES, ids=str)
def test_pil_has_the_figures_of_its_paper(settings: dict[str, str], params: float, flops: float) -> None:
    figures = describe(NetworkSpec.of_paper("pil", settings))
    assert round(figures.params / 1e6, 3) == params
    assert figures.convention.printed(figures.flops_paper) == f"{flops:.2f}"
    assert (figures.spec.skeleton, figures.spec.input_wh) == (MPII_16, (256, 256))
    assert figures.convention.text == "PIL: FLOPs = 2 x MAC / 1e9"


def test_the_adapter_has_the_papers_size_and_kernels() -> None:
    with torch.device("meta"):
        adapter = AdaptiveConvolution().adapter
        assert round(sum(p.numel() for p in adapter.parameters()) / 1e6, 3) == 1.770
        assert adapter(torch.zeros(3, 256, 64, 64)).shape == (3, 256, 7, 7)
        assert adapter(torch.zeros(1, 256, 64, 48)).shape == (1, 256, 7, 5)


@pytest.mark.parametrize(
    ("fusion", "skeleton", "input_wh"),
    list(zip(FUSIONS, itertools.cycle([COCO_17, MPII_16]), itertools.cycle([(64, 128), (64, 64)]))),
)
def test_every_fusion_gives_the_maps_of_its_codec(fusion: str, skeleton: Skeleton, input_wh: tuple[int, int]) -> None:
    spec = NetworkSpec.of_paper("pil", {"stacks": "2", "classes": "7", "fusion": fusion}, skeleton, input_wh)
    network, images = spec.build().eval(), torch.zeros(2, 3, input_wh[1], input_wh[0])
    with torch.no_grad():
        heatmaps = network(images)
        both, classes = network.forward_both(images)
    width, height = spec.codec().map_wh
    assert (width, height) == (input_wh[0] // 4, input_wh[1] // 4)
    assert [tuple(o.shape) for o in heatmaps] == [(2, len(skeleton), height, width)] * 2
    assert [tuple(o.shape) for o in both] == [(2, len(skeleton) + 1, height, width)] * 2
    assert [tuple(o.shape) for o in classes] == [(2, 7, height, width)] * (fusion != "none")
    assert spec.codec().sigma_px == 7


@torch.no_grad()
def test_every_image_of_a_batch_is_convolved_with_its_own_kernel() -> None:
    images, kernels = torch.randn(3, 4, 9, 8), torch.randn(3, 4, 5, 3)
    together = DynamicDepthwise()(images, kernels)
    for image, kernel, made in zip(images, kernels, together, strict=True):
        for channel in range(4):
            alone = conv2d(image[None, None, channel], kernel[None, None, channel], padding=(2, 1))
            torch.testing.assert_close(made[channel], alone[0, 0])


@torch.no_grad()
def test_the_maps_of_an_image_do_not_depend_on_its_batch() -> None:
    torch.manual_seed(0)
    network = small_pil().eval()
    images = torch.randn(2, 3, 128, 128)
    torch.testing.assert_close(network(images)[0][1:], network(images[1:])[0], rtol=0, atol=1e-5)


@torch.no_grad()
def test_what_is_compiled_is_what_training_calls() -> None:
    torch.manual_seed(0)
    network, images = small_pil().eval(), torch.randn(1, 3, 128, 128)
    check_compiles(network, lambda: network.forward_both(images))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_all_weights_learn(fusion: str) -> None:
    torch.manual_seed(0)
    network = small_pil(fusion=fusion, stacks=2)
    heatmaps, classes = network.forward_both(torch.randn(2, 3, 64, 64))
    torch.stack([o.square().mean() for o in [*heatmaps, *classes]]).sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def test_the_papers_training() -> None:
    recipe = paper_recipe(NetworkSpec.of_paper("pil"))
    assert (recipe.optimiser, recipe.epochs) == ("rmsprop", 250)
    rates = [recipe.rate_at(epoch, 250) for epoch in (149, 150, 170, 200)]
    assert rates == pytest.approx([2.5e-3, 1.25e-3, 6.25e-4, 3.125e-4])


@pytest.mark.parametrize(
    ("settings", "input_wh", "message"),
    [
        (
            {"fusion": "blend"},
            None,
            "fusion is one of adaptive, add, multiply, concat, multi-task, none; found 'blend'",
        ),
        ({"units": "0"}, None, "units is a number of 1 or more; found 0"),
        ({"classes": "1"}, None, "classes is a number of 2 or more; found 1"),
        (
            {"parsing": "1"},
            None,
            "unknown setting 'parsing'; this network has stacks, units, parsing-stacks, parsing-u",
        ),
        ({}, (100, 128), "PIL's input is a multiple of 64; found 100x128"),
    ],
)
def test_what_no_pil_is_is_one_clear_line(
    settings: dict[str, str], input_wh: tuple[int, int] | None, message: str
) -> None:
    with pytest.raises(EdgeposeError, match=re.escape(message)):
        NetworkSpec.of_paper("pil", settings, input_wh=input_wh)
