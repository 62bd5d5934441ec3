"""What processes that train together agree upon, as far as one process can tell."""

from pathlib import Path

import pytest
import torch
from torch import nn

from edgepose.runtime.skeleton import LSP_14
from edgepose.train.data import WeightedDataset
from edgepose.train.data.crops import Draw, EpochSampler
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.processes.world import World, WorldError, joined_world
from edgepose.train.recipe import Recipe
from support.dot_dataset import DotDataset


def draws(rank: int = 0, size: int = 1, skip: int = 0) -> list[Draw]:
    mix = [WeightedDataset(DotDataset(10), 1.0), WeightedDataset(DotDataset(8), 1.5)]
    sampler = EpochSampler(mix, 7, 4, rank, size)
    sampler.epoch, sampler.skip = 3, skip
    found = list(sampler)
    assert skip or len(sampler) == len(found)
    return found


def test_shares_together_are_the_batches_of_one_process() -> None:
    alone, first, second = draws(), draws(0, 2), draws(1, 2)
    assert len(alone) == 20  # of 22: the rest makes no batch of 4
    batches = [alone[start : start + 4] for start in range(0, 20, 4)]
    shared = [first[start : start + 2] + second[start : start + 2] for start in range(0, 10, 2)]
    assert shared == batches


def test_what_was_trained_on_is_skipped_whatever_the_number_of_processes() -> None:
    assert draws(skip=8) == draws()[8:]
    assert draws(1, 2, skip=8) == draws(1, 2)[4:]


def test_a_batch_that_cannot_be_shared_is_an_error() -> None:
    assert World(1, 3).share(12) == 4
    with pytest.raises(WorldError, match="a batch of 8 cannot be shared by 3 processes; give a multiple"):
        World(1, 3).share(8)


def test_the_objective_learns_in_the_world_of_its_trainer(tmp_path: Path) -> None:
    spec = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
    world, mix = World(), [WeightedDataset(DotDataset(4), 1.0)]
    recipe = Recipe(batch=4, precision="fp32")
    assert Trainer(spec, recipe, mix, tmp_path, workers=0, world=world).objective.world is world


def test_a_process_that_torchrun_did_not_start_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_world() as world:
        assert world.is_first
        assert world.from_first(lambda: 5) == 5
        assert world.mean(torch.tensor([2.0])) == 2
        assert world.map(lambda number: number * 2, range(3)) == [0, 2, 4]
        network = nn.Sequential(nn.BatchNorm2d(3))
        assert world.shared(network) is network
        world.synchronise_norms(network)
        assert type(network[0]) is nn.BatchNorm2d
