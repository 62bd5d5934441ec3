"""How far a command is, on the error stream: standard output is for results."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar during the body of a `with`; what it yields is told how many are done, of how many."""
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until a command works
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True, emoji=False)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
