"""The processes that train one network together: torchrun starts them, gradients and losses are averaged over them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import psutil
import torch
from torch import Tensor, distributed, nn
from torch.distributed import PrefixStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.probe import probe_this_machine
from edgepose.train.errors import SavedAndStopped
from edgepose.train.processes.sync_norm import SyncBatchNorm2d

_T = TypeVar("_T")
_Thing = TypeVar("_Thing")
_PATIENCE = timedelta(hours=2)
"""How long processes wait for one another: the first one also writes and draws."""


class WorldError(EdgeposeError):
    """The processes do not fit the machine or the batch."""


@dataclass(frozen=True)
class World:
    """The `rank` of a process among the `size` that train together, and the device it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009  a device is a constant

    @classmethod
    def alone(cls) -> "World":
        """Return a world of this process, on the GPU if there is one."""
        return cls(device=torch.device("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and shows."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Return how much of a batch each process takes.

        Raises `WorldError` where it cannot be shared evenly.
        """
        if batch % self.size:
            raise WorldError(f"a batch of {batch} cannot be shared by {self.size} processes; give a multiple of them")
        return batch // self.size

    def loaders(self) -> int:
        """Return how many processes should prepare batches: one beside a CPU, the machine's cores beside its GPUs."""
        if self.device.type == "cpu":
            return 1
        return max(1, probe_this_machine().cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the processes of values of one shape in all of them."""
        if self.size == 1:
            return values
        total = values.clone()
        distributed.all_reduce(total)
        return total / self.size

    def from_first(self, make: Callable[[], _T]) -> _T:
        """Return what the first process makes: the others get it sent."""
        if self.size == 1:
            return make()
        parcel = [make() if self.is_first else None]
        distributed.broadcast_object_list(parcel, src=0)
        return parcel[0]  # type: ignore[return-value]

    def map(self, work: Callable[[_Thing], _T], things: Sequence[_Thing]) -> list[_T]:
        """Return what the work makes of each thing, in their order: each process does a share, all get everything."""
        own = [work(thing) for thing in things[self.rank :: self.size]]
        if self.size == 1:
            return own
        shares: list[list[_T]] = [[]] * self.size
        distributed.all_gather_object(shares, own)
        return [shares[i % self.size][i // self.size] for i in range(len(things))]

    def send_buffers(self, network: nn.Module) -> None:
        """Give the others the first process's statistics: without synchronised norms each has those of its share."""
        if self.size == 1:
            return
        buffers = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        together = torch.cat([buffer.flatten() for buffer in buffers])
        distributed.broadcast(together, src=0)
        sent = torch.split(together, [buffer.numel() for buffer in buffers])
        torch._foreach_copy_(buffers, [values.view_as(ours) for values, ours in zip(sent, buffers, strict=True)])

    def shared(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are averaged over the processes as they are computed."""
        if self.size == 1:
            return module
        return nn.parallel.DistributedDataParallel(module, gradient_as_bucket_view=True, broadcast_buffers=False)

    def synchronise_norms(self, network: nn.Module) -> None:
        """Have the batch norms in a network take their statistics over all processes, while it trains; in place."""
        if self.size == 1:
            return
        if self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
            return
        for name, layer in list(network.named_modules()):
            if type(layer) is nn.BatchNorm2d:
                network.set_submodule(name, SyncBatchNorm2d.of(layer))


@contextmanager
def joined_world() -> Iterator[World]:
    """Join the processes that torchrun started, by NCCL on GPUs and by gloo on CPUs; alone where nobody started any.

    Raises `WorldError` when a machine has fewer GPUs than processes.
    """
    size, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    if size == 1:
        yield World.alone()
        return
    device = _device(local)
    store, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, store=_fresh(store), rank=rank, world_size=size, timeout=_PATIENCE)
    try:
        yield World(rank, size, device)
    except SavedAndStopped:  # all of them are at the same place
        distributed.destroy_process_group()
        raise
    # not after an error: the others are in the middle of a call that waits for this process, and NCCL waits for them
    distributed.destroy_process_group()


def _device(local_rank: int) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if local_rank >= torch.cuda.device_count():
        raise WorldError(
            f"torchrun started a process {local_rank + 1} on a machine of {torch.cuda.device_count()} GPUs; "
            f"give --nproc-per-node {torch.cuda.device_count()}"
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def _fresh(store: Any) -> Any:
    # torch shares the store between restarts, and the addresses in it are of processes that are gone. Machines count
    # restarts each for itself: only one that is alone knows what all its processes count
    is_only_machine = os.environ.get("GROUP_WORLD_SIZE", "1") == "1"
    return PrefixStore(f"restart {_restarts()}", store) if is_only_machine else store


def was_restarted() -> bool:
    """Return whether torchrun started this process again, after another one died."""
    return _restarts() > 0


def torchrun_began_at() -> float:
    """Return when torchrun, which started this process, began itself: seconds since 1970, as the times of files are."""
    return psutil.Process(os.getppid()).create_time()


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
