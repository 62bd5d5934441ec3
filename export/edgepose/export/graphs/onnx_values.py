"""What tensors inside an ONNX graph hold over pictures."""

from collections.abc import Iterator, Sequence

import numpy as np
import onnxruntime
from onnx import ModelProto, ValueInfoProto

from edgepose.runtime.arrays import FloatArray, ImageArray


def values_of(graph: ModelProto, tensors: Sequence[str], images_rgb: ImageArray) -> Iterator[list[FloatArray]]:
    """Yield the values of each tensor for each of the crops uint8 (N, H, W, 3), run one by one."""
    watched = ModelProto()
    watched.CopyFrom(graph)
    del watched.graph.output[:]
    watched.graph.output.extend(ValueInfoProto(name=name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    engine = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = engine.get_inputs()[0].name
    for image in images_rgb:
        yield engine.run(None, {feed: image[None]})


def ranges_of(graph: ModelProto, tensors: Sequence[str], images_rgb: ImageArray) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of each tensor over crops uint8 (N, H, W, 3)."""
    low, high = np.full(len(tensors), np.inf), np.full(len(tensors), -np.inf)
    for values in values_of(graph, tensors, images_rgb):
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    return {name: (float(a), float(b)) for name, a, b in zip(tensors, low, high, strict=True)}
