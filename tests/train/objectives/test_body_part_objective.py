"""What a network that sees everybody learns: the focal loss at five scales, and that it does learn."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.codecs import of_everybody
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.skeleton import LSP_14, SIMPLE_POSE_18
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data import WeightedDataset, open_dataset
from edgepose.train.data.augment import AugmentConfig
from edgepose.train.data.crowds import CrowdCrop, neck_between_shoulders
from edgepose.train.data.pose_dataset import DataError, Picture, PoseDataset, Sample, picture_in_skeleton
from edgepose.train.evaluation.everybody import look_at, measure_everybody, seen_by
from edgepose.train.loop.progress import EpochResult
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.objectives.body_parts import SCALE_WEIGHTS, BodyPartObjective, body_part_loss
from edgepose.train.objectives.losses import focal_l2
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import named_recipe
from support.crowds import crowd_in_a_row
from support.dot_dataset import DotDataset
from support.still import STILL

CODEC = BodyPartCodec((64, 64), (16, 16))
ALL_MAPS = torch.ones(1, 50)
TINY = NetworkSpec("simplepose-edge", SIMPLE_POSE_18, (64, 64), {"width": 16, "step": 4, "stages": 1})
AS_IT_IS = replace(STILL, padding=1.0)


def objective(spec: NetworkSpec = TINY, **changes: object) -> BodyPartObjective:
    made = objective_of(spec, named_recipe("modern", spec, **changes))
    assert isinstance(made, BodyPartObjective)
    return made


def test_the_focal_loss_is_that_of_the_paper() -> None:
    maps = torch.tensor([0.8, 0.1, 0.3, 0.0]).view(1, 1, 2, 2)
    targets = torch.tensor([1.0, 0.0, 0.01, 0.5]).view(1, 1, 2, 2)
    weights = torch.tensor([1.0, 1.0, 2.0, 0.0]).view(1, 1, 2, 2)
    # the target of the third is not above the threshold: it counts as empty
    by_hand = (0.2**2 * (1 - 0.7) ** 2) + (0.1**2 * 0.12**2) + 2 * (0.29**2 * 0.32**2)
    torch.testing.assert_close(focal_l2(maps, targets, weights), torch.tensor([by_hand]))
    squared = 0.2**2 + 0.1**2 + 2 * 0.29**2
    torch.testing.assert_close(focal_l2(maps, targets, weights, focal=False), torch.tensor([squared]))


def test_scales_and_keypoints_weigh_what_the_paper_says() -> None:
    targets, known = torch.zeros(1, 50, 16, 16), torch.ones(1, 16, 16)
    nothing = [torch.zeros(1, 50, 16 >> i, 16 >> i) for i in range(5)]

    def loss_of(scale: int, place: int) -> float:
        maps = [m.clone() for m in nothing]
        maps[scale][0, place, 0, 0] = 0.5
        return float(body_part_loss(CODEC, maps, targets, known, ALL_MAPS, focal=False))

    assert loss_of(0, 0) == pytest.approx(0.25 / 87)
    assert [loss_of(i, 5) / loss_of(0, 5) for i in range(5)] == pytest.approx(list(SCALE_WEIGHTS))
    weights = [loss_of(2, place) / loss_of(2, 0) for place in (29, 30, 47, 48, 49)]
    assert weights == pytest.approx([1, 3, 3, 1, 1])


def test_coarse_targets_are_means_and_who_is_unknown_does_not_count() -> None:
    rng = np.random.default_rng(0)
    targets = torch.from_numpy(rng.random((1, 50, 16, 16), np.float32))
    known = torch.ones(1, 16, 16)
    perfect = [nn.functional.avg_pool2d(targets, 1 << i) for i in range(5)]
    assert float(body_part_loss(CODEC, perfect, targets, known, ALL_MAPS, focal=False)) == pytest.approx(0, abs=1e-9)
    wrong = [perfect[0].clone(), *perfect[1:]]
    wrong[0][..., 3, 4] += 1
    assert float(body_part_loss(CODEC, wrong, targets, known, ALL_MAPS, focal=True)) > 0
    known[0, 3, 4] = 0
    assert float(body_part_loss(CODEC, wrong, targets, known, ALL_MAPS, focal=True)) == pytest.approx(0, abs=1e-9)


def test_maps_that_labels_do_not_tell_of_do_not_count() -> None:
    targets, known = torch.zeros(2, 50, 16, 16), torch.ones(2, 16, 16)
    maps = [torch.zeros(2, 50, 16 >> i, 16 >> i) for i in range(5)]
    maps[0][1, 31] = 0.5
    told = torch.ones(2, 50)
    told[0, 31] = 0
    assert float(body_part_loss(CODEC, maps, targets, known, told, focal=False)) > 0
    told[1, 31] = 0
    assert float(body_part_loss(CODEC, maps, targets, known, told, focal=False)) == 0


def test_a_batch_has_the_people_of_all_its_pictures() -> None:
    cells = np.zeros((16, 16), np.float32)
    maps = np.ones(50, np.float32)
    crops = [
        CrowdCrop(np.zeros((64, 64, 3), np.uint8), crowd_in_a_row(3, 64)[:people], cells, cells, maps)
        for people in (3, 0, 1)
    ]
    batch = objective().collate(crops)
    assert {name: tuple(t.shape) for name, t in batch.items()} == {
        "images": (3, 64, 64, 3),
        "keypoints": (4, 18, 2),
        "image_of": (4,),
        "people": (3, 16, 16),
        "known": (3, 16, 16),
        "maps_known": (3, 50),
    }
    assert batch["image_of"].tolist() == [0, 0, 0, 2]
    torch.manual_seed(0)
    loss = objective().loss(DeployNetwork(TINY.build()), batch)
    assert loss.shape == ()
    assert loss.isfinite()


def test_the_papers_training() -> None:
    recipe = named_recipe("paper", NetworkSpec.of_paper("simplepose"))
    assert (recipe.optimiser, recipe.learning_rate, recipe.weight_decay, recipe.batch) == ("sgd", 1e-4, 5e-4, 32)
    rates = [recipe.rate_at(epoch, recipe.epochs) for epoch in (14, 15, 30, 45)]
    assert rates == pytest.approx([1e-4, 2e-5, 4e-6, 8e-7])
    assert recipe.loss == "focal"
    assert recipe.augment.rotation_deg == 50
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_a_loss_of_one_person_is_one_clear_line() -> None:
    with pytest.raises(EdgeposeError, match="simplepose-edge learns by the loss focal or squared; found weighted"):
        objective(loss="weighted")


@pytest.mark.parametrize(
    "changes", [{"label_doubt": 0.5}, {"relabel_swapped": True}, {"augment": AugmentConfig(half_body=0.2)}]
)
def test_what_only_networks_of_one_person_do_is_not_ignored(changes: dict[str, Any]) -> None:
    with pytest.raises(EdgeposeError, match="half_body are for networks of one person: leave them out"):
        objective(**changes)


def tiny_recipe(**changes: object) -> Recipe:
    values = {"epochs": 6, "batch": 4, "precision": "fp32", "ema_decay": 0.0, "warmup_steps": 0, "augment": AS_IT_IS}
    return named_recipe("modern", TINY, **{**values, **changes})


class Losses:
    """Keeps the loss of every step and every epoch, and on request presses Ctrl-C after a step."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.of_steps: list[float] = []
        self.of_epochs: list[float] = []
        self._interrupt_at = interrupt_at

    def on_step(self, step: int, total_steps: int, loss: float) -> None:
        self.of_steps.append(loss)
        if step == self._interrupt_at:
            signal.raise_signal(signal.SIGINT)

    def on_epoch(self, result: EpochResult, network: nn.Module) -> None:
        self.of_epochs.append(result.loss)


OTHERS = [pytest.param(*which, marks=pytest.mark.slow) for which in (("modern", "squared"), ("paper", "focal"))]


@pytest.mark.parametrize(("recipe", "loss"), [("modern", "focal"), *OTHERS])
def test_training_makes_the_loss_smaller(tmp_path: Path, recipe: str, loss: str) -> None:
    mix = [WeightedDataset(open_dataset("synthetic:8:3"), 1.0)]
    base = named_recipe(recipe, TINY, loss=loss)
    if base.optimiser == "sgd":
        base = replace(base, learning_rate=3e-3)  # a dozen steps at the paper's rate go nowhere
    quick = replace(base, epochs=6, batch=4, precision="fp32", ema_decay=0.0, warmup_steps=0, augment=AS_IT_IS)
    losses = Losses()
    Trainer(TINY, quick, mix, tmp_path, workers=0, observers=(losses,)).run()
    assert losses.of_epochs[-1] < 0.9 * losses.of_epochs[0]


def test_resuming_gives_the_numbers_of_an_uninterrupted_run(tmp_path: Path) -> None:
    mix = [WeightedDataset(open_dataset("synthetic:8:3"), 1.0)]

    def trainer(folder: str, losses: Losses) -> Trainer:
        return Trainer(TINY, tiny_recipe(epochs=2), mix, tmp_path / folder, workers=0, observers=(losses,))

    whole, first, second = Losses(), Losses(interrupt_at=2), Losses()
    expected = trainer("whole", whole).run().weights
    with pytest.raises(KeyboardInterrupt):
        trainer("cut", first).run()
    resumed = trainer("cut", second)
    resumed.resume()
    weights = resumed.run().weights
    assert len(first.of_steps) == 3  # the step after the key is pressed is the last one
    assert first.of_steps + second.of_steps == whole.of_steps
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())


def test_a_checkpoint_has_the_codec_and_is_validated_by_everybody(tmp_path: Path) -> None:
    dataset = open_dataset("synthetic:4:3")
    trainer = Trainer(TINY, tiny_recipe(epochs=1), [WeightedDataset(dataset, 1.0)], tmp_path, workers=0)
    trainer.run()
    checkpoint = load_checkpoint(tmp_path / "last.safetensors")
    assert checkpoint.codec == TINY.codec()
    learner = objective()
    assert learner.metric == "OKS AP"
    network = checkpoint.build()
    assert 0 <= learner.validate(network, dataset) <= 100
    picture = learner.draw(network, dataset)
    assert (picture.shape, picture.dtype) == ((64, 4 * 64, 3), np.uint8)


class OnlyNecks(DotDataset):
    """People who are alone in their picture; of them only the neck is labelled, which data sets mean differently."""

    knows_everybody = True

    def keypoints(self, index: int) -> FloatArray:
        keypoints = self.sample(index).keypoints
        keypoints[[row for row, joint in enumerate(LSP_14.joints) if joint != "neck"]] = np.nan
        return keypoints


def test_it_is_not_validated_on_who_is_one_of_many_or_has_no_labels() -> None:
    objective().check_validation(open_dataset("synthetic:4:3"))
    with pytest.raises(DataError, match="knows one person a picture"):
        objective().check_validation(DotDataset(2))
    with pytest.raises(DataError, match="OKS AP cannot be told on dots:0: nobody in it has a labelled joint"):
        objective().check_validation(OnlyNecks(2))


def test_progress_is_drawn_of_one_person_a_picture_too() -> None:
    assert objective().draw(TINY.build().eval(), DotDataset(2)).shape == (64, 2 * 64, 3)


class WholePictures(PoseDataset):
    """Rendered crowds whose pictures are seen whole in training, as in validation.

    Only those that maps of the network's size can tell: of the others even the targets make other people.
    """

    name = "whole:16"
    knows_everybody = True

    def __init__(self, count: int, codec: BodyPartCodec) -> None:
        self._rendered = open_dataset(f"synthetic:{4 * count}:7")
        self.skeleton = self._rendered.skeleton
        self._chosen = [i for i in range(len(self._rendered)) if self._is_told_by(i, codec)][:count]

    def __len__(self) -> int:
        return len(self._chosen)

    def sample(self, index: int) -> Sample:
        return self._rendered.sample(self._chosen[index])

    def picture(self, index: int) -> tuple[Picture, int]:
        picture, row = self._rendered.picture(self._chosen[index])
        whole = np.array([-0.5, -0.5, 255.5, 255.5], np.float32)
        return replace(picture, boxes_xyxy=np.tile(whole, (len(picture.keypoints), 1))), row

    def _is_told_by(self, index: int, codec: BodyPartCodec) -> bool:
        picture, _ = picture_in_skeleton(self._rendered, index, codec.parts.skeleton)
        crowd = neck_between_shoulders((picture.keypoints + 0.5) * (codec.input_wh[0] / 256) - 0.5, SIMPLE_POSE_18)
        found, _ = codec.decode(codec.encode(crowd))
        if len(crowd) < 2 or len(found) != len(crowd):
            return False
        joints = np.isfinite(crowd).all(axis=-1).sum()
        near = np.linalg.norm(found[:, None] - crowd[None], axis=-1) < 3
        return bool(near.sum(axis=-1).max(axis=1).sum() > 0.95 * joints)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_it_learns_sixteen_crowds_by_heart(tmp_path: Path) -> None:
    spec = NetworkSpec("simplepose-edge", SIMPLE_POSE_18, (128, 128), {"width": 48, "step": 16, "stages": 1})
    dataset = WholePictures(16, of_everybody(spec.codec(), "small"))
    assert len(dataset) == 16
    recipe = replace(tiny_recipe(epochs=200, batch=8), learning_rate=3e-3)
    network = Trainer(spec, recipe, [WeightedDataset(dataset, 1.0)], tmp_path, workers=0).run().build()
    see = seen_by(network_predictor(network), of_everybody(spec.codec(), "small"))
    measured = measure_everybody(*look_at(see, dataset, SIMPLE_POSE_18), SIMPLE_POSE_18)
    assert measured["OKS AP50"] > 95
    assert measured["OKS AP"] > 70
