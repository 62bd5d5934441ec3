"""Post-training quantisation to int8 by NNCF, for OpenVINO.

Weights per channel; activations asymmetric, by the largest range seen; no bias correction. Measured: NNCF's own ranges
(the mean over pictures) clip the peaks of heatmaps and moved a PPNet's keypoints by twice as much. RePose normalises
after its ReLU, which leaves a short negative side: symmetric ranges moved its keypoints half as far again as asymmetric
ones, at the same speed. Fast bias correction changes nothing.
"""

from typing import Any

from edgepose.export.errors import ExportError
from edgepose.export.graphs.graph import INPUT
from edgepose.export.quantise.calibration import require_people
from edgepose.export.quiet import quiet, refuse_telemetry
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends.base import last_line


def quantise_openvino(model: Any, images_rgb: ImageArray, excluded: tuple[str, ...] = ()) -> Any:
    """Return the int8 form of an `openvino.Model`, calibrated with crops uint8 (N, H, W, 3).

    Layers whose name is `excluded` stay as they are. Raises `ExportError` when there are too few crops or the quantiser
    fails.
    """
    require_people(images_rgb)
    refuse_telemetry()
    with quiet():
        import nncf  # noqa: PLC0415  takes seconds, and has to come after the line above
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet  # noqa: PLC0415

        try:
            return nncf.quantize(
                model,
                nncf.Dataset([{INPUT: image[None]} for image in images_rgb]),
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(images_rgb),
                ignored_scope=nncf.IgnoredScope(names=list(excluded)) if excluded else None,
                advanced_parameters=nncf.AdvancedQuantizationParameters(
                    activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
                    disable_bias_correction=True,
                ),
            )
        except (RuntimeError, ValueError, nncf.InternalError, nncf.ValidationError) as error:
            raise ExportError(f"the quantiser failed: {last_line(error)}; no int8 file was made") from error
