"""How a network is trained, as one frozen configuration."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.data.augment import AugmentConfig


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
        if self.precision not in ("bf16", "fp32"):
            raise EdgeposeError(f"unknown training precision {self.precision!r}; known: bf16, fp32")
        if not (0 <= self.teacher_weight <= 1 and 0 <= self.label_doubt <= 1):
            raise EdgeposeError(
                f"a teacher's weight and the doubt in labels are from 0 to 1; found {self.teacher_weight}, "
                f"{self.label_doubt}"
            )
        if self.epochs < 1 or self.batch < 1 or not self.learning_rate > 0:
            raise EdgeposeError(
                f"training needs epochs >= 1, batch >= 1 and a learning rate > 0; found {self.epochs}, "
                f"{self.batch}, {self.learning_rate}"
            )

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
