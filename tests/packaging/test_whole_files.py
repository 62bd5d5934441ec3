"""Files of tests that go together into one process are named where nobody looks who renames one."""

from pathlib import Path

import pytest

from support.whole_files import _TOGETHER

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("file", [file for files in _TOGETHER.values() for file in files])
def test_files_that_go_together_are_there(file: str) -> None:
    found = [path.relative_to(TESTS) for path in TESTS.rglob(file)]
    assert len(found) == 1, f"tests/support/whole_files.py names one {file}; there are {found}"
