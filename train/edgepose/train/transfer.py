"""One network's weights as the start of another's: what fits is taken, the leading channels of what is wider."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from edgepose.train.checkpoint import Checkpoint, CheckpointError
from edgepose.train.networks import NetworkSpec

_NAMED = 3


@dataclass(frozen=True)
class Transfer:
    """Which tensors of a network are another's: `whole`, `narrowed` to the leading channels, or not at all: `fresh`."""

    whole: tuple[str, ...]
    narrowed: tuple[str, ...]
    fresh: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the networks are the same and all was taken."""
        return not self.narrowed and not self.fresh

    def __str__(self) -> str:
        """Say it in a line."""
        total = sum(map(len, (self.whole, self.narrowed, self.fresh)))
        told = f"starts from {len(self.whole)} of {total} tensors of the checkpoint as they are"
        if self.narrowed:
            told += f", {len(self.narrowed)} by their leading channels"
        if self.fresh:
            more = ", ..." if len(self.fresh) > _NAMED else ""
            told += f"; {len(self.fresh)} start fresh: {', '.join(self.fresh[:_NAMED])}{more}"
        return told


def start_from(checkpoint: Checkpoint, spec: NetworkSpec, network: nn.Module) -> Transfer:
    """Copy into a network built from `spec` what it can take of a checkpoint of the same architecture.

    A tensor of the same name and shape is taken as it is. A wider one gives its leading channels if that makes a
    narrower network of this architecture and the keypoints are the same; which channels those are hardly matters, as
    long as all layers agree on them. Raises `CheckpointError` for a checkpoint of another architecture or one of which
    nothing fits.
    """
    theirs, ours = (f"{s.name} of {s.skeleton.name}, {dict(s.settings) or 'as it is'}" for s in (checkpoint.spec, spec))
    trained = checkpoint.build()
    if type(trained) is not type(network):
        raise CheckpointError(f"the checkpoint to start from holds {theirs}, of another architecture than {ours}")
    narrow = spec.architecture.narrows and checkpoint.spec.skeleton == spec.skeleton
    offered = trained.state_dict()
    taken = {
        name: tensor
        for name, wanted in network.state_dict().items()
        if (tensor := _fitted(offered.get(name), wanted, narrow=narrow)) is not None
    }
    if not any(name.endswith("weight") for name in taken):
        raise CheckpointError(f"no tensor of the checkpoint to start from, {theirs}, fits {ours}")
    network.load_state_dict(taken, strict=False)
    return _told(taken, offered, network)


def _fitted(offered: Tensor | None, wanted: Tensor, *, narrow: bool) -> Tensor | None:
    if offered is None or offered.dim() != wanted.dim():
        return None
    if offered.shape == wanted.shape:
        return offered
    # a kernel's corner is no smaller kernel
    narrow = narrow and offered.shape[2:] == wanted.shape[2:]
    fits = narrow and all(have >= need for have, need in zip(offered.shape, wanted.shape, strict=True))
    return offered[tuple(slice(size) for size in wanted.shape)] if fits else None


def _told(taken: Mapping[str, Tensor], offered: Mapping[str, Tensor], network: nn.Module) -> Transfer:
    narrowed = tuple(name for name, tensor in taken.items() if tensor.shape != offered[name].shape)
    return Transfer(
        whole=tuple(name for name in taken if name not in narrowed),
        narrowed=narrowed,
        fresh=tuple(name for name in network.state_dict() if name not in taken),
    )
