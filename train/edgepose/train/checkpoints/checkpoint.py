"""Checkpoints: one safetensors file with the weights, their configuration and, to resume from, the training state."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs import Codec, codec_from_dict
from edgepose.runtime.model_files.shipped import MODELS_FOLDER, shipped_names
from edgepose.runtime.model_files.sidecar import read_sidecar
from edgepose.runtime.plumbing.files import sha256_of, write_whole
from edgepose.runtime.skeleton import skeleton_named
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.qat import INPUT_RANGE, quantise_layers, round_weights

_METADATA_KEY = "edgepose.checkpoint"
_WEIGHTS = "weights."
_SCHEMA = 1


class CheckpointError(EdgeposeError):
    """A checkpoint is absent, corrupt, or not of the expected network."""


@dataclass(frozen=True)
class Checkpoint:
    """Trained weights and what is known of them.

    `crop_padding` widens a person's box; `training` holds the recipe, data and progress as JSON values; `accuracy`
    figures as a model card has them. `state` are further tensors (optimiser, average), empty in one made to ship.
    """

    spec: NetworkSpec
    codec: Codec
    crop_padding: float
    weights: dict[str, Tensor]
    training: dict[str, Any]
    accuracy: list[dict[str, Any]]
    state: dict[str, Tensor]

    def build(self) -> nn.Module:
        """Return the network with these weights, ready for inference in floating point.

        Where they were trained for int8, they have the values that int8 gives them: in these the network is right.
        Raises `CheckpointError` when they are another network's.
        """
        network = self.spec.build()
        weights = {name: tensor for name, tensor in self.weights.items() if not name.endswith(f".{INPUT_RANGE}")}
        values = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
        try:
            network.load_state_dict(values)
        except RuntimeError as error:
            raise CheckpointError(
                f"the weights are not of the {self.spec.name} that the checkpoint says; train or copy it anew"
            ) from error
        if len(weights) < len(self.weights):
            round_weights(network)
        return network.eval()

    def build_as_trained(self) -> nn.Module:
        """Return the network as it computed in training: as int8 does, where it was trained for that.

        Raises `CheckpointError` as `build` does.
        """
        network = self.build()
        if any(name.endswith(f".{INPUT_RANGE}") for name in self.weights):
            quantise_layers(network)
            network.load_state_dict(self.weights)
        return network.eval()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole.

    Raises `EdgeposeError` where the file system refuses.
    """
    spec = checkpoint.spec
    document = {
        "schema": _SCHEMA,
        "network": {"name": spec.name, "settings": dict(spec.settings)},
        "skeleton": spec.skeleton.name,
        "input_wh": list(spec.input_wh),
        "codec": checkpoint.codec.to_dict(),
        "crop_padding": checkpoint.crop_padding,
        "training": checkpoint.training,
        "accuracy": checkpoint.accuracy,
    }
    tensors = {_WEIGHTS + name: tensor.contiguous() for name, tensor in checkpoint.weights.items()}
    tensors |= {name: tensor.contiguous() for name, tensor in checkpoint.state.items()}
    with write_whole(path) as temporary:
        try:
            save_file(tensors, temporary, metadata={_METADATA_KEY: json.dumps(document)})
        except SafetensorError as error:
            raise CheckpointError(f"cannot write {path}: {error}; free some space or choose another folder") from error


def resolve_checkpoint(path_or_name: str, folder: Path = MODELS_FOLDER) -> Path:
    """Return the checkpoint that a path, or the name of a shipped model, stands for.

    Raises `CheckpointError` listing what ships when there is neither, and where a shipped one is damaged.
    """
    path, names = Path(path_or_name), shipped_names(folder)
    if path.is_file():
        return path
    if path_or_name in names:
        return _undamaged(folder / f"{path_or_name}.safetensors")
    raise CheckpointError(
        f"no checkpoint {path}; expected a .safetensors that `edgepose train` wrote, or a shipped name: "
        f"{', '.join(names) or 'none'}"
    )


def _undamaged(shipped: Path) -> Path:
    """Return a shipped checkpoint whose hash is the one that the export beside it was made of."""
    card = read_sidecar(shipped.with_suffix(".onnx"))
    if card is None or sha256_of(shipped) != card.provenance["export"]["checkpoint_sha256"]:
        raise CheckpointError(f"{shipped} is not the file that ships, or is damaged; install edgepose again")
    return shipped


def load_checkpoint(path: Path, *, with_state: bool = False) -> Checkpoint:
    """Read a checkpoint; its training state only on request.

    Raises `CheckpointError` when the file is absent, corrupt or not edgepose's.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}; give a .safetensors file that `edgepose train` wrote")
    try:
        with safe_open(path, framework="pt") as file:
            document = json.loads((file.metadata() or {})[_METADATA_KEY])
            wanted = [name for name in file.keys() if with_state or name.startswith(_WEIGHTS)]  # noqa: SIM118
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in wanted}
        if document["schema"] != _SCHEMA:
            raise CheckpointError(f"{path} was written by another version of edgepose; take that one, or train anew")
        return _of_document(document, tensors)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise CheckpointError(
            f"{path} is no edgepose checkpoint or is damaged ({error}); train or copy it anew"
        ) from error


def _of_document(document: dict[str, Any], tensors: dict[str, Tensor]) -> Checkpoint:
    network = document["network"]
    width, height = document["input_wh"]
    spec = NetworkSpec(network["name"], skeleton_named(document["skeleton"]), (width, height), network["settings"])
    spec.config()  # a later version's setting is told here
    return Checkpoint(
        spec=spec,
        codec=codec_from_dict(document["codec"]),
        crop_padding=document["crop_padding"],
        weights={n.removeprefix(_WEIGHTS): t for n, t in tensors.items() if n.startswith(_WEIGHTS)},
        training=document["training"],
        accuracy=document["accuracy"],
        state={n: t for n, t in tensors.items() if not n.startswith(_WEIGHTS)},
    )


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's state as named tensors."""
    state = optimiser.state_dict()["state"]
    return {
        f"optimiser.{i}.{name}": torch.as_tensor(value) for i, values in state.items() for name, value in values.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` gave."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, number, name = key.split(".")
            state.setdefault(int(number), {})[name] = _laid_out_like(parameters[int(number)], value)
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    # fused optimisers walk through memory: an average in another memory format meets the wrong weights
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
