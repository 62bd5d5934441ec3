"""A session without an engine: what opens it looks at the card, and nobody runs it."""

from collections.abc import Mapping, Sequence

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, Session
from edgepose.runtime.model_files.card import ModelCard


class SilentSession(Session):
    """Has the inputs and outputs of a card, and answers nothing."""

    def __init__(self, card: ModelCard) -> None:
        super().__init__(card, card.inputs, card.outputs, EngineInfo("none", "0", "CPU", 1, "f32"))

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        raise NotImplementedError

    def _release(self) -> None:
        """There is nothing to let go of."""
