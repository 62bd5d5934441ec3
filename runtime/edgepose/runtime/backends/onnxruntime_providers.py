"""ONNX Runtime's execution providers: which a profile's names stand for, and which of them run a model."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgepose.runtime.backends.base import SessionOptions
from edgepose.runtime.errors import NotHereError

RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"
_CPU = "CPUExecutionProvider"
_PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "cpu": _CPU,
}

_TELLING = {"CPU", "Xnnpack", "CUDA"}
"""Those of which is known what they compute in."""


def chosen_providers(
    options: SessionOptions, available: Sequence[str], kept: Path | None = None
) -> list[tuple[str, dict[str, str]]]:
    """Return ONNX Runtime's names and settings of the providers that options ask for and this build has.

    `kept` is a folder for what TensorRT builds of the model, which takes minutes; without one it builds at every start.
    Raises `NotHereError` when it has none of them.
    """
    asked = options.providers or ("cpu",)
    here = [name for name in asked if _PROVIDERS[name] in available]
    if not here:
        known = [name for name, provider in _PROVIDERS.items() if provider in available]
        raise not_here(options, f"this onnxruntime has {', '.join(known)}")
    return [(_PROVIDERS[name], _settings(name, options, kept)) for name in here]


def provides(name: str, available: Sequence[str]) -> bool:
    """Tell whether this build has the provider that a profile calls so."""
    return _PROVIDERS[name] in available


def not_here(options: SessionOptions, found: str) -> NotHereError:
    """Return the error for a machine where no provider asked for runs."""
    asked = ", ".join(options.providers)
    return NotHereError(
        f"onnxruntime was to run on {asked}; {found}; install the onnxruntime package that is made for this device, "
        'or add "cpu" to the profile\'s providers',
        f"ONNX Runtime with {asked}",
    )


def providers_in_use(engine: Any) -> tuple[str, ...]:
    """Return the providers that a node was given to, in the engine's order, as "CUDA" and "CPU".

    An old engine does not say what it gave to which; then these are the providers that it could start.
    """
    started = engine.get_providers()
    if hasattr(engine, "get_provider_graph_assignment_info"):
        used = {part.ep_name for part in engine.get_provider_graph_assignment_info() if part.get_nodes()}
        started = [name for name in started if name in used]
    return tuple(name.removesuffix("ExecutionProvider") for name in started)


def arithmetic(precision: str, in_use: Sequence[str], asked: str | None) -> str:
    """Return what numbers a card's precision is computed in between quantised layers, `asked` being a profile's word.

    On x86-64 the CPU provider has no kernels for f16: it puts casts around a fp16 file's layers. CUDA multiplies f32
    as TF32 unless f32 is asked for. Other accelerators choose for themselves and do not tell: "unknown".
    """
    if not set(in_use) <= _TELLING:
        return "unknown"
    on_x86_cpu = set(in_use) == {"CPU"} and platform.machine().lower() in ("x86_64", "amd64")
    if precision == "fp16" and not on_x86_cpu:
        return "f16"
    return "tf32" if "CUDA" in in_use and asked != "f32" else "f32"


def _settings(name: str, options: SessionOptions, kept: Path | None) -> dict[str, str]:
    if name == "tensorrt" and kept is not None:
        folder = str(kept)
        return {
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": folder,
        }
    if name == "xnnpack" and options.threads:
        return {"intra_op_num_threads": str(options.threads)}
    if name == "cuda" and options.inference_precision == "f32":
        return {"use_tf32": "0"}  # on by default, and no f32
    return {}
