"""Examples in docstrings give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def modules_with_examples() -> list[str]:
    """Return the names of the modules in whose text an example begins, so that new ones are run too."""
    found = []
    for folder in ("profiles", "runtime", "train", "export"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            if ">>>" in path.read_text(encoding="utf-8"):
                module = path.relative_to(REPOSITORY / folder).with_suffix("")
                found.append(".".join(module.parts).removesuffix(".__init__"))
    return found


def test_there_are_examples_to_test() -> None:
    assert "edgepose.runtime.profiling.distribution" in modules_with_examples()


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_give_what_they_say(name: str) -> None:
    results = doctest.testmod(import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
