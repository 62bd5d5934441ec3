"""From what a model gives to keypoints: some files give heatmaps, some have the decode inside."""

from collections.abc import Mapping
from dataclasses import replace

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.codecs import of_one_person
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.tensors import TensorSpec

HEATMAPS = "heatmaps"
"""The output of a model that leaves decoding to its card's codec: float32 (N, K, h, w)."""
KEYPOINTS = "keypoints"
"""The output of a model that decodes itself: float32 (N, K, 3), x and y in crop pixels, and the score."""


def decodes_itself(card: ModelCard) -> bool:
    """Return whether a card's model gives keypoints, and nobody sees its maps."""
    return [spec.name for spec in card.outputs] == [KEYPOINTS]


def require_heatmaps(card: ModelCard, use: str) -> None:
    """Raise `ModelError` where a card's model decodes itself, and so cannot serve a `use` of its heatmaps."""
    if decodes_itself(card):
        raise ModelError(
            f"{card.name} has the decode inside, and {use} heatmaps; take the file without -keypoints in its name"
        )


class Decoding:
    """How the outputs of a card's model become keypoints.

    Raises `ModelError` unless the card has one output, and it is one of the two, `EdgeposeError` for a model that sees
    several people at once.
    """

    def __init__(self, card: ModelCard) -> None:
        self._codec = of_one_person(card.codec_object(), card.name)
        names = [spec.name for spec in card.outputs]
        if names not in ([HEATMAPS], [KEYPOINTS]):
            raise ModelError(
                f"{card.name} has the outputs {names}; a pose model has one, {HEATMAPS} or {KEYPOINTS}; export it again"
            )
        self.output = names[0]

    def __call__(self, outputs: Mapping[str, Array]) -> tuple[FloatArray, FloatArray]:
        """Return keypoints (N, K, 2) in crop pixels and scores (N, K) in [0, 1] of a session's outputs.

        Where the model decodes itself, they are views of its output.
        """
        found: FloatArray = outputs[self.output]
        if self.output == KEYPOINTS:
            return found[..., :2], found[..., 2]
        return self._codec.decode(found)


def card_with_decode(card: ModelCard) -> ModelCard:
    """Return the card of the same model with the decode inside.

    Raises `ModelError` when the card's model does not give heatmaps.
    """
    if Decoding(card).output == KEYPOINTS:
        raise ModelError(f"{card.name} has the decode inside already; start from the file that gives {HEATMAPS}")
    batch, joints, *_ = card.outputs[0].shape
    return replace(card, outputs=(TensorSpec(KEYPOINTS, "float32", (batch, joints, 3)),))
