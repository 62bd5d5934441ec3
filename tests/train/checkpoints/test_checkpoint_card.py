import pytest

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.model_files.card import AccuracyFigure, ModelCard
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import CheckpointError
from support.tiny_checkpoint import tiny_checkpoint, tiny_spec

FIGURE = {"data": "synthetic:3", "metric": "PCK@0.2", "precision": "fp32", "value": 71.5, "images": 3}


def test_the_card_has_what_the_checkpoint_knows() -> None:
    card = card_of_checkpoint(tiny_checkpoint(accuracy=[FIGURE]), "mine")
    assert (card.name, card.format, card.precision) == ("mine", "torch", "fp32")
    assert card.network == {"name": "ppnet-m1-d1-w8", "settings": {"stem": 8}}
    assert card.accuracy == (AccuracyFigure(**FIGURE),)
    assert card.crop.padding == 1.25
    assert card.presence_threshold == 0.25
    assert card.provenance == {"data": ["none"], "seed": 0}
    assert card.codec_object() == tiny_checkpoint().codec
    assert [str(t) for t in card.inputs] == ["image uint8 (any, 64, 48, 3)"]
    assert [str(t) for t in card.outputs] == ["heatmaps float32 (any, 14, 16, 12)"]


def test_what_training_does_not_say_has_a_default() -> None:
    spec = tiny_spec(skeleton=COCO_17, input_wh=(32, 32))
    codec = HeatmapCodec((32, 32), (8, 8), 5.0)
    card = card_of_checkpoint(tiny_checkpoint(spec=spec, codec=codec, training={"recipe": {"scale": (0.5, 2.0)}}))
    assert card.name == "ppnet-m1-d1-w8"
    assert card.presence_threshold == 0.2
    assert "terms of the data" in card.licence
    assert card.outputs[0].shape == (-1, 17, 8, 8)
    assert ModelCard.from_json(card.to_json()) == card


def test_the_licence_of_the_training_is_the_cards() -> None:
    card = card_of_checkpoint(tiny_checkpoint(training={"licence": "CC-BY-4.0"}))
    assert card.licence == "CC-BY-4.0"
    assert card.provenance == {}


def test_malformed_accuracy_is_one_clear_line() -> None:
    with pytest.raises(CheckpointError, match="a checkpoint's accuracy is malformed"):
        card_of_checkpoint(tiny_checkpoint(accuracy=[{"metric": "PCK@0.2"}]))
