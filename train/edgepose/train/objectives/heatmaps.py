"""Heatmaps of one person: Gaussian targets, the papers' losses, PCK."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.codecs import of_one_person
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.geometry import pixels_to_cells
from edgepose.runtime.poses import Poses
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import DataError, PoseDataset, WeightedDataset
from edgepose.train.data.augment import Crop, plain_crop
from edgepose.train.data.crops import CropDataset
from edgepose.train.data.labels import first_person
from edgepose.train.evaluation.validation import validate_pck
from edgepose.train.metrics.pck import torso_px
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives.base import Objective
from edgepose.train.objectives.losses import doubtful, partial_mse, weighted_mse
from edgepose.train.objectives.swapped_labels import SwappedLabels
from edgepose.train.objectives.teachers import Batch, Teachers
from edgepose.train.pictures.tiles import strip_rgb
from edgepose.train.recipe import Recipe

LOSSES = {"partial": partial_mse, "weighted": weighted_mse}
_PICTURES = 8


def heatmap_targets(codec: HeatmapCodec, keypoints_crop: Tensor) -> Tensor:
    """Return `HeatmapCodec.encode` of keypoints (N, K, 2) in crop pixels: maps (N, K, H, W) where they lie."""
    # no tensor is made on the host: a GPU would wait for it
    (x, y), (width, height) = keypoints_crop.unbind(dim=-1), codec.input_wh
    inside = ((x >= -0.5) & (y >= -0.5) & (x < width - 0.5) & (y < height - 0.5)).unsqueeze(-1)
    centres = pixels_to_cells(torch.where(inside, keypoints_crop, 0.0), codec.stride)
    width, height = codec.map_wh
    across = _gaussian(codec, centres[..., 0], width) * inside
    down = _gaussian(codec, centres[..., 1], height)
    return down[..., :, None] * across[..., None, :]


def _gaussian(codec: HeatmapCodec, centre_cells: Tensor, length: int) -> Tensor:
    cells = torch.arange(length, dtype=torch.float32, device=centre_cells.device)
    return torch.exp(-(cells - centre_cells[..., None].float()).square() / (2 * codec.sigma_cells**2))


class HeatmapObjective(Objective):
    """A person's joints as Gaussian heatmaps.

    A batch holds `images` uint8 RGB (N, H, W, 3), `keypoints` float32 (N, K, 2) in crop pixels, NaN where there is
    none, and `weights` float32 (N, K), 0 where nothing is known of a joint; with teachers, what they look at. Raises
    `EdgeposeError` for a recipe with another loss than those of `LOSSES`, and for one with whole pictures.
    """

    metric = "PCK@0.2"

    def __init__(self, spec: NetworkSpec, recipe: Recipe, teachers: Teachers | None = None) -> None:
        if recipe.loss not in LOSSES:
            raise EdgeposeError(f"{spec.name} learns by the loss {' or '.join(LOSSES)}; found {recipe.loss}")
        if recipe.augment.whole_picture > 0:
            raise EdgeposeError(f"{spec.name} sees one person in a crop, whole_picture is for everybody: leave it out")
        super().__init__(spec, recipe, teachers)
        self.codec = of_one_person(spec.codec(), spec.name)
        self._average: DeployNetwork | None = None
        self._swapped = SwappedLabels(spec.skeleton)

    def follow(self, average: nn.Module) -> None:
        """Take note of the network that may doubt labels."""
        if self.recipe.label_doubt > 0 or self.recipe.relabel_swapped:
            device = next(average.parameters()).device
            self._average = DeployNetwork(average).to(device).eval()
            self._swapped.to(device)

    def examples(self, mix: list[WeightedDataset]) -> Dataset[Crop]:
        """Return varied crops of people, and of nobody; for teachers clean ones besides."""
        clean_wh = self.teachers.sizes_wh if self.teachers else ()
        return CropDataset(mix, self.spec.skeleton, self.spec.input_wh, self.recipe.augment, clean_wh)

    def collate(self, examples: list[Crop]) -> Batch:
        """Stack crops."""
        return {
            "images": torch.from_numpy(np.stack([crop.image_rgb for crop in examples])),
            "keypoints": torch.from_numpy(np.stack([crop.keypoints_crop for crop in examples])),
            "weights": torch.from_numpy(np.stack([crop.weights for crop in examples])),
            **(self.teachers.collate(crop.clean_rgb for crop in examples) if self.teachers else {}),
        }

    def loss(self, network: DeployNetwork, batch: Batch) -> Tensor:
        """Return the recipe's loss over all supervised outputs."""
        return self.pose_loss(network.all_heatmaps(batch["images"]), batch)

    def pose_loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        """Return the loss of outputs, each (N, C, h, w), against the labels' maps and the teachers', weighted."""
        measure = LOSSES[self.recipe.loss]
        by_labels = measure(outputs, *self.asked_for(*self.labels(batch)))
        if self.teachers is None:
            return by_labels
        by_teachers = measure(outputs, *self.asked_for(self.teachers.maps(batch), torch.ones_like(batch["weights"])))
        return torch.lerp(by_labels, by_teachers, self.recipe.teacher_weight)

    def asked_for(self, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps (N, C, H, W) and weights (N, C) of all outputs for those of the joints, (N, K, ...)."""
        return targets, weights

    def labels(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the maps (N, K, H, W) that the labels ask for, and how much each counts (N, K)."""
        targets, weights = heatmap_targets(self.codec, batch["keypoints"]), batch["weights"]
        if self._average is None:
            return targets, weights
        return self._judged(self._average, batch["images"], targets, weights)

    @torch.no_grad()
    def _judged(
        self, average: DeployNetwork, images: Tensor, targets: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the labels' maps (N, K, H, W) and weights (N, K) as the averaged network sees the images.

        It has averaged over what all crops of all people taught, so that a wrong label of one person moves it little,
        however often it is seen. Before it has learned anything its maps are low, and contradict nothing.
        """
        seen = average(images).float()
        if self.recipe.relabel_swapped:
            swapped = self._swapped.find(seen, targets)
            targets, weights = (self._swapped.exchange(values, swapped) for values in (targets, weights))
        return targets, weights * (1 - self.recipe.label_doubt * doubtful(seen, targets))

    def check_validation(self, dataset: PoseDataset) -> None:
        """Raise `EdgeposeError` where nobody has the torso that PCK is measured by, or their picture cannot be read."""
        skeleton = self.spec.skeleton
        person = first_person(dataset, skeleton, lambda keypoints: bool(torso_px(keypoints[None], skeleton)[0] > 0))
        if person is None:
            raise DataError(
                f"{self.metric} cannot be told on {dataset.name}: nobody in it has {' and '.join(skeleton.torso)} "
                "labelled; validate on other data"
            )
        dataset.sample(person)

    def validate(self, network: nn.Module, dataset: PoseDataset) -> float:
        """Return PCK@0.2 of the torso in percent, from plain crops."""
        return self._pck(network, dataset)[0]

    def report(self, network: nn.Module, dataset: PoseDataset) -> dict[str, Any]:
        """Return PCK@0.2 of all joints, and `per_joint` of each."""
        overall, per_joint = self._pck(network, dataset)
        return {self.metric: overall, "per_joint": per_joint}

    def _pck(self, network: nn.Module, dataset: PoseDataset) -> tuple[float, dict[str, float]]:
        return validate_pck(
            network,
            dataset,
            self.spec.skeleton,
            self.codec,
            self.recipe.augment.padding,
            bf16=self.recipe.precision == "bf16",
            spread=self.world.map,
        )

    def draw(self, network: nn.Module, dataset: PoseDataset) -> ImageArray:
        """Return plain crops of a few people side by side, with the joints found."""
        people = np.linspace(0, len(dataset) - 1, min(_PICTURES, len(dataset))).astype(int)
        padding = self.recipe.augment.padding
        images = [plain_crop(dataset.sample(int(i)), self.spec.input_wh, padding)[0].image_rgb for i in people]
        found = Poses.of_keypoints(self.spec.skeleton, *self.codec.decode(network_predictor(network)(np.stack(images))))
        return strip_rgb(images, [found.take([row]) for row in range(len(found))])
