"""What each architecture learns: one objective a file, and the one table of which is whose."""

from collections.abc import Callable, Sequence

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.architectures import NetworkConfig
from edgepose.train.networks.pbn import PBNConfig
from edgepose.train.networks.pil import PILConfig
from edgepose.train.networks.ppnet import PPNetConfig
from edgepose.train.networks.repose import RePoseConfig
from edgepose.train.networks.simplepose import SimplePoseConfig
from edgepose.train.objectives.base import Objective
from edgepose.train.objectives.body_parts import BodyPartObjective
from edgepose.train.objectives.heatmaps import HeatmapObjective
from edgepose.train.objectives.parsing import ParsingObjective
from edgepose.train.objectives.teachers import Batch, Teachers
from edgepose.train.recipe import Recipe

__all__ = ["OBJECTIVES", "Batch", "Objective", "objective_of"]

OBJECTIVES: dict[type[NetworkConfig], Callable[[NetworkSpec, Recipe, Teachers | None], Objective]] = {
    RePoseConfig: HeatmapObjective,
    PPNetConfig: HeatmapObjective,
    PBNConfig: HeatmapObjective,
    PILConfig: ParsingObjective,
    SimplePoseConfig: BodyPartObjective,
}
"""By the architecture's configuration."""


def objective_of(
    spec: NetworkSpec, recipe: Recipe, parsing: Checkpoint | None = None, teachers: Sequence[Checkpoint] = ()
) -> Objective:
    """Return what a network learns by a recipe, and from teachers; PIL on request with a trained parsing branch.

    Raises `EdgeposeError` for a parsing branch or teachers that do not suit the network, and what the objective raises.
    """
    taught_by = Teachers(teachers, spec) if teachers else None
    if parsing is not None:
        if spec.architecture.config is not PILConfig:
            raise EdgeposeError(f"a parsing branch is PIL's; {spec.name} has none: leave --parsing out")
        return ParsingObjective(spec, recipe, taught_by, parsing=parsing)
    return OBJECTIVES[spec.architecture.config](spec, recipe, taught_by)
