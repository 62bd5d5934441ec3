"""What torch compiles, and what it cannot do here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.data import WeightedDataset
from edgepose.train.errors import TrainingError
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import objective_of
from support.dot_dataset import DotDataset
from support.tiny_training import RECIPE, SPEC, Record, trainer


def test_a_batch_norm_with_a_single_value_is_told(tmp_path: Path) -> None:
    pil = NetworkSpec.of_paper("pil", {"fusion": "none"}, SPEC.skeleton, (64, 64))
    training = Trainer(pil, replace(RECIPE, batch=1), [WeightedDataset(DotDataset(2), 1.0)], tmp_path, workers=0)
    with pytest.raises(TrainingError, match="a --batch of 1 at 64x64 leaves a batch norm of pil a single value"):
        training.run()


def test_a_compiled_network_learns_as_it_does_from_a_compiled_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, graphs, plainly = list[nn.Module](), list[torch.fx.GraphModule](), nn.Module.compile

    def note(graph: torch.fx.GraphModule, _: object) -> Callable[..., object]:
        graphs.append(graph)
        return graph.forward

    def compile_without_a_compiler(network: nn.Module) -> None:
        compiled.append(network)
        plainly(network, backend=note)

    def losses(*, is_compiled: bool) -> list[float]:
        record, objective = Record(), objective_of(SPEC, recipe, teachers=[teacher])
        training = Trainer(
            SPEC,
            recipe,
            mix,
            tmp_path / str(is_compiled),
            objective=objective,
            workers=0,
            observers=(record,),
            compiled=is_compiled,
        )
        assert [network is training.network for network in compiled] == ([True, False] if is_compiled else [])
        training.run()
        return record.losses

    monkeypatch.setattr(nn.Module, "compile", compile_without_a_compiler)
    teacher = Checkpoint(SPEC, SPEC.codec(), 1.25, SPEC.build().state_dict(), {}, [], {})
    mix, recipe = [WeightedDataset(DotDataset(12), 1.0)], replace(RECIPE, epochs=1)
    expected = losses(is_compiled=False)
    assert losses(is_compiled=True) == pytest.approx(expected, rel=1e-4)
    assert graphs


def no_compiler() -> Exception:
    from torch._dynamo.exc import TorchDynamoException  # noqa: PLC0415  as slow as the compiler

    return TorchDynamoException("\nno working C++ compiler was found\nand much more")


def no_memory() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB\nand much more")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (no_compiler, r"cannot compile ppnet-m1-d1-w8 here \(no working C\+\+ compiler .* --compile"),
        (no_memory, r"^the GPU has no memory for a --batch of 4 at 32x32; take a smaller one$"),
    ],
)
def test_what_torch_cannot_do_here_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Callable[[], Exception], told: str
) -> None:
    error = raised()

    def refuse(*_: object) -> None:
        raise error

    training = trainer(tmp_path)
    monkeypatch.setattr(training, "_step", refuse)
    with pytest.raises(TrainingError, match=told):
        training.run()
