"""Heatmaps as an objective: targets of the codec, losses in the papers' terms, a figure and a picture of progress."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.data.crops import Draw
from edgepose.train.networks import NETWORKS, DeployNetwork, NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.objectives.base import Learner
from edgepose.train.objectives.heatmaps import HeatmapObjective, heatmap_targets
from edgepose.train.objectives.losses import doubtful
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import modern_recipe
from support.dot_dataset import DotDataset

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
RECIPE = Recipe(precision="fp32")
CODECS = [HeatmapCodec((64, 48), (16, 12), 8.0), HeatmapCodec((32, 32), (32, 32), 1.25)]


@pytest.mark.parametrize("codec", CODECS, ids=["stride 4", "stride 1"])
@given(seed=st.integers(0, 2**32 - 1))
def test_targets_are_those_of_the_codec(codec: HeatmapCodec, seed: int) -> None:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(-8, 72, (3, 5, 2)).astype(np.float32)
    keypoints[0, 0] = np.nan
    keypoints[0, 1] = -0.5, -0.5
    keypoints[0, 2] = np.array(codec.input_wh) - 0.5
    keypoints[0, 3] = 0.0, np.nan
    found = heatmap_targets(codec, torch.from_numpy(keypoints))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), codec.encode(keypoints), atol=1e-6)


def batch_of(objective: HeatmapObjective, people: int = 4) -> dict[str, torch.Tensor]:
    examples = objective.examples([WeightedDataset(DotDataset(people), 1.0)])
    return objective.collate([examples[Draw(0, person, (0, 0, person))] for person in range(people)])


def test_a_batch_holds_images_and_joints() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in batch_of(HeatmapObjective(SPEC, RECIPE)).items()}
    assert shapes == {"images": (4, 32, 32, 3), "keypoints": (4, 14, 2), "weights": (4, 14)}


@pytest.mark.parametrize("loss", ["partial", "weighted"])
def test_an_unlabelled_joint_does_not_count(loss: str) -> None:
    objective = HeatmapObjective(SPEC, replace(RECIPE, loss=loss))
    network = DeployNetwork(SPEC.build().eval())
    batch = batch_of(objective)
    batch["weights"] = torch.ones(4, 14)
    batch["weights"][:, 3] = 0
    moved = dict(batch, keypoints=batch["keypoints"].clone())
    moved["keypoints"][:, 3] = 16.0
    assert objective.loss(network, batch) == objective.loss(network, moved)
    moved["keypoints"][:, 4] = 16.0
    assert objective.loss(network, batch) != objective.loss(network, moved)


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        NetworkSpec.of_paper("repose", {"width": "8", "blocks": "2"}, LSP_14, (64, 64)),
        NetworkSpec.of_paper("pbn", {"stacks": "2", "width": "16"}, LSP_14, (64, 64)),
    ],
    ids=lambda spec: spec.name,
)
def test_the_loss_reaches_every_weight_as_training_in_several_processes_needs(spec: NetworkSpec, bf16: bool) -> None:
    objective = HeatmapObjective(spec, RECIPE)
    learner = Learner(DeployNetwork(spec.build()), objective, bf16=bf16)
    loss = learner(batch_of(objective))
    loss.backward()
    assert loss.dtype == torch.float32
    assert all(parameter.grad is not None for parameter in learner.parameters())


def test_validates_and_draws() -> None:
    objective, network, data = HeatmapObjective(SPEC, RECIPE), SPEC.build(), DotDataset(3)
    assert 0 <= objective.validate(network, data) <= 100
    picture = objective.draw(network, data)
    assert picture.shape == (32, 3 * 32, 3)
    with torch.no_grad():
        network.get_parameter([name for name, _ in network.named_parameters()][-1]).fill_(1.0)
    assert not np.array_equal(picture, objective.draw(network, data))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_an_objective(name: str) -> None:
    spec = NetworkSpec.of_paper(name.replace("mM-dD-wW", "m1-d1-w8"))
    assert objective_of(spec, modern_recipe(spec)).metric


def test_only_a_peak_elsewhere_makes_a_label_doubtful() -> None:
    codec = HeatmapCodec((64, 64), (64, 64), 3.0)
    here, elsewhere, outside = (torch.full((1, 1, 2), at) for at in (16.0, 48.0, -50.0))
    label = heatmap_targets(codec, here)
    for maps, expected in [
        (label, 0.0),
        (torch.zeros_like(label), 0.0),
        (heatmap_targets(codec, elsewhere), 1.0),
        (0.5 * heatmap_targets(codec, elsewhere), 0.25),
    ]:
        assert doubtful(maps, label).item() == pytest.approx(expected, abs=1e-3)
    assert doubtful(label, heatmap_targets(codec, outside)).item() == 0


def test_a_label_that_the_average_contradicts_counts_less() -> None:
    network = DeployNetwork(SPEC.build().eval())
    keypoints, weights = torch.full((4, 14, 2), 16.0), torch.ones(4, 14)
    seen = heatmap_targets(SPEC.codec(), keypoints)
    keypoints[:, 5] = 4.0
    batch = {**batch_of(HeatmapObjective(SPEC, RECIPE)), "keypoints": keypoints, "weights": weights}

    def loss_by_label_five(doubt: float) -> float:
        objective = HeatmapObjective(SPEC, replace(RECIPE, label_doubt=doubt))
        objective.follow(SPEC.build())
        if doubt:
            objective._average = lambda _images: seen  # type: ignore[assignment]
        without = weights.clone()
        without[:, 5] = 0
        return (objective.loss(network, batch) - objective.loss(network, {**batch, "weights": without})).item()

    trusted, half, hardly = (loss_by_label_five(doubt) for doubt in (0.0, 0.5, 1.0))
    assert trusted > half > hardly
    assert hardly < 0.3 * trusted


def test_labels_that_the_average_sees_swapped_are_learned_the_right_way_round() -> None:
    large = replace(SPEC, input_wh=(128, 128))
    places = torch.randperm(16, generator=torch.Generator().manual_seed(0))[:14]
    right = (torch.stack([places % 4, places // 4], dim=-1).float() * 30 + 15).repeat(4, 1, 1)
    batch = {**batch_of(HeatmapObjective(SPEC, RECIPE)), "keypoints": right.clone(), "weights": torch.ones(4, 14)}
    batch["keypoints"][1] = right[1, list(LSP_14.flip_order)]
    expected = heatmap_targets(large.codec(), right)
    for relabel in (False, True):
        objective = HeatmapObjective(large, replace(RECIPE, relabel_swapped=relabel))
        objective.follow(large.build())
        if relabel:
            objective._average = lambda _images: expected  # type: ignore[assignment]
        targets, weights = objective.labels(batch)
        kept = [bool(torch.equal(ours, theirs)) for ours, theirs in zip(targets, expected, strict=True)]
        assert kept == [True, relabel, True, True]
        assert weights.eq(1).all()
