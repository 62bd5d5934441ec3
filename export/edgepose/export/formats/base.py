"""One exporter per format: (network, precision) -> a model in memory -> a file with its card."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from onnx import ModelProto
from torch import nn

from edgepose.export.graphs.decode_graph import decode_graph, with_decode
from edgepose.profiles import DeviceProfile
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.errors import require_modules
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.decoding import KEYPOINTS, decodes_itself
from edgepose.runtime.model_files.sidecar import write_sidecar
from edgepose.train.networks import DeployNetwork

_EXACT = DeviceProfile("exact", "parity is measured in f32", ("onnx",), ("fp32",), inference_precision="f32")


@dataclass(frozen=True)
class ExportSource:
    """The network that every format is made from: in torch, and as a fp32 ONNX graph that gives maps.

    In both, a convolution has the name of its module. `decoder`, where the file is to hold it, makes keypoints
    (N, K, 3) of heatmaps (N, K, h, w), and stays in fp32.
    """

    deployed: DeployNetwork
    graph: ModelProto
    decoder: nn.Module | None = None
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def decode_graph(self) -> ModelProto | None:
        """The decoder as a fp32 ONNX graph, `heatmaps` -> `keypoints`."""
        return decode_graph(self.decoder, self.graph) if self.decoder is not None else None

    def finished(self, graph: ModelProto) -> ModelProto:
        """Return an ONNX graph of the network, converted or quantised, with the decode at its end if there is one."""
        return with_decode(graph, self.decode_graph) if self.decode_graph is not None else graph

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` gives; what it gave is kept by its name, for other precisions of a format."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


class Exporter(ABC):
    """Converts a network to one format; every format starts from the same source.

    `convert` gives the engine's own model, which `save` may write more than once: its card changes when its accuracy
    is known.
    """

    format: ClassVar[str]
    suffix: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "int8")
    computes_in_half: ClassVar[bool] = False
    """Whether an fp16 file has the engine compute in half precision, and not only keep its weights so."""
    extra: ClassVar[str] = "export-onnx"
    tools: ClassVar[tuple[str, ...]] = ()
    """What `convert` needs besides torch and ONNX, which every format is made from; `extra` installs all of it."""

    def require_tools(self) -> None:
        """Raise `MissingExtraError` when a tool of this format is not installed."""
        require_modules(self.tools, self.extra)

    @abstractmethod
    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return the model at a precision.

        Crops uint8 (N, H, W, 3) calibrate int8 and are else unused; `excluded` names modules that int8 leaves in
        floating point. Raises `ExportError` when the conversion fails.
        """

    @abstractmethod
    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        """Write what `convert` gave, with the card inside."""

    def save(self, model: Any, folder: Path, card: ModelCard) -> Path:
        """Write a model with its card, inside and beside it, and return its path."""
        path = folder / self.file_name(card)
        self._write(model, path, card)
        write_sidecar(path, card)
        return path

    def file_name(self, card: ModelCard) -> str:
        """Return what the file with a card is called."""
        decoded = f"-{KEYPOINTS}" if decodes_itself(card) else ""
        return f"{card.name}-{card.precision}{decoded}{self.suffix}"

    def card(self, original: ModelCard, precision: str) -> ModelCard:
        """Return the card of the export of a checkpoint's card: one crop at a time, in this format."""
        inputs, outputs = (
            tuple(replace(spec, shape=(1, *spec.shape[1:])) for spec in specs)
            for specs in (original.inputs, original.outputs)
        )
        return replace(original, format=self.format, precision=precision, inputs=inputs, outputs=outputs)

    def note(self, path: Path, *, ran: bool, device: str | None = None) -> str | None:  # noqa: ARG002  the seam
        """Return one line for whoever will use the file that `path` will be; None where there is nothing to tell.

        It is printed under the table, the same line once. `ran` says that it was run here, `device` is the profile it
        is meant for, where one is known.
        """
        return None

    def open_exact(self, path: Path) -> Session:
        """Open a file to compare it with torch: in f32 between layers, on whatever is here."""
        return open_model(path, _EXACT)
