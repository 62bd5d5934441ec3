"""Lower precisions of TFLite: what the quantiser cannot do is one clear error."""

from collections.abc import Callable

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.formats.tflite_quantise import to_dynamic_int8, to_half, to_int8
from edgepose.export.quiet import quiet


@pytest.mark.parametrize(
    "quantise",
    [lambda: to_int8(b"", {}, ()), lambda: to_dynamic_int8(b"", ()), lambda: to_half(b"")],
    ids=["int8", "dynamic-int8", "fp16"],
)
def test_a_quantiser_that_fails_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, quantise: Callable[[], bytes]
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("in the third layer:\nan unknown operation.")

    with quiet():  # it is imported only now
        monkeypatch.setattr("ai_edge_quantizer.quantizer.Quantizer", refuse)
    told = "^the quantiser failed: an unknown operation; no such file was made$"
    with pytest.raises(ExportError, match=told):
        quantise()
