"""The seam between the trainer and what is learned: examples in, one loss out, and the figure that counts."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from edgepose.runtime.arrays import ImageArray
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.data.labels import check_labelled
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives.teachers import Batch, Teachers
from edgepose.train.processes.world import World
from edgepose.train.recipe import Recipe


class Objective(ABC):
    """What a network learns, and from which teachers: the examples it sees, and the loss of what it makes of them."""

    metric: str
    """What `validate` measures, as logs and cards call it; more is better."""

    def __init__(self, spec: NetworkSpec, recipe: Recipe, teachers: Teachers | None = None) -> None:
        self.spec, self.recipe, self.teachers = spec, recipe, teachers
        self.world = World()

    def prepare(self, network: nn.Module, world: World = World()) -> None:
        """Ready a network on its device, before it learns in a world of processes, and put the teachers there."""
        self.world = world
        if self.teachers:
            self.teachers.prepare(next(network.parameters()).device)

    def compile(self, *arguments: Any, **options: Any) -> None:
        """Have torch compile what is asked at every step beside the network, once it is prepared: the teachers."""
        if self.teachers:
            self.teachers.compile(*arguments, **options)

    def follow(self, average: nn.Module) -> None:  # noqa: B027  most objectives do not ask it
        """Take note of the network of averaged weights, which changes as the other one learns."""

    def provenance(self) -> dict[str, Any]:
        """Return what a checkpoint is to tell of the training besides recipe and data, as JSON values."""
        return self.teachers.provenance() if self.teachers else {}

    @abstractmethod
    def examples(self, mix: list[WeightedDataset]) -> Dataset[Any]:
        """Return the varied examples of a mix, indexed by `crops.Draw`; an example is a function of its draw alone."""

    @abstractmethod
    def collate(self, examples: list[Any]) -> Batch:
        """Stack the examples of a step; it runs in the loader's processes."""

    @abstractmethod
    def loss(self, network: DeployNetwork, batch: Batch) -> Tensor:
        """Return the mean loss of a batch on the network's device, a scalar; runs under the trainer's autocast.

        The mean of what the processes of the world return is the loss of the whole batch.
        """

    def check_labels(self, mix: list[WeightedDataset]) -> None:
        """Raise `DataError` where nobody in a mix has a label of a joint, and no teacher has a say.

        It is looked at until there is one.
        """
        if self.teachers is None or self.recipe.teacher_weight == 0:
            check_labelled(mix, self.spec.skeleton)

    @abstractmethod
    def check_validation(self, dataset: PoseDataset) -> None:
        """Raise `EdgeposeError` where `metric` cannot be told on a data set: before hours of training, not after."""

    @abstractmethod
    def validate(self, network: nn.Module, dataset: PoseDataset) -> float:
        """Return `metric` of a network, in percent: it chooses the best checkpoint.

        Every process of the world calls it with the same weights, looks at a share and returns the figure of all.
        """

    def report(self, network: nn.Module, dataset: PoseDataset) -> dict[str, Any]:
        """Return all that is measured of a finished network, for its checkpoint, as JSON values; as `validate`."""
        return {self.metric: self.validate(network, dataset)}

    @abstractmethod
    def draw(self, network: nn.Module, dataset: PoseDataset) -> ImageArray:
        """Return what a network finds of a few people of a data set, as one picture RGB (H, W, 3)."""


class Learner(nn.Module):
    """A network and its objective as one module from a batch to the loss.

    What trains on several devices synchronises only what passes through a module's `forward`.
    """

    def __init__(self, network: DeployNetwork, objective: Objective, world: World = World(), *, bf16: bool) -> None:
        super().__init__()
        objective.prepare(network.network, world)
        self.network = network
        self.objective = objective
        self._bf16 = bf16

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss, a scalar."""
        with torch.autocast(self.network.mean.device.type, torch.bfloat16, enabled=self._bf16):
            return self.objective.loss(self.network, batch)
