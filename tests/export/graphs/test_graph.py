"""The graph of a network computes what torch does, on images that it was not traced with."""

from typing import Any

import onnxruntime
import pytest
import torch

from edgepose.export.graphs.graph import to_onnx
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.networks import DeployNetwork, NetworkSpec
from support.settled import with_full_maps

SIDES = (64, 64)
GRAPHS = [
    ("pil", {}, {"network.classes.weight"}),
    ("pil", {"fusion": "concat"}, {"network.classes.weight"}),
    ("pbn", {"stacks": 2, "groups": "overlap", "width": 8}, set()),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "settings", "dropped"), GRAPHS)
def test_a_graph_computes_what_the_network_does(name: str, settings: dict[str, Any], dropped: set[str]) -> None:
    torch.manual_seed(0)
    network = with_full_maps(NetworkSpec(name, LSP_14, SIDES, settings).build())
    deployed = DeployNetwork(network).eval()
    graph = to_onnx(deployed, SIDES)
    weights = {value.name for value in graph.graph.initializer}
    assert weights & {f"network.{key}" for key in network.state_dict()}
    assert not weights & dropped
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    images = torch.randint(0, 256, (2, 1, 64, 64, 3), dtype=torch.uint8)
    outputs = [session.run(["heatmaps"], {"image": image.numpy()})[0] for image in images]
    for image, output in zip(images, outputs, strict=True):
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(output), deployed(image), rtol=0, atol=1e-4)
    assert abs(outputs[0] - outputs[1]).max() > 1e-3
