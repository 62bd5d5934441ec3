"""What `torch.compile` is to reach: the method that training calls, whatever its name."""

from collections.abc import Callable
from typing import Any, Protocol

import torch


class Compilable(Protocol):
    """Networks, and what holds some."""

    def compile(self, *arguments: Any, **options: Any) -> None: ...


def check_compiles(compiled: Compilable, call: Callable[[], Any]) -> None:
    """Expect that what is compiled goes through the compiler in `call`, which calls it, and gives the same."""
    expected = call()
    graphs = []

    def note(graph: torch.fx.GraphModule, _: object) -> Callable[..., object]:
        graphs.append(graph)
        return graph.forward

    compiled.compile(backend=note)
    torch.testing.assert_close(call(), expected)
    assert graphs
