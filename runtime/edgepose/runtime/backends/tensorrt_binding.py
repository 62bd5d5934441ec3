"""One engine bound to memory for inputs of one shape: copy in, compute, copy out, as a CUDA graph where that works."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.cuda import Buffer, CudaError, Graph, Stream
from edgepose.runtime.backends.tensorrt_build import MOST_IMAGES
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.tensors import TensorSpec


class Binding:
    """An execution context with buffers for inputs of the shapes given.

    Raises `ModelError` when the engine does not take these shapes.
    """

    def __init__(
        self, context: Any, stream: Stream, inputs: Mapping[str, tuple[int, ...]], specs: Sequence[TensorSpec]
    ) -> None:
        self.shapes = dict(inputs)
        self._context, self._stream = context, stream
        self._buffers: dict[str, Buffer] = {}
        self._graph: Graph | None = None
        try:
            for name, shape in inputs.items():
                _set_shape(context, name, shape)
            self._bind(specs)
            self._queue()
            stream.wait()  # what is set up at the first run, kernels above all, must not be inside the graph
            self._graph = self._captured()
        except ModelError:
            self.release()
            raise

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Return the outputs, in the order of the specs; the arrays are the caller's."""
        for name in self.shapes:
            np.copyto(self._buffers[name].array, feeds[name])
        if self._graph is None:
            self._queue()
        else:
            self._graph.queue(self._stream)
        self._stream.wait()
        return [buffer.array.copy() for name, buffer in self._buffers.items() if name not in self.shapes]

    def release(self) -> None:
        """Free graph and buffers, once nothing that is queued uses them."""
        with suppress(CudaError):
            self._stream.wait()
        if self._graph is not None:
            self._graph.release()
        for buffer in self._buffers.values():
            buffer.release()
        self._buffers, self._graph = {}, None

    def _bind(self, specs: Sequence[TensorSpec]) -> None:
        for spec in specs:
            shape = tuple(self._context.get_tensor_shape(spec.name))
            if min(shape, default=0) < 0:
                raise ModelError(f"the engine does not tell how large {spec.name} is; export the model again")
            buffer = Buffer(shape, spec.dtype)
            self._buffers[spec.name] = buffer
            self._context.set_tensor_address(spec.name, int(buffer.device))

    def _queue(self) -> None:
        for name in self.shapes:
            self._buffers[name].copy_in(self._stream.handle)
        if not self._context.execute_async_v3(int(self._stream.handle)):
            raise CudaError("TensorRT could not queue the network; if it goes on failing, restart the device")
        for name, buffer in self._buffers.items():
            if name not in self.shapes:
                buffer.copy_out(self._stream.handle)

    def _captured(self) -> Graph | None:
        # TensorRT-RTX tells beforehand; TensorRT does not
        can_tell = getattr(self._context, "is_stream_capturable", None)
        if can_tell is not None and not can_tell(int(self._stream.handle)):
            return None
        return self._stream.captured(self._queue)


def _set_shape(context: Any, name: str, shape: tuple[int, ...]) -> None:
    if not context.set_input_shape(name, shape):
        raise ModelError(f"the engine does not take {name} of shape {shape}; feed at most {MOST_IMAGES} images at once")
