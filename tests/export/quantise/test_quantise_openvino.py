"""Int8 of OpenVINO: what NNCF cannot do is one clear error."""

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.quantise.openvino import quantise_openvino
from edgepose.export.quiet import quiet, refuse_telemetry
from support.settled import CROPS


def test_too_few_people_to_calibrate_with_is_an_error() -> None:
    with pytest.raises(
        ExportError, match="int8 needs at least 16 people, or whole pictures, to calibrate with, found 3"
    ):
        quantise_openvino(object(), CROPS[:3])


def test_a_quantiser_that_fails_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_values: object, **_options: object) -> None:
        raise RuntimeError("Check 'false' failed at src/core/node.cpp:1:\nthe statistics are empty.\n")

    refuse_telemetry()
    with quiet():  # it is imported only now
        monkeypatch.setattr("nncf.quantize", refuse)
    told = "^the quantiser failed: the statistics are empty; no int8 file was made$"
    with pytest.raises(ExportError, match=told):
        quantise_openvino(object(), CROPS)
