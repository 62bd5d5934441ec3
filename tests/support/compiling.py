"""What `torch.compile` is to reach: the method that training calls, whatever its name."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def check_compiles(network: nn.Module, call: Callable[[], Any]) -> None:
    """Expect that a compiled network goes through the compiler in `call`, which calls it, and gives the same."""
    expected = call()
    graphs = []

    def note(graph: torch.fx.GraphModule, _: object) -> Callable[..., object]:
        graphs.append(graph)
        return graph.forward

    network.compile(backend=note)
    torch.testing.assert_close(call(), expected)
    assert graphs
