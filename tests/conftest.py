"""Fixtures that every test may use."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer

    from support.whole_files import WholeFiles

REPOSITORY = Path(__file__).parents[1]

with suppress(ModuleNotFoundError):  # the environment of make test-tflite-legacy has none
    from hypothesis import settings

    settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
    settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let what the tests start be stopped by Ctrl-C, where the tests themselves run in the background and ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, so that no process works on alone at the end."""
    items.sort(key=lambda item: "export" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "WholeFiles":
    """Keep the tests of a file in one process, so that no fixture of a module is made twice."""
    from support.whole_files import WholeFiles  # noqa: PLC0415  not everybody has xdist

    return WholeFiles(config, log)


@pytest.fixture
def research_data(request: pytest.FixtureRequest) -> Path:
    """The folder of public data sets: $EDGEPOSE_DATA, else ../shared/data.

    Skips where it is absent, or one of the data sets in it that the test's mark names.
    """
    root = Path(os.environ.get("EDGEPOSE_DATA") or REPOSITORY.parent / "shared" / "data")
    named = [name for mark in request.node.iter_markers("research_data") for name in mark.args]
    for folder in (root, *(root / name for name in named)):
        if not folder.is_dir():
            pytest.skip(f"no research data: {folder} is absent (EDGEPOSE_DATA names another folder)")
    return root


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A new seed each time, printed with a failure; $EDGEPOSE_SEED repeats one."""
    value = int(os.environ.get("EDGEPOSE_SEED") or random.SystemRandom().randrange(2**31))
    print(f"seed of {request.node.name}: {value}  (repeat with EDGEPOSE_SEED={value})")
    return value


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """Random numbers from `seed`."""
    return np.random.default_rng(seed)
