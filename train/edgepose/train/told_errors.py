"""Errors of the loader's processes as values: what a process raises arrives as a page of traceback."""

from collections.abc import Callable
from typing import Any

from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError


class ErrorsAsExamples(Dataset[Any]):
    """The same examples, with the error in place of one that cannot be made."""

    def __init__(self, examples: Dataset[Any]) -> None:
        self._examples = examples

    def __getitem__(self, draw: Any) -> Any:
        try:
            return self._examples[draw]
        except EdgeposeError as error:
            return error


def collated_or_error(collate: Callable[[list[Any]], Any], examples: list[Any]) -> Any:
    """Return what `collate` makes of the examples of a step, or the first error among them."""
    for example in examples:
        if isinstance(example, EdgeposeError):
            return example
    return collate(examples)
