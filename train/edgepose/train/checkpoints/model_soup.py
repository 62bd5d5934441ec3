"""Several trainings of one network in one: their weights, averaged.

Wortsman et al., "Model soups", ICML 2022. It works for runs that began with the same weights, and costs a device
nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError, load_checkpoint


def average_checkpoints(shares: Mapping[Path, float]) -> Checkpoint:
    """Return the weighted mean of checkpoints' weights, with all else as the last one has it.

    What was measured of that one is left out. Raises `CheckpointError` for a bad checkpoint, for fewer than two, for a
    share that is not above 0 and for different networks.
    """
    if len(shares) < 2 or not all(0 < share < math.inf for share in shares.values()):
        found = ", ".join(f"{path.name} {share:g}" for path, share in shares.items())
        raise CheckpointError(f"an average takes two checkpoints or more with shares above 0; found {found}")
    checkpoints = {path: load_checkpoint(path) for path in shares}
    *_, last = checkpoints.values()
    for path, other in checkpoints.items():
        same = other.spec == last.spec and other.codec.to_dict() == last.codec.to_dict()
        same = same and other.crop_padding == last.crop_padding
        if not same or {k: v.shape for k, v in other.weights.items()} != {k: v.shape for k, v in last.weights.items()}:
            raise CheckpointError(
                f"{path} is another network than {[*shares][-1]}, or of other crops; weights of one can be averaged"
            )
    total = sum(shares.values())
    weighted = [(checkpoint.weights, shares[path] / total) for path, checkpoint in checkpoints.items()]
    weights = {
        name: _mean(tensor, [(of[name], share) for of, share in weighted]) for name, tensor in last.weights.items()
    }
    averaged = [{"checkpoint": path.stem, "share": round(share / total, 4)} for path, share in shares.items()]
    training = {**last.training, "averaged": averaged}
    training.pop("accuracy", None)
    return replace(last, weights=weights, training=training, accuracy=[], state={})


def _mean(last: Tensor, weighted: list[tuple[Tensor, float]]) -> Tensor:
    """Return the mean in the last one's type; counts of steps are the last one's."""
    if not last.is_floating_point():
        return last
    mean = torch.stack([tensor.double() * share for tensor, share in weighted]).sum(dim=0)
    return mean.to(last.dtype)
