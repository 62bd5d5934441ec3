"""The range of tensors inside an ONNX graph over pictures."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
from onnx import ModelProto, ValueInfoProto

from edgepose.runtime.arrays import ImageArray


def ranges_of(graph: ModelProto, tensors: Sequence[str], images_rgb: ImageArray) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of each tensor over crops uint8 (N, H, W, 3), run one by one."""
    watched = ModelProto()
    watched.CopyFrom(graph)
    del watched.graph.output[:]
    watched.graph.output.extend(ValueInfoProto(name=name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    engine = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = engine.get_inputs()[0].name
    low, high = np.full(len(tensors), np.inf), np.full(len(tensors), -np.inf)
    for image in images_rgb:
        values = engine.run(None, {feed: image[None]})
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    return {name: (float(a), float(b)) for name, a, b in zip(tensors, low, high, strict=True)}
