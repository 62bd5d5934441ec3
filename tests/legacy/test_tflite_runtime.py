"""The TFLite backend on tflite-runtime, in an environment of old boards: `make test-tflite-legacy` makes it.

$EDGEPOSE_LEGACY_MODELS is the folder that make_models.py wrote.
"""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from contract.session_contract import SessionContract
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import CardError, ModelError

if "EDGEPOSE_LEGACY_MODELS" not in os.environ:
    pytest.skip("only in the environment of make test-tflite-legacy", allow_module_level=True)

from edgepose.runtime.backends.tflite import TfliteSession

MODELS = Path(os.environ["EDGEPOSE_LEGACY_MODELS"])
SHIPPED = sorted((MODELS / "shipped").glob("*.tflite"))
# what LiteRT and an engine years older may differ by, where both are sure: XNNPACK's kernels of int8 round otherwise
TOLERANCE_PX = {"fp32": 0.02, "fp16": 0.02, "dynamic-int8": 0.5, "int8": 0.5}
SURE = 0.3
# where a heatmap has two peaks of a height, the least rounding chooses: these joints are counted and not averaged
OTHER_PEAK_PX = 10
OTHER_PEAK_SHARE = {"fp32": 0.0, "fp16": 0.0, "dynamic-int8": 0.02, "int8": 0.02}


def precision_of(path: Path) -> str:
    """Return the longest precision that a file's name ends with."""
    return max((precision for precision in TOLERANCE_PX if path.stem.endswith(f"-{precision}")), key=len)


def copied(form: str, folder: Path) -> Path:
    shutil.copytree(MODELS / form, folder, dirs_exist_ok=True)
    return folder / "tiny.tflite"


class TestTfliteRuntime(SessionContract):
    reports_layers = False
    fixed_batch = 1

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return TfliteSession(copied("fixed", folder), options)


class TestTfliteRuntimeOfFreeBatch(SessionContract):
    reports_layers = False

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return TfliteSession(copied("free", folder), options)


class TestTfliteRuntimeWithoutSignature(SessionContract):
    reports_layers = False
    fixed_batch = 1

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return TfliteSession(copied("unsigned", folder), options)


def test_this_is_the_old_engine_with_the_old_numpy(tmp_path: Path) -> None:
    with open_model(copied("fixed", tmp_path)) as session:
        assert (session.info.engine, session.info.version) == ("tflite-runtime", "2.14.0")
    assert np.__version__.startswith("1.")
    assert not {"ai_edge_litert", "torch", "onnx"} & set(sys.modules)


def test_there_are_shipped_models() -> None:
    assert {precision_of(path) for path in SHIPPED} == set(TOLERANCE_PX)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_keypoints_are_those_of_litert(path: Path) -> None:
    expected = np.load(path.with_suffix(".npz"))
    # its threads wait actively, which on a machine with other work takes seconds a run
    with TfliteSession(path, SessionOptions(threads=1)) as session:
        runs = [session.run({"image": image[None]})["heatmaps"] for image in expected["images_rgb"]]
        keypoints, _ = session.card.codec_object().decode(np.concatenate(runs))
    away_px = np.linalg.norm(keypoints - expected["keypoints_crop"], axis=-1)[expected["scores"] >= SURE]
    at_other_peak = away_px > OTHER_PEAK_PX
    mean_px, share, precision = away_px[~at_other_peak].mean(), at_other_peak.mean(), precision_of(path)
    print(f"{path.stem}: {len(away_px)} joints, mean {mean_px:.4f} px, at another peak {share:.4f}")
    assert len(away_px) > 100
    assert mean_px < TOLERANCE_PX[precision]
    assert share <= OTHER_PEAK_SHARE[precision]


@pytest.mark.parametrize("kept", [0, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = copied("unsigned", tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises((ModelError, CardError), match=r"^[^\n]*tiny.tflite [^\n]*; export it again$"):
        TfliteSession(path)


def test_damage_is_noticed_before_the_engine_sees_it(tmp_path: Path, rng: np.random.Generator) -> None:
    """For many of these, this engine would end the process, or take gigabytes first."""
    path = copied("unsigned", tmp_path)
    content = path.read_bytes()
    for at in rng.integers(8, 10_000, 100):
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << rng.integers(8))]) + content[at + 1 :])
        with pytest.raises(ModelError, match="is not the model of the card inside, or is damaged"):
            TfliteSession(path)
