"""The processes that prepare the batches of a training."""

import atexit
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch.utils.data import DataLoader, Dataset, Sampler

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.errors import TrainingError
from edgepose.train.loop.interruption import leave_ending_to_the_loop
from edgepose.train.loop.told_errors import ErrorsAsExamples, collated_or_error
from edgepose.train.objectives import Batch

_PREFETCHED = 4
"""Batches that each process has ready."""


class BatchLoader:
    """Batches of `size` examples as a sampler draws them, prepared by `workers` processes, or here for 0."""

    def __init__(
        self,
        examples: Dataset[Any],
        collate: Callable[[list[Any]], Batch],
        sampler: Sampler[Any],
        size: int,
        workers: int,
        *,
        pinned: bool,
    ) -> None:
        self._loader = DataLoader(
            ErrorsAsExamples(examples),
            size,
            sampler=sampler,
            num_workers=workers,
            # by another way a process gets copies of the data and of all networks; threads of ours hold no locks then
            multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
            persistent_workers=workers > 0,
            worker_init_fn=leave_ending_to_the_loop,
            collate_fn=partial(collated_or_error, collate, shared=workers > 0),
            pin_memory=pinned,
            prefetch_factor=_PREFETCHED if workers else None,
        )

    def __iter__(self) -> Iterator[Batch]:
        """Yield the rest of the epoch's batches.

        Raises `EdgeposeError`, here and in one line, where a process could not make one.
        """
        atexit.register(self.close)
        for batch in self._loader:
            if isinstance(batch, EdgeposeError):
                raise batch
            yield batch

    @contextmanager
    def ended(self) -> Iterator[None]:
        """End the processes after the body of a `with`, which raises `TrainingError` where the system ended one."""
        try:
            yield
        except RuntimeError as error:
            # raised wherever this process is just then
            if not str(error).startswith("DataLoader worker"):
                raise
            raise TrainingError(
                "a process that prepares crops was ended by the system, for want of memory most likely: take fewer "
                "--workers, or give a container more shared memory (docker run --shm-size)"
            ) from error
        finally:
            self.close()

    def close(self) -> None:
        """End the processes, if there are any; the next batches have new ones."""
        atexit.unregister(self.close)
        # they ignore what would end them else, and the interpreter's end waits for them; torch has no public way
        iterator: Any = self._loader._iterator  # noqa: SLF001
        if iterator is None:
            return
        try:
            iterator._shutdown_workers()  # noqa: SLF001
        finally:
            for worker in iterator._workers:  # noqa: SLF001
                worker.kill()
            self._loader._iterator = None  # noqa: SLF001
