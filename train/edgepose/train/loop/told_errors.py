"""Errors of the loader's processes as values: what a process raises arrives as a page of traceback."""

from collections.abc import Callable
from typing import Any

from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.errors import TrainingError
from edgepose.train.objectives import Batch


class ErrorsAsExamples(Dataset[Any]):
    """The same examples, with the error in place of one that cannot be made."""

    def __init__(self, examples: Dataset[Any]) -> None:
        self._examples = examples

    def __getitem__(self, draw: Any) -> Any:
        try:
            return self._examples[draw]
        except EdgeposeError as error:
            return error


def collated_or_error(collate: Callable[[list[Any]], Batch], examples: list[Any], *, shared: bool) -> Any:
    """Return what `collate` makes of the examples of a step, or the first error among them.

    `shared` puts it into memory that another process reads: torch would do so later, on a thread whose errors nobody
    hears of.
    """
    for example in examples:
        if isinstance(example, EdgeposeError):
            return example
    batch = collate(examples)
    try:
        for tensor in batch.values() if shared else ():
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        more = "raise ulimit -n" if "open files" in reason else "give a container more (docker run --shm-size)"
        return TrainingError(
            f"there is no shared memory for a batch ({reason}): {more}, or take fewer --workers, 0 even"
        )
    return batch
