"""How often a network runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import Session


@contextmanager
def runs_of(session: Session) -> Iterator[list[Mapping[str, Array]]]:
    """Yield a list to which every run of the network in a `with` adds what it was fed."""
    fed, run = list[Mapping[str, Array]](), session.run

    def noted(feeds: Mapping[str, Array]) -> dict[str, Array]:
        fed.append(feeds)
        return run(feeds)

    session.run = noted  # type: ignore[method-assign]
    try:
        yield fed
    finally:
        del session.run
