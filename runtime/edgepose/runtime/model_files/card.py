"""The model card: everything that is needed to use a model file. docs/model-card.md explains every field.

The export embeds it in the file, the engine reads it from there; the copy beside the file is `sidecar`'s.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.profile import FORMATS as DEVICE_FORMATS
from edgepose.profiles.profile import PRECISIONS
from edgepose.runtime.codecs import Codec, codec_from_dict
from edgepose.runtime.errors import CardError
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.strict_json import as_int, as_list, as_number, as_object, as_size, as_text, parse
from edgepose.runtime.skeleton import Skeleton, skeleton_named

SCHEMA = 1
COLOURS = ("rgb",)
FORMATS = (*DEVICE_FORMATS, "torch")
DTYPES = ("uint8", "int8", "int32", "int64", "float16", "float32")
ONNX_CARD_KEY = "edgepose.card"
"""The entry of an ONNX file's `metadata_props` that holds the card."""
ONNX_HASH_KEY = "edgepose.graph.sha256"
"""The entry with the SHA-256 of the graph as it is in the file, for one that is copied without its sidecar."""
OPENVINO_CARD_PATH = ("edgepose", "card")
"""Where an OpenVINO model's `rt_info` holds the card."""
OPENVINO_HASH_PATH = ("edgepose", "bin_sha256")
"""Where it holds the SHA-256 of the weights."""
OPENVINO_GRAPH_HASH_PATH = ("edgepose", "graph_sha256")
"""Where it holds the SHA-256 of the layers and edges as they are in the .xml."""
TFLITE_CARD_MEMBER = "edgepose.card.json"
"""The file with the card in the zip archive at the end of a TFLite model, as TFLite Metadata appends its files."""


@dataclass(frozen=True)
class CropRule:
    """How a person's box becomes a crop: widened to the input's aspect, then scaled by `padding`."""

    padding: float


@dataclass(frozen=True)
class AccuracyFigure:
    """One measured figure: `metric` over `images` images of `data`, in percent, computed at `precision`."""

    data: str
    metric: str
    precision: str
    value: float
    images: int


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a model file is; `dataclasses.replace` makes the next stage's card from this one.

    `codec` is its `Codec.to_dict()`, `skeleton` a name, `network` has at least a "name". Whoever scores
    below `presence_threshold` is nobody. Raises `CardError` when a field has a value that no model can have.
    """

    name: str
    network: dict[str, Any]
    skeleton: str
    input_wh: tuple[int, int]
    colour: str = "rgb"
    codec: dict[str, Any]
    crop: CropRule
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    precision: str
    format: str
    presence_threshold: float
    accuracy: tuple[AccuracyFigure, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    licence: str

    def __post_init__(self) -> None:
        _expect_one_of(self.colour, COLOURS, "colour")
        _expect_one_of(self.precision, PRECISIONS, "precision")
        _expect_one_of(self.format, FORMATS, "format")
        for tensor in (*self.inputs, *self.outputs):
            _expect_one_of(tensor.dtype, DTYPES, f"dtype of {tensor.name}")
        _expect("name" in self.network, "network", 'a "name"', self.network)
        _expect(min(self.input_wh) > 0, "input_wh", "a width and a height above 0", self.input_wh)
        _expect(self.crop.padding > 0, "crop.padding", "a factor above 0", self.crop.padding)
        _expect(0 <= self.presence_threshold <= 1, "presence_threshold", "0 to 1", self.presence_threshold)
        self._check_parts()

    def _check_parts(self) -> None:
        try:
            codec = self.codec_object()
            codec.maps_of(self.skeleton_object())
        except (EdgeposeError, ArithmeticError) as error:
            raise CardError(f"card: {error}") from error
        _expect(codec.input_wh == self.input_wh, "codec.input_wh", f"{self.input_wh}", codec.input_wh)

    def codec_object(self) -> Codec:
        """Return the codec that decodes this model's maps."""
        return codec_from_dict(self.codec)

    @property
    def sees_everybody(self) -> bool:
        """Whether the model sees all people in a picture, and not one in a crop."""
        return self.codec_object().sees_everybody

    def skeleton_object(self) -> Skeleton:
        """Return the skeleton whose joints the maps stand for."""
        return skeleton_named(self.skeleton)

    def differences(self, other: "ModelCard") -> list[str]:
        """Return the names of the fields in which two cards disagree."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]

    def to_json(self) -> str:
        """Return the card as JSON text; `from_json` undoes it.

        Raises `CardError` when a field holds what JSON cannot.
        """
        try:
            return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise CardError(f"card of {self.name} holds a value that JSON cannot: {error}") from error

    @classmethod
    def from_json(cls, text: str, where: str = "card") -> "ModelCard":
        """Read a card; `where` names it in errors.

        Raises `CardError` unless the text has exactly the schema's keys and types.
        """
        return cls.from_value(parse(text, where), where)

    @classmethod
    def from_value(cls, value: object, where: str = "card") -> "ModelCard":
        """Read a card from a parsed JSON value, as `from_json` does."""
        names = [f.name for f in fields(cls)]
        values = as_object(value, where, ["schema", *names])
        if values["schema"] != SCHEMA:
            raise CardError(f"{where}: expected schema {SCHEMA}, found {values['schema']!r}; export it anew")
        return cls(**{name: _READERS.get(name, as_text)(values[name], f"{where}.{name}") for name in names})


def _expect_one_of(value: str, known: tuple[str, ...], name: str) -> None:
    _expect(value in known, name, f"one of {', '.join(known)}", value)


def _expect(true: bool, name: str, expected: str, found: object) -> None:
    if not true:
        raise CardError(f"card: {name}: expected {expected}, found {found!r}")


def _crop(value: object, where: str) -> CropRule:
    return CropRule(as_number(as_object(value, where, ["padding"])["padding"], f"{where}.padding"))


def _tensors(value: object, where: str) -> tuple[TensorSpec, ...]:
    return tuple(_tensor(item, where) for item in as_list(value, where))


def _tensor(value: object, where: str) -> TensorSpec:
    values = as_object(value, where, ["name", "dtype", "shape"])
    shape = tuple(as_int(n, f"{where}.shape") for n in as_list(values["shape"], f"{where}.shape"))
    return TensorSpec(as_text(values["name"], where), as_text(values["dtype"], where), shape)


def _figures(value: object, where: str) -> tuple[AccuracyFigure, ...]:
    return tuple(_figure(item, where) for item in as_list(value, where))


def _figure(value: object, where: str) -> AccuracyFigure:
    values = as_object(value, where, [f.name for f in fields(AccuracyFigure)])
    data, metric, precision = (as_text(values[key], where) for key in ("data", "metric", "precision"))
    return AccuracyFigure(data, metric, precision, as_number(values["value"], where), as_int(values["images"], where))


_READERS: dict[str, Any] = {
    "network": as_object,
    "input_wh": as_size,
    "codec": as_object,
    "crop": _crop,
    "inputs": _tensors,
    "outputs": _tensors,
    "presence_threshold": as_number,
    "accuracy": _figures,
    "provenance": as_object,
}
"""How each field is read; the others are texts."""
