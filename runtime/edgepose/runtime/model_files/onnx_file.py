"""The card and the hash inside an ONNX file, read without an ONNX library: devices that run TensorRT need none."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import ONNX_CARD_KEY, ONNX_HASH_KEY, ModelCard
from edgepose.runtime.model_files.sidecar import agreed_card, read_sidecar

_GRAPH, _METADATA = 7, 14
"""Fields of `ModelProto` in onnx.proto; an entry of the metadata has its key in field 1, its value in field 2."""
_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5


def card_of_onnx(path: Path) -> ModelCard:
    """Return the card of an ONNX file, compared with the one beside it.

    Raises `ModelError` when the file is absent or no model, `CardError` when its card does not belong to it.
    """
    sidecar = read_sidecar(path)
    check_graph(path)
    return agreed_card(path, embedded_card(path), sidecar)


def embedded_card(path: Path) -> str | None:
    """Return the text of the card inside an ONNX file, None where it has none.

    Raises `ModelError` when the file cannot be read, is truncated or is no ONNX model.
    """
    try:
        return _metadata(memoryview(path.read_bytes())).get(ONNX_CARD_KEY)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    except ValueError as error:
        raise ModelError(f"{path} is no ONNX model, or is damaged: {error}; export it again") from error


def check_graph(path: Path) -> None:
    """Compare the graph of an ONNX file with the hash inside; what has none, or is no model, is for others to judge.

    Raises `ModelError` when they differ.
    """
    with suppress(OSError, ValueError):
        content = path.read_bytes()
        expected = _metadata(memoryview(content)).get(ONNX_HASH_KEY)
        if expected is not None and graph_sha256(content) != expected:
            raise ModelError(f"{path} is damaged: its graph is not the one that was exported; export it again")


def graph_sha256(content: bytes) -> str:
    """Return the SHA-256 of the graph in the bytes of an ONNX file.

    Raises `ValueError` when they are no model.
    """
    graph = hashlib.sha256()
    for number, value in _fields(memoryview(content)):
        if number == _GRAPH:
            graph.update(value)
    return graph.hexdigest()


def _metadata(content: memoryview) -> dict[str, str]:
    """Return the texts that a model holds by name; raises `ValueError` when it is no model."""
    fields = list(_fields(content))
    if not any(number == _GRAPH for number, _ in fields):
        raise ValueError("there is no graph in it")
    entries = [dict(_fields(value)) for number, value in fields if number == _METADATA]
    return {bytes(entry[1]).decode(): bytes(entry[2]).decode() for entry in entries if {1, 2} <= set(entry)}


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and the bytes of each field of a protobuf message; raises `ValueError` for anything else."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            start = at
            _, end = _varint(message, at)
        elif wire == _MESSAGE:
            length, start = _varint(message, at)
            end = start + length
        elif wire in {_EIGHT_BYTES, _FOUR_BYTES}:
            start, end = at, at + (8 if wire == _EIGHT_BYTES else 4)
        else:
            raise ValueError(f"byte {at} begins no field")
        if number == 0 or end > len(message):
            raise ValueError(f"the field at byte {at} does not end inside the file")
        yield number, message[start:end]
        at = end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where the next byte is."""
    value = 0
    for i, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError(f"the number at byte {at} does not end")
