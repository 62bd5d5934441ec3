"""The network to export, and everything that its exports are made of and measured by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from torch import nn

from edgepose.export.errors import ExportError
from edgepose.export.formats import ExportSource
from edgepose.export.graphs.decode import HeatmapDecoder
from edgepose.export.graphs.graph import to_onnx
from edgepose.export.graphs.half import halved
from edgepose.export.proof.clip_parity import require_clip
from edgepose.export.proof.crops import load_examples, load_pixels
from edgepose.export.proof.parity import Parity, Reference, measure_parity, reference_of
from edgepose.export.provenance import exported_from
from edgepose.export.quantise.calibration import require_people
from edgepose.export.quantise.layers import chosen_layers
from edgepose.export.quantise.sensitivity import LayerHarm, layers_by_harm
from edgepose.export.request import DEFAULT_DATA, QUANTISED, ExportRequest
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.codecs import Codec
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.decoding import card_with_decode
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.prediction import decoded
from edgepose.train.networks import DeployNetwork

_MOST_CALIBRATION = 300
_UNNAMED = ("best", "last")
"""What training calls its checkpoints; such a model is called by its network."""


@dataclass(frozen=True)
class Original:
    """A network with its card and data: `calibration_rgb` (N, H, W, 3) is what int8 is fitted to.

    `excluded` are the layers that the user keeps from int8.
    """

    source: ExportSource
    card: ModelCard
    calibration_rgb: ImageArray
    reference: Reference
    excluded: tuple[str, ...]

    @cached_property
    def by_harm(self) -> list[LayerHarm]:
        """All layers that int8 may leave out and that the user did not, the one that it hurts most first."""
        free = set(layers_of(self.source)) - set(self.excluded)
        return [harm for harm in self._harms("int8") if harm.layer in free]

    @cached_property
    def in_half(self) -> Parity:
        """How far the network is from itself where every layer computes in half precision."""
        network = halved(self.source.deployed.network)
        return measure_parity(decoded(network_predictor(network), self.reference.codec), self.reference)

    def worst(self, precision: str) -> list[LayerHarm]:
        """Return the three layers that a precision hurts most, the worst first."""
        return (self.by_harm if precision in QUANTISED else self._harms(precision))[:3]

    def _harms(self, precision: str) -> list[LayerHarm]:
        probe_rgb = self.reference.crops.images_rgb
        return layers_by_harm(self.source.deployed, self.calibration_rgb, probe_rgb, precision)


def layers_of(source: ExportSource) -> tuple[str, ...]:
    """Return the names of the network's convolutions that its graph has, in order."""
    modules = {name for name, module in source.deployed.network.named_modules() if isinstance(module, nn.Conv2d)}
    return tuple(node.name for node in source.graph.graph.node if node.name in modules)


def prepare(request: ExportRequest, on_step: Callable[[str], None]) -> Original:
    """Return what a request's files are made of.

    Raises `EdgeposeError` for a wrong checkpoint, layer or data set; what is quick to tell comes first.
    """
    checkpoint = load_checkpoint(request.checkpoint)
    stem = request.checkpoint.stem
    card = card_of_checkpoint(checkpoint, None if stem in _UNNAMED else stem)
    codec = checkpoint.codec
    decoder = _decoder(codec, card.name) if request.decode else None
    if request.clip is not None:
        require_clip(request.clip, card)
    calibrate_on = open_dataset(request.calibrate) if request.calibrate else None
    validate_on = open_dataset(request.validated_on)
    if request.validate is None and not validate_on.has_joints:
        validate_on = open_dataset(DEFAULT_DATA)  # pictures without labels calibrate, and cannot be compared on
    on_step("read the network")
    network = checkpoint.build()
    deployed = DeployNetwork(network).eval()
    source = ExportSource(deployed, to_onnx(deployed, card.input_wh, codec.output), decoder)
    excluded = _excluded(request, layers_of(source))
    on_step("read the data")
    calibration_rgb = None
    if calibrate_on is not None and request.has_int8:
        calibration_rgb = load_pixels(calibrate_on, card, min(request.limit, _MOST_CALIBRATION))
        require_people(calibration_rgb)
    validation = load_examples(validate_on, card, request.limit)
    on_step("run the network in torch")
    reference = reference_of(network_predictor(network), validation, codec)
    card = replace(card, provenance={**card.provenance, "export": exported_from(request.checkpoint)})
    if request.decode:
        card = card_with_decode(card)
    seen_rgb = validation.images_rgb if calibration_rgb is None else calibration_rgb
    return Original(source, card, seen_rgb, reference, excluded)


def _excluded(request: ExportRequest, layers: Sequence[str]) -> tuple[str, ...]:
    excluded = chosen_layers(request.exclude, layers)
    if len(excluded) == len(layers):
        raise ExportError(f"--exclude leaves none of the {len(layers)} layers to int8; name fewer, or take fp32")
    return excluded


def _decoder(codec: Codec, name: str) -> HeatmapDecoder:
    if not isinstance(codec, HeatmapCodec):
        raise ExportError(f"grouping people is not for a graph, and {name} needs it; leave --decode out")
    return HeatmapDecoder(codec)
