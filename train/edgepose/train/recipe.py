"""How a network is trained, as one frozen configuration."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.field_checks import Ranges, check_numbers, check_range, check_values
from edgepose.train.data.augment import AugmentConfig

_LITTLE = 1e-12
_RANGES: Ranges = {
    "learning_rate": (_LITTLE, math.inf),
    "weight_decay": (0, math.inf),
    "warmup_steps": (0, math.inf),
    "epochs": (1, math.inf),
    "batch": (1, math.inf),
    "ema_decay": (0, 1),
    "clip_norm": (0, math.inf),
    "seed": (0, 2**63 - 1),
    "teacher_weight": (0, 1),
    "label_doubt": (0, 1),
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the numbers of a training run.

    `schedule` is `cosine`, or `steps` with `milestones`: pairs of (fraction of the run, factor on the rate).
    `clip_norm` 0 does not clip; `ema_decay` 0 keeps no average; `qat` trains as int8 computes;
    `sync_bn` takes the statistics of batch norms over all processes. With a teacher, the loss against its maps has
    `teacher_weight`, that against the labels the rest. A label that the averaged network firmly contradicts loses
    `label_doubt` of its weight; limbs that it sees with left and right exchanged have their labels exchanged with
    `relabel_swapped`.
    """

    optimiser: Literal["adamw", "adam", "rmsprop", "sgd"] = "adamw"
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    schedule: Literal["cosine", "steps"] = "cosine"
    milestones: tuple[tuple[float, float], ...] = ()
    warmup_steps: int = 300
    epochs: int = 40
    batch: int = 32
    precision: Literal["bf16", "fp32"] = "bf16"
    ema_decay: float = 0.999
    clip_norm: float = 1.0
    loss: Literal["partial", "weighted", "focal", "squared"] = "weighted"
    seed: int = 0
    qat: bool = False
    sync_bn: bool = False
    teacher_weight: float = 0.5
    label_doubt: float = 0.0
    relabel_swapped: bool = False
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        check_values(self, _RANGES)
        for pair in self.milestones:
            check_numbers("a milestone", pair, 2)
            check_range("where a milestone begins", pair[0], 0, 1)
            check_range("a milestone's factor", pair[1], _LITTLE, 1)
        if list(self.milestones) != sorted(self.milestones):
            raise EdgeposeError(f"milestones come in the order in which they begin; found {self.milestones!r}")

    def rate_at(self, step: int, total_steps: int) -> float:
        """Return the learning rate of a step."""
        warmup = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        done = step / max(total_steps, 1)
        if self.schedule == "cosine":
            factor = 0.5 * (1 + math.cos(math.pi * done)) * 0.99 + 0.01
        else:
            factor = next((f for start, f in reversed(self.milestones) if done >= start), 1.0)
        return self.learning_rate * warmup * factor

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; `from_dict` undoes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """Build a recipe from what `to_dict` gave (JSON's lists become tuples again)."""
        augment = dict(values["augment"])
        augment["scale"] = tuple(augment["scale"])
        milestones = tuple((start, factor) for start, factor in values["milestones"])
        return cls(**{**values, "augment": AugmentConfig(**augment), "milestones": milestones})
