"""Body parts of everybody: limbs and keypoints at every scale, the focal loss, OKS AP of several people.

Li et al., "Simple Pose", sections 3 to 5.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d
from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.codecs import of_everybody
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.poses import Poses
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import DataError, PoseDataset, WeightedDataset
from edgepose.train.data.crowds import CrowdCrop, CrowdDataset
from edgepose.train.data.labels import first_person, has_label
from edgepose.train.evaluation.everybody import labelled_pictures, look_at, measure_everybody, seen_by, whole_picture
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.simplepose import SimplePose
from edgepose.train.objectives.base import Objective
from edgepose.train.objectives.body_part_targets import body_part_targets
from edgepose.train.objectives.losses import focal_l2
from edgepose.train.objectives.teachers import Batch, Teachers
from edgepose.train.pictures.tiles import strip_rgb
from edgepose.train.recipe import Recipe

SCALE_WEIGHTS = (1.0, 2.0, 4.0, 16.0, 64.0)
"""From fine to coarse: a coarse map has fewer cells."""
KEYPOINT_WEIGHT = 3.0
_PICTURES = 6


def body_part_loss(
    codec: BodyPartCodec, scales: list[Tensor], targets: Tensor, known: Tensor, maps_known: Tensor, *, focal: bool
) -> Tensor:
    """Return the loss of one stage's maps, each (N, C, H / 2^i, W / 2^i), the finest first: a scalar, mean over images.

    `targets` (N, C, H, W) and `known` (N, H, W), 0 where somebody is unlabelled, are averaged for the coarser scales.
    `maps_known` (N, C) is 0 for maps that an image's labels do not tell of.
    """
    of_maps = maps_known.clone()
    of_maps[:, codec.parts.keypoint_maps] *= KEYPOINT_WEIGHT
    weights, of_scales = known[:, None], SCALE_WEIGHTS[: len(scales)]
    losses: list[Tensor] = []
    for maps, of_scale in zip(scales, of_scales, strict=True):
        loss = focal_l2(maps, targets, weights * of_maps[:, :, None, None], focal=focal).mean()
        losses.append(loss * (of_scale / sum(of_scales)))
        if len(losses) < len(scales):
            targets, weights = avg_pool2d(targets, 2), avg_pool2d(weights, 2)
    return torch.stack(losses).sum()


class BodyPartObjective(Objective):
    """Everybody in a crop, as maps of limbs and keypoints.

    A batch holds `images` uint8 RGB (N, H, W, 3), `keypoints` float32 (M, K, 2) of all people in them, in crop pixels,
    NaN where unlabelled, with `image_of` int64 (M,), shares of map cells `people` and `known`, float32 (N, h, w), and
    `maps_known` (N, C), 0 for maps that the labels do not tell of; with teachers, what they look at. Raises
    `EdgeposeError` for a recipe with another loss than `focal` and `squared`, and for one that judges labels or cuts
    half bodies.
    """

    metric = "OKS AP"

    def __init__(self, spec: NetworkSpec, recipe: Recipe, teachers: Teachers | None = None) -> None:
        if recipe.loss not in ("focal", "squared"):
            raise EdgeposeError(f"{spec.name} learns by the loss focal or squared; found {recipe.loss}")
        of_one_person = (recipe.label_doubt, recipe.relabel_swapped, recipe.augment.half_body)
        if any(of_one_person):
            raise EdgeposeError(
                f"{spec.name} sees everybody in a picture; label_doubt, relabel_swapped and half_body are for networks "
                "of one person: leave them out"
            )
        super().__init__(spec, recipe, teachers)
        self.codec = of_everybody(spec.codec(), spec.name)

    def examples(self, mix: list[WeightedDataset]) -> Dataset[CrowdCrop]:
        """Return varied crops about people, with everybody in them; for teachers clean ones besides."""
        return CrowdDataset(mix, self.codec, self.recipe.augment, self.teachers.sizes_wh if self.teachers else ())

    def collate(self, examples: list[CrowdCrop]) -> Batch:
        """Stack crops, and the people in them one image after another."""
        counts = [len(example.keypoints_crop) for example in examples]
        return {
            "images": torch.from_numpy(np.stack([example.image_rgb for example in examples])),
            "keypoints": torch.from_numpy(np.concatenate([example.keypoints_crop for example in examples])),
            "image_of": torch.arange(len(examples)).repeat_interleave(torch.tensor(counts)),
            "people": torch.from_numpy(np.stack([example.people for example in examples])),
            "known": torch.from_numpy(np.stack([example.known for example in examples])),
            "maps_known": torch.from_numpy(np.stack([example.maps_known for example in examples])),
            **(self.teachers.collate(example.clean_rgb for example in examples) if self.teachers else {}),
        }

    def loss(self, network: DeployNetwork, batch: Batch) -> Tensor:
        """Return the loss over all stages and scales, against the labels' maps and the teachers', weighted."""
        learner = network.network
        assert isinstance(learner, SimplePose)
        stages = learner.every_scale(network.normalised(batch["images"]))
        targets = body_part_targets(self.codec, batch["keypoints"], batch["image_of"], batch["people"])
        by_labels = self._over_stages(stages, targets, batch["known"], batch["maps_known"])
        if self.teachers is None:
            return by_labels
        everything = torch.ones_like(batch["known"]), torch.ones_like(batch["maps_known"])
        by_teachers = self._over_stages(stages, self.teachers.maps(batch), *everything)
        return torch.lerp(by_labels, by_teachers, self.recipe.teacher_weight)

    def _over_stages(self, stages: list[list[Tensor]], targets: Tensor, known: Tensor, maps_known: Tensor) -> Tensor:
        focal = self.recipe.loss == "focal"
        of_stages = [body_part_loss(self.codec, scales, targets, known, maps_known, focal=focal) for scales in stages]
        return torch.stack(of_stages).sum()

    def check_validation(self, dataset: PoseDataset) -> None:
        """Raise `EdgeposeError` for data of one person a picture, without labels or with an unreadable picture."""
        skeleton = self.spec.skeleton
        labelled_pictures(dataset, skeleton)
        counted = [row for row, joint in enumerate(skeleton.joints) if joint != "neck"]
        person = first_person(dataset, skeleton, lambda keypoints: has_label(keypoints[counted]))
        if person is None:
            raise DataError(
                f"{self.metric} cannot be told on {dataset.name}: nobody in it has a labelled joint of "
                f"{skeleton.name}; validate on other data"
            )
        dataset.picture(person)

    def validate(self, network: nn.Module, dataset: PoseDataset) -> float:
        """Return the OKS AP of everybody in percent, from whole pictures."""
        see = seen_by(network_predictor(network, bf16=self.recipe.precision == "bf16"), self.codec)
        found, truth = look_at(see, dataset, self.spec.skeleton, spread=self.world.map)
        return measure_everybody(found, truth, self.spec.skeleton)[self.metric]

    def draw(self, network: nn.Module, dataset: PoseDataset) -> ImageArray:
        """Return a few whole pictures side by side, with the people found."""
        firsts = dataset.one_a_picture()
        chosen = np.linspace(0, len(firsts) - 1, min(_PICTURES, len(firsts))).astype(int)
        pictures = [dataset.picture(firsts[i])[0].image_bgr for i in chosen]
        views = np.stack([whole_picture(image, self.spec.input_wh)[0] for image in pictures])
        maps = network_predictor(network)(views)
        people = [Poses.of_keypoints(self.spec.skeleton, *self.codec.decode(of_picture)) for of_picture in maps]
        return strip_rgb(views, people)
