"""One network's weights as the start of another's: what fits is taken, cut down or widened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError
from edgepose.train.checkpoints.net2wider import Widener
from edgepose.train.networks import NetworkSpec

_NAMED = 3


@dataclass(frozen=True)
class Transfer:
    """Which tensors of a network are another's: `whole`, `narrowed` to the leading channels, `widened`, or `fresh`."""

    whole: tuple[str, ...]
    narrowed: tuple[str, ...]
    widened: tuple[str, ...]
    fresh: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the networks are the same and all was taken."""
        return not self.narrowed and not self.widened and not self.fresh

    def __str__(self) -> str:
        """Say it in a line."""
        total = sum(map(len, (self.whole, self.narrowed, self.widened, self.fresh)))
        told = f"starts from {len(self.whole)} of {total} tensors of the checkpoint as they are"
        if self.narrowed:
            told += f", {len(self.narrowed)} by their leading channels"
        if self.widened:
            told += f", {len(self.widened)} with channels repeated"
        if self.fresh:
            more = ", ..." if len(self.fresh) > _NAMED else ""
            told += f"; {len(self.fresh)} start fresh: {', '.join(self.fresh[:_NAMED])}{more}"
        return told


def transfer_weights(checkpoint: Checkpoint, spec: NetworkSpec, network: nn.Module) -> Transfer:
    """Copy into a network built from `spec` what it can take of a checkpoint of the same architecture.

    A tensor of the same name and shape is taken as it is. A wider one gives its leading channels if that makes a
    narrower network of this architecture and the keypoints are the same; which channels those are hardly matters, as
    long as all layers agree on them. A narrower one repeats its channels where layers join them in blocks. Raises
    `CheckpointError` for a checkpoint of another architecture or one of which nothing fits.
    """
    theirs, ours = (f"{s.name} of {s.skeleton.name}, {dict(s.settings) or 'as it is'}" for s in (checkpoint.spec, spec))
    trained = checkpoint.build()
    if type(trained) is not type(network):
        raise CheckpointError(f"the checkpoint to start from holds {theirs}, of another architecture than {ours}")
    offered, fitted = trained.state_dict(), _fitting(checkpoint.spec, spec)
    taken = {
        name: tensor
        for name, wanted in network.state_dict().items()
        if name in offered and (tensor := fitted(offered[name], wanted)) is not None
    }
    if not any(name.endswith("weight") for name in taken):
        raise CheckpointError(f"no tensor of the checkpoint to start from, {theirs}, fits {ours}")
    network.load_state_dict(taken, strict=False)
    return _told(taken, offered, network)


def _fitting(theirs: NetworkSpec, ours: NetworkSpec) -> Callable[[Tensor, Tensor], Tensor | None]:
    """Return what makes a tensor of one network fit one of the other, or says that it cannot."""
    same_joints, block = theirs.skeleton == ours.skeleton, ours.architecture.channel_block
    narrow, wide = (block(spec.config()) if block and same_joints else 0 for spec in (theirs, ours))
    widener = Widener(narrow, wide) if narrow < wide else None
    narrows = ours.architecture.narrows and same_joints

    def fitted(offered: Tensor, wanted: Tensor) -> Tensor | None:
        if offered.shape == wanted.shape:
            return offered
        if offered.dim() != wanted.dim():
            return None
        if widener:
            return widener.widened(offered, wanted.shape)
        return _leading_channels(offered, wanted.shape) if narrows else None

    return fitted


def _leading_channels(offered: Tensor, wanted: torch.Size) -> Tensor | None:
    # a kernel's corner is no smaller kernel
    same_kernel = offered.shape[2:] == wanted[2:]
    fits = same_kernel and all(have >= need for have, need in zip(offered.shape, wanted, strict=True))
    return offered[tuple(slice(size) for size in wanted)] if fits else None


def _told(taken: Mapping[str, Tensor], offered: Mapping[str, Tensor], network: nn.Module) -> Transfer:
    changed = [name for name, tensor in taken.items() if tensor.shape != offered[name].shape]
    widened = tuple(name for name in changed if taken[name].numel() > offered[name].numel())
    return Transfer(
        whole=tuple(name for name in taken if name not in changed),
        narrowed=tuple(name for name in changed if name not in widened),
        widened=widened,
        fresh=tuple(name for name in network.state_dict() if name not in taken),
    )
