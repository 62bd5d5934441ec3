"""CUDA's runtime and a TensorRT context in the host's memory, for what can be tested of a session without a GPU.

Work that is queued is done when its stream is waited for, not before; memory that was freed is not touched again.
"""

# ruff: noqa: N802, N815  the names are CUDA's

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

Work = Callable[[], None]


class HostCuda:
    """Stands for `cuda.bindings.runtime`; what is not defined here, as the names of errors, is the real one's."""

    def __init__(self, real: Any) -> None:
        self._real, self._ok = real, real.cudaError_t.cudaSuccess
        self.held: dict[int, Any] = {}
        self.can_capture = self.can_instantiate = True
        self.launches = 0
        self._queued: list[Work] = []
        self._captured: list[Work] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def submit(self, work: Work) -> None:
        """Queue work on the one stream, or into what is being captured."""
        (self._queued if self._captured is None else self._captured).append(work)

    def at(self, address: Any, count: int) -> Any:
        """Return `count` floats at an address that is in use."""
        assert int(address) in self.held, "this memory is freed"
        return np.ctypeslib.as_array((ctypes.c_float * count).from_address(int(address)))

    def cudaMalloc(self, size: int) -> tuple[Any, int]:
        buffer = ctypes.create_string_buffer(size)
        self.held[ctypes.addressof(buffer)] = buffer
        return self._ok, ctypes.addressof(buffer)

    def cudaHostAlloc(self, size: int, _flags: int) -> tuple[Any, int]:
        return self.cudaMalloc(size)

    def cudaFree(self, address: Any) -> tuple[Any]:
        assert not self._queued, "freed while work is queued"
        del self.held[int(address)]
        return (self._ok,)

    cudaFreeHost = cudaFree

    def cudaMemcpyAsync(self, to: Any, source: Any, size: int, _kind: Any, _stream: Any) -> tuple[Any]:
        self.submit(lambda: np.copyto(self.at(to, size // 4), self.at(source, size // 4)))
        return (self._ok,)

    def cudaStreamCreateWithFlags(self, _flags: int) -> tuple[Any, int]:
        return self._ok, 7

    def cudaStreamDestroy(self, _stream: Any) -> tuple[Any]:
        return (self._ok,)

    def cudaStreamSynchronize(self, _stream: Any) -> tuple[Any]:
        assert self._captured is None, "a stream that is captured must not be waited for"
        while self._queued:
            self._queued.pop(0)()
        return (self._ok,)

    def cudaStreamBeginCapture(self, _stream: Any, _mode: Any) -> tuple[Any]:
        assert not self._queued, "work before a graph would not be part of it"
        self._captured = []
        return (self._ok,)

    def cudaStreamEndCapture(self, _stream: Any) -> tuple[Any, list[Work] | None]:
        captured, self._captured = self._captured, None
        invalidated = self._real.cudaError_t.cudaErrorStreamCaptureInvalidated
        return (self._ok, captured) if self.can_capture else (invalidated, None)

    def cudaGraphInstantiate(self, graph: list[Work], _flags: int) -> tuple[Any, list[Work] | None]:
        return (self._ok, graph) if self.can_instantiate else (self._real.cudaError_t.cudaErrorInvalidValue, None)

    def cudaGraphLaunch(self, graph: list[Work], _stream: Any) -> tuple[Any]:
        self.launches += 1
        self._queued += graph
        return (self._ok,)

    def cudaGraphDestroy(self, _graph: Any) -> tuple[Any]:
        return (self._ok,)

    cudaGraphExecDestroy = cudaGraphDestroy

    def cudaGetLastError(self) -> tuple[Any]:
        return (self._ok,)


class DoublingContext:
    """An execution context whose network doubles `image` (N, 3), at most 4 at once, into `heatmaps`."""

    def __init__(self, cuda: HostCuda, *, fails: bool = False) -> None:
        self._cuda, self._fails = cuda, fails
        self._shape: tuple[int, ...] = (-1, 3)
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, _name: str, shape: tuple[int, ...]) -> bool:
        self._shape = shape
        return shape[0] <= 4

    def get_tensor_shape(self, _name: str) -> tuple[int, ...]:
        return self._shape

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, _stream: int) -> bool:
        count, addresses = int(np.prod(self._shape)), dict(self._addresses)

        def doubled() -> None:
            self._cuda.at(addresses["heatmaps"], count)[:] = 2 * self._cuda.at(addresses["image"], count)

        self._cuda.submit(doubled)
        return not self._fails
