"""Learning from trained networks: their heatmaps beside the labels, and in place of them where there are none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample
from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.codecs import of_one_person
from edgepose.train.checkpoint import Checkpoint
from edgepose.train.data import WeightedDataset
from edgepose.train.data.augment import Crop, within
from edgepose.train.data.crops import CropDataset
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives.base import Batch
from edgepose.train.objectives.heatmaps import LOSSES, HeatmapObjective
from edgepose.train.recipe import Recipe


class DistillationObjective(HeatmapObjective):
    """Heatmaps of the labels, and of one or several teachers averaged.

    A teacher sees the crop at its own input size, in the picture's own colours and with nothing covered; where its
    shape is another, it sees more of the picture. What it makes is read at the student's cells. Besides what
    `HeatmapObjective` has, a batch holds `clean WxH`: uint8 RGB (N, H, W, 3) for each size of a teacher's input.
    """

    def __init__(self, spec: NetworkSpec, recipe: Recipe, teachers: Sequence[Checkpoint]) -> None:
        super().__init__(spec, recipe)
        for teacher in teachers:
            _check_teacher(teacher, spec)
        self._trained = teachers
        self._sizes = list(dict.fromkeys(teacher.spec.input_wh for teacher in teachers))
        self._teachers: list[tuple[tuple[int, int], DeployNetwork, Tensor]] = []

    def provenance(self) -> dict[str, Any]:
        """Return how the teachers were trained."""
        return {"teacher": [{"network": t.spec.name, "training": t.training} for t in self._trained]}

    def prepare(self, network: nn.Module) -> None:
        """Put the teachers where the student is."""
        device = next(network.parameters()).device
        self._teachers = []
        for trained in self._trained:
            built = trained.build().requires_grad_(False)  # noqa: FBT003
            teacher = DeployNetwork(built).to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
            codec = of_one_person(trained.spec.codec(), trained.spec.name)
            places = torch.from_numpy(_places(self.codec, codec)).to(device)
            self._teachers.append((trained.spec.input_wh, teacher, places))

    def examples(self, mix: list[WeightedDataset]) -> Dataset[Crop]:
        """Return varied crops, and clean ones for the teachers."""
        return CropDataset(mix, self.spec.skeleton, self.spec.input_wh, self.recipe.augment, self._sizes)

    def check_labels(self, mix: list[WeightedDataset]) -> None:
        """Raise `DataError` where nobody has a label and the teachers have no say."""
        if self.recipe.teacher_weight == 0:
            super().check_labels(mix)

    def collate(self, examples: list[Crop]) -> Batch:
        """Stack crops."""
        batch = super().collate(examples)
        for number, size in enumerate(self._sizes):
            batch[_key(size)] = torch.from_numpy(np.stack([crop.clean_rgb[number] for crop in examples]))
        return batch

    def loss(self, network: DeployNetwork, batch: Batch) -> Tensor:
        """Return the recipe's loss against the labels and against the teachers, weighted."""
        outputs, weight = network.all_heatmaps(batch["images"]), self.recipe.teacher_weight
        taught = self.taught_maps(batch)
        by_teachers = LOSSES[self.recipe.loss](outputs, taught, torch.ones_like(batch["weights"]))
        return (1 - weight) * self.labelled_loss(outputs, batch) + weight * by_teachers

    @torch.no_grad()
    def taught_maps(self, batch: Batch) -> Tensor:
        """Return the mean of what the teachers see, float32 (N, K, H, W) at the student's cells."""
        maps = []
        for size, teacher, places in self._teachers:
            seen = teacher(batch[_key(size)]).float()
            maps.append(
                grid_sample(seen, places.expand(len(seen), -1, -1, -1), padding_mode="border", align_corners=True)
            )
        return torch.stack(maps).mean(dim=0)


def _key(size_wh: tuple[int, int]) -> str:
    return f"clean {size_wh[0]}x{size_wh[1]}"


def _places(student: HeatmapCodec, teacher: HeatmapCodec) -> np.ndarray[Any, Any]:
    """Return where the student's cells are in the teacher's maps, float32 (1, H, W, 2), -1 to 1 between outer cells."""
    x, y = np.meshgrid(*(np.arange(side) for side in student.map_wh))
    pixels = student.stride * np.stack([x, y], axis=-1) + (student.stride / 2 - 0.5)
    affine = within(student.input_wh, teacher.input_wh)
    cells = (pixels @ affine[:, :2].T + affine[:, 2] - (teacher.stride / 2 - 0.5)) / teacher.stride
    return np.asarray(2 * cells / (np.array(teacher.map_wh) - 1) - 1, np.float32)[None]


def _check_teacher(teacher: Checkpoint, student: NetworkSpec) -> None:
    theirs, ours = teacher.spec.skeleton, student.skeleton
    if theirs.joints != ours.joints:
        raise EdgeposeError(f"the teacher knows {theirs.name}, the student {ours.name}; give a teacher with the same")
    of_one_person(teacher.spec.codec(), teacher.spec.name)
