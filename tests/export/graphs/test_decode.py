"""The decode in the graph is the codec's: in torch for any maps, and in the file of every format."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.formats import TARGETS, Exporter
from edgepose.export.graphs.decode import HeatmapDecoder
from edgepose.export.original import Original, prepare
from edgepose.export.proof.crops import load_crops
from edgepose.profiles import load_profile
from edgepose.runtime.backends import open_model
from edgepose.runtime.codecs.heatmap import REFINEMENTS, HeatmapCodec
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.train.checkpoints.checkpoint import resolve_checkpoint
from edgepose.train.checkpoints.session import TorchSession
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.evaluate import evaluate
from support.strategies import codecs

Array = np.ndarray[Any, Any]
CODEC = HeatmapCodec((48, 64), (12, 16), sigma_px=6.0)
ALLOWED_PX = 0.05
PRECISIONS = [(name, precision) for name in sorted(TARGETS) for precision in TARGETS[name].precisions]


def decode(codec: HeatmapCodec, maps: Array) -> Array:
    with torch.no_grad():
        return HeatmapDecoder(codec)(torch.from_numpy(maps)).numpy()  # type: ignore[no-any-return]


def assert_equal(codec: HeatmapCodec, maps: Array) -> None:
    found = decode(codec, maps)
    keypoints, scores = codec.decode(maps)
    np.testing.assert_allclose(found[..., :2], keypoints, atol=1e-3 * codec.stride)
    np.testing.assert_allclose(found[..., 2], scores, atol=1e-6)


@st.composite
def codecs_with_peaks(draw: st.DrawFn) -> tuple[HeatmapCodec, Array]:
    """A codec and maps (2, 3, h, w) of peaks anywhere, the border and beyond it included, in noise of any sign."""
    codec = draw(codecs())
    share = np.array(draw(st.lists(st.floats(-0.1, 1.1), min_size=12, max_size=12))).reshape(2, 3, 2)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    maps = codec.encode((share * codec.input_wh - 0.5).astype(np.float32))
    noise = rng.normal(0, draw(st.sampled_from([0.0, 0.01, 0.3])), maps.shape)
    return codec, (draw(st.floats(0.05, 3)) * maps + noise + draw(st.sampled_from([0.0, -2.0]))).astype(np.float32)


@given(codecs_with_peaks())
def test_peaks_decode_as_by_the_codec(drawn: tuple[HeatmapCodec, Array]) -> None:
    assert_equal(*drawn)


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize("height", [0.0, 7.0, -0.3, 1e-12])
def test_a_flat_map_peaks_in_its_first_cell(refine: str, height: float) -> None:
    codec = replace(CODEC, refine=refine)
    maps = np.full((1, 2, 16, 12), height, np.float32)
    assert_equal(codec, maps)
    np.testing.assert_array_equal(decode(codec, maps)[0, :, :2], codec.stride / 2 - 0.5)


@pytest.mark.parametrize("refine", REFINEMENTS)
def test_of_equal_peaks_the_first_in_reading_order_counts(refine: str) -> None:
    codec = replace(CODEC, refine=refine)
    maps = np.zeros((1, 1, 16, 12), np.float32)
    for y, x in ((9, 2), (4, 9), (4, 5), (12, 1)):
        maps[0, 0, y, x] = 0.75
    assert_equal(codec, maps)
    cell = (decode(codec, maps)[0, 0, :2] - (codec.stride / 2 - 0.5)) / codec.stride
    np.testing.assert_allclose(cell, [5, 4], atol=0.51)


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize(("y", "x"), [(0, 0), (0, 5), (7, 0), (15, 11), (15, 3), (8, 11)])
def test_a_peak_at_the_border_is_not_refined(refine: str, y: int, x: int) -> None:
    codec = replace(CODEC, refine=refine)
    maps = np.random.default_rng(0).random((1, 1, 16, 12)).astype(np.float32)
    maps[0, 0, y, x] = 2
    assert_equal(codec, maps)
    expected = [codec.stride * cell + codec.stride / 2 - 0.5 for cell in (x, y)]
    np.testing.assert_allclose(decode(codec, maps)[0, 0], [*expected, 1.0], atol=1e-5)


@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1.0, 1e6, 1e30])
def test_the_size_of_the_values_does_not_matter(scale: float, rng: np.random.Generator) -> None:
    maps = (scale * rng.normal(0, 1, (4, 3, 16, 12))).astype(np.float32)
    assert np.isfinite(decode(CODEC, maps)).all()
    if 1e-6 < scale < 1e12:
        assert_equal(CODEC, maps)


@pytest.mark.parametrize("refine", REFINEMENTS)
def test_half_precision_is_coarser_and_no_more(refine: str, rng: np.random.Generator) -> None:
    """A phone's GPU computes in it unless told otherwise; a constant that it does not hold would be infinite, or 0."""
    codec = replace(CODEC, refine=refine)
    places = (rng.uniform(0.15, 0.85, (64, 3, 2)) * codec.input_wh).astype(np.float32)
    maps = (codec.encode(places) * rng.uniform(0.1, 1, (64, 3, 1, 1))).astype(np.float16)
    maps[0], maps[1], maps[2] = 0, -0.3, rng.normal(0, 1e-3, maps[2].shape)
    with torch.no_grad():
        found = HeatmapDecoder(codec).half()(torch.from_numpy(maps)).float().numpy()
    keypoints, scores = codec.decode(maps.astype(np.float32))
    assert np.isfinite(found).all()
    away_px = np.linalg.norm(found[3:, :, :2] - keypoints[3:], axis=-1)
    assert np.mean(away_px) <= ALLOWED_PX
    assert np.quantile(away_px, 0.9) <= 2 * ALLOWED_PX
    np.testing.assert_allclose(found[..., 2], scores, atol=1e-3)


@pytest.fixture(scope="module")
def files(ppnet: Path, dots: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small PPNet in every format and precision, with heatmaps and with keypoints."""
    out = tmp_path_factory.mktemp("decoded")
    for decoded in (False, True):
        run_export(ExportRequest(ppnet, PRECISIONS, out, calibrate=dots, runs=3, decode=decoded)).raise_failures()
    return out


def assert_decodes_itself(exporter: Exporter, of_maps: Path, of_keypoints: Path, images: Array) -> None:
    """Expect of a file the keypoints that the codec makes of another's maps."""
    with exporter.open_exact(of_maps) as plain, exporter.open_exact(of_keypoints) as decoding:
        assert decoding.card.outputs == (TensorSpec("keypoints", "float32", (1, 14, 3)),)
        assert decoding.card.codec == plain.card.codec
        codec = plain.card.codec_object()
        for image in images:
            keypoints, scores = codec.decode(plain.run({"image": image[None]})["heatmaps"])
            found = decoding.run({"image": image[None]})["keypoints"]
            assert np.linalg.norm(found[..., :2] - keypoints, axis=-1).max() <= ALLOWED_PX
            np.testing.assert_allclose(found[..., 2], scores, atol=1e-5)


@pytest.fixture(scope="module")
def originals(ppnet: Path, dots: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Original, Original]:
    """What exports of the small PPNet are made of, with heatmaps and with keypoints."""
    plain = ExportRequest(ppnet, [("onnx", "int8")], tmp_path_factory.mktemp("nothing"), calibrate=dots)
    return prepare(plain, lambda _: None), prepare(replace(plain, decode=True), lambda _: None)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_a_decode_in_the_graph_is_the_codecs(
    originals: tuple[Original, Original], name: str, precision: str, tmp_path: Path
) -> None:
    exporter, images = TARGETS[name], originals[0].calibration_rgb
    models = (exporter.convert(original.source, precision, images) for original in originals)
    cards = (exporter.card(original.card, precision) for original in originals)
    paths = [exporter.save(model, tmp_path, card) for model, card in zip(models, cards, strict=True)]
    assert_decodes_itself(exporter, *paths, images)


@pytest.mark.long
@pytest.mark.parametrize(("name", "precision"), PRECISIONS)
def test_a_file_gives_the_keypoints_of_its_own_maps(files: Path, name: str, precision: str) -> None:
    exporter = TARGETS[name]
    images = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    paths = [files / f"small-{precision}{kind}{exporter.suffix}" for kind in ("", "-keypoints")]
    assert_decodes_itself(exporter, *paths, images)


def assert_files_decode_as_the_codec_does(name: str, formats: tuple[str, ...], validate: str, out: Path) -> None:
    """Export a shipped network by the command line, and compare each file with torch and the codec on people."""
    options = ["--to", ",".join(formats), "--precision", "fp32", "--validate", validate, "--limit", "24"]
    command = [str(Path(sys.executable).with_name("edgepose")), "export", name, "--decode", *options, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with TorchSession(resolve_checkpoint(name)) as session:
        crops = load_crops(open_dataset(validate), session.card, 24).images_rgb
        keypoints, scores = session.card.codec_object().decode(session.run({"image": crops})["heatmaps"])
    for target in (TARGETS[each] for each in formats):
        with target.open_exact(out / f"{name}-fp32-keypoints{target.suffix}") as session:
            found = np.concatenate([session.run({"image": crop[None]})["keypoints"] for crop in crops])
        assert np.linalg.norm(found[..., :2] - keypoints, axis=-1).max() <= ALLOWED_PX, target.format
        np.testing.assert_allclose(found[..., 2], scores, atol=1e-4)


@pytest.mark.slow
def test_files_of_a_shipped_network_decode_as_the_codec_does(tmp_path: Path) -> None:
    assert_files_decode_as_the_codec_does("ppnet-small-lsp-128", ("onnx", "openvino"), "synthetic:24:3", tmp_path)


@pytest.mark.long
@pytest.mark.research_data("lsp")
@pytest.mark.parametrize("name", ["ppnet-lsp-128", "repose-lsp-128"])
def test_on_photographs_every_format_decodes_as_the_codec_does(name: str, research_data: Path, tmp_path: Path) -> None:
    assert_files_decode_as_the_codec_does(name, tuple(TARGETS), f"lsp:{research_data / 'lsp'}:test", tmp_path)


@pytest.mark.long
def test_a_decoded_file_is_as_accurate(files: Path, dots: str) -> None:
    profile = replace(load_profile("auto"), inference_precision="f32")
    scores = []
    for kind in ("", "-keypoints"):
        with open_model(files / f"small-fp32{kind}.xml", profile) as session:
            scores.append(evaluate(session, open_dataset(dots)).metrics["PCK@0.2"])
    assert scores[0] == pytest.approx(scores[1], abs=0.3)


@pytest.mark.long
def test_openvino_decodes_in_f32_whatever_the_network_runs_in(files: Path) -> None:
    """With bf16 between layers the maps are coarse, but a position may not be."""
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    profile = replace(load_profile("auto"), inference_precision="bf16")
    found = []
    for kind in ("", "-keypoints"):
        with open_model(files / f"small-fp32{kind}.xml", profile) as session:
            if session.info.precision != "bf16":
                pytest.skip("this processor does not compute in bf16")
            found.append(next(iter(session.run({"image": image}).values())))
            codec = session.card.codec_object()
    np.testing.assert_allclose(found[1][..., :2], codec.decode(found[0])[0], atol=ALLOWED_PX)
