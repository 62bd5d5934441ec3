"""PIL learns joints and body parts from whatever each person's labels tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError
from edgepose.train.data import DataError, WeightedDataset, open_dataset, open_mix
from edgepose.train.data.crops import Draw
from edgepose.train.data.part_labels import PART_CLASSES, UNKNOWN, value_of
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.objectives.base import Learner
from edgepose.train.objectives.parsing import (
    PARSING_WEIGHT,
    ParsingObjective,
    parsing_loss,
    possible_classes,
    with_background,
)
from edgepose.train.processes.world import World
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import modern_recipe
from support.data_sets import write_ccp
from support.dot_dataset import DotDataset
from support.still import STILL
from support.trained import PPNET

SPEC = NetworkSpec.of_paper("pil", {}, LSP_14, (64, 64))
RECIPE = Recipe(precision="fp32")
POSSIBLE = torch.from_numpy(possible_classes(20))


def parts_of(*labels: str) -> Tensor:
    """A mask (1, 1, len) of these labels; anything else is unknown."""
    values = [value_of(label) if label != "unknown" else UNKNOWN for label in labels]
    return torch.tensor([[values]], dtype=torch.uint8)


def test_exact_labels_have_the_usual_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 20, 4, 4, generator=generator)
    parts = torch.randint(0, len(PART_CLASSES), (2, 16, 16), generator=generator, dtype=torch.uint8)
    parts[0, :3] = UNKNOWN
    large = interpolate(scores, scale_factor=4, mode="bilinear", align_corners=False)
    expected = cross_entropy(large, parts.long(), ignore_index=UNKNOWN)
    torch.testing.assert_close(parsing_loss(scores, parts, POSSIBLE), expected)


def test_a_coarse_label_asks_for_one_of_its_classes_and_not_which() -> None:
    def loss_of(found: str, label: str) -> float:
        scores = torch.zeros(1, 20, 1, 1)
        scores[0, PART_CLASSES.index(found)] = 30
        return float(parsing_loss(scores, parts_of(label), POSSIBLE))

    for found in ("l_upper_arm", "l_lower_arm", "l_hand"):
        assert loss_of(found, "l_arm") == pytest.approx(0, abs=1e-6)
    assert loss_of("r_hand", "l_arm") > 20
    assert loss_of("background", "body") > 20


def test_without_a_known_pixel_there_is_nothing_to_learn() -> None:
    scores = torch.randn(1, 20, 1, 2, requires_grad=True)
    loss = parsing_loss(scores, parts_of("unknown", "unknown"), POSSIBLE)
    loss.backward()
    assert float(loss.detach()) == 0
    assert scores.grad is not None
    assert not scores.grad.any()


class OneOfTwo(World):
    """A process that knows of how many pixels the two have labels: a mean of 24."""

    def mean(self, values: Tensor) -> Tensor:
        return torch.full_like(values, 24)


def test_a_pixel_counts_alike_in_every_process_however_the_masks_are_shared() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(4, 20, 4, 4, generator=generator)
    parts = torch.randint(0, len(PART_CLASSES), (4, 4, 4), generator=generator, dtype=torch.uint8)
    parts[1] = UNKNOWN
    assert [int((half != UNKNOWN).sum()) for half in parts.split(2)] == [16, 32]
    halves = zip(scores.split(2), parts.split(2), strict=True)
    shared = [parsing_loss(*half, POSSIBLE, OneOfTwo(rank, 2)) for rank, half in enumerate(halves)]
    torch.testing.assert_close(torch.stack(shared).mean(), parsing_loss(scores, parts, POSSIBLE))


def test_an_objective_weighs_its_pixels_by_the_world_that_it_learns_in() -> None:
    objective = ParsingObjective(SPEC, RECIPE)
    examples = objective.examples([WeightedDataset(open_dataset("synthetic:2"), 1.0)])
    batch = objective.collate([examples[Draw(0, i, (0, 0, i))] for i in range(2)])
    losses = []
    for world in (World(), OneOfTwo(0, 2)):
        torch.manual_seed(0)
        losses.append(Learner(DeployNetwork(SPEC.build()), objective, world, bf16=False)(batch).item())
        assert objective.world is world
    # with 24 pixels of a mask instead of thousands, each weighs the more
    assert losses[1] > 10 * losses[0]


def test_classes_that_no_part_has_stay_empty() -> None:
    scores = torch.zeros(1, 20, 1, 1, requires_grad=True)
    parsing_loss(scores, parts_of("body"), POSSIBLE).backward()
    assert scores.grad is not None
    assert (scores.grad[0, len(PART_CLASSES) :] > 0).all()


def test_the_background_is_what_no_joint_is_and_known_where_all_are() -> None:
    targets, weights = torch.rand(2, 3, 4, 4), torch.tensor([[1.0, 1, 1], [1, 0, 1]])
    maps, known = with_background(targets, weights)
    torch.testing.assert_close(maps[:, :3], targets)
    torch.testing.assert_close(maps[:, 3], 1 - targets.amax(dim=1))
    assert known.tolist() == [[1, 1, 1, 1], [1, 0, 1, 0]]


def learned(data: str | DotDataset, spec: NetworkSpec = SPEC) -> tuple[float, set[str]]:
    """The loss of a step on two people, and which modules' weights it moves."""
    torch.manual_seed(0)
    objective = objective_of(spec, RECIPE)
    assert isinstance(objective, ParsingObjective)
    dataset = open_dataset(data) if isinstance(data, str) else data
    examples = objective.examples([WeightedDataset(dataset, 1.0)])
    batch = objective.collate([examples[Draw(0, person, (0, 0, person))] for person in range(2)])
    network = spec.build()
    loss = Learner(DeployNetwork(network), objective, bf16=False)(batch)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None and p.grad.any()}
    return float(loss.detach()), moved


def test_joints_and_masks_teach_everything() -> None:
    loss, moved = learned("synthetic:2:1")
    assert loss > PARSING_WEIGHT
    assert moved == {"pose", "heatmaps", "parsing", "classes", "fuse"}


def test_without_masks_only_the_parsings_classifier_stays_as_it_is() -> None:
    assert learned(DotDataset(2))[1] == {"pose", "heatmaps", "parsing", "fuse"}


def test_who_has_no_joints_teaches_only_the_parsing() -> None:
    objective = ParsingObjective(SPEC, replace(RECIPE, augment=replace(RECIPE.augment, empty=0.0)))
    sample = open_dataset("synthetic:1:1")
    examples = objective.examples([WeightedDataset(sample, 1.0)])
    batch = objective.collate([examples[Draw(0, 0, (0, 0, 0))]] * 2)
    batch["keypoints"][:], batch["weights"][:] = torch.nan, 0
    network = SPEC.build()
    objective.loss(DeployNetwork(network), batch).backward()
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {"parsing", "classes"}


@pytest.mark.parametrize(
    ("fusion", "modules"), [("none", {"pose", "heatmaps"}), ("multi-task", {"pose", "heatmaps", "classes"})]
)
def test_other_fusions_learn_what_they_have(fusion: str, modules: set[str]) -> None:
    assert learned("synthetic:2:1", replace(SPEC, settings={"fusion": fusion}))[1] == modules


def test_too_few_classes_is_one_clear_line() -> None:
    with pytest.raises(EdgeposeError, match=r"masks tell 15 parts apart, the network 7; give --set classes=15 or more"):
        objective_of(replace(SPEC, settings={"classes": 7}), RECIPE)


def test_the_same_draw_has_the_same_mask_beside_its_picture() -> None:
    objective = ParsingObjective(SPEC, RECIPE)
    examples = objective.examples([WeightedDataset(open_dataset("synthetic:2:1"), 1.0)])
    one, two = (objective.collate([examples[Draw(0, 1, (0, 0, 5))]]) for _ in range(2))
    assert one["parts"].shape == (1, 64, 64)
    assert len(np.unique(one["parts"].numpy())) > 3
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, two[name], equal_nan=True)


def test_masks_are_enough_to_learn_from_where_the_parsing_learns(tmp_path: Path) -> None:
    write_ccp(tmp_path)
    nobody = open_mix([f"ccp:{tmp_path}"])
    ParsingObjective(SPEC, RECIPE).check_labels(nobody)
    without = replace(SPEC, settings={**SPEC.settings, "fusion": "none"})
    for objective in (ParsingObjective(without, RECIPE), ParsingObjective(SPEC, RECIPE, parsing=checkpoint_of(SPEC))):
        with pytest.raises(DataError, match=r"nobody in ccp:.* has a labelled joint"):
            objective.check_labels(nobody)


def checkpoint_of(spec: NetworkSpec) -> Checkpoint:
    torch.manual_seed(7)
    return Checkpoint(spec, spec.codec(), 1.25, spec.build().state_dict(), {"data": ["masks"]}, [], {})


def test_a_reused_parsing_branch_is_the_checkpoints_and_learns_nothing(tmp_path: Path) -> None:
    trained = checkpoint_of(SPEC)
    recipe = replace(RECIPE, epochs=1, batch=2, learning_rate=0.1, warmup_steps=0, ema_decay=0.0)
    mix = [WeightedDataset(open_dataset("synthetic:4:1"), 1.0)]
    objective = ParsingObjective(SPEC, recipe, parsing=trained)
    checkpoint = Trainer(SPEC, recipe, mix, tmp_path, objective=objective, workers=0).run()
    found = checkpoint.weights
    assert checkpoint.training["parsing"] == {"data": ["masks"]}
    with pytest.raises(CheckpointError, match="was trained with another --parsing; give the same, or a new --out"):
        Trainer(SPEC, recipe, mix, tmp_path, workers=0).resume()
    same = {name for name, weight in trained.weights.items() if torch.equal(weight, found[name])}
    branch = {name for name in found if name.startswith(("parsing.", "classes.", "fuse.adapter."))}
    assert branch <= same
    moved = {name.split(".")[0] for name in set(found) - same}
    assert moved == {"pose", "heatmaps", "fuse"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            replace(SPEC, input_wh=(128, 128)),
            "the parsing branch was trained at 128x128, the network has 64x64; give the",
        ),
        (
            replace(SPEC, settings={"classes": 15}),
            "the trained one has fusion adaptive, classes 15, .* this one .* classes 20",
        ),
        (replace(SPEC, settings={"fusion": "add"}), "the trained one has fusion add"),
        (PPNET, "a parsing branch is PIL's; the checkpoint holds ppnet-m1-d1-w8"),
    ],
)
def test_a_parsing_branch_that_does_not_fit_is_one_clear_line(spec: NetworkSpec, message: str) -> None:
    with pytest.raises(EdgeposeError, match=message):
        ParsingObjective(SPEC, RECIPE, parsing=checkpoint_of(spec)).prepare(SPEC.build())


def test_only_pil_has_a_parsing_branch() -> None:
    with pytest.raises(EdgeposeError, match="ppnet-m1-d1-w8 has none: leave --parsing out"):
        objective_of(PPNET, RECIPE, checkpoint_of(SPEC))


def test_a_network_without_a_parsing_branch_cannot_reuse_one() -> None:
    spec = replace(SPEC, settings={"fusion": "multi-task"})
    with pytest.raises(EdgeposeError, match="that has one of its own"):
        ParsingObjective(spec, RECIPE, parsing=checkpoint_of(spec)).prepare(spec.build())


def test_the_report_of_a_run_has_the_parsing_beside_the_pose() -> None:
    objective, network = ParsingObjective(SPEC, RECIPE), SPEC.build()
    report = objective.report(network, open_dataset("synthetic:2:1"))
    assert set(report) == {"PCK@0.2", "per_joint", "mIoU", "per_part"}
    assert report["mIoU"] == pytest.approx(np.mean(list(report["per_part"].values())))
    assert set(objective.report(network, DotDataset(2))) == {"PCK@0.2", "per_joint"}


@pytest.mark.slow
@pytest.mark.long
def test_it_learns_sixteen_people_by_heart(tmp_path: Path) -> None:
    short = {"epochs": 60, "batch": 8, "warmup_steps": 20, "ema_decay": 0.9, "augment": STILL, "precision": "fp32"}
    recipe, people = replace(modern_recipe(SPEC), **short), DotDataset(16)
    trainer = Trainer(SPEC, recipe, [WeightedDataset(people, 1.0)], tmp_path, validate_on=people, workers=0)
    accuracies = [point["accuracy"] for point in trainer.run().training["progress"]["curve"]]
    assert max(accuracies) == 100
