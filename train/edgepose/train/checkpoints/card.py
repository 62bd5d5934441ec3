"""The model card of a checkpoint: what every export of it starts from."""

import json

from edgepose.runtime.model_files.card import AccuracyFigure, CropRule, ModelCard
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError

_OWN_FIELDS = ("presence_threshold", "licence")
_OF_ONE_PERSON, _OF_EVERYBODY = 0.2, 0.35
"""Presence thresholds, unless the training says otherwise; what ships has them."""
_TERMS_OF_THE_DATA = "Apache-2.0 for the network; its weights are under the terms of the data in the provenance"


def card_of_checkpoint(checkpoint: Checkpoint, name: str | None = None) -> ModelCard:
    """Return the card of a checkpoint as torch runs it; `name` is the network's where none is given.

    `presence_threshold` and `licence` come from what is known of the training, all else of that is the provenance.
    Raises `CheckpointError` when its accuracy figures are malformed, `CardError` when a value is impossible.
    """
    spec, codec = checkpoint.spec, checkpoint.codec
    (width, height), (map_width, map_height) = spec.input_wh, codec.map_wh
    threshold = _OF_EVERYBODY if codec.sees_everybody else _OF_ONE_PERSON
    training = json.loads(json.dumps(checkpoint.training))
    try:
        accuracy = tuple(AccuracyFigure(**figure) for figure in checkpoint.accuracy)
    except TypeError as error:
        raise CheckpointError(f"a checkpoint's accuracy is malformed: {error}; evaluate and save it anew") from error
    return ModelCard(
        name=name or spec.name,
        network={"name": spec.name, "settings": dict(spec.settings)},
        skeleton=spec.skeleton.name,
        input_wh=spec.input_wh,
        codec=codec.to_dict(),
        crop=CropRule(checkpoint.crop_padding),
        inputs=(TensorSpec("image", "uint8", (-1, height, width, 3)),),
        outputs=(TensorSpec(codec.output, "float32", (-1, codec.maps_of(spec.skeleton), map_height, map_width)),),
        precision="fp32",
        format="torch",
        presence_threshold=training.get("presence_threshold", threshold),
        accuracy=accuracy,
        provenance={key: value for key, value in training.items() if key not in _OWN_FIELDS},
        licence=training.get("licence", _TERMS_OF_THE_DATA),
    )
