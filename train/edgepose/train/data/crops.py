"""Training crops out of mixed data sets, the same whatever the number of worker processes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Dataset, Sampler

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data import WeightedDataset
from edgepose.train.data.augment import AugmentConfig, Crop, empty_crop, training_crop
from edgepose.train.data.pose_dataset import in_skeleton


@dataclass(frozen=True)
class Draw:
    """One place in one epoch: which person of which data set, and the seed of its variation."""

    dataset: int
    person: int
    seed: tuple[int, int, int]


class EpochSampler(Sampler[Draw]):
    """A shuffled epoch, a function of (seed, epoch) alone; `skip` leaves out what was already trained on."""

    def __init__(self, mix: list[WeightedDataset], seed: int) -> None:
        self._mix = mix
        self._seed = seed
        self.epoch = 0
        self.skip = 0

    def __len__(self) -> int:
        return sum(round(part.weight * len(part.dataset)) for part in self._mix)

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self._seed, self.epoch))
        chosen = [
            (number, person)
            for number, part in enumerate(self._mix)
            for person in _draw(len(part.dataset), round(part.weight * len(part.dataset)), rng)
        ]
        order = rng.permutation(len(chosen))
        for place in range(self.skip, len(order)):
            number, person = chosen[order[place]]
            yield Draw(number, person, (self._seed, self.epoch, place))


def _draw(people: int, count: int, rng: np.random.Generator) -> list[int]:
    """Draw `count` of `people`, everybody equally often but for a remainder."""
    whole, rest = divmod(count, people)
    return [*list(range(people)) * whole, *rng.permutation(people)[:rest].tolist()]


class CropDataset(Dataset[Crop]):
    """`dataset[draw]` is a varied crop with the joints of the network's skeleton."""

    def __init__(
        self, mix: list[WeightedDataset], skeleton: Skeleton, input_wh: tuple[int, int], config: AugmentConfig
    ) -> None:
        self._datasets = [part.dataset for part in mix]
        self._skeleton = skeleton
        self._input_wh = input_wh
        self._config = config

    def __getitem__(self, draw: Draw) -> Crop:
        rng = np.random.default_rng(draw.seed)
        if rng.random() < self._config.empty:
            background = self._background(rng)
            if background is not None:
                return empty_crop(background, len(self._skeleton), self._input_wh, self._config, rng)
        sample = in_skeleton(self._datasets[draw.dataset], draw.person, self._skeleton)
        return training_crop(sample, self._skeleton, self._input_wh, self._config, rng)

    def _background(self, rng: np.random.Generator) -> ImageArray | None:
        for number in rng.permutation(len(self._datasets)):
            background = self._datasets[int(number)].background(rng)
            if background is not None:
                return background
        return None
