"""Training crops out of mixed data sets, the same whatever the number of worker processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch.utils.data import Dataset, Sampler

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data import WeightedDataset
from edgepose.train.data.augment import AugmentConfig, Crop, clean_copies, empty_crop, training_crop
from edgepose.train.data.pose_dataset import in_skeleton


@dataclass(frozen=True)
class Draw:
    """One place in one epoch: which person of which data set, and the seed of its variation."""

    dataset: int
    person: int
    seed: tuple[int, int, int]


class EpochSampler(Sampler[Draw]):
    """A shuffled epoch in batches, a function of (seed, epoch) alone; the rest that makes no whole batch is left out.

    Of each batch, the process `rank` of `size` gets its even share, so that together they see what one would see alone.
    `skip` leaves out what was already trained on.
    """

    def __init__(self, mix: list[WeightedDataset], seed: int, batch: int = 1, rank: int = 0, size: int = 1) -> None:
        self._mix = mix
        self._seed = seed
        self._batch = batch
        share = batch // size
        self._share = range(rank * share, (rank + 1) * share)
        self.epoch = 0
        self.skip = 0

    @property
    def people(self) -> int:
        """Return how many are drawn in an epoch, before any is left out."""
        return sum(round(part.weight * len(part.dataset)) for part in self._mix)

    def __len__(self) -> int:
        return self.people // self._batch * len(self._share)

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self._seed, self.epoch))
        chosen = [
            (number, person)
            for number, part in enumerate(self._mix)
            for person in _draw(len(part.dataset), round(part.weight * len(part.dataset)), rng)
        ]
        order = rng.permutation(len(chosen))
        for start in range(self.skip, len(order) - self._batch + 1, self._batch):
            for place in (start + offset for offset in self._share):
                number, person = chosen[order[place]]
                yield Draw(number, person, (self._seed, self.epoch, place))


def _draw(people: int, count: int, rng: np.random.Generator) -> list[int]:
    """Draw `count` of `people`, everybody equally often but for a remainder."""
    whole, rest = divmod(count, people)
    return [*list(range(people)) * whole, *rng.permutation(people)[:rest].tolist()]


class CropDataset(Dataset[Crop]):
    """`dataset[draw]` is a varied crop with the joints of the network's skeleton, and clean ones of other sizes."""

    def __init__(
        self,
        mix: list[WeightedDataset],
        skeleton: Skeleton,
        input_wh: tuple[int, int],
        config: AugmentConfig,
        clean_wh: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._datasets = [part.dataset for part in mix]
        self._skeleton = skeleton
        self._input_wh = input_wh
        self._config = config
        self._clean_wh = clean_wh

    def __getitem__(self, draw: Draw) -> Crop:
        rng = np.random.default_rng(draw.seed)
        if rng.random() < self._config.empty:
            background = self._background(rng)
            if background is not None:
                crop = empty_crop(background, len(self._skeleton), self._input_wh, self._config, rng)
                return replace(crop, clean_rgb=clean_copies(crop.image_rgb, self._clean_wh))
        sample = in_skeleton(self._datasets[draw.dataset], draw.person, self._skeleton)
        return training_crop(sample, self._skeleton, self._input_wh, self._config, rng, self._clean_wh)

    def _background(self, rng: np.random.Generator) -> ImageArray | None:
        for number in rng.permutation(len(self._datasets)):
            background = self._datasets[int(number)].background(rng)
            if background is not None:
                return background
        return None
