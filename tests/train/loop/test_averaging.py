"""The average of a network's weights trails it, and whatever is no real number is the network's own."""

import pytest
import torch
from torch import nn

from edgepose.train.loop.averaging import WeightAverage


@torch.no_grad()
def test_an_average_moves_by_its_decay_and_further_at_first() -> None:
    network = nn.BatchNorm1d(2)
    average = WeightAverage(network, 0.9)
    expected = {name: network.state_dict()[name].clone() for name in ("weight", "running_mean")}
    for step, decay in ((0, 0.1), (10, 0.55), (1000, 0.9)):
        for name, trailing in expected.items():
            trained = network.state_dict()[name]
            trained += torch.tensor([1.0, -2.0])
            expected[name] = decay * trailing + (1 - decay) * trained
        average.update(step)
        for name, trailing in expected.items():
            torch.testing.assert_close(average.network.state_dict()[name], trailing)


def test_whole_numbers_are_copied() -> None:
    network = nn.BatchNorm1d(2)
    average = WeightAverage(network, 0.9)
    for _ in range(3):
        network(torch.rand(4, 2))
    assert average.network.state_dict()["num_batches_tracked"] == 0
    average.update(0)
    assert average.network.state_dict()["num_batches_tracked"] == 3


@pytest.mark.parametrize("step", [0, 1000])
def test_without_a_decay_it_is_the_network_also_of_weights_that_were_read(step: int) -> None:
    network, other = nn.Linear(2, 3), nn.Linear(2, 3)
    average = WeightAverage(network, 0.0)
    network.load_state_dict(other.state_dict())
    average.update(step)
    for name, tensor in other.state_dict().items():
        torch.testing.assert_close(average.network.state_dict()[name], tensor)


def test_the_average_neither_learns_nor_counts_for_itself() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = WeightAverage(network, 0.9).network
    average(torch.rand(4, 2))
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert average.state_dict()["1.num_batches_tracked"] == 0
    assert all(parameter.requires_grad for parameter in network.parameters())
