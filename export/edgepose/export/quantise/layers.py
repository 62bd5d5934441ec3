"""The layers that int8 may leave out, by the names of their modules."""

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from edgepose.export.errors import ExportError


def chosen_layers(patterns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return those of `names` that a pattern means, in their order.

    A pattern is a name, the name of what a layer lies in (`stem` for `stem.0.0`), or either with the wildcards of a
    shell. Raises `ExportError` with the closest names when a pattern means nothing.
    """
    meant = {name for pattern in patterns for name in _meant(pattern, names)}
    return tuple(name for name in names if name in meant)


def _meant(pattern: str, names: Sequence[str]) -> list[str]:
    found = [name for name in names if any(fnmatchcase(part, pattern) for part in _and_parents(name))]
    if found:
        return found
    known = list(dict.fromkeys(part for name in names for part in _and_parents(name)))
    close = difflib.get_close_matches(pattern, known, n=3, cutoff=0.5) or sorted({name.split(".")[0] for name in names})
    raise ExportError(
        f"no layer is called {pattern!r}; close to it: {', '.join(close)}; * and ? stand for any letters, and the name "
        "of a part for all of its layers"
    )


def _and_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
