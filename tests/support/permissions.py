"""Tests of permissions, which root on most machines does not meet."""

import os
import tempfile
from pathlib import Path

import pytest


def _reads_everything() -> bool:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        return os.access(file.name, os.R_OK)


unreadable = pytest.mark.skipif(_reads_everything(), reason="no file can be kept from this user")
