"""The network alone: one model, one input, again and again."""

import time

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import Session
from edgepose.runtime.profiling.distribution import Distribution


def random_feeds(session: Session, seed: int = 0) -> dict[str, Array]:
    """Return one random input per name of the session, a batch of one where the batch is free."""
    rng = np.random.default_rng(seed)
    return {spec.name: _random(rng, spec.dtype, spec.shape) for spec in session.inputs}


def measure_network(session: Session, runs: int, warmup: int) -> Distribution:
    """Return the time of `runs` runs of the session as `network_times_ns` takes it."""
    return Distribution.of_ns(network_times_ns(session, runs, warmup))


def network_times_ns(session: Session, runs: int, warmup: int) -> list[int]:
    """Return the time of each of `runs` runs of the session, all on the same random input.

    `warmup` uncounted ones go first. A run is what a user's is: checked by name and shape, its outputs kept.
    """
    feeds = random_feeds(session)
    for _ in range(warmup):
        session.run(feeds)
    times_ns = []
    for _ in range(runs):
        start_ns = time.perf_counter_ns()
        session.run(feeds)
        times_ns.append(time.perf_counter_ns() - start_ns)
    return times_ns


def _random(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Array:
    sizes = tuple(max(size, 1) for size in shape)
    if np.issubdtype(np.dtype(dtype), np.integer):
        return rng.integers(0, 256, sizes).astype(dtype)
    return rng.random(sizes).astype(dtype)
