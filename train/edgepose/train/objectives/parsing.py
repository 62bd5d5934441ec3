"""PIL's learning: heatmaps with one of the background, and the parsing into body parts (section 3.3)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, ImageArray
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.data.augment import Crop
from edgepose.train.data.labels import drawn
from edgepose.train.data.part_labels import PART_CLASSES, PART_LABELS, UNKNOWN, label_classes
from edgepose.train.evaluation.parsing import network_part_predictor
from edgepose.train.evaluation.part_accuracy import mean_iou, part_accuracy
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.pil import PIL, PILConfig
from edgepose.train.objectives.heatmaps import HeatmapObjective
from edgepose.train.objectives.teachers import Batch, Teachers
from edgepose.train.processes.world import World
from edgepose.train.recipe import Recipe

PARSING_WEIGHT = 0.01
"""The paper's beta: what the parsing's loss counts beside the pose's."""


class ParsingObjective(HeatmapObjective):
    """A person's joints and the background as heatmaps, and what part of a body each pixel is.

    A batch has `parts` uint8 (N, H, W) besides, values of `part_labels`. Who has no mask teaches only the pose, who has
    no joints only the parsing. A network may have more classes than there are parts; those stay empty.

    `parsing`, where given, is a PIL whose parsing branch is reused as it is (section 3.4). Raises `EdgeposeError` for a
    network of too few classes, or another input than the branch was trained for.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        recipe: Recipe,
        teachers: Teachers | None = None,
        *,
        parsing: Checkpoint | None = None,
    ) -> None:
        super().__init__(spec, recipe, teachers)
        self._parsing = parsing
        config = spec.config()
        assert isinstance(config, PILConfig)
        if config.fusion != "none" and config.classes < len(PART_CLASSES):
            raise EdgeposeError(
                f"masks tell {len(PART_CLASSES)} parts apart, the network {config.classes}; "
                f"give --set classes={len(PART_CLASSES)} or more"
            )
        self._learns_parts = config.fusion != "none" and parsing is None
        self._possible = torch.from_numpy(possible_classes(config.classes))
        if parsing is not None and parsing.spec.input_wh != spec.input_wh:
            theirs, ours = (f"{width}x{height}" for width, height in (parsing.spec.input_wh, spec.input_wh))
            raise EdgeposeError(
                f"the parsing branch was trained at {theirs}, the network has {ours}; give the same --input"
            )

    def prepare(self, network: nn.Module, world: World = World()) -> None:
        """Put the teachers where the student is, and in it the parsing branch that is reused, if one is.

        Raises `EdgeposeError` where it does not fit.
        """
        super().prepare(network, world)
        if self._parsing is None:
            return
        trained = self._parsing.build()
        if not isinstance(trained, PIL):
            raise EdgeposeError(f"a parsing branch is PIL's; the checkpoint holds {self._parsing.spec.name}")
        assert isinstance(network, PIL)
        network.reuse_parsing(trained)

    def provenance(self) -> dict[str, Any]:
        """Return how the teachers were trained, and the parsing branch, where it is not trained here."""
        return super().provenance() | ({} if self._parsing is None else {"parsing": self._parsing.training})

    def check_labels(self, mix: list[WeightedDataset]) -> None:
        """Raise `DataError` where a mix has neither labels nor, for a parsing branch that learns, masks."""
        if not (self._learns_parts and any(dataset.sample(0).part_mask is not None for dataset in drawn(mix))):
            super().check_labels(mix)

    def collate(self, examples: list[Crop]) -> Batch:
        """Stack crops; who has no mask has one of which nothing is known."""
        return {**super().collate(examples), "parts": torch.from_numpy(np.stack([_parts(e) for e in examples]))}

    def loss(self, network: DeployNetwork, batch: Batch) -> Tensor:
        """Return the recipe's loss of all pose stacks, and the weighted cross-entropy of all parsing stacks."""
        pil = network.network
        assert isinstance(pil, PIL)
        maps, classes = pil.forward_both(network.normalised(batch["images"]))
        pose = self.pose_loss(maps, batch)
        if not classes:
            return pose
        self._possible = self._possible.to(pose.device)
        parsing = [parsing_loss(scores, batch["parts"], self._possible, self.world) for scores in classes]
        return pose + PARSING_WEIGHT * torch.stack(parsing).sum()

    def asked_for(self, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the joints' maps and weights with the background's last."""
        return with_background(targets, weights)

    def report(self, network: nn.Module, dataset: PoseDataset) -> dict[str, Any]:
        """Return PCK@0.2 of all joints and `per_joint` of each; where the data has masks `mIoU` and `per_part`."""
        assert isinstance(network, PIL)
        found = super().report(network, dataset)
        if network.config.fusion == "none":
            return found
        predict, padding = network_part_predictor(network), self.recipe.augment.padding
        per_part = part_accuracy(predict, dataset, self.spec.input_wh, padding, spread=self.world.map)
        return {**found, "mIoU": mean_iou(per_part), "per_part": per_part} if per_part else found


def possible_classes(classes: int) -> Array:
    """Return which of a network's classes each value of a mask leaves possible: bool (256, classes); unknown: all."""
    table = np.ones((256, classes), bool)
    table[: len(PART_LABELS)] = False
    known = min(classes, len(PART_CLASSES))
    table[: len(PART_LABELS), :known] = label_classes()[:, :known]
    return table


def with_background(targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets (N, K + 1, H, W) and weights (N, K + 1) with the background's map last.

    It is 1 less the largest of the others, and known where all of them are.
    """
    background = 1 - targets.amax(dim=1, keepdim=True)
    return torch.cat([targets, background], dim=1), torch.cat([weights, weights.amin(dim=1, keepdim=True)], dim=1)


def parsing_loss(scores: Tensor, parts: Tensor, possible: Tensor, world: World = World()) -> Tensor:
    """Return the cross-entropy of the known pixels, a mean over the whole world's; zero without any.

    `scores` (N, L, h, w) before softmax are resized to `parts` (N, H, W); `possible` (256, L) says which classes a
    value allows: asked for is one of them, whichever.
    """
    scores = interpolate(scores.float(), size=parts.shape[1:], mode="bilinear", align_corners=False)
    allowed = possible[parts.long()].permute(0, 3, 1, 2)
    missed = torch.logsumexp(scores, dim=1) - torch.logsumexp(scores.masked_fill(~allowed, -torch.inf), dim=1)
    known = parts != UNKNOWN
    # masks may be shared unevenly: of which process a pixel is must not weigh it
    return (missed * known).sum() / world.mean(known.sum()).clamp(min=1 / world.size)


def _parts(crop: Crop) -> ImageArray:
    return np.full(crop.image_rgb.shape[:2], UNKNOWN, np.uint8) if crop.part_mask is None else crop.part_mask
