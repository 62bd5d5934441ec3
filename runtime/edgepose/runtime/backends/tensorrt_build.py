"""From ONNX to a TensorRT engine, with TensorRT's own words where it refuses.

`tensorrt` builds on the GPU that the engine is for; `tensorrt_rtx` builds without any GPU, which proves that TensorRT
takes a file.
"""

import importlib
from functools import cache
from types import ModuleType
from typing import Any

from edgepose.runtime.errors import MissingExtraError, ModelError, unavailable

FLAVOURS = ("tensorrt", "tensorrt_rtx")
MOST_IMAGES = 8
"""How many images at once an engine takes whose graph leaves the number open."""
_MOST_MESSAGES = 1000
_REFUSED_WARNINGS = ("UINT8 zero_point", "issing scale and zero-point", "was clamped")
"""TensorRT goes on after these, with another network than the one it was given."""


def load_tensorrt(flavours: tuple[str, ...] = FLAVOURS) -> ModuleType:
    """Return the first of `flavours` that is installed.

    Raises `MissingExtraError` naming the pip command.
    """
    for name in flavours:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            problem = unavailable(error, name, name.replace("_", "-"))
            if not isinstance(problem, MissingExtraError):
                raise problem from error
    raise MissingExtraError(flavours[0], flavours[0].replace("_", "-"))


def flavour_of(tensorrt: ModuleType) -> str:
    """Return what a module of TensorRT is called on the Python package index."""
    return tensorrt.__name__.replace("_", "-")


def build_engine(tensorrt: ModuleType, graph: bytes, name: str, *, quickly: bool = False) -> bytes:
    """Return the serialised engine of an ONNX model; `name` is what errors call it.

    `quickly` forgoes the search for the fastest kernels. Raises `ModelError` with TensorRT's reason, also for warnings
    after which the engine would compute something else.
    """
    heard = listener(tensorrt)
    heard.forget()
    try:
        builder = tensorrt.Builder(heard)
    except (TypeError, RuntimeError) as error:
        raise ModelError(f"{flavour_of(tensorrt)} cannot build here: {heard.reason() or error}") from error
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, heard)
    parsed = bool(graph) and parser.parse(graph)
    _refuse_warnings(heard, name)
    if not parsed:
        raise _refusal(tensorrt, name, _why_not_parsed(parser) or heard.reason() or "the file is empty")
    engine = builder.build_serialized_network(network, _config(tensorrt, builder, network, quickly=quickly))
    _refuse_warnings(heard, name)
    if engine is None:
        raise _refusal(tensorrt, name, heard.reason())
    return bytes(engine)


@cache
def listener(tensorrt: ModuleType) -> Any:
    """Return the logger of TensorRT, which prints nothing and keeps what matters in `errors` and `warnings`.

    It is one for all and lives on: TensorRT keeps the first that it is given, whatever it is given later.
    """
    base: Any = tensorrt.ILogger  # one class must do for either flavour
    severity = base.Severity

    class Listener(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []
            self.warnings: list[str] = []

        def log(self, level: Any, message: str) -> None:
            if level in {severity.ERROR, severity.INTERNAL_ERROR}:
                kept = self.errors
            elif level == severity.WARNING:
                kept = self.warnings
            else:
                return
            if len(kept) < _MOST_MESSAGES or any(refused in message for refused in _REFUSED_WARNINGS):
                kept.append(message)

        def forget(self) -> None:
            """Listen anew."""
            self.errors, self.warnings = [], []

        def reason(self) -> str:
            """Return the first error, in one line; the later ones follow from it."""
            return _one_line(self.errors[0]) if self.errors else ""

    return Listener()


def _config(tensorrt: ModuleType, builder: Any, network: Any, *, quickly: bool) -> Any:
    config = builder.create_builder_config()
    # a file that says fp32 computes in fp32; whoever wants less has fp16 files
    config.clear_flag(tensorrt.BuilderFlag.TF32)
    if quickly:
        config.builder_optimization_level = 0
    profile = builder.create_optimization_profile()
    for i in range(network.num_inputs):
        tensor = network.get_input(i)
        least, most = ([n if n >= 0 else images for n in tensor.shape] for images in (1, MOST_IMAGES))
        profile.set_shape(tensor.name, least, least, most)
    config.add_optimization_profile(profile)
    return config


def _refuse_warnings(heard: Any, name: str) -> None:
    for warning in heard.warnings:
        if any(refused in warning for refused in _REFUSED_WARNINGS):
            raise ModelError(
                f"TensorRT would not compute what {name} says: {_one_line(warning)}; export it with --to tensorrt"
            )


def _refusal(tensorrt: ModuleType, name: str, reason: str) -> ModelError:
    return ModelError(f"{flavour_of(tensorrt)} does not take {name}: {reason}; export it with --to tensorrt")


def _why_not_parsed(parser: Any) -> str:
    errors = [parser.get_error(i) for i in range(parser.num_errors)]
    layers = [" ".join(filter(None, (error.node_operator(), error.node_name()))) for error in errors]
    texts = [_one_line(error.desc()) for error in errors]
    return "; ".join(f"{layer}: {text}" if layer else text for layer, text in zip(layers, texts, strict=True))


def _one_line(message: str) -> str:
    """Return a message without line breaks and without what TensorRT adds where no GPU is."""
    lines = [line.strip() for line in message.splitlines() if line.strip() and "catchCudaError" not in line]
    return ": ".join(lines)[:300].rstrip(".")
