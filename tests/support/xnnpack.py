"""What XNNPACK takes of a TFLite model."""

from typing import Any

from ai_edge_litert.interpreter import Interpreter


def partitions_of(flatbuffer: bytes) -> tuple[int, list[str]]:
    """Return how many partitions XNNPACK runs, and the operations that are left to LiteRT's own kernels."""
    engine = Interpreter(model_content=flatbuffer, num_threads=1)
    engine.allocate_tensors()
    makers: dict[int, Any] = {}
    # a delegate comes after the operations that it replaces, and makes what they made
    for operation in engine._get_ops_details():
        makers.update(dict.fromkeys(map(int, operation["outputs"]), operation))
    wanted = [int(details["index"]) for details in engine.get_output_details()]
    reached: dict[int, str] = {}
    while wanted:
        maker = makers.get(wanted.pop())
        if maker is not None and maker["index"] not in reached:
            reached[maker["index"]] = maker["op_name"]
            wanted += [int(tensor) for tensor in maker["inputs"] if tensor >= 0]
    names = list(reached.values())
    return names.count("DELEGATE"), [name for name in names if name != "DELEGATE"]
