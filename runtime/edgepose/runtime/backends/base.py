"""What every engine offers: an open model that is fed and answers by name."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgepose.runtime.arrays import Array
from edgepose.runtime.errors import CardError, ModelError, TensorError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.closing import Closing

if TYPE_CHECKING:
    from edgepose.profiles.profile import DeviceProfile

__all__ = ["EngineInfo", "LayerTime", "Session", "SessionOptions", "TensorSpec", "last_line"]


@dataclass(frozen=True)
class SessionOptions:
    """What a session asks of its engine.

    `threads` 0 and `inference_precision` None (else "f32", "bf16", "f16") leave the choice to it. `providers` are
    ONNX Runtime's, in order of preference; none leaves the CPU's.
    """

    threads: int = 0
    device: str = "CPU"
    inference_precision: str | None = None
    providers: tuple[str, ...] = ()

    @classmethod
    def from_profile(cls, profile: "DeviceProfile") -> "SessionOptions":
        """Return what a device's profile asks for."""
        return cls(profile.threads, profile.device, profile.inference_precision, profile.providers)


@dataclass(frozen=True)
class EngineInfo:
    """The engine as it says it runs, not as it was asked to; `threads` 0: it does not say.

    `precision` is that of the arithmetic between quantised layers: "f32", "tf32", "bf16", "f16", or "unknown".
    """

    engine: str
    version: str
    device: str
    threads: int
    precision: str


@dataclass(frozen=True)
class LayerTime:
    """The time of one layer in one run; `kind` is the engine's name for the operation."""

    name: str
    kind: str
    ms: float


class Session(Closing):
    """An open model on one engine, and a context manager.

    `inputs` and `outputs` are as the engine has them, and agree with the `card`. One thread at a time may
    call `run`. A backend opens its engine, hands the four attributes over, writes `_infer` and `_release`.
    """

    def __init__(
        self, card: ModelCard, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], info: EngineInfo
    ) -> None:
        _check_tensors(card, card.inputs, inputs)
        _check_tensors(card, card.outputs, outputs)
        self.card = card
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.info = info
        self._is_open = True

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs by name for inputs by name; the arrays are the caller's to keep.

        Raises `TensorError` for another name, dtype or shape, `ModelError` after `close`.
        """
        self._check(feeds)
        results = self._infer(feeds)
        return {spec.name: array for spec, array in zip(self.outputs, results, strict=True)}

    def layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:
        """Return the time of every layer in a second, warm run, in order; empty if the engine has none."""
        self._check(feeds)
        return self._layer_times(feeds)

    def close(self) -> None:
        """Let go of the engine; calling it again does nothing."""
        if self._is_open:
            self._is_open = False
            self._release()

    def _check(self, feeds: Mapping[str, Array]) -> None:
        if not self._is_open:
            raise ModelError(f"the session of {self.card.name} is closed; open the model again")
        names = [spec.name for spec in self.inputs]
        if set(feeds) != set(names):
            raise TensorError(f"expected the inputs {names}, found {list(feeds)}; feed them by these names")
        for spec in self.inputs:
            spec.check(feeds[spec.name])

    @abstractmethod
    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        """Return one array per output, in the order of `outputs`, that the next run leaves alone."""

    def _layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:  # noqa: ARG002  part of the seam
        return []

    @abstractmethod
    def _release(self) -> None:
        """Drop what holds the engine's memory."""


def _check_tensors(card: ModelCard, expected: Sequence[TensorSpec], found: Sequence[TensorSpec]) -> None:
    """Raise `CardError` unless the engine's tensors are the card's, in any order."""
    ours, theirs = sorted(expected, key=str), sorted(found, key=str)
    if len(ours) != len(theirs) or not all(map(TensorSpec.agrees, ours, theirs)):
        raise CardError(
            f"card of {card.name}: expected the tensors {_listed(ours)}, found {_listed(theirs)}; "
            "export the model again"
        )


def _listed(specs: Sequence[TensorSpec]) -> str:
    return "[" + ", ".join(map(str, specs)) + "]"


def last_line(error: BaseException) -> str:
    """Return the last line of an engine's message: the earlier ones say where in its sources it arose."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else type(error).__name__
