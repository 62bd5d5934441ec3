"""The rewriting for XNNPACK changes no number."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import interpolate

from edgepose.export.formats.tflite_network import Delegable, TfliteNetwork, gathered, repeated
from edgepose.export.formats.tflite_repose import merged_name
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.networks import DeployNetwork, NetworkSpec
from support.trained import PPNET


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


@given(shape=st.tuples(*(st.integers(1, 5) for _ in range(4))), rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_repeating_is_nearest_neighbour_upsampling(shape: tuple[int, ...], rows: int, columns: int) -> None:
    x = torch.rand(shape)
    size = (rows * shape[2], columns * shape[3])
    assert torch.equal(repeated(x, size), interpolate(x, size=size))


@given(
    before=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 130), st.integers(1, 130)),
)
def test_gathering_is_nearest_neighbour_sampling_to_any_size(before: tuple[int, int], size: tuple[int, int]) -> None:
    x = torch.rand(1, 2, *before)
    assert torch.equal(gathered(x, size), interpolate(x, size=size))


def test_upsampling_of_networks_is_rewritten_and_stays_the_same() -> None:
    x = torch.rand(1, 2, 3, 3)
    with Delegable():
        written = [interpolate(x, size=(6, 9)), interpolate(x, scale_factor=2.0), interpolate(x, size=(4, 5))]
        smooth = interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    plain = [interpolate(x, size=(6, 9)), interpolate(x, scale_factor=2.0), interpolate(x, size=(4, 5))]
    assert all(map(torch.equal, written, plain))
    assert torch.equal(smooth, interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False))


def seen(spec: NetworkSpec) -> DeployNetwork:
    """Return a random network whose normalisation layers have seen pictures and have weights of both signs."""
    deployed = DeployNetwork(spec.build())
    for module in deployed.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, mean=1.0)
            nn.init.normal_(module.bias)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.normal_(module.running_mean)
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if hasattr(module, "scale") and isinstance(module.scale, nn.Parameter):
            nn.init.normal_(module.scale)
    return deployed.eval()


REPOSES = [
    {"update": "trainable", "head": "per-keypoint"},
    {"update": "add", "head": "joint"},
    {"update": "replace", "head": "per-keypoint", "stacks": 2},
]


def test_ppnet_gives_the_same_maps() -> None:
    check_same(seen(PPNET))


@pytest.mark.parametrize("settings_", REPOSES, ids=lambda s: s["update"])
def test_repose_gives_the_same_maps(settings_: dict[str, object]) -> None:
    given_ = {name: str(value) for name, value in {"width": 8, "blocks": 1, **settings_}.items()}
    check_same(seen(NetworkSpec.of_paper("repose", given_, LSP_14, (64, 64))))


@torch.no_grad()
def check_same(deployed: DeployNetwork) -> None:
    deployed.double()
    before = {name: weight.clone() for name, weight in deployed.state_dict().items()}
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    found = TfliteNetwork(deployed, None, "heatmaps").eval()(image)["heatmaps"]
    expected = deployed(image)
    assert (found - expected).abs().max() <= 1e-9 * expected.abs().max()
    assert all(torch.equal(before[name], weight) for name, weight in deployed.state_dict().items())


def test_gathering_convolutions_are_named_as_the_one_that_does_their_work() -> None:
    assert merged_name("stacks.0.core.updates.3.gather.2") == "stacks.0.core.updates.3.gather.0"
    assert merged_name("stacks.0.entry.0.0") == "stacks.0.entry.0.0"
