"""The few calls of CUDA that a session makes, through cuda-python; each raises in CUDA's own words."""

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.errors import ModelError, NotHereError, unavailable

try:
    from cuda.bindings import runtime as cudart
except ImportError as error:
    raise unavailable(error, "cuda.bindings", "tensorrt") from error

_DRIVER_FILE = Path("/proc/driver/nvidia/version")
_SUCCESS = cudart.cudaError_t.cudaSuccess


class CudaError(ModelError):
    """A call of CUDA failed."""


@dataclass(frozen=True)
class Gpu:
    """A GPU and its driver, as engines are bound to them; `compute` is the compute capability, as in "87"."""

    name: str
    compute: str
    driver: str


def find_gpu() -> Gpu:
    """Return the first GPU that CUDA shows; CUDA_VISIBLE_DEVICES chooses among several.

    Raises `NotHereError` where there is none.
    """
    error, count = cudart.cudaGetDeviceCount()
    if error != _SUCCESS or not count:
        reason = _text(error) if error != _SUCCESS else "it sees no device"
        raise NotHereError(f"TensorRT runs on an NVIDIA GPU, and CUDA finds none ({reason}); run it there", "a GPU")
    properties = called(cudart.cudaGetDeviceProperties(0))
    name = properties.name.decode() if isinstance(properties.name, bytes) else str(properties.name)
    return Gpu(name.strip("\0 "), f"{properties.major}{properties.minor}", driver_version())


def take_gpu() -> None:
    """Make the first GPU this thread's, and ready: what TensorRT-RTX reads of its cache it compares with that one."""
    called(cudart.cudaSetDevice(0))


def driver_version(driver_file: Path = _DRIVER_FILE) -> str:
    """Return the version of the kernel's driver or, where it does not tell (Windows), of the CUDA that it offers."""
    try:
        found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)", driver_file.read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found:
        return found[1]
    offered = int(called(cudart.cudaDriverGetVersion()))
    return f"-cuda{offered // 1000}.{offered % 1000 // 10}"


def called(result: tuple[Any, ...]) -> Any:
    """Return what a call of CUDA gave.

    Raises `CudaError` when it failed.
    """
    error, *values = result
    if error != _SUCCESS:
        raise CudaError(f"CUDA failed: {_text(error)}; if it goes on failing, restart the device")
    return values[0] if values else None


def _text(error: Any) -> str:
    _, text = cudart.cudaGetErrorString(error)
    return str(text.decode())


class Buffer:
    """A tensor's memory twice: `array`, pinned on the host, and `device`, its address on the GPU."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self._host: Any = None
        self.device: Any = None
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            self._host = called(cudart.cudaHostAlloc(size, cudart.cudaHostAllocDefault))
            self.device = called(cudart.cudaMalloc(size))
        except CudaError:
            self.release()
            raise
        memory = (ctypes.c_uint8 * size).from_address(int(self._host))
        self.array: Array = np.ctypeslib.as_array(memory).view(dtype).reshape(shape)
        self._size = size

    def copy_in(self, stream: Any) -> None:
        """Queue the copy to the GPU."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        called(cudart.cudaMemcpyAsync(self.device, self._host, self._size, kind, stream))

    def copy_out(self, stream: Any) -> None:
        """Queue the copy from the GPU."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        called(cudart.cudaMemcpyAsync(self._host, self.device, self._size, kind, stream))

    def release(self) -> None:
        """Free both; `array` must not be touched afterwards."""
        if self.device is not None:
            cudart.cudaFree(self.device)
        if self._host is not None:
            cudart.cudaFreeHost(self._host)
        self._host = self.device = None


class Stream:
    """A queue of work for the GPU, apart from everybody else's."""

    def __init__(self) -> None:
        self.handle = called(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking))

    def wait(self) -> None:
        """Return when all that was queued is done."""
        called(cudart.cudaStreamSynchronize(self.handle))

    def captured(self, queue_work: Callable[[], None]) -> "Graph | None":
        """Return what `queue_work` queues as one graph that is not yet run, None where it cannot be captured."""
        called(
            cudart.cudaStreamBeginCapture(self.handle, cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
        )
        try:
            queue_work()
            complete = True
        except CudaError:
            complete = False
        finally:  # whatever happens, the stream must take work again
            error, graph = cudart.cudaStreamEndCapture(self.handle)
        captured = Graph.of(graph) if complete and error == _SUCCESS else None
        if captured is None:
            if error == _SUCCESS:
                cudart.cudaGraphDestroy(graph)
            cudart.cudaGetLastError()  # else the next call reports this one's error
        return captured

    def release(self) -> None:
        """Free it."""
        cudart.cudaStreamDestroy(self.handle)


class Graph:
    """Work that was captured: queued as a whole, at the cost of one launch."""

    def __init__(self, graph: Any, executable: Any) -> None:
        self._graph, self._executable = graph, executable

    @classmethod
    def of(cls, graph: Any) -> "Graph | None":
        """Return what was captured as it can be queued, None where CUDA cannot make that of it."""
        error, executable = cudart.cudaGraphInstantiate(graph, 0)
        return cls(graph, executable) if error == _SUCCESS else None

    def queue(self, stream: Stream) -> None:
        """Queue it once more."""
        called(cudart.cudaGraphLaunch(self._executable, stream.handle))

    def release(self) -> None:
        """Free it."""
        cudart.cudaGraphExecDestroy(self._executable)
        cudart.cudaGraphDestroy(self._graph)
