"""The card of the tiny model, and something to feed it: all that a test without converters needs."""

from typing import Any

import numpy as np

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.model_files.card import AccuracyFigure, CropRule, ModelCard
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.skeleton import skeleton_named

STRIDE = 4
DOT_PX = 8


def tiny_card(**changes: Any) -> ModelCard:
    """Return the card of the tiny ONNX model; `skeleton`, `input_wh` and every other field can be another."""
    input_wh = changes.get("input_wh", (48, 64))
    map_wh = (input_wh[0] // STRIDE, input_wh[1] // STRIDE)
    joints = len(skeleton_named(changes.get("skeleton", "lsp-14")))
    fields = {
        "name": "tiny",
        "network": {"name": "tiny", "settings": {"kernel": 8}},
        "skeleton": "lsp-14",
        "input_wh": input_wh,
        "codec": HeatmapCodec(input_wh, map_wh, sigma_px=6.0).to_dict(),
        "crop": CropRule(padding=1.25),
        "inputs": (TensorSpec("image", "uint8", (-1, input_wh[1], input_wh[0], 3)),),
        "outputs": (TensorSpec("heatmaps", "float32", (-1, joints, map_wh[1], map_wh[0])),),
        "precision": "fp32",
        "format": "onnx",
        "presence_threshold": 0.3,
        "accuracy": (AccuracyFigure("none:nowhere", "PCK@0.2", "fp32", 12.5, 1),),
        "provenance": {"data": ["none"], "seed": 0},
        "licence": "Apache-2.0",
    }
    return ModelCard(**{**fields, **changes})


def random_feeds(card: ModelCard, seed: int = 0, people: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    """Return an `image` of noise for a card's model."""
    width, height = card.input_wh
    image = np.random.default_rng(seed).integers(0, 256, (people, height, width, 3), np.uint8)
    return {"image": image}
