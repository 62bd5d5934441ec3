"""Lower precisions of a TFLite model.

Activations of int8 are asymmetric and by the largest range seen, as in the other formats: the tool's moving average
clips the peaks of heatmaps. Weights are symmetric per channel.
"""

import re
from collections.abc import Mapping
from typing import Any

from edgepose.export.errors import ExportError
from edgepose.export.formats.tflite_makers import with_makers
from edgepose.export.formats.tflite_repose import merged_name
from edgepose.export.graphs.graph import INPUT
from edgepose.export.quantise.calibration import require_people
from edgepose.export.quiet import quiet
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends.base import last_line

Ranges = Mapping[str, Any]
"""Smallest and largest values by tensor."""
_SIGNATURE = "serving_default"
_DECODER = r"TfliteNetwork/[\w.]+\.[A-Za-z0-9]+_decoder\b"
"""The names of what decodes heatmaps, which stays in floating point."""


def ranges_of(flatbuffer: bytes, images_rgb: ImageArray) -> Ranges:
    """Return the range of every tensor of a fp32 model over crops uint8 (N, H, W, 3).

    Raises `ExportError` when there are too few crops.
    """
    require_people(images_rgb)
    with quiet():
        from ai_edge_quantizer import calibrator, recipe, recipe_manager  # noqa: PLC0415  slow to import
        from ai_edge_quantizer.utils import qsv_utils  # noqa: PLC0415

        manager = recipe_manager.RecipeManager()
        manager.load_quantization_recipe(recipe.static_wi8_ai8())
        # the tool's other mode finds the same ranges, four times slower
        engine = calibrator.Calibrator(
            flatbuffer,
            num_threads=1,
            mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
            qsv_update_func=qsv_utils.min_max_update,
        )
        engine.calibrate({_SIGNATURE: [{INPUT: image[None]} for image in images_rgb]}, manager)
        ranges: Ranges = engine.get_model_qsvs()
        return ranges


def to_int8(flatbuffer: bytes, ranges: Ranges, excluded: tuple[str, ...]) -> bytes:
    """Return the full-integer form: int8 between layers but for the convolutions of `excluded` modules.

    Raises `ExportError` when the quantiser fails.
    """
    with quiet():
        from ai_edge_quantizer import recipe  # noqa: PLC0415  slow to import

        return _quantised(flatbuffer, recipe.static_wi8_ai8(), excluded, ranges)


def to_dynamic_int8(flatbuffer: bytes, excluded: tuple[str, ...]) -> bytes:
    """Return the form with int8 weights, whose activations the engine quantises by the range of each picture.

    Raises `ExportError` when the quantiser fails.
    """
    with quiet():
        from ai_edge_quantizer import recipe  # noqa: PLC0415  slow to import

        return _quantised(flatbuffer, recipe.dynamic_wi8_afp32(), excluded, {})


def to_half(flatbuffer: bytes) -> bytes:
    """Return the form with fp16 weights.

    Raises `ExportError` when the quantiser fails.
    """
    with quiet():
        from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager  # noqa: PLC0415  slow to import

        manager = recipe_manager.RecipeManager()
        for operation in (qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.DEPTHWISE_CONV_2D):
            manager.add_weight_only_config(
                ".*", operation, num_bits=16, algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING
            )
        return _quantised(flatbuffer, manager.get_quantization_recipe(), (), {})


def _quantised(flatbuffer: bytes, recipe: Any, excluded: tuple[str, ...], ranges: Ranges) -> bytes:
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer  # noqa: PLC0415  slow to import

    try:
        tool = quantizer.Quantizer(flatbuffer, recipe)
        spared = [scope_of(module) for module in excluded]
        if ranges:
            spared = with_makers(flatbuffer, spared)
        left_out = [(".*", "OUTPUT"), (_DECODER, "*"), *((scope, "*") for scope in spared)]
        for scope, operation in left_out:
            tool.update_quantization_recipe(
                scope, qtyping.TFLOperationName(operation), None, algorithm_manager.AlgorithmName.NO_QUANTIZE
            )
        result = tool.quantize(dict(ranges)).quantized_model
    except (RuntimeError, ValueError, KeyError) as error:
        raise ExportError(f"the quantiser failed: {last_line(error)}; no such file was made") from error
    assert result is not None
    return bytes(result)


def scope_of(module: str) -> str:
    """Return the pattern of what the tool knows a module's convolution by: the name of its output."""
    return rf"^{re.escape(merged_name(module))};*$"
