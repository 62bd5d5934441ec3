"""Engines that may be absent."""

import importlib
import os
from types import ModuleType

import pytest

from edgepose.runtime.errors import MissingExtraError


def backend_or_skip(name: str) -> ModuleType:
    """Return the module `edgepose.runtime.backends.<name>`; skip without its engine, but fail where CI=true."""
    try:
        return importlib.import_module(f"edgepose.runtime.backends.{name}")
    except MissingExtraError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI installs every engine, yet {missing}")
        pytest.skip(str(missing))
