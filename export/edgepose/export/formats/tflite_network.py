"""The network written so that XNNPACK takes all of it: the same numbers from other operations."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.overrides import TorchFunctionMode

from edgepose.export.formats.tflite_repose import merge_cores
from edgepose.export.graphs.graph import INPUT
from edgepose.train.networks import DeployNetwork


class TfliteNetwork(nn.Module):
    """A network for the converter: `image` (1, H, W, 3) RGB of 0 to 255 -> its one output, by name.

    The decoder, where there is one, comes after. Modules of the network keep their names; the network itself is copied.
    """

    def __init__(self, deployed: DeployNetwork, decoder: nn.Module | None, output: str) -> None:
        super().__init__()
        self.normalise = _normalisation(deployed)
        self.network = _merged(deployed.network)
        self.decoder = decoder
        self.output = output

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Return the output."""
        with Delegable():
            normalised = self.normalise(image.permute(0, 3, 1, 2).to(self.normalise.weight.dtype))
            result = self.network(normalised)[-1]
            return {self.output: result if self.decoder is None else self.decoder(result)}

    def convolutions(self) -> dict[str, Tensor]:
        """Return the weights (O, I, h, w) that convolutions have here, by the modules of the network."""
        modules = self.network.named_modules()
        return {name: module.weight.detach() for name, module in modules if isinstance(module, nn.Conv2d)}


class Delegable(TorchFunctionMode):
    """Writes nearest-neighbour upsampling exactly: by whole factors in operations that XNNPACK takes, else by gathers.

    The converter's own reads other pixels than torch where a factor is not whole.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Return the function's result."""
        kwargs = kwargs or {}
        if func is interpolate and kwargs.get("mode", "nearest") == "nearest":
            result: Tensor = func(*args, **kwargs)
            write = repeated if _is_whole(args[0], result) else gathered
            return write(args[0], (result.shape[2], result.shape[3]))
        return func(*args, **kwargs)


def _is_whole(x: Tensor, result: Tensor) -> bool:
    return all(after % before == 0 for before, after in zip(x.shape[2:], result.shape[2:], strict=True))


def repeated(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, C, h, w) upsampled to nearest neighbours at a size (height, width) of whole multiples.

    Written for channels that come last: a column beside itself is a pixel of twice the channels, read as two pixels.
    """
    count, channels, height, width = x.shape
    rows, columns = size[0] // height, size[1] // width
    last = x.permute(0, 2, 3, 1)
    wide = torch.cat([last] * columns, dim=3).reshape(count, height, size[1] * channels)
    both = torch.cat([wide] * rows, dim=2).reshape(count, *size, channels)
    return both.permute(0, 3, 1, 2)


def gathered(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, C, h, w) at any size (height, width), each pixel torch's nearest neighbour."""
    last = x.permute(0, 2, 3, 1)
    for axis, after in zip((1, 2), size, strict=True):
        # in floats of 32 bits, whose rounding decides where a place is a whole number
        places = np.arange(after, dtype=np.float32) * np.float32(last.shape[axis] / after)
        last = last.index_select(axis, torch.tensor(places.astype(np.int64)))
    return last.permute(0, 3, 1, 2)


def _normalisation(deployed: DeployNetwork) -> nn.Conv2d:
    """Return (pixel - mean) / std as one convolution: per-channel sums and products are slow over three channels."""
    convolution = nn.Conv2d(3, 3, 1, dtype=deployed.mean.dtype)
    with torch.no_grad():
        convolution.weight.copy_(torch.diag(1 / deployed.std.flatten()).view(3, 3, 1, 1))
        assert convolution.bias is not None
        convolution.bias.copy_(-(deployed.mean / deployed.std).flatten())
    return convolution


class _Affine(nn.Module):
    """A batch norm at inference, as one sum and, where one factor is not 1, one product (the converter makes four)."""

    scale: Tensor | None
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", None if bool((scale == 1).all()) else scale.view(1, -1, 1, 1))
        self.register_buffer("shift", shift.view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, h, w)."""
        return (x if self.scale is None else x * self.scale) + self.shift


def _merged(network: nn.Module) -> nn.Module:
    """Return a copy whose batch norms after a ReLU are a sum and signs, the rest being in the convolution before it."""
    network = copy.deepcopy(network).eval()
    merge_cores(network)
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            _merge(module)
    return network


def _merge(layers: nn.Sequential) -> None:
    """Rewrite [convolution, ReLU, batch norm], other batch norms that follow a ReLU, and [convolution, batch norm]."""
    for i, layer in enumerate(layers):
        if not isinstance(layer, nn.BatchNorm2d) or i == 0:
            continue
        last = layers[i - 1]
        if isinstance(last, nn.Conv2d):
            layers[i - 1], layers[i] = fuse_conv_bn_eval(last, layer), nn.Identity()
        if not isinstance(last, nn.ReLU):
            continue
        scale, shift = _affine_of(layer)
        before = layers[i - 2] if i > 1 else None
        if isinstance(before, nn.Conv2d) and before.bias is None:
            # int8 keeps signs exactly, but has one step for factors from 0.05 to 8
            with torch.no_grad():
                before.weight.mul_(scale.abs().view(-1, 1, 1, 1))
            scale = scale.sign()
        layers[i] = _Affine(scale, shift)


def _affine_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        return scale, norm.bias - norm.running_mean * scale


def example(height: int, width: int) -> dict[str, Tensor]:
    """Return an image to trace with."""
    return {INPUT: torch.zeros((1, height, width, 3), dtype=torch.uint8)}
