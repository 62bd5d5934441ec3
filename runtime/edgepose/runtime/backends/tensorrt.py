"""TensorRT: an ONNX file (`.trt.onnx`) whose engine is built on the device that runs it, once, and kept."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, LayerTime, Session, SessionOptions
from edgepose.runtime.backends.cuda import Gpu, Stream, find_gpu, take_gpu
from edgepose.runtime.backends.tensorrt_binding import Binding
from edgepose.runtime.backends.tensorrt_build import build_engine, flavour_of, listener, load_tensorrt
from edgepose.runtime.backends.tensorrt_cache import (
    HASH_DIGITS,
    KERNELS,
    DamagedError,
    EngineCache,
    EngineKey,
    engine_folder,
    model_name,
)
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.onnx_file import card_of_onnx
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.files import sha256_of

_ARITHMETIC = {"fp32": "f32", "fp16": "f16", "int8": "f32"}


class TensorRtSession(Session):
    """A model on an NVIDIA GPU, through `tensorrt` or, where that is not installed, `tensorrt_rtx`.

    Opening it builds the engine, unless one of this GPU, driver, TensorRT and model was kept. Raises `ModelError` when
    the file is no model or TensorRT refuses it, `CardError` when its card does not belong to it, `NotHereError`
    without a GPU, `MissingExtraError` without TensorRT.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:  # noqa: ARG002  one way to run
        card = card_of_onnx(path)
        gpu = find_gpu()
        take_gpu()
        self._tensorrt = load_tensorrt()
        self._heard = listener(self._tensorrt)
        self._heard.forget()
        self._runtime = self._tensorrt.Runtime(self._heard)
        self._cache = EngineCache(engine_folder(path))
        self._kernels_kept = False
        self._key = engine_key(path, card, gpu, self._tensorrt)
        self._engine = self._cache.ready(
            self._key,
            self._runtime.deserialize_cuda_engine,
            lambda: build_engine(self._tensorrt, path.read_bytes(), str(path)),
        )
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        self._specs = [_spec(self._tensorrt, self._engine, name) for name in names]
        is_input = [self._engine.get_tensor_mode(name) == self._tensorrt.TensorIOMode.INPUT for name in names]
        inputs = [spec for spec, fed in zip(self._specs, is_input, strict=True) if fed]
        outputs = [spec for spec, fed in zip(self._specs, is_input, strict=True) if not fed]
        super().__init__(card, inputs, outputs, _info(self._tensorrt, gpu, card))
        self._context, self._kernels = self._new_context()
        self._stream = Stream()
        self._binding: Binding | None = None

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        return self._bound(feeds).run(feeds)

    def _bound(self, feeds: Mapping[str, Array]) -> Binding:
        """Return the memory for inputs of these shapes; that of other shapes is freed."""
        shapes = {spec.name: feeds[spec.name].shape for spec in self.inputs}
        if self._binding is None or self._binding.shapes != shapes:
            if self._binding is not None:
                self._binding.release()
                self._binding = None
            self._binding = Binding(self._context, self._stream, shapes, self._specs)
            self._keep_kernels()
        return self._binding

    def _layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:
        context, _ = self._new_context()
        profiler = _profiler(self._tensorrt)
        shapes = {spec.name: feeds[spec.name].shape for spec in self.inputs}
        context.profiler = profiler
        context.enqueue_emits_profile = False
        binding = Binding(context, self._stream, shapes, self._specs)
        try:
            binding.run(feeds)
            context.report_to_profiler()
        finally:
            binding.release()
        return [LayerTime(name, "layer", ms) for name, ms in profiler.ms.items()]

    def _release(self) -> None:
        if self._binding is not None:
            self._binding.release()
        self._stream.release()
        # TensorRT asks for this order
        del self._binding, self._context, self._kernels, self._engine, self._runtime

    def _new_context(self) -> tuple[Any, Any]:
        """Return an execution context and, of TensorRT-RTX, the cache of the kernels that it compiles on the device."""
        if flavour_of(self._tensorrt) == "tensorrt":
            return self._checked(self._engine.create_execution_context()), None
        config = self._engine.create_runtime_config()
        kernels = config.create_runtime_cache()
        with suppress(DamagedError):
            kept = self._cache.load(self._key, KERNELS)
            self._kernels_kept = kept is not None and bool(kernels.deserialize(kept))
        config.set_runtime_cache(kernels)
        return self._checked(self._engine.create_execution_context(config)), kernels

    def _checked(self, context: Any) -> Any:
        if context is None:
            raise ModelError(f"TensorRT cannot start the engine of {self._key.model}: {self._heard.reason()}")
        return context

    def _keep_kernels(self) -> None:
        if self._kernels is not None and not self._kernels_kept:
            compiled = self._kernels.serialize()
            if compiled is not None:
                self._cache.store(self._key, bytes(compiled), KERNELS)
            self._kernels_kept = True


def engine_key(path: Path, card: ModelCard, gpu: Gpu, tensorrt: ModuleType) -> EngineKey:
    """Return what the engine of a model file belongs to on this machine."""
    return EngineKey(
        model=model_name(path),
        gpu=gpu.name,
        compute=gpu.compute,
        driver=gpu.driver,
        tensorrt=f"{flavour_of(tensorrt)}-{tensorrt.__version__}",
        precision=card.precision,
        sha256=sha256_of(path)[:HASH_DIGITS],
    )


def _spec(tensorrt: ModuleType, engine: Any, name: str) -> TensorSpec:
    dtype = np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name))).name
    return TensorSpec(name, dtype, tuple(engine.get_tensor_shape(name)))


def _info(tensorrt: ModuleType, gpu: Gpu, card: ModelCard) -> EngineInfo:
    return EngineInfo(flavour_of(tensorrt), tensorrt.__version__, gpu.name, 1, _ARITHMETIC[card.precision])


def _profiler(tensorrt: ModuleType) -> Any:
    base: Any = tensorrt.IProfiler

    class Profiler(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.ms: dict[str, float] = {}

        def report_layer_time(self, layer: str, ms: float) -> None:
            self.ms[layer] = self.ms.get(layer, 0.0) + ms

    return Profiler()
