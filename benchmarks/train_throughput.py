"""Images a second of the trainer's step over those of plain eager fp32 of the same network, in turns in one run.

The trainer computes as `edgepose train` would here: channels last, bf16 where the machine has a unit for it, targets on
the device, a fused optimiser, and with --compile by torch.compile. Plain is the loop of a tutorial: contiguous, eager,
fp32, targets in numpy. Both take their batches from memory; `fed` is what of the trainer's rate is left when the loader
makes them of people whom it keeps, as from the second epoch on: on a GPU, the share of time that it is busy. The peak
is that of a large matrix product in the trainer's precision, and a step counts three times the network's
multiply-accumulates. Targets: 3 times plain on a GPU, 3.5 on a CPU.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from _report import write_result
from _turns import ratio, take_turns, turn_arguments
from torch import Tensor, nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs import of_one_person
from edgepose.train.data import open_mix
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import DeployNetwork
from edgepose.train.networks.describe import describe
from edgepose.train.objectives import Batch
from edgepose.train.objectives.losses import weighted_mse
from edgepose.train.processes.world import World
from edgepose.train.runs.config import read_config
from edgepose.train.runs.named_recipes import fast_precision
from edgepose.train.runs.run import set_up_libraries

TARGETS = {"cpu": 3.5, "cuda": 3.0}
_MATRIX = {"cpu": 1024, "cuda": 8192}


def seconds_of(device: torch.device, work: Callable[[], object]) -> float:
    """Return how long something takes until the device has done it."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - started


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Return the operations a second of a large matrix product, the best of some."""
    side = _MATRIX[device.type]
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return float(2 * side**3 / min(seconds_of(device, lambda: a @ b) for _ in range(10)))


class Plain:
    """The same network as a tutorial trains it."""

    def __init__(self, trainer: Trainer, batch: Batch) -> None:
        self._device = trainer.device
        self._codec = of_one_person(trainer.spec.codec(), trainer.spec.name)
        self._network: nn.Module = trainer.spec.build().to(self._device)
        self._deployed = DeployNetwork(self._network).to(self._device)
        self._optimiser = torch.optim.AdamW(self._network.parameters(), 1e-4, fused=False, foreach=False)
        self._batch = {name: tensor.cpu() for name, tensor in batch.items()}

    def step(self) -> Tensor:
        """Take one step; return its loss."""
        targets = torch.from_numpy(self._codec.encode(self._batch["keypoints"].numpy())).to(self._device)
        weights = self._batch["weights"].to(self._device)
        images = self._batch["images"].to(self._device)
        loss = weighted_mse([maps.contiguous() for maps in self._deployed.all_heatmaps(images)], targets, weights)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss


def epoch_after_epoch(trainer: Trainer) -> Iterator[Batch]:
    """Yield batches without end."""
    while True:
        yield from trainer.batches()


def run(given: argparse.Namespace, out: Path) -> dict[str, Any]:
    set_up_libraries()
    torch.set_num_threads(given.threads)
    precision = given.precision or fast_precision()  # whatever a file says, which is of the machine that it was run on
    config = read_config(given.config).with_options({"data": (given.data,)}, {"epochs": 10**6, "precision": precision})
    if given.batch:
        config = config.with_options({}, {"batch": given.batch})
    world, mix = World.alone(), open_mix(config.data)
    spec = config.spec(mix)
    recipe, workers = config.recipe_for(spec), given.workers if given.workers is not None else world.loaders()
    trainer = Trainer(spec, recipe, mix, out, workers=workers, world=world, compiled=given.compile)
    trainer.network.train()
    # the first epoch reads or renders everybody, who are in memory from then on
    for _ in trainer.batches():
        pass
    batches = epoch_after_epoch(trainer)
    batch = next(batches)
    plain = Plain(trainer, batch)
    for _ in range(2):
        plain.step()
        trainer.step(batch)
    steps = max(1, round(given.seconds / seconds_of(world.device, lambda: trainer.step(batch))))
    plain_steps = max(1, round(given.seconds / seconds_of(world.device, plain.step)))

    def of_a_step(work: Callable[[], object], count: int) -> float:
        return 1000 * seconds_of(world.device, lambda: [work() for _ in range(count)]) / count

    ways = {
        "plain": lambda: of_a_step(plain.step, plain_steps),
        "trainer": lambda: of_a_step(lambda: trainer.step(batch), steps),
        "fed": lambda: of_a_step(lambda: trainer.step(next(batches)), steps),
    }
    result = take_turns(ways, given.rounds)
    dtype = torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    peak, least = peak_flops(world.device, dtype), result["trainer_ms"]["min"]
    speedup, target = ratio(result, slow="plain", fast="trainer"), TARGETS[world.device.type]
    return {
        "config": given.config,
        "data": given.data,
        "device": torch.cuda.get_device_name() if world.device.type == "cuda" else "CPU",
        "threads": given.threads,
        "batch": recipe.batch,
        "precision": recipe.precision,
        "compiled": given.compile,
        "workers": workers,
        "torch": torch.__version__,
        **result,
        "images_per_s": {name: round(1000 * recipe.batch / result[f"{name}_ms"]["min"], 1) for name in ways},
        "speedup": speedup,
        "fed": ratio(result, slow="trainer", fast="fed"),
        "peak_tflops": round(peak / 1e12, 3),
        "peak_share": round(6 * describe(spec).macs * recipe.batch / (least / 1000) / peak, 4),
        "target": target,
        "met": speedup["median"] >= target,
    }


def main() -> None:
    parser = turn_arguments(__doc__, "train_throughput")
    parser.add_argument("--config", default="ppnet-small-lsp-128", help="a run's file or one that ships, by its name")
    parser.add_argument("--data", default="synthetic:512", help="what is learned, instead of the run's own data")
    parser.add_argument("--batch", type=int, help="instead of the run's own")
    parser.add_argument(
        "--precision", choices=("bf16", "fp32"), help="default: bf16 where the machine has a unit for it"
    )
    parser.add_argument("--workers", type=int, help="processes of the loader; default: as edgepose train")
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    try:
        with TemporaryDirectory() as out:
            result = run(given, Path(out))
        write_result("train_throughput", result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(
        f"trainer / plain: {result['speedup']}, target {result['target']}; images/s {result['images_per_s']}; "
        f"share of the matrix peak {result['peak_share']}; fed {result['fed']}"
    )


if __name__ == "__main__":
    main()
