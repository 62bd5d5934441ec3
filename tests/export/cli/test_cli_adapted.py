"""`edgepose adapted`: PIL's maps before and after its own kernels, in one picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, save_checkpoint
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.pil import PIL
from edgepose.train.pictures.adaptation import COLUMNS, adaptation_of, draw_adaptations
from support.command_line import printed, refused
from support.tiny_checkpoint import save_tiny_checkpoint

SPEC = NetworkSpec.of_paper("pil", {}, LSP_14, (128, 128))


@pytest.fixture(scope="module")
def network() -> PIL:
    torch.manual_seed(0)
    network = SPEC.build().eval()
    assert isinstance(network, PIL)
    return network


@pytest.fixture(scope="module")
def checkpoint(network: PIL, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pil") / "pil.safetensors"
    save_checkpoint(path, Checkpoint(SPEC, SPEC.codec(), 1.25, network.state_dict(), {}, [], {}))
    return path


def test_what_is_shown_is_what_the_network_computes(network: PIL) -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    found = adaptation_of(network, image)
    with torch.no_grad():
        expected = DeployNetwork(network).eval()(torch.from_numpy(image)[None])[0].numpy()
    np.testing.assert_allclose(found.maps_after, expected, atol=1e-5)
    assert np.abs(found.maps_before - found.maps_after).max() > 1e-3
    assert found.kernels.shape == (256, 3, 3)
    assert (found.added >= 0).all()  # it comes out of a ReLU
    assert found.parts.shape == (128, 128)
    still = found.__class__(**{**vars(found), "maps_after": found.maps_before})
    assert (draw_adaptations([image], [found]) != draw_adaptations([image], [still])).any()


def test_a_row_for_everybody_asked_for(checkpoint: Path, tmp_path: Path) -> None:
    plot = tmp_path / "maps.png"
    arguments = ["--data", "synthetic:3:1", "--person", "2", "--person", "0", "--plot", str(plot)]
    assert printed("adapted", checkpoint, *arguments) == f"wrote {plot}\n"
    picture = cv2.imread(str(plot))
    assert picture is not None
    assert picture.shape == (26 + 2 * 160, len(COLUMNS) * 160, 3)
    assert (picture[26:186] != picture[186:]).any()


def test_wrong_use_is_one_clear_line(checkpoint: Path, tmp_path: Path) -> None:
    plot = ["--data", "synthetic:2:1", "--plot", str(tmp_path / "maps.png")]
    other = save_tiny_checkpoint(tmp_path)
    assert "has people 0 to 1; found --person 2" in refused("adapted", checkpoint, *plot, "--person", "2")
    assert "only pil with fusion=adaptive adapts its features" in refused("adapted", other, *plot)
    no_picture = ["--data", "synthetic:2:1", "--plot", tmp_path / "maps.nothing"]
    assert "expected a picture's suffix" in refused("adapted", checkpoint, *no_picture)


def test_a_pil_that_only_adds_the_parsing_has_nothing_to_show() -> None:
    added = NetworkSpec.of_paper("pil", {"fusion": "add"}, LSP_14, (64, 64)).build()
    with pytest.raises(EdgeposeError, match="this pil has fusion=add, no kernels"):
        adaptation_of(added, np.zeros((64, 64, 3), np.uint8))
